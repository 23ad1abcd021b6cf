package dev.vivarium.engine.client;

import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.engine.watch.report.Report;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/** The report of a sandbox, be it running or finished. */
public final class SandboxReports {
  private static final int MOST_BYTES = 64 << 20;

  private SandboxReports() {}

  /**
   * Reads it; of a running sandbox, what it did so far.
   *
   * @throws IOException if there is none; the message says why
   */
  public static Report read(Directories directories, SandboxState sandbox) throws IOException {
    if (sandbox.isAlive()) {
      Optional<Report> running = ofRunning(directories, sandbox);
      if (running.isPresent()) {
        return running.get();
      }
    }
    try {
      return Report.read(Files.readAllBytes(StateEntry.of(directories, sandbox.id()).report()));
    } catch (NoSuchFileException e) {
      throw new IOException(
          "it was not recorded: "
              + sandbox.name()
              + "; run it again with --record or --report FILE",
          e);
    }
  }

  /** Empty if it has ended meanwhile. */
  private static Optional<Report> ofRunning(Directories directories, SandboxState sandbox)
      throws IOException {
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    try (ControlConnection connection =
        ControlConnection.connect(RunDirectory.of(directories, sandbox.id()).controlSocket())) {
      connection.send(new ControlMessage.QueryReport());
      while (true) {
        Optional<ControlMessage> message = connection.receive();
        if (message.isEmpty()) {
          return Optional.empty();
        }
        switch (message.get()) {
          case ControlMessage.ReportPart part -> {
            if (json.size() + part.bytes().length > MOST_BYTES) {
              throw new IOException("too long a report");
            }
            json.writeBytes(part.bytes());
          }
          case ControlMessage.ReportEnd end -> {
            if (!end.problem().isEmpty()) {
              throw new IOException("no report so far: " + sandbox.name() + ": " + end.problem());
            }
            return Optional.of(Report.read(json.toByteArray()));
          }
          case ControlMessage.Ended _ -> {
            return Optional.empty();
          }
          default -> {
            // of no matter here
          }
        }
      }
    } catch (NoSuchFileException | java.net.ConnectException e) {
      return Optional.empty();
    }
  }
}
