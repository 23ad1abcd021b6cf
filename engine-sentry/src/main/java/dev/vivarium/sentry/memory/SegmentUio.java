package dev.vivarium.sentry.memory;

import java.lang.foreign.MemorySegment;

/** A transfer to or from a stretch of memory of the sentry's own. */
public final class SegmentUio extends Uio {
  private final MemorySegment segment;
  private long offset;
  private long remaining;

  public SegmentUio(MemorySegment segment, long offset, long length) {
    this.segment = segment;
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
