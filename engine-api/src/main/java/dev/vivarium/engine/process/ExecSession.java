package dev.vivarium.engine.process;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.ExitStatus;
import dev.vivarium.engine.RunningProcess;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One process that a client started in a running sandbox. A thread of its own starts it and waits
 * for it; the connection's thread brings what the client says.
 */
final class ExecSession {
  private static final int FAILED = 125;
  private static final int SIGHUP = 1;
  private static final int SIGKILL = 9;

  /** Whoever loses a terminal is told, and has this long to end by itself. */
  private static final long HANGUP_MILLIS = 1000;

  private static final int MOST_EARLY = 64;

  private final ControlConnection client;
  private final ControlMessage.Exec wanted;
  private final GuestStdio stdio = new GuestStdio(null);

  // Guarded by this; the engine is called outside.
  private final List<ControlMessage> early = new ArrayList<>();
  private @Nullable RunningProcess running;
  private boolean abandoned;
  private boolean over;

  ExecSession(ControlConnection client, ControlMessage.Exec wanted) {
    this.client = client;
    this.wanted = wanted;
  }

  /**
   * Starts the process.
   *
   * @param afterwards run when it is over, whatever became of it
   */
  void begin(RunningSandbox sandbox, Runnable afterwards) {
    if (!wanted.detached()) {
      stdio.attach(client, true);
    }
    if (wanted.detached() || !wanted.process().stdin()) {
      stdio.endInput();
    }
    Thread thread =
        new Thread(
            null,
            () -> {
              try {
                tell(live(sandbox));
              } finally {
                afterwards.run();
              }
            },
            "exec",
            256 << 10);
    thread.setDaemon(true);
    thread.start();
  }

  private ControlMessage.ProcessEnded live(RunningSandbox sandbox) {
    try {
      RunningProcess process = sandbox.exec(wanted.process(), streams());
      adopt(process);
      client.send(new ControlMessage.Started());
      ExitStatus status = process.await();
      return new ControlMessage.ProcessEnded(status.shellCode(), "");
    } catch (EngineException e) {
      return new ControlMessage.ProcessEnded(e.exitCode(), String.valueOf(e.getMessage()));
    } catch (IOException e) {
      // The client is gone, which closed() serves.
      return new ControlMessage.ProcessEnded(FAILED, "its client is gone");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new ControlMessage.ProcessEnded(FAILED, "interrupted");
    } finally {
      synchronized (this) {
        over = true;
        notifyAll();
      }
    }
  }

  private void tell(ControlMessage.ProcessEnded end) {
    try {
      stdio.close();
      client.send(end);
    } catch (IOException e) {
      // It is gone, or was detached.
    }
  }

  private SandboxHost.Stdio.Streams streams() {
    boolean terminal = wanted.process().terminal();
    return wanted.detached()
        ? new SandboxHost.Stdio.Streams(
            InputStream.nullInputStream(),
            OutputStream.nullOutputStream(),
            OutputStream.nullOutputStream(),
            terminal,
            wanted.rows(),
            wanted.columns())
        : new SandboxHost.Stdio.Streams(
            stdio.input(),
            stdio.output(1),
            stdio.output(2),
            terminal,
            wanted.rows(),
            wanted.columns());
  }

  /** From here on what the client says reaches the process. */
  private void adopt(RunningProcess process) {
    List<ControlMessage> waiting;
    boolean unwanted;
    synchronized (this) {
      running = process;
      waiting = List.copyOf(early);
      unwanted = abandoned;
    }
    waiting.forEach(message -> apply(process, message));
    if (unwanted) {
      process.signal(SIGKILL);
    }
  }

  /**
   * A message came from the client.
   *
   * @throws IOException if it is not for a process
   */
  void received(ControlMessage message) throws IOException {
    switch (message) {
      case ControlMessage.Data data -> stdio.feed(client, data.bytes());
      case ControlMessage.EndOfStream _ -> stdio.endInput(client);
      case ControlMessage.Window window -> stdio.grant(client, window.stream(), window.bytes());
      case ControlMessage.Signal _, ControlMessage.Resize _, ControlMessage.Kill _ -> {
        RunningProcess process;
        synchronized (this) {
          process = running;
          if (process == null && early.size() < MOST_EARLY) {
            early.add(message);
          }
        }
        if (process != null) {
          apply(process, message);
        }
      }
      default -> throw new IOException("not for a process: " + message.getClass().getSimpleName());
    }
  }

  private static void apply(RunningProcess process, ControlMessage message) {
    switch (message) {
      case ControlMessage.Signal signal -> process.signal(signal.number());
      case ControlMessage.Resize size -> process.resize(size.rows(), size.columns());
      default -> process.signal(SIGKILL);
    }
  }

  /** The client is gone: so is its process, unless it is detached. */
  void closed() {
    stdio.detach(client);
    if (wanted.detached()) {
      return;
    }
    RunningProcess process;
    synchronized (this) {
      abandoned = true;
      process = running;
    }
    if (process == null) {
      return;
    }
    if (wanted.process().terminal()) {
      process.signal(SIGHUP);
      awaitEnd();
    }
    process.signal(SIGKILL);
  }

  private synchronized void awaitEnd() {
    long deadline = System.nanoTime() + HANGUP_MILLIS * 1_000_000;
    try {
      for (long left = HANGUP_MILLIS; !over && left > 0; ) {
        wait(left);
        left = (deadline - System.nanoTime()) / 1_000_000;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
