package dev.vivarium.sentry.platform.ptrace;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The FPU state in its two layouts: an XSAVE area as ptrace reads and writes it, and what a signal
 * frame holds, which says its size in 48 bytes of the first 512 and ends with a magic number.
 */
final class FpState {
  private static final int MXCSR = 24;
  private static final int MXCSR_MASK = 28;
  private static final int SOFTWARE_AREA = 464;
  private static final int SOFTWARE_SIZE = 48;
  private static final int LEGACY_SIZE = 512;
  private static final int HEADER_SIZE = 64;
  private static final int MAGIC1 = 0x46505853;
  private static final int MAGIC2 = 0x46505845;
  private static final int MAGIC2_SIZE = 4;
  private static final int DEFAULT_MXCSR_MASK = 0xffbf;

  /** XSTATE_BV in the header; the enabled features in the software area of what ptrace gives. */
  private static final int XSTATE_BV = LEGACY_SIZE;

  /**
   * Tile data of AMX lies behind this, and its feature must be asked for: frames do not carry it.
   */
  private static final int LARGEST = 2816;

  private static final long TILE_DATA = 1L << 18;

  private final int areaSize;
  private final int size;
  private final long features;
  private final int mxcsrMask;
  private final byte[] initial;

  /**
   * Takes the measures of this host.
   *
   * @param memory holds the XSAVE area of a thread that has not used the FPU
   * @param length of that area
   */
  FpState(MemorySegment memory, long at, int length) {
    areaSize = length;
    size = Math.min(length, LARGEST);
    features = memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at + SOFTWARE_AREA) & ~TILE_DATA;
    int mask = memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + MXCSR_MASK);
    mxcsrMask = mask == 0 ? DEFAULT_MXCSR_MASK : mask;
    initial = memory.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
  }

  /** Whether ptrace gives what this can work with. */
  static boolean isUsable(int length, int limit) {
    return length >= LEGACY_SIZE + HEADER_SIZE && length <= limit;
  }

  int frameSize() {
    return size + MAGIC2_SIZE;
  }

  void toFrame(MemorySegment area, long at, MemorySegment frame, long offset) {
    MemorySegment.copy(area, at, frame, offset, size);
    frame.asSlice(offset + SOFTWARE_AREA, SOFTWARE_SIZE).fill((byte) 0);
    frame.set(ValueLayout.JAVA_INT_UNALIGNED, offset + SOFTWARE_AREA, MAGIC1);
    frame.set(ValueLayout.JAVA_INT_UNALIGNED, offset + SOFTWARE_AREA + 4, frameSize());
    frame.set(ValueLayout.JAVA_LONG_UNALIGNED, offset + SOFTWARE_AREA + 8, features);
    frame.set(ValueLayout.JAVA_INT_UNALIGNED, offset + SOFTWARE_AREA + 16, size);
    frame.set(ValueLayout.JAVA_INT_UNALIGNED, offset + size, MAGIC2);
  }

  /**
   * Makes an XSAVE area of what a guest says its FPU state is.
   *
   * @return the area's size
   */
  int fromFrame(MemorySegment frame, long offset, MemorySegment area, long at) {
    MemorySegment.copy(frame, offset, area, at, size);
    if (areaSize > size) {
      area.asSlice(at + size, areaSize - size).fill((byte) 0);
    }
    area.set(
        ValueLayout.JAVA_INT_UNALIGNED,
        at + MXCSR,
        area.get(ValueLayout.JAVA_INT_UNALIGNED, at + MXCSR) & mxcsrMask);
    // The XSAVE header: only features the host has, no compaction, reserved bytes zero.
    long used = area.get(ValueLayout.JAVA_LONG_UNALIGNED, at + XSTATE_BV) & features;
    area.asSlice(at + LEGACY_SIZE, HEADER_SIZE).fill((byte) 0);
    area.set(ValueLayout.JAVA_LONG_UNALIGNED, at + XSTATE_BV, used);
    return areaSize;
  }

  /** The state of a new program; returns the area's size. */
  int reset(MemorySegment area, long at) {
    MemorySegment.copy(initial, 0, area, ValueLayout.JAVA_BYTE, at, areaSize);
    return areaSize;
  }
}
