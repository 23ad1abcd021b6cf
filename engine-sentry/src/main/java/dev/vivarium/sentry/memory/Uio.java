package dev.vivarium.sentry.memory;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import java.lang.foreign.MemorySegment;

/**
 * A place that bytes are moved to (read) or from (write): a guest's buffers, or an array of the
 * kernel's. It remembers how far it has got.
 */
public abstract class Uio {
  /** Bytes still to move. */
  public abstract long remaining();

  /**
   * Finds the next bytes in host memory, for a transfer without an intermediate copy.
   *
   * @param write whether the memory will be written (data goes TO the guest)
   * @return how many bytes lie together at {@link #segment()} from {@link #segmentOffset()} on; 0
   *     at the end; -EFAULT if the guest has no such memory
   */
  public abstract long peek(boolean write);

  /** The segment that the last {@link #peek} found. */
  public abstract MemorySegment segment();

  /** The offset in {@link #segment()} that the last {@link #peek} found. */
  public abstract long segmentOffset();

  /** Marks {@code count} bytes as moved; at most what {@link #peek} returned. */
  public abstract void advance(long count);

  /**
   * Moves bytes to the place; returns the count (short at its end), or -EFAULT if none could be
   * moved.
   */
  public final long put(MemorySegment source, long offset, long length) {
    long done = 0;
    while (done < length) {
      long n = peek(true);
      if (n <= 0) {
        return done > 0 ? done : n;
      }
      n = Math.min(n, length - done);
      MemorySegment.copy(source, offset + done, segment(), segmentOffset(), n);
      advance(n);
      done += n;
    }
    return done;
  }

  /** {@link #put(MemorySegment, long, long)} from an array. */
  public final long put(byte[] source, int offset, int length) {
    int done = 0;
    while (done < length) {
      long n = peek(true);
      if (n <= 0) {
        return done > 0 ? done : n;
      }
      int count = (int) Math.min(n, length - done);
      copyOut(source, offset + done, count);
      advance(count);
      done += count;
    }
    return done;
  }

  /**
   * Moves bytes from the place; returns the count (short at its end), or -EFAULT if none could be
   * moved.
   */
  public final long take(MemorySegment target, long offset, long length) {
    long done = 0;
    while (done < length) {
      long n = peek(false);
      if (n <= 0) {
        return done > 0 ? done : n;
      }
      n = Math.min(n, length - done);
      MemorySegment.copy(segment(), segmentOffset(), target, offset + done, n);
      advance(n);
      done += n;
    }
    return done;
  }

  /** {@link #take(MemorySegment, long, long)} into an array. */
  public final long take(byte[] target, int offset, int length) {
    int done = 0;
    while (done < length) {
      long n = peek(false);
      if (n <= 0) {
        return done > 0 ? done : n;
      }
      int count = (int) Math.min(n, length - done);
      copyIn(target, offset + done, count);
      advance(count);
      done += count;
    }
    return done;
  }

  /** Copies so many of the bytes that {@link #peek} has just found. */
  void copyIn(byte[] target, int offset, int count) {
    Fields.copy(segment(), segmentOffset(), target, offset, count);
  }

  /** Copies to where {@link #peek} has just found so many bytes. */
  void copyOut(byte[] source, int offset, int count) {
    Fields.copy(source, offset, segment(), segmentOffset(), count);
  }

  /** Puts zeros. */
  public final long zero(long length) {
    long done = 0;
    while (done < length) {
      long n = peek(true);
      if (n <= 0) {
        return done > 0 ? done : n;
      }
      n = Math.min(n, length - done);
      segment().asSlice(segmentOffset(), n).fill((byte) 0);
      advance(n);
      done += n;
    }
    return done;
  }

  /** A Uio over a part of an array of the kernel's own. */
  public static Uio of(byte[] array, int offset, int length) {
    return new ArrayUio(array, offset, length);
  }

  private static final class ArrayUio extends Uio {
    private final MemorySegment segment;
    private long offset;
    private long remaining;

    ArrayUio(byte[] array, int offset, int length) {
      if (offset < 0 || length < 0 || offset > array.length - length) {
        throw new IllegalArgumentException("outside the array: errno " + Errno.EFAULT);
      }
      this.segment = MemorySegment.ofArray(array);
      this.offset = offset;
      this.remaining = length;
    }

    @Override
    public long remaining() {
      return remaining;
    }

    @Override
    public long peek(boolean write) {
      return remaining;
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public long segmentOffset() {
      return offset;
    }

    @Override
    public void advance(long count) {
      offset += count;
      remaining -= count;
    }
  }
}
