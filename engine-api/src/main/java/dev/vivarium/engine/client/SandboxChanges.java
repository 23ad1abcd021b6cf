package dev.vivarium.engine.client;

import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.StateEntry;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/** What a sandbox changed in its root, be it running or finished. */
public final class SandboxChanges {
  private SandboxChanges() {}

  /**
   * Writes the changes as the tar of a layer over the sandbox's image. A running sandbox waits
   * until they have been written.
   *
   * @throws IOException if there are none to be had; the message says why
   */
  public static void write(Directories directories, SandboxState sandbox, OutputStream tar)
      throws IOException {
    if (sandbox.isAlive()) {
      ofRunning(directories, sandbox, tar);
      return;
    }
    try {
      Files.copy(StateEntry.of(directories, sandbox.id()).changes(), tar);
    } catch (NoSuchFileException e) {
      throw new IOException(
          "what it changed was not kept (viv logs --engine " + sandbox.name() + " may say why)", e);
    }
  }

  private static void ofRunning(Directories directories, SandboxState sandbox, OutputStream tar)
      throws IOException {
    try (ControlConnection connection =
        ControlConnection.connect(RunDirectory.of(directories, sandbox.id()).controlSocket())) {
      connection.send(new ControlMessage.QueryChanges());
      while (true) {
        Optional<ControlMessage> message = connection.receive();
        if (message.isEmpty()) {
          throw new IOException("it ended meanwhile");
        }
        switch (message.get()) {
          case ControlMessage.Changes part -> tar.write(part.bytes());
          case ControlMessage.ChangesEnd end -> {
            if (!end.problem().isEmpty()) {
              throw new IOException(end.problem());
            }
            return;
          }
          case ControlMessage.Ended _ -> throw new IOException("it ended meanwhile");
          default -> {
            // of no matter here
          }
        }
      }
    }
  }
}
