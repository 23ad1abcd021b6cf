package dev.vivarium.engine.process;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.StateEntry;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Brings a sandbox's changes to a client while it runs, and to a file at its end. */
final class ChangesFeed {
  /** The guest waits while a client takes the changes, so a client may not be slower than this. */
  private static final long PATIENCE_NANOS = 15_000_000_000L;

  private ChangesFeed() {}

  /** Sends them; what went wrong, or nothing. */
  static String send(@Nullable RunningSandbox sandbox, ControlConnection to) throws IOException {
    if (sandbox == null) {
      return "it does not run";
    }
    try (Sender sender = new Sender(to);
        BufferedOutputStream tar = new BufferedOutputStream(sender, ControlMessage.MAX_DATA)) {
      sandbox.changes(tar);
      return "";
    } catch (EngineException e) {
      return String.valueOf(e.getMessage());
    } catch (IOException e) {
      return Reason.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  /** Writes them into the sandbox's entry; a part of them is no file there. */
  static void keep(StateEntry entry, SandboxHost.Changes changes, SandboxLog log) {
    try {
      entry.create();
      Path part = entry.changes().resolveSibling("changes.tar.part");
      try {
        try (OutputStream tar =
            new BufferedOutputStream(Files.newOutputStream(part), ControlMessage.MAX_DATA)) {
          changes.writeTo(tar);
        }
        Files.move(part, entry.changes(), StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      log.add("its changes could not be kept: " + Reason.of(e));
    }
  }

  /** Cuts a stream into messages, and hangs up on who does not read them. */
  private static final class Sender extends OutputStream {
    private final ControlConnection to;
    private final Thread watch;
    private volatile long since = Long.MAX_VALUE;
    private volatile boolean over;

    Sender(ControlConnection to) {
      this.to = to;
      this.watch = new Thread(null, this::watch, "changes-watch", 256 << 10);
      watch.setDaemon(true);
      watch.start();
    }

    private void watch() {
      while (!over) {
        try {
          Thread.sleep(500);
        } catch (InterruptedException e) {
          return;
        }
        long began = since;
        if (began != Long.MAX_VALUE && System.nanoTime() - began > PATIENCE_NANOS) {
          to.hangUp();
          return;
        }
      }
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      int at = offset;
      int left = length;
      since = System.nanoTime();
      while (left > 0) {
        int n = Math.min(left, ControlMessage.MAX_DATA);
        to.send(new ControlMessage.Changes(Arrays.copyOfRange(bytes, at, at + n)));
        at += n;
        left -= n;
        since = System.nanoTime();
      }
      since = Long.MAX_VALUE;
    }

    @Override
    public void close() {
      over = true;
      watch.interrupt();
    }
  }
}
