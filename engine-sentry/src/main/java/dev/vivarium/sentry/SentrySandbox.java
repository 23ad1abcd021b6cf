package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.ExitStatus;
import dev.vivarium.engine.RunningSandbox;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.ProcessStart;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.platform.PlatformException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One sandbox under the sentry: the kernel thread, and what the outside may ask of it. */
final class SentrySandbox implements RunningSandbox {
  static final int FAILED = 125;
  private static final int CANNOT_RUN = 126;
  private static final int NOT_FOUND = 127;

  private final SandboxResources resources;
  private final Kernel kernel;
  private final CountDownLatch loaded = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile long loadResult;
  private volatile @Nullable Throwable failure;

  private SentrySandbox(SandboxResources resources) {
    this.resources = resources;
    this.kernel = resources.kernel();
  }

  /** Builds everything and starts the command; returns once its program is loaded. */
  static SentrySandbox start(SandboxSpec spec, SandboxHost host) throws EngineException {
    SandboxResources resources = SandboxResources.open(spec, host);
    SentrySandbox sandbox = new SentrySandbox(resources);
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
      ThreadGroup init =
          ProcessStart.start(
              kernel,
              first.build(result -> {
                loadResult = result;
                loaded.countDown();
              }));
      resources.giveTerminalTo(init);
      kernel.loop().run();
    } catch (PlatformException | EngineException | RuntimeException | Error e) {
      failure = e;
    } finally {
      first.finish();
      resources.close();
      loaded.countDown();
      ended.countDown();
    }
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
    int errno = (int) -loadResult;
    throw switch (errno) {
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
  public void resize(int rows, int columns) {
    kernel.loop().post(() -> resources.resizeTerminal(rows, columns));
  }

  @Override
  public void kill() {
    kernel.loop().post(kernel::shutDown);
  }
}
