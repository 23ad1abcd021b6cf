package dev.vivarium.sentry.vfs.host;

import dev.vivarium.sentry.kernel.KernelLoop;
import dev.vivarium.sentry.kernel.WaitQueue;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

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

  /** The thread is at work on {@link #chunk}. Guarded by this. */
  private boolean writing;

  /** {@link #fetch} found nothing and is called again by a wake. On the kernel thread. */
  private boolean waiting;

  /** What there is now is the last. On the kernel thread. */
  private boolean ending;

  private boolean abandoned;

  /** {@link #finish} does the fetching. Guarded by this. */
  private boolean finishing;

  private final WaitQueue.Waiter waiter =
      new WaitQueue.Waiter() {
        @Override
        protected void woken(int events) {
          source.data().remove(this);
          waiting = false;
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

  /** Waits until everything is written (or cannot be); false if the time is over. */
  boolean awaitDone(long deadlineNanos) throws InterruptedException {
    try {
      done.get(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
      return true;
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  private void fetch() {
    synchronized (this) {
      if (finishing) {
        return;
      }
    }
    int n = source.take(chunk);
    if (n == 0 && !ending) {
      waiting = true;
      source.data().add(waiter);
      return;
    }
    if (n <= 0) {
      abandon();
      n = -1;
    }
    synchronized (this) {
      pending = n;
      notifyAll();
    }
  }

  /**
   * Ends once what there is now is written, though others may write on: they find that nobody
   * reads. On the kernel thread.
   *
   * @return completes when it is written, or cannot be
   */
  CompletableFuture<Void> end() {
    ending = true;
    if (waiting) {
      waiting = false;
      source.data().remove(waiter);
      fetch();
    }
    return done;
  }

  private void abandon() {
    if (!abandoned) {
      abandoned = true;
      source.abandon();
    }
  }

  /**
   * Delivers what is left, when the kernel thread has come to its end and nothing posted to it runs
   * any more; on that thread. Gives up at the deadline.
   */
  void finish(long deadlineNanos) throws InterruptedException {
    int n;
    do {
      synchronized (this) {
        finishing = true;
        while (pending != 0 || writing) {
          long left = (deadlineNanos - System.nanoTime()) / 1_000_000;
          if (left <= 0 || done.isDone()) {
            return;
          }
          wait(Math.min(left, 100));
        }
        int got = source.take(chunk);
        n = got == 0 ? -1 : got;
        pending = n;
        notifyAll();
      }
    } while (n >= 0);
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
          writing = n > 0;
          pending = 0;
        }
        if (n < 0) {
          break;
        }
        stream.write(chunk, 0, n);
        stream.flush();
        synchronized (this) {
          writing = false;
          notifyAll();
        }
        loop.post(this::fetch);
      }
      stream.flush();
    } catch (IOException e) {
      loop.post(this::abandon);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      done.complete(null);
    }
  }
}
