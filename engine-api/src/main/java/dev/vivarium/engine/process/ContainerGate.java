package dev.vivarium.engine.process;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxHost;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Where a container stands between its two steps: it has been created, and its manager, through the
 * control socket, may let it begin.
 */
final class ContainerGate {
  private static final int FAILED = 125;

  private final Container container;
  private final LateServer server;
  private boolean begun;
  private @Nullable Ending ending;

  /**
   * Makes a closed one.
   *
   * @param server through which it is opened
   */
  ContainerGate(Container container, LateServer server) {
    this.container = container;
    this.server = server;
  }

  SandboxHost.Stdio stdio() {
    return container.stdio();
  }

  /** Tells the manager that the container is created, and waits until it may begin. */
  void await() throws EngineException {
    try {
      server.opened();
    } catch (IOException e) {
      throw new EngineException(FAILED, e.getMessage(), e);
    }
    synchronized (this) {
      unlessEnded();
    }
    try {
      container.created();
      synchronized (this) {
        while (!begun) {
          unlessEnded();
          wait();
        }
      }
    } catch (IOException e) {
      throw new EngineException(FAILED, "its manager is gone: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(FAILED, "interrupted", e);
    }
  }

  private void unlessEnded() throws EngineException {
    if (ending != null) {
      throw new EngineException(ending.exitCode(), ending.reason());
    }
  }

  /** Its manager wants it to begin. */
  synchronized void open() throws IOException {
    if (begun) {
      throw new IOException("it has begun already");
    }
    begun = true;
    notifyAll();
  }

  synchronized boolean isOpen() {
    return begun;
  }

  /** It need not wait any more. */
  synchronized void end(Ending why) {
    if (ending == null) {
      ending = why;
      notifyAll();
    }
  }
}
