package dev.vivarium.image.registry;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Closes bodies of answers that somebody reads and of which nothing comes any more. */
final class StallGuard implements AutoCloseable {
  private final long limitNanos;
  private final Set<Guarded> reading = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService timer;

  StallGuard(Duration limit) {
    this.limitNanos = limit.toNanos();
    this.timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("registry-stalls").factory());
    long period = Math.max(1, limit.toMillis() / 4);
    timer.scheduleWithFixedDelay(this::look, period, period, TimeUnit.MILLISECONDS);
  }

  InputStream guard(InputStream body) {
    return new Guarded(body);
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }

  private void look() {
    long now = System.nanoTime();
    for (Guarded stream : reading) {
      if (now - stream.since > limitNanos) {
        stream.stalled = true;
        try {
          stream.in().close();
        } catch (IOException e) {
          // its reader hears of the stall
        }
      }
    }
  }

  private final class Guarded extends FilterInputStream {
    private volatile long since;
    private volatile boolean stalled;

    Guarded(InputStream in) {
      super(in);
    }

    InputStream in() {
      return in;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      since = System.nanoTime();
      reading.add(this);
      try {
        int n = in.read(buffer, offset, length);
        if (n < 0 && stalled) {
          throw new IOException("closed");
        }
        return n;
      } catch (IOException e) {
        throw stalled ? new IOException("nothing came for too long", e) : e;
      } finally {
        reading.remove(this);
      }
    }
  }
}
