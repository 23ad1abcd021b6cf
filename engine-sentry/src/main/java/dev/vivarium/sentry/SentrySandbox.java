package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.ExitStatus;
import dev.vivarium.engine.RunningProcess;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.ProcessSpec;
import dev.vivarium.sentry.kernel.ProcessStart;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.vfs.overlay.OverlayChanges;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One sandbox under the sentry: the kernel thread, and what the outside may ask of it. */
final class SentrySandbox implements RunningSandbox {
  static final int FAILED = 125;
  private static final int CANNOT_RUN = 126;
  private static final String LOST =
      "the host process in which its first process ran has ended: it was killed from outside, or by"
          + " what the program did to itself";
  private static final int NOT_FOUND = 127;

  /** Of changed files' contents, while it runs and at its end. */
  private static final long MOST_CHANGES = 16L << 30;

  private static final long MOST_KEPT_CHANGES = 4L << 30;

  private final SandboxResources resources;
  private final SandboxHost host;
  private final Kernel kernel;
  private final CountDownLatch loaded = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile long loadResult;
  private volatile @Nullable Throwable failure;
  private volatile @Nullable CommandSetup setup;
  private volatile String degraded = "";

  /** Started from outside and, when last looked at, not over. Guarded by this. */
  private final List<SentryProcess> more = new ArrayList<>();

  /** Whether {@link #more} takes no more of them. Guarded by this. */
  private boolean closed;

  private SentrySandbox(SandboxResources resources, SandboxHost host) {
    this.resources = resources;
    this.host = host;
    this.kernel = resources.kernel();
  }

  /** Builds everything and starts the command; returns once its program is loaded. */
  static SentrySandbox start(SandboxSpec spec, SandboxHost host, @Nullable HostSide prepared)
      throws EngineException {
    SandboxResources resources;
    try {
      resources = SandboxResources.open(spec, host, prepared);
    } catch (IllegalStateException e) {
      // The host refused memory or a descriptor; the message says what.
      throw new EngineException(FAILED, "the sandbox failed to start: " + e.getMessage(), e);
    }
    SentrySandbox sandbox = new SentrySandbox(resources, host);
    FirstProcess first = new FirstProcess(resources, spec, host);
    Thread thread = new Thread(() -> sandbox.runKernel(first), "kernel");
    thread.start();
    try {
      sandbox.loaded.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(FAILED, "interrupted while the sandbox started", e);
    }
    sandbox.checkLoaded(spec.process().arguments().getFirst());
    return sandbox;
  }

  private void runKernel(FirstProcess first) {
    try {
      ProcessSpec ready =
          first.build(result -> {
            loadResult = result;
            loaded.countDown();
          });
      host.awaitBegin();
      degraded = resources.confine(host);
      ThreadGroup init = ProcessStart.start(kernel, ready);
      resources.giveTerminalTo(init);
      setup = first.setup();
      kernel.loop().run();
      resources.keepStatistics();
      keepChanges();
      if (kernel.initWasLost()) {
        throw new EngineException(FAILED, LOST);
      }
    } catch (PlatformException | EngineException | RuntimeException | Error e) {
      failure = e;
    } finally {
      end(first);
    }
  }

  /** Whatever happens to one of these steps: somebody waits for the end. */
  private void end(FirstProcess first) {
    try {
      try {
        first.finish();
      } finally {
        try {
          endMore();
        } finally {
          resources.close();
        }
      }
    } catch (RuntimeException | Error e) {
      failure = failure == null ? e : failure;
    } finally {
      loaded.countDown();
      ended.countDown();
    }
  }

  /** All guest processes are gone, their memory is not yet. */
  private void keepChanges() {
    OverlayChanges changes = resources.changes();
    if (changes != null) {
      host.keepChanges(shown(changes, MOST_KEPT_CHANGES));
    }
  }

  private static SandboxHost.Changes shown(OverlayChanges changes, long most) {
    return new SandboxHost.Changes() {
      @Override
      public void writeTo(OutputStream tar) throws IOException {
        changes.write(tar, most);
      }

      @Override
      public Optional<SandboxHost.Original> original(String path, int most) throws IOException {
        return changes.original(path, most);
      }
    };
  }

  private void checkLoaded(String program) throws EngineException {
    Throwable cause = failure;
    if (cause instanceof EngineException e) {
      throw e;
    }
    if (cause != null) {
      throw new EngineException(
          FAILED, "the sandbox failed to start: " + cause.getMessage(), cause);
    }
    if (loadResult == 0) {
      return;
    }
    awaitEnd();
    throw notLoaded(program, (int) -loadResult);
  }

  private static EngineException notLoaded(String program, int errno) {
    return switch (errno) {
      case Errno.ENOENT ->
          new EngineException(NOT_FOUND, "command not found: " + program + " in the sandbox");
      case Errno.ENOEXEC ->
          new EngineException(
              CANNOT_RUN,
              "cannot run "
                  + program
                  + ": not a program for x86-64 Linux (wrong architecture, or a script without"
                  + " #!)");
      case Errno.EACCES ->
          new EngineException(
              CANNOT_RUN, "cannot run " + program + ": permission denied; is it executable?");
      default ->
          new EngineException(CANNOT_RUN, "cannot run " + program + ": " + Errno.name(errno));
    };
  }

  private void awaitEnd() {
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public ExitStatus await() throws EngineException, InterruptedException {
    ended.await();
    Throwable cause = failure;
    if (cause instanceof EngineException known) {
      throw known;
    }
    if (cause != null) {
      throw new EngineException(FAILED, "the sentry failed: " + cause, cause);
    }
    int status = kernel.exitStatus();
    return new ExitStatus(status >> 8 & 0xff, status & 0x7f);
  }

  @Override
  public boolean endsWithin(long millis) throws InterruptedException {
    return ended.await(millis, TimeUnit.MILLISECONDS);
  }

  @Override
  public String platform() {
    return resources.platform().name();
  }

  @Override
  public String degraded() {
    return degraded;
  }

  @Override
  public String remark() {
    return resources.remark();
  }

  @Override
  public void signal(int number) {
    kernel
        .loop()
        .post(() -> {
          ThreadGroup init = kernel.init();
          if (init != null && !init.isDead()) {
            init.sendSignal(SignalInfo.kernel(number));
          }
        });
  }

  @Override
  public void pause(boolean still) {
    kernel.loop().post(() -> kernel.freeze(still));
  }

  @Override
  public void resize(int rows, int columns) {
    kernel.loop().post(() -> resources.resizeTerminal(rows, columns));
  }

  @Override
  public RunningProcess exec(SandboxSpec.ProcessSpec process, SandboxHost.Stdio.Streams streams)
      throws EngineException, InterruptedException {
    CommandSetup commands = setup;
    if (commands == null) {
      throw new EngineException(FAILED, "the sandbox has not started yet");
    }
    SentryProcess started = new SentryProcess(kernel);
    synchronized (this) {
      if (closed) {
        throw new EngineException(FAILED, "the sandbox ended");
      }
      more.removeIf(SentryProcess::isOver);
      more.add(started);
    }
    kernel.loop().post(() -> started.start(commands, process, streams));
    long result = started.awaitLoaded();
    if (result != 0) {
      started.await();
      throw notLoaded(process.arguments().getFirst(), (int) -result);
    }
    return started;
  }

  /** The sandbox has ended, and with it what else was started in it. */
  private void endMore() {
    List<SentryProcess> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(more);
      more.clear();
    }
    left.forEach(SentryProcess::sandboxEnded);
  }

  /** This process ends now: what it started is killed, since who stands still would stay. */
  void abandon() {
    resources.killHelpers();
  }

  @Override
  public void kill() {
    kernel.loop().post(kernel::shutDown);
  }

  @Override
  public void visitChanges(SandboxHost.ChangesVisitor visitor)
      throws EngineException, IOException, InterruptedException {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    kernel
        .loop()
        .post(() -> {
          OverlayChanges changes = resources.changes();
          try {
            if (changes != null) {
              visitor.visit(shown(changes, MOST_CHANGES));
            }
            done.complete(changes != null);
          } catch (IOException | RuntimeException e) {
            done.completeExceptionally(e);
          }
        });
    while (!done.isDone() && !ended.await(20, TimeUnit.MILLISECONDS)) {
      // the kernel thread is at it
    }
    if (!done.isDone()) {
      throw new EngineException(FAILED, "it has ended");
    }
    try {
      if (!done.get()) {
        throw new EngineException(FAILED, "it has not begun yet");
      }
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e);
    }
  }
}
