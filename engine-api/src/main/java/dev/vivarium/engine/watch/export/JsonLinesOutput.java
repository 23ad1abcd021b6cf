package dev.vivarium.engine.watch.export;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.calls.CallFormatter;
import dev.vivarium.engine.watch.calls.CallTable;
import java.io.IOException;
import java.util.List;

/** One JSON object per event and line; docs/schemas/event.schema.json says what is in it. */
public final class JsonLinesOutput implements EventOutput {
  private final Appendable out;
  private final CallFormatter calls = new CallFormatter();
  private final CallTable table = CallTable.get();

  public JsonLinesOutput(Appendable out) {
    this.out = out;
  }

  @Override
  public void accept(Event e) throws IOException {
    out.append(object(e).append('\n'));
  }

  StringBuilder object(Event e) {
    StringBuilder line = new StringBuilder(256);
    line.append("{\"time\":").append(e.timeNanos());
    Json.member(line, "kind", e.kind().word());
    Json.member(line, "pid", e.pid());
    Json.member(line, "tid", e.tid());
    switch (e.kind()) {
      case SYSCALL -> syscall(line, e);
      case START -> {
        Json.member(line, "newTid", e.number());
        Json.member(line, "newPid", e.result());
      }
      case EXEC -> {
        paths(line, e);
        line.append(",\"argv\":[");
        String separator = "";
        for (Event.Item item : e.items(1, Payload.ELEMENT)) {
          line.append(separator);
          Json.string(line, Escape.c(item.text()));
          separator = ",";
        }
        line.append(']');
      }
      case EXIT -> {
        int status = (int) e.result();
        if ((status & 0x7f) == 0) {
          Json.member(line, "exitCode", status >> 8 & 0xff);
        } else {
          Json.member(line, "signal", table.signal(status & 0x7f));
        }
        Json.member(line, "userNanos", e.arguments()[0]);
        Json.member(line, "systemNanos", e.arguments()[1]);
      }
      case FILE -> {
        Json.member(line, "action", EventText.fileAction(e));
        paths(line, e);
      }
      case NETWORK -> {
        Json.member(line, "action", EventText.networkAction(e));
        Json.member(line, "protocol", e.text(0).map(Escape::c).orElse(""));
        Json.member(line, "address", e.text(1).map(Escape::c).orElse(""));
        Json.member(line, "port", e.arguments()[0]);
        Json.member(line, "name", e.text(2).map(Escape::c).orElse(""));
        line.append(",\"allowed\":").append(e.result() == 1);
        Json.member(line, "rule", e.text(3).map(Escape::c).orElse(""));
        Json.member(line, "sent", e.arguments()[1]);
        Json.member(line, "received", e.arguments()[2]);
        Json.member(line, "duration", e.durationNanos());
      }
      case SIGNAL -> {
        Json.member(line, "signal", table.signal(e.number()));
        line.append(",\"handled\":").append(e.result() == 1);
        Json.member(line, "from", e.arguments()[1]);
      }
      case LIMIT -> Json.member(line, "what", e.text(0).map(Escape::c).orElse(""));
      case UNSUPPORTED -> Json.member(line, "call", table.name(e.number()));
      case WAIT -> Json.member(line, "call", table.name(e.number()));
      case PACKET -> Json.member(line, "what", EventText.describe(e));
      case POLICY -> {
        line.append(",\"allowed\":").append(e.result() == 1);
        line.append(",\"asks\":").append(e.result() == Event.ASKS);
        Json.member(line, "what", e.text(0).map(Escape::c).orElse(""));
        Json.member(line, "rule", e.text(1).map(Escape::c).orElse(""));
      }
    }
    return line.append('}');
  }

  private void syscall(StringBuilder line, Event e) {
    Json.member(line, "nr", e.number());
    Json.member(line, "call", table.name(e.number()));
    line.append(",\"args\":[");
    String separator = "";
    for (String argument : calls.arguments(e)) {
      line.append(separator);
      Json.string(line, argument);
      separator = ",";
    }
    line.append(']');
    paths(line, e);
    if (!e.returned()) {
      return;
    }
    boolean failed = e.failed();
    Json.member(line, "result", failed ? -1 : e.result());
    if (failed) {
      Json.member(line, "errno", table.errnoName((int) -e.result()));
    }
    Json.member(line, "duration", e.durationNanos());
    if (e.blockedNanos() != 0) {
      Json.member(line, "blocked", e.blockedNanos());
    }
    if (e.diskNanos() != 0) {
      Json.member(line, "disk", e.diskNanos());
    }
    if (!e.complete()) {
      line.append(",\"incomplete\":true");
    }
  }

  private static void paths(StringBuilder line, Event e) {
    List<String> paths = EventText.paths(e);
    if (paths.isEmpty() && e.kind() == EventKind.SYSCALL) {
      return;
    }
    line.append(",\"paths\":[");
    String separator = "";
    for (String path : paths) {
      line.append(separator);
      Json.string(line, Escape.c(path));
      separator = ",";
    }
    line.append(']');
  }

  @Override
  public void dropped(long count) throws IOException {
    out.append("{\"kind\":\"dropped\",\"count\":").append(Long.toString(count)).append("}\n");
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
