package dev.vivarium.engine.watch.export;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.calls.CallFormatter;
import dev.vivarium.engine.watch.calls.CallTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Chrome's trace event format (the JSON object form), which ui.perfetto.dev and chrome://tracing
 * open: a track per thread, a slice per call with its arguments, instants for all else.
 */
public final class PerfettoOutput implements EventOutput {
  private final Appendable out;
  private final CallFormatter calls = new CallFormatter();
  private final CallTable table = CallTable.get();
  private String separator = "";

  public PerfettoOutput(Appendable out) throws IOException {
    this.out = out;
    out.append("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
  }

  @Override
  public void accept(Event e) throws IOException {
    StringBuilder line = new StringBuilder(256);
    switch (e.kind()) {
      case SYSCALL -> {
        begin(line, e, table.name(e.number()), "syscall", e.returned() ? "X" : "i");
        if (e.returned()) {
          line.append(",\"dur\":").append(micros(e.durationNanos()));
        } else {
          line.append(",\"s\":\"t\"");
        }
        line.append(",\"args\":{\"call\":");
        Json.string(line, calls.line(e));
        if (e.blockedNanos() != 0) {
          line.append(",\"blocked_us\":").append(micros(e.blockedNanos()));
        }
        if (e.diskNanos() != 0) {
          line.append(",\"disk_us\":").append(micros(e.diskNanos()));
        }
        line.append("}}");
      }
      case EXEC -> {
        List<String> argv = new ArrayList<>();
        for (Event.Item item : e.items(1, Payload.ELEMENT)) {
          argv.add(Escape.c(item.text()));
        }
        String name = String.join(" ", argv);
        metadata(
            line, e, "process_name", name.isEmpty() ? e.path(0).map(Escape::c).orElse("?") : name);
        write(line);
        instant(line, e);
      }
      default -> instant(line, e);
    }
    write(line);
  }

  private void instant(StringBuilder line, Event e) {
    begin(line, e, EventText.describe(e), e.kind().word(), "i");
    line.append(",\"s\":\"")
        .append(e.kind() == dev.vivarium.engine.watch.EventKind.EXIT ? 'p' : 't');
    line.append("\"}");
  }

  private void write(StringBuilder line) throws IOException {
    out.append(separator).append(line);
    separator = ",\n";
    line.setLength(0);
  }

  private static void begin(
      StringBuilder line, Event e, String name, String category, String phase) {
    line.append("{\"name\":");
    Json.string(line, name);
    Json.member(line, "cat", category);
    Json.member(line, "ph", phase);
    line.append(",\"ts\":").append(micros(Math.max(0, e.timeNanos())));
    Json.member(line, "pid", e.pid());
    Json.member(line, "tid", e.tid());
  }

  private static void metadata(StringBuilder line, Event e, String name, String value) {
    begin(line, e, name, "__metadata", "M");
    line.append(",\"args\":{\"name\":");
    Json.string(line, value);
    line.append("}}");
  }

  /** Microseconds with the nanoseconds behind the point. */
  private static String micros(long nanos) {
    long rest = nanos % 1000;
    return nanos / 1000 + "." + (rest < 10 ? "00" : rest < 100 ? "0" : "") + rest;
  }

  @Override
  public void dropped(long count) throws IOException {
    StringBuilder line = new StringBuilder();
    line.append("{\"name\":\"").append(count).append(" events were lost\",\"cat\":\"dropped\"");
    line.append(",\"ph\":\"M\",\"pid\":0,\"tid\":0,\"ts\":0,\"args\":{\"count\":").append(count);
    write(line.append("}}"));
  }

  @Override
  public void flush() throws IOException {
    Json.flush(out);
  }

  @Override
  public void close() throws IOException {
    out.append("\n]}\n");
    flush();
    if (out instanceof java.io.Closeable c) {
      c.close();
    }
  }
}
