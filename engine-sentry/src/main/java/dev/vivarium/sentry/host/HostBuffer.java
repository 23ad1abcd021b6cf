package dev.vivarium.sentry.host;

import dev.vivarium.engine.memory.RawMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory for what goes to host calls and comes from them: numbers at offsets, which lie wholly in
 * it or are refused. It is there for as long as this object is.
 */
public final class HostBuffer {
  private static final int ALIGNMENT = 64;
  private static final byte[] NO_BYTES = {};

  private final MemorySegment segment;
  private final long address;
  private final int size;

  /** Zeros. */
  public HostBuffer(int size) {
    this.segment = Arena.ofAuto().allocate(size, ALIGNMENT);
    this.address = segment.address();
    this.size = size;
  }

  /** Where it begins, for host calls; who uses it keeps this object. */
  public long address() {
    return address;
  }

  /** The same memory. */
  public MemorySegment segment() {
    return segment;
  }

  /** One byte, without a sign. */
  public int getByte(int at) {
    return RawMemory.getByte(place(at, Byte.BYTES)) & 0xff;
  }

  /** Four bytes. */
  public int getInt(int at) {
    return RawMemory.getInt(place(at, Integer.BYTES));
  }

  /** Eight bytes. */
  public long getLong(int at) {
    return RawMemory.getLong(place(at, Long.BYTES));
  }

  /** Sets four bytes. */
  public void putInt(int at, int value) {
    RawMemory.putInt(place(at, Integer.BYTES), value);
  }

  /** Sets eight bytes. */
  public void putLong(int at, long value) {
    RawMemory.putLong(place(at, Long.BYTES), value);
  }

  /** Copies an array to it. */
  public void put(int at, byte[] source) {
    RawMemory.copy(source, 0, place(at, source.length), source.length);
  }

  /** A copy of some bytes. */
  public byte[] bytes(int at, int count) {
    long from = place(at, count);
    if (count == 0) {
      return NO_BYTES;
    }
    byte[] copy = new byte[count];
    RawMemory.copy(from, copy, 0, count);
    return copy;
  }

  private long place(int at, int count) {
    if (at < 0 || count < 0 || at > size - count) {
      throw new IndexOutOfBoundsException(at);
    }
    return address + at;
  }
}
