package dev.vivarium.engine.process;

import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.watch.report.Report;
import java.io.IOException;
import java.util.Arrays;

/** Brings the report of a run that still goes on to a client. */
final class ReportFeed {
  /** Makes one. */
  interface Source {
    Report now() throws IOException, InterruptedException;
  }

  private ReportFeed() {}

  static void send(ControlConnection to, Source source) throws IOException {
    byte[] json;
    try {
      json = source.now().json();
    } catch (IOException e) {
      to.send(new ControlMessage.ReportEnd(Reason.of(e)));
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      to.send(new ControlMessage.ReportEnd("interrupted"));
      return;
    }
    for (int at = 0; at < json.length; at += ControlMessage.MAX_DATA) {
      int end = Math.min(json.length, at + ControlMessage.MAX_DATA);
      to.send(new ControlMessage.ReportPart(Arrays.copyOfRange(json, at, end)));
    }
    to.send(new ControlMessage.ReportEnd(""));
  }
}
