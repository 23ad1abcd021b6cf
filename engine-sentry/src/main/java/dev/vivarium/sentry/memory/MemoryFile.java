package dev.vivarium.sentry.memory;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.LongBinaryOperator;

/**
 * The guest's physical memory: one sparse file, mapped once in the sentry and in pieces in the
 * stubs. It is handed out in runs of {@link #UNIT} bytes, each counted by how many users it has. A
 * unit nobody uses gives its memory back to the host and reads as zeros when it is used again.
 */
public final class MemoryFile {
  /** Bytes of the smallest piece that is counted. */
  public static final int UNIT = 64 * 1024;

  public static final int UNIT_SHIFT = 16;

  /** Free memory is given back to the host when there is so much of it, all in one go. */
  private static final int DIRTY_MAX = 48;

  /** Longer runs are given back at once. */
  private static final int DIRTY_RUN_MAX = 8;

  /** Gives the memory behind a range of the file back to the host; it reads as zeros afterwards. */
  public interface HolePuncher {
    void punch(long offset, long length);
  }

  private final MemorySegment segment;
  private final HolePuncher puncher;
  private final int units;
  private int[] refs;

  /** Units in use that hold bytes nobody refers to any more. */
  private final BitSet stale = new BitSet();

  /** Free units that still hold what their last user left: for copies, which overwrite it. */
  private final BitSet dirty = new BitSet();

  private int dirtyCount;
  private final FreeRuns free;
  private int high;
  private long usedUnits;
  private LongBinaryOperator backing = (offset, length) -> length;

  /**
   * @param segment the whole file as the sentry maps it; its size bounds what guests can have
   * @param puncher how to give memory back
   */
  public MemoryFile(MemorySegment segment, HolePuncher puncher) {
    this.segment = segment;
    this.puncher = puncher;
    this.units = Math.toIntExact(segment.byteSize() >>> UNIT_SHIFT);
    this.refs = new int[1024];
    this.free = new FreeRuns();
  }

  /** The whole file. */
  public MemorySegment segment() {
    return segment;
  }

  /** Tells how many bytes of a range (offset, length) the host really has memory for. */
  public void setBacking(LongBinaryOperator backed) {
    backing = backed;
  }

  long backedBytes(long offset, long length) {
    return backing.applyAsLong(offset, length);
  }

  /** Bytes handed out at present (not all of them need be backed by memory yet). */
  public long allocatedBytes() {
    return usedUnits << UNIT_SHIFT;
  }

  /** Whether memory may be handed out before it is needed: a quarter is kept for what is needed. */
  boolean hasRoomFor(long length) {
    return length >>> UNIT_SHIFT < units - (units >>> 2) - usedUnits;
  }

  /**
   * Hands out a run of units with one reference each, reading as zeros.
   *
   * @param length in bytes; rounded up to whole units
   * @return the offset of the run, or -1 if there is no room
   */
  public long allocate(long length) {
    long wanted = (length + UNIT - 1) >>> UNIT_SHIFT;
    if (wanted <= 0 || wanted > units) {
      return -1;
    }
    int count = (int) wanted;
    int start = free.take(count);
    if (start < 0) {
      if (high > units - count) {
        if (dirtyCount == 0) {
          return -1;
        }
        clean();
        return allocate(length);
      }
      start = high;
      high += count;
      if (high > refs.length) {
        refs = Arrays.copyOf(refs, Math.max(high, Math.min(units, refs.length * 2)));
      }
    }
    Arrays.fill(refs, start, start + count, 1);
    usedUnits += count;
    return (long) start << UNIT_SHIFT;
  }

  /**
   * Hands out the units at a given place, as {@link #allocate} does, if all of them are free: so
   * that memory which follows in an address space follows here too.
   *
   * @param offset a multiple of {@link #UNIT}
   */
  public boolean allocateAt(long offset, long length) {
    long wanted = (length + UNIT - 1) >>> UNIT_SHIFT;
    if (offset < 0 || wanted <= 0 || wanted > units - (offset >>> UNIT_SHIFT)) {
      return false;
    }
    int start = (int) (offset >>> UNIT_SHIFT);
    int end = start + (int) wanted;
    if (start > high || start < high && !free.takeAt(start, Math.min(end, high) - start)) {
      return false;
    }
    if (end > high) {
      high = end;
      if (high > refs.length) {
        refs = Arrays.copyOf(refs, Math.max(high, Math.min(units, refs.length * 2)));
      }
    }
    Arrays.fill(refs, start, end, 1);
    usedUnits += end - start;
    return true;
  }

  /** Hands out one unit that may hold anything: the caller maps only what it has written there. */
  long allocateForCopy() {
    int unit = dirty.nextSetBit(0);
    if (unit < 0) {
      return allocate(UNIT);
    }
    dirty.clear(unit);
    dirtyCount--;
    refs[unit] = 1;
    usedUnits++;
    stale.set(unit);
    return (long) unit << UNIT_SHIFT;
  }

  /** Gives the memory of all free units back to the host. */
  void clean() {
    for (int from = dirty.nextSetBit(0); from >= 0; ) {
      int to = dirty.nextClearBit(from);
      puncher.punch((long) from << UNIT_SHIFT, (long) (to - from) << UNIT_SHIFT);
      free.put(from, to - from);
      from = dirty.nextSetBit(to);
    }
    dirty.clear();
    dirtyCount = 0;
  }

  /**
   * Whether the part of a unit that its only user does not refer to reads as zeros and may be
   * handed to that user.
   */
  boolean hasCleanRest(long offset) {
    int unit = unit(offset);
    return refs[unit] == 1 && !stale.get(unit);
  }

  /**
   * Drops a reference as {@link #decRef} does, for somebody who refers to exactly these bytes.
   *
   * @param own whether nobody else refers to these bytes; then those in units that stay in use are
   *     cleared
   */
  void free(long offset, long length, boolean own) {
    long first = (offset + UNIT - 1) & -UNIT;
    long last = (offset + length) & -UNIT;
    if (first > last) {
      leave(offset, length, own);
    } else {
      leave(offset, first - offset, own);
      leave(last, offset + length - last, own);
    }
    decRef(offset, length);
  }

  /** Deals with the bytes that are left behind in one unit. */
  private void leave(long offset, long length, boolean own) {
    if (length == 0 || refCount(offset) == 1) {
      return;
    }
    if (own) {
      puncher.punch(offset, length);
    } else {
      stale.set(unit(offset));
    }
  }

  /** Adds a reference to every unit that the range touches. */
  public void incRef(long offset, long length) {
    int end = unitEnd(offset, length);
    for (int u = unit(offset); u < end; u++) {
      if (refs[u] == 0) {
        throw new IllegalStateException("unit " + u + " is free");
      }
      refs[u]++;
    }
  }

  /**
   * Adds a reference for somebody who maps a piece of what others allocated: its units may hold
   * more than that piece.
   */
  void share(long offset, long length) {
    incRef(offset, length);
    stale.set(unit(offset), unitEnd(offset, length));
  }

  /** Drops a reference from every unit that the range touches. */
  public void decRef(long offset, long length) {
    int end = unitEnd(offset, length);
    int freeFrom = -1;
    for (int u = unit(offset); u < end; u++) {
      if (refs[u] == 0) {
        throw new IllegalStateException("unit " + u + " is free already");
      }
      if (--refs[u] == 0) {
        usedUnits--;
        if (freeFrom < 0) {
          freeFrom = u;
        }
      } else if (freeFrom >= 0) {
        release(freeFrom, u);
        freeFrom = -1;
      }
    }
    if (freeFrom >= 0) {
      release(freeFrom, end);
    }
  }

  /** References to the unit that holds this offset. */
  public int refCount(long offset) {
    return refs[unit(offset)];
  }

  /** Makes a page-aligned range read as zeros and gives its memory back; its references stay. */
  public void punch(long offset, long length) {
    puncher.punch(offset, length);
  }

  private void release(int from, int to) {
    stale.clear(from, to);
    if (to - from <= DIRTY_RUN_MAX) {
      dirty.set(from, to);
      dirtyCount += to - from;
      if (dirtyCount > DIRTY_MAX) {
        clean();
      }
      return;
    }
    puncher.punch((long) from << UNIT_SHIFT, (long) (to - from) << UNIT_SHIFT);
    free.put(from, to - from);
  }

  private int unit(long offset) {
    if (offset < 0 || offset >= (long) high << UNIT_SHIFT) {
      throw new IllegalArgumentException("offset outside the memory file: " + offset);
    }
    return (int) (offset >>> UNIT_SHIFT);
  }

  private int unitEnd(long offset, long length) {
    if (length <= 0) {
      throw new IllegalArgumentException("length " + length);
    }
    return unit(offset + length - 1) + 1;
  }
}
