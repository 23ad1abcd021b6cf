package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.cli.screen.Screen;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.engine.watch.Wants;
import dev.vivarium.engine.watch.export.AsciiSink;
import dev.vivarium.engine.watch.export.Format;
import dev.vivarium.engine.watch.export.TextOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv trace}. */
public final class TraceCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    EventFilter.declare(spec);
    flag(spec, "Only calls that failed.", "--failed");
    flag(spec, "Count calls, and print a table at the end or on Ctrl-C.", "--summary", "-c");
    flag(spec, "A screen that lives, with keys as in top.", "--live", "-l");
    flag(spec, "Show the time of day.", "--times", "-t");
    flag(
        spec, "Begin with what has been seen already, if somebody watched before.", "--from-start");
    option(
        spec,
        "FORMAT",
        "text, jsonl, csv, perfetto, or pcap: the packets of its network (default: text, or by the"
            + " file's name).",
        "--format");
    option(spec, "FILE", "Write to a file.", "-o", "--output");
    parameters(spec, "0", "1", "SANDBOX", "Its name or id.");
    spec.usageMessage()
        .footer(
            "",
            "Examples:",
            "  viv trace web --failed --path /etc",
            "  viv trace web --syscall %%network --slower 10ms",
            "  viv trace web -c",
            "  viv trace web --format pcap | tcpdump -r -",
            "  viv run --trace calls.txt IMAGE      from the very first call; see viv run --help");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, EngineException, IOException, InterruptedException {
    Format format = EventStream.format(arguments);
    EventFilter filter = EventFilter.ofCalls(arguments, kinds(format, arguments));
    SandboxState sandbox = Lookup.require(context.sandboxes(), positionals(arguments)[0]);
    if (arguments.hasMatchedOption("--live")) {
      Screen.show(new TraceView(context, sandbox, filter), context);
      return 0;
    }
    try (Look look = Look.at(context.directories(), sandbox)) {
      if (arguments.hasMatchedOption("--summary")) {
        look.begin(false, true);
        return summary(look, filter, context);
      }
      AsciiSink to = EventStream.sink(arguments, context);
      boolean packets = filter.more().contains(EventKind.PACKET);
      look.begin(new Wants(!packets, false, filter.more().contains(EventKind.WAIT), packets));
      return new EventStream()
          .run(
              context,
              sandbox,
              look,
              filter,
              to,
              (out, epoch) ->
                  format == Format.TEXT
                      ? new TextOutput(
                          out,
                          new TextOutput.Style(
                              true, arguments.hasMatchedOption("--times"), true, epoch))
                      : format.output(out, epoch),
              arguments.hasMatchedOption("--from-start"));
    }
  }

  private static Set<EventKind> kinds(Format format, ParseResult arguments) {
    if (format == Format.PCAP) {
      return EnumSet.of(EventKind.PACKET);
    }
    Set<EventKind> kinds = EnumSet.of(EventKind.SYSCALL, EventKind.SIGNAL, EventKind.EXIT);
    // What comes of a call that waits is not known yet.
    boolean byResult =
        arguments.hasMatchedOption("--failed") || arguments.hasMatchedOption("--slower");
    if (format == Format.TEXT && !byResult) {
      kinds.add(EventKind.WAIT);
    }
    return kinds;
  }

  private static int summary(Look look, EventFilter filter, Context context)
      throws InterruptedException {
    Thread hook = new Thread(() -> print(ask(look), filter, context));
    Runtime.getRuntime().addShutdownHook(hook);
    while (!look.hasEnded()) {
      Thread.sleep(20);
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      Thread.sleep(5000); // Ctrl-C: the other thread prints
      return 130;
    }
    print(look.lastStatistics(), filter, context);
    return 0;
  }

  private static Optional<Statistics> ask(Look look) {
    try {
      return look.statistics();
    } catch (EngineException | InterruptedException e) {
      return Optional.empty();
    }
  }

  /** As strace -c prints it, with what the time went to. */
  private static void print(Optional<Statistics> figures, EventFilter filter, Context context) {
    if (figures.isEmpty()) {
      context.err().println("viv: it ended before it told its figures");
      return;
    }
    List<Statistics.Calls> rows = new ArrayList<>();
    for (Statistics.Calls row : figures.get().calls()) {
      if (filter.wantsCall(row.number())) {
        rows.add(row);
      }
    }
    rows.sort(Comparator.comparingLong((Statistics.Calls r) -> -r.latency().sum()));
    long total = 0;
    long calls = 0;
    long errors = 0;
    for (Statistics.Calls row : rows) {
      total += row.latency().sum();
      calls += row.latency().count();
      errors += row.failures();
    }
    StringBuilder out = new StringBuilder();
    out.append(
        "% time     seconds  usecs/call     calls    errors    blocked       disk   handover"
            + " syscall\n");
    String line =
        "------ ----------- ----------- --------- --------- ---------- ---------- ----------"
            + " ----------------\n";
    out.append(line);
    for (Statistics.Calls r : rows) {
      out.append(
          String.format(
              java.util.Locale.ROOT,
              "%6.2f %11.6f %11d %9d %9s %9.3fs %9.3fs %9.3fs %s%n",
              total == 0 ? 0 : 100.0 * r.latency().sum() / total,
              r.latency().sum() / 1e9,
              r.latency().sum() / 1000 / Math.max(1, r.latency().count()),
              r.latency().count(),
              r.failures() == 0 ? "" : Long.toString(r.failures()),
              r.blocked().sum() / 1e9,
              r.disk().sum() / 1e9,
              r.handOver().sum() / 1e9,
              r.name()));
    }
    out.append(line);
    out.append(
        String.format(
            java.util.Locale.ROOT,
            "100.00 %11.6f %11d %9d %9s %10s %10s %10s total%n",
            total / 1e9,
            calls == 0 ? 0 : total / 1000 / calls,
            calls,
            errors == 0 ? "" : Long.toString(errors),
            "",
            "",
            ""));
    context.out().print(out);
    context.out().flush();
  }
}
