package dev.vivarium.sentry.vfs.host;

import dev.vivarium.sentry.kernel.KernelLoop;
import dev.vivarium.sentry.kernel.WaitQueue;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;

/**
 * A thread that writes what the guest puts out to a byte stream. It takes the next bytes only when
 * the last ones are written, so that the guest waits for a slow reader.
 */
final class StreamSink {
  /** The guest's side; called on the kernel thread. */
  interface Source {
    /** Moves bytes: the count, 0 if there are none now, negative at the end. */
    int take(byte[] target);

    /** Woken when {@link #take} may have something. */
    WaitQueue data();

    /** Nobody will take any more: the stream is broken. */
    void abandon();
  }

  private static final int CHUNK = 16 * 1024;

  private final OutputStream stream;
  private final KernelLoop loop;
  private final Source source;
  private final byte[] chunk = new byte[CHUNK];
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  /** Bytes in {@link #chunk} for the thread to write; -1 at the end. Guarded by this. */
  private int pending;

  private final WaitQueue.Waiter waiter =
      new WaitQueue.Waiter() {
        @Override
        protected void woken(int events) {
          source.data().remove(this);
          loop.post(StreamSink.this::fetch);
        }
      };

  StreamSink(OutputStream stream, KernelLoop loop, Source source) {
    this.stream = stream;
    this.loop = loop;
    this.source = source;
  }

  /** On the kernel thread, or before it runs. */
  void start(String name) {
    Thread.ofPlatform().daemon(true).name(name).start(this::run);
    fetch();
  }

  /** Completes when the guest's side has ended and everything is written (or cannot be). */
  CompletableFuture<Void> done() {
    return done;
  }

  private void fetch() {
    int n = source.take(chunk);
    if (n == 0) {
      source.data().add(waiter);
      return;
    }
    synchronized (this) {
      pending = n;
      notifyAll();
    }
  }

  private void run() {
    try {
      for (; ; ) {
        int n;
        synchronized (this) {
          while (pending == 0) {
            wait();
          }
          n = pending;
          pending = 0;
        }
        if (n < 0) {
          break;
        }
        stream.write(chunk, 0, n);
        stream.flush();
        loop.post(this::fetch);
      }
      stream.flush();
    } catch (IOException e) {
      loop.post(source::abandon);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      done.complete(null);
    }
  }
}
