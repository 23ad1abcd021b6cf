package dev.vivarium.engine.watch.export;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.calls.CallFormatter;
import dev.vivarium.engine.watch.calls.CallTable;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/** One line per event, as strace -f writes them. */
public final class TextOutput implements EventOutput {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS").withZone(ZoneId.systemDefault());

  /**
   * What else a line shows.
   *
   * @param pids the thread, in front
   * @param times the time of day, in front
   * @param durations how long it took, at the end
   * @param epochNanos the wall clock at the sandbox's start
   */
  public record Style(boolean pids, boolean times, boolean durations, long epochNanos) {}

  private final Appendable out;
  private final Style style;
  private final CallFormatter calls = new CallFormatter();

  public TextOutput(Appendable out, Style style) {
    this.out = out;
    this.style = style;
  }

  @Override
  public void accept(Event e) throws IOException {
    StringBuilder line = new StringBuilder(160);
    if (style.pids) {
      line.append(e.tid()).append(' ');
    }
    if (style.times) {
      long nanos = style.epochNanos + e.timeNanos();
      Instant at = Instant.ofEpochSecond(nanos / 1_000_000_000, nanos % 1_000_000_000);
      line.append(TIME.format(at)).append(' ');
    }
    switch (e.kind()) {
      case SYSCALL -> {
        line.append(calls.line(e));
        if (style.durations && e.returned()) {
          line.append(
              String.format(
                  java.util.Locale.ROOT,
                  " <%d.%06d>",
                  e.durationNanos() / 1_000_000_000,
                  e.durationNanos() / 1000 % 1_000_000));
        }
        if (!e.complete()) {
          line.append(" /* what the arguments point to was lost */");
        }
      }
      case SIGNAL -> line.append("--- ").append(EventText.describe(e)).append(" ---");
      case EXIT -> line.append("+++ ").append(EventText.describe(e)).append(" +++");
      default ->
          line.append("=== ")
              .append(e.kind().word())
              .append(": ")
              .append(EventText.describe(e))
              .append(" ===");
    }
    out.append(line.append('\n'));
  }

  /** Whether strace would have a line for it. */
  public static boolean isOfStrace(Event e) {
    return e.kind() == EventKind.SYSCALL
        || e.kind() == EventKind.SIGNAL
        || e.kind() == EventKind.EXIT;
  }

  /** The name of its call, for filters. */
  static String name(Event e) {
    return CallTable.get().name(e.number());
  }

  @Override
  public void dropped(long count) throws IOException {
    out.append("... ")
        .append(Long.toString(count))
        .append(" events were lost: too many for this reader ...\n");
  }

  @Override
  public void flush() throws IOException {
    Json.flush(out);
  }

  @Override
  public void close() throws IOException {
    flush();
    if (out instanceof java.io.Closeable c) {
      c.close();
    }
  }
}
