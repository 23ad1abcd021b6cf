package dev.vivarium.sentry.memory;

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
    return Math.min(left, w.end - address);
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
    left -= count;
    remaining -= count;
  }
}
