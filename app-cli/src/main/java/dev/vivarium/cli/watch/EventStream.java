package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventReader;
import dev.vivarium.engine.watch.Watch;
import dev.vivarium.engine.watch.export.AsciiSink;
import dev.vivarium.engine.watch.export.EventOutput;
import dev.vivarium.engine.watch.export.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.ParseResult;

/** Shows the events of a running sandbox until it ends, or Ctrl-C. */
final class EventStream {
  /**
   * Nobody sees the difference, and each time that this begins to run the guest or its kernel
   * stops: the fewer times the better, as long as the ring holds what comes meanwhile.
   */
  private static final long POLL_MILLIS = 10;

  private volatile boolean stopped;

  /** Makes what events go to, once it is known when the sandbox started. */
  interface Outputs {
    EventOutput open(Appendable to, long epochNanos) throws IOException;
  }

  /** The format that the flags ask for; text without them. */
  static Format format(ParseResult arguments) throws CliException {
    String word = arguments.matchedOptionValue("--format", "");
    String file = arguments.matchedOptionValue("-o", "");
    if (word.isEmpty()) {
      return file.isEmpty() ? Format.TEXT : Format.ofFile(file);
    }
    return Format.of(word)
        .orElseThrow(() ->
            new CliException(
                CliException.USAGE,
                "unknown format: " + word + "; there are text, jsonl, csv, perfetto and pcap"));
  }

  /** Where the output goes: a file, or standard output. */
  static AsciiSink sink(ParseResult arguments, Context context) throws CliException {
    String file = arguments.matchedOptionValue("-o", (String) null);
    if (file == null) {
      return new AsciiSink(context.out());
    }
    try {
      return new AsciiSink(Files.newOutputStream(Path.of(file)));
    } catch (IOException e) {
      throw new CliException(
          CliException.FAILED,
          "cannot write: " + file + ": " + dev.vivarium.engine.state.Reason.of(e),
          e);
    }
  }

  /**
   * Follows the sandbox.
   *
   * @param fromOldest whether to begin with what the ring still has
   */
  int run(
      Context context,
      SandboxState sandbox,
      Look look,
      EventFilter filter,
      AsciiSink to,
      Outputs outputs,
      boolean fromOldest)
      throws CliException, EngineException, IOException, InterruptedException {
    Thread main = Thread.currentThread();
    Thread hook =
        new Thread(() -> {
          stopped = true;
          try {
            main.join(3000);
          } catch (InterruptedException e) {
            // the process ends anyway
          }
        });
    Runtime.getRuntime().addShutdownHook(hook);
    Path ring = RunDirectory.of(context.directories(), sandbox.id()).path().resolve(Watch.FILE);
    long lost = 0;
    try (EventReader reader = new EventReader(ring, fromOldest, filter.more());
        EventOutput output = outputs.open(to, reader.epochNanos())) {
      filter.tell(reader);
      while (!stopped) {
        // Before what is there is taken: nothing comes after an end. Asking takes as long as an
        // event.
        boolean ended = look.hasEnded() || reader.isAtEnd();
        Optional<Event> next;
        while (!stopped && (next = reader.poll()).isPresent()) {
          lost = tellDropped(reader, output, lost);
          if (filter.wants(next.get())) {
            output.accept(next.get());
          }
        }
        lost = tellDropped(reader, output, lost);
        output.flush();
        if (ended || context.out().checkError()) {
          break;
        }
        Thread.sleep(POLL_MILLIS);
      }
    }
    if (lost > 0) {
      context
          .err()
          .println("viv: " + lost + " events were lost: they came faster than they could be shown");
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It runs: Ctrl-C.
    }
    return 0;
  }

  private static long tellDropped(EventReader reader, EventOutput output, long told)
      throws IOException {
    long dropped = reader.dropped();
    if (dropped > told) {
      output.dropped(dropped - told);
    }
    return dropped;
  }
}
