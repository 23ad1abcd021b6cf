package dev.vivarium.microvm.agent;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Writes one output stream of a process on, at its reader's pace, on a thread of its own. What
 * waits is bounded by the window; each piece written is granted to the agent again.
 */
final class OutputPump {
  /** What the agent is told. */
  interface Listener {
    /** It may send so much more. */
    void written(int bytes) throws IOException;

    /** Nobody reads it any more. */
    void broken() throws IOException;
  }

  private final OutputStream out;
  private final Listener listener;
  private final ArrayDeque<byte[]> queue = new ArrayDeque<>();
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private @Nullable Thread thread;
  private int queued;
  private boolean ended;

  OutputPump(OutputStream out, Listener listener) {
    this.out = out;
    this.listener = listener;
  }

  /** Completes when all was written. */
  CompletableFuture<Void> done() {
    return done;
  }

  synchronized void add(byte[] bytes) throws AgentException {
    queued += bytes.length;
    if (queued > AgentProtocol.OUTPUT_WINDOW) {
      throw new AgentException("the agent sent more than a window of output");
    }
    if (ended) {
      return;
    }
    queue.add(bytes);
    if (thread == null) {
      thread = new Thread(null, this::run, "output", 256 << 10);
      thread.setDaemon(true);
      thread.start();
    }
    notifyAll();
  }

  /** Nothing more comes. */
  synchronized void end() {
    ended = true;
    if (thread == null) {
      done.complete(null);
    }
    notifyAll();
  }

  private synchronized byte @Nullable [] next() throws InterruptedException {
    while (queue.isEmpty() && !ended) {
      wait();
    }
    return queue.poll();
  }

  private synchronized void written(int bytes) {
    queued -= bytes;
  }

  private void run() {
    boolean open = true;
    try {
      for (byte[] bytes = next(); bytes != null; bytes = next()) {
        if (open && !write(bytes)) {
          open = false;
          listener.broken();
        }
        written(bytes.length);
        listener.written(bytes.length);
      }
    } catch (IOException e) {
      // The agent is gone; what it sent was written.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      done.complete(null);
    }
  }

  /** False when nobody reads it any more: the rest is thrown away. */
  private boolean write(byte[] bytes) {
    try {
      out.write(bytes);
      out.flush();
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
