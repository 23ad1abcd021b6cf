package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.memory.Uio;
import java.util.ArrayDeque;

/**
 * The bytes in a pipe: a ring that grows with use up to the pipe's capacity.
 *
 * <p>Linux counts page slots; we count bytes. Both promise the same: writes of at most {@link
 * #PIPE_BUF} bytes are never split, and an empty pipe of the default size takes 65536 bytes.
 */
final class PipeBuffer {
  /** Writes up to this size are atomic (linux/limits.h). */
  static final int PIPE_BUF = 4096;

  static final int DEFAULT_CAPACITY = 65536;
  static final int MIN_CAPACITY = 4096;

  /** What an unprivileged process may ask for (/proc/sys/fs/pipe-max-size). */
  static final int MAX_CAPACITY = 1 << 20;

  private byte[] ring = new byte[0];
  private int head;
  private int used;
  private int capacity = DEFAULT_CAPACITY;

  /** Moves with every change, so that a write that had to wait sees whether it was alone. */
  private long changes;

  /** Lengths of what was written in packet mode, oldest first; bytes before them are a stream. */
  private final ArrayDeque<int[]> packets = new ArrayDeque<>(0);

  int capacity() {
    return capacity;
  }

  int used() {
    return used;
  }

  int free() {
    return capacity - used;
  }

  boolean isEmpty() {
    return used == 0;
  }

  /** Whether a write of PIPE_BUF bytes would go through at once. */
  boolean hasRoom() {
    return free() >= PIPE_BUF;
  }

  /** F_SETPIPE_SZ: rounds up to a power of two of pages; the new capacity or a negative errno. */
  long resize(long wanted, boolean privileged) {
    if (wanted < 0 || wanted > 1L << 31) {
      return -Errno.EINVAL;
    }
    long rounded = MIN_CAPACITY;
    while (rounded < wanted) {
      rounded <<= 1;
    }
    if (rounded > MAX_CAPACITY && !privileged) {
      return -Errno.EPERM;
    }
    if (rounded > 1 << 26) {
      return -Errno.ENOMEM;
    }
    if (rounded < used) {
      return -Errno.EBUSY;
    }
    capacity = (int) rounded;
    if (ring.length > capacity) {
      reallocate(capacity);
    }
    return capacity;
  }

  private void reallocate(int size) {
    byte[] bigger = new byte[size];
    int first = Math.min(used, ring.length - head);
    System.arraycopy(ring, head, bigger, 0, first);
    System.arraycopy(ring, 0, bigger, first, used - first);
    ring = bigger;
    head = 0;
  }

  private void reserve(int extra) {
    int needed = used + extra;
    if (needed > ring.length) {
      int size = Math.max(ring.length, MIN_CAPACITY);
      while (size < needed) {
        size <<= 1;
      }
      reallocate(Math.min(size, capacity));
    }
  }

  /**
   * Moves what is there into {@code dst}, at most one packet; the count (0 only if the pipe is
   * empty or nothing was asked for), or -EFAULT.
   */
  long read(Uio dst) {
    if (!packets.isEmpty()) {
      int[] packet = packets.getFirst();
      if (packet[0] == 0) {
        packets.removeFirst();
        int length = packet[1];
        long n = drain(dst, length);
        if (n < 0) {
          packets.addFirst(packet);
          return n;
        }
        skip(length - (int) n);
        return n;
      }
      long n = drain(dst, packet[0]);
      if (n > 0) {
        packet[0] -= (int) n;
      }
      return n;
    }
    return drain(dst, used);
  }

  /**
   * Bringing the guest's memory in may wait, and others use the pipe meanwhile: so that comes first
   * in each round, and what is in the ring is looked at afterwards.
   */
  private long drain(Uio dst, int limit) {
    int done = 0;
    while (done < limit && used > 0) {
      long place = dst.peek(true);
      if (place <= 0) {
        return done > 0 ? done : place;
      }
      int n = (int) Math.min(Math.min(limit - done, place), Math.min(used, ring.length - head));
      if (n <= 0) {
        break;
      }
      dst.put(ring, head, n);
      skip(n);
      done += n;
    }
    return done;
  }

  private void skip(int n) {
    changes++;
    head += n;
    if (head >= ring.length) {
      head -= ring.length;
    }
    used -= n;
    if (used == 0) {
      head = 0;
    }
  }

  /**
   * Takes from {@code src} what fits: everything or nothing if {@code src} is at most PIPE_BUF.
   *
   * @return the count, -EAGAIN if there is no room, or -EFAULT
   */
  long write(Uio src) {
    long wanted = src.remaining();
    int room = free();
    if (wanted <= PIPE_BUF ? room < wanted : room == 0) {
      return -Errno.EAGAIN;
    }
    return fill(src, (int) Math.min(wanted, room));
  }

  /** Takes one packet (O_DIRECT) of at most PIPE_BUF bytes, whole; otherwise as {@link #write}. */
  long writePacket(Uio src) {
    int wanted = (int) Math.min(src.remaining(), PIPE_BUF);
    if (free() < wanted || packets.size() >= capacity / PIPE_BUF) {
      return -Errno.EAGAIN;
    }
    int streamBefore = used;
    for (int[] p : packets) {
      streamBefore -= p[0] + p[1];
    }
    long n = fill(src, wanted);
    if (n > 0) {
      packets.addLast(new int[] {streamBefore, (int) n});
    }
    return n;
  }

  private long fill(Uio src, int count) {
    int done = 0;
    long expected = changes;
    while (done < count) {
      long there = src.peek(false);
      if (there <= 0) {
        if (done > 0 && count <= PIPE_BUF && changes == expected) {
          used -= done; // a small write goes in whole or not at all
          return there;
        }
        return done > 0 ? done : there;
      }
      reserve((int) Math.min(Math.min(there, count - done), free()));
      int tail = head + used;
      if (tail >= ring.length) {
        tail -= ring.length;
      }
      int n = (int) Math.min(Math.min(there, count - done), Math.min(free(), ring.length - tail));
      if (n <= 0) {
        break;
      }
      src.take(ring, tail, n);
      used += n;
      expected = ++changes;
      done += n;
    }
    return done;
  }

  /** Copies up to {@code limit} bytes from the front without taking them (tee). */
  byte[] peek(int limit) {
    int n = Math.min(limit, used);
    byte[] copy = new byte[n];
    int first = Math.min(n, ring.length - head);
    System.arraycopy(ring, head, copy, 0, first);
    System.arraycopy(ring, 0, copy, first, n - first);
    return copy;
  }

  /** Forgets all content and gives the memory back. */
  void clear() {
    ring = new byte[0];
    head = 0;
    used = 0;
    packets.clear();
  }
}
