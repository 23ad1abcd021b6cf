package dev.vivarium.engine.process;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * The control socket of a sandbox that does not wait for a client. It is made while the engine
 * waits for its own processes, since once a guest runs this process can make no socket.
 */
final class LateServer implements Closeable {
  private final FutureTask<ControlServer> opening;

  LateServer(Path socket, ControlServer.Handler handler) {
    opening = new FutureTask<>(() -> new ControlServer(socket, handler));
  }

  void begin() {
    Thread thread = new Thread(null, opening, "control-open", 256 << 10);
    thread.setDaemon(true);
    thread.start();
  }

  /** Returns once it is there. */
  ControlServer opened() throws IOException {
    try {
      return opening.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the control socket was made", e);
    }
  }

  @Nullable ControlServer ifOpened() {
    return opening.state() == Future.State.SUCCESS ? opening.resultNow() : null;
  }

  @Override
  public void close() {
    if (!opening.cancel(false) && opening.state() == Future.State.SUCCESS) {
      opening.resultNow().close();
    }
  }
}
