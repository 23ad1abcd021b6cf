package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.ExitStatus;
import dev.vivarium.engine.RunningProcess;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.ProcessStart;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.tty.Terminal;
import dev.vivarium.sentry.vfs.host.StandardStreams;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** One more command in a sandbox. Its fields are the kernel thread's, but for the futures. */
final class SentryProcess implements RunningProcess {
  /** How long the end of a sandbox waits for a slow reader of this process's output. */
  private static final long DRAIN_NANOS = 1_000_000_000L;

  private final Kernel kernel;
  private final CompletableFuture<Long> loaded = new CompletableFuture<>();
  private final CompletableFuture<ExitStatus> ended = new CompletableFuture<>();
  private @Nullable ThreadGroup group;
  private @Nullable StandardStreams streams;
  private boolean over;

  SentryProcess(Kernel kernel) {
    this.kernel = kernel;
  }

  /** Starts it. On the kernel thread. */
  void start(CommandSetup setup, SandboxSpec.ProcessSpec process, SandboxHost.Stdio stdio) {
    StandardStreams standard = null;
    try {
      ThreadGroup init = kernel.init();
      if (init == null || init.isDead()) {
        // Nobody would end what is started now.
        throw new EngineException(SentrySandbox.FAILED, "the sandbox ended");
      }
      CommandSetup.Ready ready = setup.prepare(process, stdio, loaded::complete);
      standard = ready.streams();
      streams = standard;
      ThreadGroup g = ProcessStart.start(kernel, ready.spec());
      group = g;
      g.onEnd(this::end);
      Terminal terminal = standard.terminal();
      if (terminal != null) {
        terminal.becomeControlling(g);
      }
    } catch (EngineException | PlatformException | RuntimeException e) {
      loaded.completeExceptionally(e);
      over = true;
      if (standard != null) {
        standard.end(kernel.newKernelTask());
      }
    }
  }

  /** All its tasks are gone. On the kernel thread. */
  private void end() {
    StandardStreams s = streams;
    if (s != null && !over) {
      over = true;
      ExitStatus status = status();
      s.end(kernel.newKernelTask()).thenRun(() -> ended.complete(status));
    }
  }

  private ExitStatus status() {
    ThreadGroup g = group;
    int status = g == null ? 9 : g.exitStatus();
    return new ExitStatus(status >> 8 & 0xff, status & 0x7f);
  }

  boolean isOver() {
    return ended.isDone() || loaded.isCompletedExceptionally();
  }

  /** The sandbox has ended. On the kernel thread, whose loop has ended too. */
  void sandboxEnded() {
    StandardStreams s = streams;
    if (s != null && !ended.isDone()) {
      try {
        s.finish(kernel.newKernelTask(), DRAIN_NANOS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    loaded.completeExceptionally(new EngineException(SentrySandbox.FAILED, "the sandbox ended"));
    ended.complete(status());
  }

  /**
   * Waits until its program is loaded.
   *
   * @return 0 or a negative errno
   */
  long awaitLoaded() throws EngineException, InterruptedException {
    try {
      return loaded.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof EngineException known
          ? known
          : new EngineException(
              SentrySandbox.FAILED, "cannot start a process: " + e.getCause().getMessage(), e);
    }
  }

  @Override
  public ExitStatus await() throws InterruptedException {
    try {
      return ended.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void signal(int number) {
    kernel
        .loop()
        .post(() -> {
          ThreadGroup g = group;
          if (g != null && !g.isDead()) {
            g.sendSignal(SignalInfo.kernel(number));
          }
        });
  }

  @Override
  public void resize(int rows, int columns) {
    kernel
        .loop()
        .post(() -> {
          Terminal terminal = streams == null ? null : streams.terminal();
          if (terminal != null) {
            terminal.resize(rows, columns);
          }
        });
  }
}
