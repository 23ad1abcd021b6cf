package dev.vivarium.sentry.vfs.host;

import dev.vivarium.sentry.kernel.KernelLoop;
import dev.vivarium.sentry.kernel.WaitQueue;
import java.io.IOException;
import java.io.InputStream;

/**
 * A thread that reads a byte stream and hands its bytes to the guest, waiting while the guest has
 * no room for them.
 */
final class StreamSource {
  /** The guest's side; called on the kernel thread. */
  interface Target {
    /** Takes what it can; the count, or negative if nobody will ever read. */
    int accept(byte[] bytes, int offset, int length);

    /** Woken when {@link #accept} may take more. */
    WaitQueue room();

    /** The stream has ended. */
    void end();
  }

  private static final int CHUNK = 16 * 1024;

  private final InputStream stream;
  private final KernelLoop loop;
  private final Target target;

  StreamSource(InputStream stream, KernelLoop loop, Target target) {
    this.stream = stream;
    this.loop = loop;
    this.target = target;
  }

  void start() {
    Thread.ofPlatform().daemon(true).name("stdin").start(this::run);
  }

  private void run() {
    byte[] chunk = new byte[CHUNK];
    try {
      for (; ; ) {
        int n = stream.read(chunk);
        if (n < 0) {
          break;
        }
        Delivery d = new Delivery(chunk, n);
        loop.post(d::attempt);
        if (!d.await()) {
          break;
        }
      }
    } catch (IOException e) {
      // A stream that broke has ended, as far as the guest is concerned.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    loop.post(target::end);
  }

  /** One chunk on its way; its thread waits until all of it is taken. */
  private final class Delivery extends WaitQueue.Waiter {
    private final byte[] bytes;
    private final int length;
    private int taken;
    private boolean finished;
    private boolean wanted = true;

    Delivery(byte[] bytes, int length) {
      this.bytes = bytes;
      this.length = length;
    }

    /** On the kernel thread. */
    void attempt() {
      target.room().remove(this);
      int n = target.accept(bytes, taken, length - taken);
      if (n < 0) {
        finish(false);
        return;
      }
      taken += n;
      if (taken == length) {
        finish(true);
      } else {
        target.room().add(this);
      }
    }

    @Override
    protected void woken(int events) {
      // Not in the middle of a wake: the queue is being walked.
      loop.post(this::attempt);
      target.room().remove(this);
    }

    private synchronized void finish(boolean more) {
      finished = true;
      wanted = more;
      notifyAll();
    }

    synchronized boolean await() throws InterruptedException {
      while (!finished) {
        wait();
      }
      return wanted;
    }
  }
}
