package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.memory.Uio;

/** Bytes on their way from the slave to the master: a ring of fixed size. */
final class OutputQueue {
  private final byte[] ring;
  private int head;
  private int used;

  OutputQueue(int size) {
    ring = new byte[size];
  }

  int used() {
    return used;
  }

  int free() {
    return ring.length - used;
  }

  /** Adds one byte; false if there is no room. */
  boolean add(int b) {
    if (used == ring.length) {
      return false;
    }
    int tail = head + used;
    ring[tail >= ring.length ? tail - ring.length : tail] = (byte) b;
    used++;
    return true;
  }

  /** Moves as much as fits to {@code dst}; the count or -EFAULT. */
  long read(Uio dst) {
    long done = 0;
    while (used > 0 && dst.remaining() > 0) {
      int n = (int) Math.min(Math.min(used, ring.length - head), dst.remaining());
      long moved = dst.put(ring, head, n);
      if (moved < 0) {
        return done > 0 ? done : moved;
      }
      head += (int) moved;
      if (head >= ring.length) {
        head -= ring.length;
      }
      used -= (int) moved;
      done += moved;
      if (moved < n) {
        break;
      }
    }
    return done;
  }

  void clear() {
    head = 0;
    used = 0;
  }
}
