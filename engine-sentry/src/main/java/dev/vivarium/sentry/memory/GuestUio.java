package dev.vivarium.sentry.memory;

import dev.vivarium.engine.memory.RawMemory;
import dev.vivarium.sentry.abi.Errno;
import java.lang.foreign.MemorySegment;

/** A transfer over buffers of a guest, found piece by piece as it goes along. */
final class GuestUio extends Uio {
  private final GuestMemory memory;

  /** Base and length of each buffer; null for a single one. */
  private final long[] entries;

  private int next;
  private long address;
  private long left;
  private long remaining;
  private MemorySegment segment = MemorySegment.NULL;
  private long segmentOffset;

  /** What was found last: where it lies in the sentry, and how long it is. */
  private long found;

  private long foundLength;

  private static final long[] NONE = {};

  GuestUio(GuestMemory memory, long address, long length) {
    this.memory = memory;
    this.entries = NONE;
    this.address = address;
    this.left = length;
    this.remaining = length;
  }

  /** The entries' lengths have been checked: none is negative and their sum is {@code total}. */
  GuestUio(GuestMemory memory, long[] entries, long total) {
    this.memory = memory;
    this.entries = entries;
    this.remaining = total;
  }

  @Override
  public long remaining() {
    return remaining;
  }

  @Override
  public long peek(boolean write) {
    while (left == 0) {
      if (next == entries.length) {
        return 0;
      }
      address = entries[next];
      left = entries[next + 1];
      next += 2;
    }
    GuestMemory.Window w = memory.window(address, write);
    if (w == null) {
      return -Errno.EFAULT;
    }
    segment = w.segment;
    segmentOffset = address + w.delta;
    found = address + w.toHost;
    foundLength = Math.min(left, w.end - address);
    return foundLength;
  }

  @Override
  void copyIn(byte[] target, int offset, int count) {
    RawMemory.copy(found(count), target, offset, count);
  }

  @Override
  void copyOut(byte[] source, int offset, int count) {
    RawMemory.copy(source, offset, found(count), count);
  }

  private long found(int count) {
    if (count > foundLength) {
      throw new IndexOutOfBoundsException(count);
    }
    return found;
  }

  @Override
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public long segmentOffset() {
    return segmentOffset;
  }

  @Override
  public void advance(long count) {
    address += count;
    foundLength = 0;
    left -= count;
    remaining -= count;
  }
}
