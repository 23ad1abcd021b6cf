package dev.vivarium.engine.watch.export;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.calls.CallFormatter;
import dev.vivarium.engine.watch.calls.CallTable;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.HashSet;
import java.util.Set;

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

  /** Threads that can wait at a time as far as this goes; the calls of others are one line each. */
  private static final int MOST_UNFINISHED = 10_000;

  private final Appendable out;
  private final Style style;
  private final CallFormatter calls = new CallFormatter();
  private final StringBuilder line = new StringBuilder(256);

  public TextOutput(Appendable out, Style style) {
    this.out = out;
    this.style = style;
  }

  /** The thread whose call stands at the end of the last line, which has no end yet; else 0. */
  private int open;

  /** Threads whose calls were begun in lines that have ended. */
  private final Set<Integer> unfinished = new HashSet<>();

  @Override
  public void accept(Event e) throws IOException {
    line.setLength(0);
    if (open != 0 && !(open == e.tid() && e.kind() == EventKind.SYSCALL)) {
      breakOff();
    }
    if (open != 0) {
      // It is the call that the line begins with.
      open = 0;
      line.append(calls.rest(e));
      finish(e);
      return;
    }
    if (style.pids) {
      line.append(e.tid()).append(' ');
    }
    if (style.times) {
      long nanos = style.epochNanos + e.timeNanos();
      Instant at = Instant.ofEpochSecond(nanos / 1_000_000_000, nanos % 1_000_000_000);
      line.append(TIME.format(at)).append(' ');
    }
    switch (e.kind()) {
      case WAIT -> {
        if (unfinished.size() < MOST_UNFINISHED) {
          out.append(line.append(calls.beginning(e)));
          open = e.tid();
        }
        return;
      }
      case SYSCALL -> {
        if (!unfinished.isEmpty() && unfinished.remove(e.tid())) {
          line.append("<... ").append(name(e)).append(" resumed>").append(calls.rest(e));
        } else {
          calls.line(line, e);
        }
        finish(e);
        return;
      }
      case SIGNAL -> line.append("--- ").append(EventText.describe(e)).append(" ---");
      case EXIT -> {
        unfinished.remove(e.tid());
        line.append("+++ ").append(EventText.describe(e)).append(" +++");
      }
      default ->
          line.append("=== ")
              .append(e.kind().word())
              .append(": ")
              .append(EventText.describe(e))
              .append(" ===");
    }
    out.append(line.append('\n'));
  }

  /** Another comes in between. */
  private void breakOff() {
    line.append(" <unfinished ...>\n");
    unfinished.add(open);
    open = 0;
  }

  private void finish(Event e) throws IOException {
    if (style.durations && e.returned()) {
      long micros = e.durationNanos() / 1000;
      line.append(" <").append(micros / 1_000_000).append('.');
      String digits = Long.toString(1_000_000 + micros % 1_000_000);
      line.append(digits, 1, digits.length()).append('>');
    }
    if (!e.complete()) {
      line.append(" /* what the arguments point to was lost */");
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
    line.setLength(0);
    if (open != 0) {
      breakOff();
    }
    out.append(line)
        .append("... ")
        .append(Long.toString(count))
        .append(" events were lost: too many for this reader ...\n");
  }

  @Override
  public void flush() throws IOException {
    Json.flush(out);
  }

  @Override
  public void close() throws IOException {
    if (open != 0) {
      line.setLength(0);
      breakOff();
      out.append(line);
    }
    flush();
    if (out instanceof java.io.Closeable c) {
      c.close();
    }
  }
}
