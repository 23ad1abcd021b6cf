package dev.vivarium.engine.client;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxId;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one sandbox process ready that has no sandbox yet, for a client that lives long (the REPL,
 * the desktop): its JVM is up and its engine prepared, so that a start costs neither.
 *
 * <p>The spare dies with this process, however it ends: it ends by itself when its only connection
 * does. It is not a sandbox: no listing shows it.
 *
 * <p>Methods may be called from any thread; a spare is handed out once.
 */
public final class WarmSpare implements AutoCloseable {
  private static final long END_MILLIS = 5000;

  private final SandboxLauncher launcher;
  private final Directories directories;
  private final SandboxLauncher.Streams streams;
  private final String engine;
  private @Nullable CompletableFuture<Taken> spare;
  private boolean closed;

  /**
   * Makes one, without a spare yet: call {@link #refill}.
   *
   * @param streams how the standard streams of the spare are connected: what a sandbox in the
   *     foreground without a terminal will have
   * @param engine which engine to prepare
   */
  public WarmSpare(
      SandboxLauncher launcher,
      Directories directories,
      SandboxLauncher.Streams streams,
      String engine) {
    this.launcher = launcher;
    this.directories = directories;
    this.streams = streams;
    this.engine = engine;
  }

  /**
   * A sandbox process that is the caller's from now on: closing the connection before it was told
   * to start ends it.
   *
   * @param run the run directory of the sandbox that it will be
   */
  public record Taken(RunDirectory run, ProcessHandle process, ControlConnection connection) {
    /** The id that the specification must have. */
    public String id() {
      return run.id();
    }

    /** Says what to run. From here on it is a sandbox as any other. */
    public void start(SandboxSpec spec, ControlMessage.Start how) throws IOException {
      run.writeSpec(spec);
      connection.send(how);
    }
  }

  /** Starts a spare in the background if there is none; best called when nothing else goes on. */
  public synchronized void refill() {
    if (spare == null && !closed) {
      spare = CompletableFuture.supplyAsync(this::launch, WarmSpare::background);
    }
  }

  private static void background(Runnable task) {
    Thread thread = new Thread(null, task, "warm-spare", 256 << 10);
    thread.setDaemon(true);
    thread.start();
  }

  private Taken launch() {
    try {
      RunDirectory run = RunDirectory.of(directories, SandboxId.create());
      ProcessHandle process = launcher.startWarm(run, streams, engine);
      return new Taken(run, process, SandboxLauncher.await(run, process));
    } catch (IOException e) {
      throw new CompletionException(new EngineException(125, Reason.of(e), e));
    } catch (EngineException e) {
      throw new CompletionException(e);
    }
  }

  /**
   * Takes the spare, waiting for one that is coming up; starts one if there is none or it died.
   *
   * @throws EngineException if no process can be started
   */
  public Taken take() throws EngineException {
    CompletableFuture<Taken> ready;
    synchronized (this) {
      if (closed) {
        throw new IllegalStateException("closed");
      }
      ready = spare;
      spare = null;
    }
    if (ready != null) {
      try {
        Taken taken = ready.join();
        if (taken.process.isAlive()) {
          return taken;
        }
        taken.connection.close();
      } catch (CompletionException e) {
        // It could not be started then; perhaps now.
      }
    }
    try {
      return launch();
    } catch (CompletionException e) {
      if (e.getCause() instanceof EngineException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Ends the spare, and waits until it is gone. */
  @Override
  public void close() {
    CompletableFuture<Taken> last;
    synchronized (this) {
      closed = true;
      last = spare;
      spare = null;
    }
    if (last == null) {
      return;
    }
    try {
      Taken taken = last.join();
      taken.connection.close();
      taken.process.onExit().get(END_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (CompletionException | java.util.concurrent.ExecutionException | TimeoutException e) {
      // It never came up, or ends on its own time.
    }
  }
}
