package dev.vivarium.engine.watch.export;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.FileAction;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.calls.CallFormatter;
import dev.vivarium.engine.watch.calls.CallTable;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One JSON object per event and line; docs/schemas/event.schema.json says what is in it. */
public final class JsonLinesOutput implements EventOutput {
  private final Appendable out;
  private final CallFormatter calls = new CallFormatter();
  private final CallTable table = CallTable.get();
  private final StringBuilder line = new StringBuilder(512);
  private final int[] ends = new int[6];
  private final @Nullable String[] heads = new String[CallTable.MOST + 1];

  public JsonLinesOutput(Appendable out) {
    this.out = out;
  }

  @Override
  public void accept(Event e) throws IOException {
    line.setLength(0);
    object(e);
    out.append(line.append('\n'));
  }

  private void object(Event e) {
    line.append("{\"time\":").append(e.timeNanos());
    line.append(",\"kind\":\"").append(e.kind().word());
    line.append("\",\"pid\":").append(e.pid()).append(",\"tid\":").append(e.tid());
    switch (e.kind()) {
      case SYSCALL -> syscall(e);
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
        if (e.number() == FileAction.CLOSE.ordinal()) {
          Json.member(line, "bytesRead", e.arguments()[0]);
          Json.member(line, "bytesWritten", e.arguments()[1]);
        }
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
    line.append('}');
  }

  private void syscall(Event e) {
    line.append(head(e.number()));
    arguments(e);
    paths(line, e);
    if (!e.returned()) {
      return;
    }
    boolean failed = e.failed();
    line.append(",\"result\":").append(failed ? -1 : e.result());
    if (failed) {
      Json.member(line, "errno", table.errnoName((int) -e.result()));
    }
    line.append(",\"duration\":").append(e.durationNanos());
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

  /** What stands before the arguments: the same for every event of a call. */
  private String head(int number) {
    int slot = number >= 0 && number < CallTable.MOST ? number : CallTable.MOST;
    String head = heads[slot];
    if (head == null || slot == CallTable.MOST) {
      StringBuilder out = new StringBuilder(60);
      Json.member(out, "nr", number);
      Json.member(out, "call", table.name(number));
      head = out.append(",\"args\":[").toString();
      heads[slot] = head;
    }
    return head;
  }

  private void arguments(Event e) {
    int start = line.length();
    int n = calls.arguments(line.append('"'), e, "\",\"", true, ends);
    if (n == 0) {
      line.setLength(start);
    } else {
      escape(start + 1, n);
      line.append('"');
    }
    line.append(']');
  }

  /** Of most calls no argument needs it any more; else what stands there is written once more. */
  private void escape(int start, int n) {
    int first = 0;
    while (first < n && ends[first] >= 0) {
      first++;
    }
    if (first == n) {
      return;
    }
    String all = line.substring(start);
    line.setLength(start);
    int from = 0;
    for (int i = 0; i < n; i++) {
      int to = (ends[i] < 0 ? ~ends[i] : ends[i]) - start;
      line.append(i == 0 ? "" : "\",\"");
      if (ends[i] < 0) {
        Json.escape(line, all, from, to);
      } else {
        line.append(all, from, to);
      }
      from = to + 3;
    }
  }

  private static void paths(StringBuilder line, Event e) {
    if (e.items().isEmpty() && e.kind() == EventKind.SYSCALL) {
      return;
    }
    List<String> paths = EventText.paths(e);
    if (paths.isEmpty() && e.kind() == EventKind.SYSCALL) {
      return;
    }
    line.append(",\"paths\":[");
    for (int i = 0; i < paths.size(); i++) {
      line.append(i > 0 ? ",\"" : "\"");
      Escape.cInJson(line, paths.get(i));
      line.append('"');
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
