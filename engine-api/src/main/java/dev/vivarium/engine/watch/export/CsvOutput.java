package dev.vivarium.engine.watch.export;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.calls.CallFormatter;
import dev.vivarium.engine.watch.calls.CallTable;
import java.io.IOException;
import java.util.List;

/** Comma-separated values with a header (RFC 4180, lines end in a line feed). */
public final class CsvOutput implements EventOutput {
  private final Appendable out;
  private final CallFormatter calls = new CallFormatter();
  private final StringBuilder line = new StringBuilder(256);

  public CsvOutput(Appendable out) throws IOException {
    this.out = out;
    out.append(
        "time_ns,kind,pid,tid,name,details,path,result,errno,duration_ns,blocked_ns,disk_ns\n");
  }

  @Override
  public void accept(Event e) throws IOException {
    boolean call = e.kind() == EventKind.SYSCALL;
    List<String> paths = EventText.paths(e);
    CallTable table = CallTable.get();
    line.setLength(0);
    line.append(e.timeNanos()).append(',').append(e.kind().word());
    line.append(',').append(e.pid()).append(',').append(e.tid()).append(',');
    line.append(call ? table.name(e.number()) : "").append(',');
    line.append(Escape.csv(call ? String.join(", ", calls.arguments(e)) : EventText.describe(e)));
    line.append(',').append(paths.isEmpty() ? "" : Escape.csv(Escape.c(paths.get(0)))).append(',');
    if (call && e.returned()) {
      line.append(e.failed() ? -1 : e.result()).append(',');
      line.append(e.failed() ? table.errnoName((int) -e.result()) : "").append(',');
      line.append(e.durationNanos()).append(',').append(e.blockedNanos()).append(',');
      line.append(e.diskNanos());
    } else {
      line.append(",,,,");
    }
    out.append(line.append('\n'));
  }

  @Override
  public void dropped(long count) throws IOException {
    out.append(",dropped,,,,").append(Long.toString(count)).append(" events,,,,,,\n");
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
