package dev.vivarium.engine.client;

import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.Sandboxes;
import java.io.IOException;
import java.net.SocketException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** Reaching sandboxes that live, and ending them. */
public final class SandboxControl {
  /** A sandbox that has not begun to listen after this long is not waited for any more. */
  private static final long START_NANOS = 30_000_000_000L;

  private static final long START_POLL_MILLIS = 5;

  private static final String ENDED = "it ended meanwhile";

  /** A sandbox that was told to end gives itself five seconds. */
  private static final long END_MILLIS = 15_000;

  private SandboxControl() {}

  /**
   * Connects to a living sandbox; empty if it has ended meanwhile. One in the foreground listens
   * only once it runs, so one that is still starting is waited for.
   */
  public static Optional<ControlConnection> connect(Directories directories, String id) {
    try {
      return reach(directories, id);
    } catch (ControlConnection.SilentException e) {
      return Optional.empty();
    }
  }

  /**
   * The same, for who can do something about one that does not answer.
   *
   * @throws ControlConnection.SilentException if it does not
   */
  public static Optional<ControlConnection> reach(Directories directories, String id)
      throws ControlConnection.SilentException {
    RunDirectory run = RunDirectory.of(directories, id);
    long deadline = System.nanoTime() + START_NANOS;
    while (true) {
      try {
        return Optional.of(ControlConnection.connect(run.controlSocket()));
      } catch (ControlConnection.SilentException e) {
        throw e;
      } catch (IOException e) {
        if (!isStarting(directories, id) || System.nanoTime() > deadline) {
          return retry(run);
        }
      }
      try {
        Thread.sleep(START_POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
    }
  }

  private static boolean isStarting(Directories directories, String id) {
    try {
      return new Sandboxes(directories)
          .byId(id)
          .filter(state -> state.status() == SandboxState.Status.CREATED)
          .isPresent();
    } catch (IOException e) {
      return false;
    }
  }

  /** It may have begun to listen between the two looks. */
  private static Optional<ControlConnection> retry(RunDirectory run) {
    try {
      return Optional.of(ControlConnection.connect(run.controlSocket()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Waits until the other side says that the sandbox ended, or hangs up. */
  public static void awaitEnd(ControlConnection connection) {
    try {
      Optional<ControlMessage> message = connection.receive();
      while (message.isPresent()) {
        message = connection.receive();
      }
    } catch (IOException e) {
      // Its process is gone.
    }
  }

  /**
   * Lets a sandbox stand still, or go on.
   *
   * @throws IOException if it does not; the message says why
   */
  public static void pause(ControlConnection connection, boolean still) throws IOException {
    if (!told(connection, new ControlMessage.Pause(still))) {
      throw new IOException(ENDED);
    }
    try {
      Optional<ControlMessage> message = connection.receive();
      while (message.isPresent()) {
        if (message.get() instanceof ControlMessage.Paused done) {
          if (!done.problem().isEmpty()) {
            throw new IOException(done.problem());
          }
          return;
        }
        message = connection.receive();
      }
    } catch (SocketException e) {
      // It went away with our question unread.
      throw new IOException(ENDED, e);
    }
    throw new IOException(ENDED);
  }

  /**
   * Sends a signal, and ends the sandbox if it has not ended within a time.
   *
   * @param graceSeconds 0 to end it at once
   * @throws ControlConnection.SilentException if it does not end when it is told to
   */
  public static void end(ControlConnection connection, int signal, long graceSeconds)
      throws IOException, InterruptedException {
    Thread waiter = new Thread(() -> awaitEnd(connection), "await-end");
    waiter.setDaemon(true);
    if (graceSeconds > 0) {
      told(connection, new ControlMessage.Signal(signal));
      waiter.start();
      waiter.join(TimeUnit.SECONDS.toMillis(graceSeconds));
      if (!waiter.isAlive()) {
        return;
      }
      told(connection, new ControlMessage.Kill());
    } else {
      told(connection, new ControlMessage.Kill());
      waiter.start();
    }
    waiter.join(END_MILLIS);
    if (waiter.isAlive()) {
      throw new ControlConnection.SilentException();
    }
  }

  /**
   * Kills the process of a sandbox that does not answer, and waits until it has ended; all else
   * that the sandbox consists of ends with it. Whose process it is the host says, not the sandbox.
   *
   * @throws IOException if that cannot be found out, or it does not end
   */
  public static void kill(Directories directories, SandboxState sandbox)
      throws IOException, InterruptedException {
    RunDirectory run = RunDirectory.of(directories, sandbox.id());
    OptionalLong holder = run.lockHolder();
    if (holder.isEmpty() || holder.getAsLong() != sandbox.pid()) {
      throw new IOException(
          "it does not answer, and its process cannot be told from another; kill -9 "
              + sandbox.pid()
              + " would end it if it is a java of yours");
    }
    ProcessHandle.of(holder.getAsLong()).ifPresent(ProcessHandle::destroyForcibly);
    Sandboxes sandboxes = new Sandboxes(directories);
    long deadline = System.nanoTime() + START_NANOS;
    while (sandboxes.byId(sandbox.id()).filter(SandboxState::isAlive).isPresent()) {
      if (System.nanoTime() > deadline) {
        throw new IOException("its process " + holder.getAsLong() + " does not end");
      }
      Thread.sleep(START_POLL_MILLIS);
    }
  }

  /** Whether it could be told; one that has ended meanwhile cannot, and need not be ended. */
  private static boolean told(ControlConnection connection, ControlMessage message)
      throws ControlConnection.SilentException {
    try {
      connection.send(message);
      return true;
    } catch (ControlConnection.SilentException e) {
      throw e;
    } catch (IOException e) {
      return false;
    }
  }
}
