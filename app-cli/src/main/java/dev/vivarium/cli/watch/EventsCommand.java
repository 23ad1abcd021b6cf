package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.export.AsciiSink;
import dev.vivarium.engine.watch.export.Format;
import dev.vivarium.engine.watch.export.TextOutput;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv events}. */
public final class EventsCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    option(
        spec,
        "KIND,...",
        "Only these: process (start, exec, exit), file, network, signal, limit, unsupported,"
            + " policy, syscall (default: all but syscall).",
        "--kind");
    EventFilter.declare(spec);
    flag(
        spec, "Begin with what has been seen already, if somebody watched before.", "--from-start");
    option(
        spec,
        "FORMAT",
        "text, jsonl, csv or perfetto (default: text, or by the file's name).",
        "--format");
    option(spec, "FILE", "Write to a file.", "-o", "--output");
    parameters(spec, "0", "1", "SANDBOX", "Its name or id.");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, EngineException, IOException, InterruptedException {
    Format format = EventStream.format(arguments);
    String names = arguments.matchedOptionValue("--kind", (String) null);
    Set<EventKind> kinds =
        names == null
            ? EnumSet.complementOf(EnumSet.of(EventKind.SYSCALL, EventKind.WAIT, EventKind.PACKET))
            : EventFilter.kinds(names);
    EventFilter filter = EventFilter.ofCalls(arguments, kinds);
    if (format == Format.PCAP) {
      throw new CliException(CliException.USAGE, "packets are shown by viv trace --format pcap");
    }
    SandboxState sandbox = Lookup.require(context.sandboxes(), positionals(arguments)[0]);
    try (Look look = Look.at(context.directories(), sandbox)) {
      AsciiSink to = EventStream.sink(arguments, context);
      look.begin(true, false);
      return new EventStream()
          .run(
              context,
              sandbox,
              look,
              filter,
              to,
              (out, epoch) ->
                  format == Format.TEXT
                      ? new TextOutput(out, new TextOutput.Style(true, true, false, epoch))
                      : format.output(out, epoch),
              arguments.hasMatchedOption("--from-start"));
    }
  }
}
