package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.memory.SegmentUio;
import dev.vivarium.sentry.memory.Uio;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a regular file: a sparse sequence of units of the memory file. Up to a page, they
 * are an array in the sentry's heap.
 *
 * <p>It may stand on a {@link Backing}: a unit that is not here yet, in the range that the backing
 * still gives, is read from there when it is first written or mapped. That is how the overlay
 * copies a file up: a unit at a time.
 *
 * <p>Invariant: what lies between the size and the end of the last unit is zero, except for what a
 * guest writes there through a mapping of the last page; that is cleared when the file grows.
 */
public final class PagedContent implements Mappable {
  private static final int UNIT = MemoryFile.UNIT;
  private static final int SHIFT = MemoryFile.UNIT_SHIFT;
  private static final int PAGE = 4096;

  private static final int PAGE_SHIFT = 12;

  /** Longest run of units handed out at once. */
  private static final int MAX_RUN = 16;

  /** Where bytes come from that have not been brought here. */
  public interface Backing {
    /** Reads like {@code File.read}; may wait. */
    long read(Task t, Uio dst, long offset);

    /** Whether {@link #read} never waits. */
    boolean neverBlocks();
  }

  private final MemoryBudget budget;
  private final MemoryFile memory;
  private long size;
  private byte @Nullable [] small = {};
  private final Units units;
  private boolean mapped;
  private @Nullable Backing backing;
  private long backedLength;

  public PagedContent(MemoryFile memory, MemoryBudget budget) {
    this.memory = memory;
    this.budget = budget;
    this.units = new Units(memory, budget);
  }

  /** A content that shows the first {@code length} bytes of a backing until they are changed. */
  public PagedContent(MemoryFile memory, MemoryBudget budget, Backing backing, long length) {
    this(memory, budget);
    this.small = null;
    this.backing = backing;
    this.backedLength = length;
    this.size = length;
  }

  public long size() {
    return size;
  }

  @Override
  public long length() {
    return size;
  }

  /** Whether some of the content still has to come from the backing. */
  public boolean isBacked() {
    return backing != null;
  }

  /** Whether reads and writes never wait. */
  public boolean isAtHand() {
    return backing == null || backing.neverBlocks();
  }

  /** Bytes of memory behind it, for {@code st_blocks}. */
  public long allocatedBytes() {
    if (small != null) {
      return size == 0 ? 0 : PAGE;
    }
    long bytes = units.pages() << PAGE_SHIFT;
    return backing == null ? bytes : Math.max(bytes, roundUp(backedLength));
  }

  // ---- reading and writing ----

  /** Reads from {@code offset}; returns the count, 0 at the end of the file. */
  public long read(Task t, Uio dst, long offset) {
    long done = 0;
    while (dst.remaining() > 0) {
      // Finding the guest's memory may wait, so the content is looked at only after it.
      long room = dst.peek(true);
      if (room <= 0) {
        return done > 0 ? done : room;
      }
      long at = offset + done;
      if (at >= size) {
        break;
      }
      long n = Math.min(room, size - at);
      if (small != null) {
        Fields.copy(small, (int) at, dst.segment(), dst.segmentOffset(), (int) n);
        dst.advance(n);
      } else {
        n = Math.min(n, UNIT - (at & (UNIT - 1)));
        long place = units.at(at >>> SHIFT);
        if (place >= 0) {
          MemorySegment.copy(
              memory.segment(), place + (at & (UNIT - 1)), dst.segment(), dst.segmentOffset(), n);
          dst.advance(n);
        } else if (backing != null && at < backedLength) {
          n = readBacking(t, backing, dst, at, Math.min(n, backedLength - at));
          if (n <= 0) {
            return done > 0 ? done : n;
          }
        } else {
          dst.segment().asSlice(dst.segmentOffset(), n).fill((byte) 0);
          dst.advance(n);
        }
      }
      done += n;
    }
    return done;
  }

  private static long readBacking(Task t, Backing from, Uio dst, long at, long length) {
    byte[] buffer = new byte[(int) Math.min(length, UNIT)];
    long n = from.read(t, Uio.of(buffer, 0, buffer.length), at);
    return n <= 0 ? (n == 0 ? -Errno.EIO : n) : dst.put(buffer, 0, (int) n);
  }

  /** Writes at {@code offset}, growing the file; returns the count or an errno (-ENOSPC). */
  public long write(Task t, Uio src, long offset) {
    long done = 0;
    while (src.remaining() > 0) {
      long have = src.peek(false);
      if (have <= 0) {
        return done > 0 ? done : have;
      }
      long at = offset + done;
      long n = have;
      if (small != null && !fitsSmall(at + n)) {
        long rc = leaveSmall();
        if (rc < 0) {
          return done > 0 ? done : rc;
        }
      }
      byte[] array = small;
      if (array != null) {
        Fields.copy(src.segment(), src.segmentOffset(), array, (int) at, (int) n);
      } else {
        n = Math.min(n, UNIT - (at & (UNIT - 1)));
        long place = units.at(at >>> SHIFT);
        if (place < 0) {
          long rc = ensureUnit(t, at >>> SHIFT, (at + src.remaining() - 1) >>> SHIFT);
          if (rc < 0) {
            return done > 0 ? done : rc;
          }
          continue; // it may have waited: look at everything again
        }
        growTo(at + n);
        MemorySegment.copy(
            src.segment(), src.segmentOffset(), memory.segment(), place + (at & (UNIT - 1)), n);
        units.markData(at, at + n);
      }
      src.advance(n);
      done += n;
      size = Math.max(size, at + n);
    }
    return done;
  }

  /** Makes the array hold {@code end} bytes if that is small enough. */
  private boolean fitsSmall(long end) {
    byte[] array = small;
    if (array == null || end > PAGE) {
      return false;
    }
    if (end > array.length) {
      int capacity = (int) Math.min(PAGE, Math.max(end, array.length * 2L));
      if (!budget.takeHeap(capacity - array.length)) {
        return false;
      }
      small = Arrays.copyOf(array, capacity);
    }
    return true;
  }

  private long leaveSmall() {
    byte[] array = small;
    if (array == null) {
      return 0;
    }
    small = null;
    if (size > 0) {
      long rc = units.allocateRun(0, 1);
      if (rc < 0) {
        small = array;
        return rc;
      }
      Fields.copy(array, 0, memory.segment(), units.at(0), (int) size);
      units.markData(0, size);
    }
    budget.giveHeap(array.length);
    return 0;
  }

  /** Clears what a mapping may have left behind the end before the end moves up. */
  private void growTo(long newSize) {
    if (mapped && newSize > size && (size & (PAGE - 1)) != 0) {
      long place = units.at(size >>> SHIFT);
      if (place >= 0) {
        units.fill(place + (size & (UNIT - 1)), PAGE - (size & (PAGE - 1)));
      }
    }
  }

  // ---- units ----

  /** Brings in the unit {@code index}; and allocates holes up to {@code last} along with it. */
  private long ensureUnit(Task t, long index, long last) {
    if (backing != null && index << SHIFT < backedLength) {
      return fetch(t, backing, index);
    }
    long run = 1;
    while (run < MAX_RUN
        && index + run <= last
        && units.at(index + run) < 0
        && (backing == null || (index + run) << SHIFT >= backedLength)) {
      run++;
    }
    long rc = units.allocateRun(index, run);
    return rc == -Errno.ENOSPC && run > 1 ? units.allocateRun(index, 1) : rc;
  }

  /** Copies one unit from the backing. Others may do the same meanwhile: the first one counts. */
  private long fetch(Task t, Backing from, long index) {
    if (!budget.takeUnits(1)) {
      return -Errno.ENOSPC;
    }
    long place = memory.allocate(UNIT);
    if (place < 0) {
      budget.giveUnits(1);
      return -Errno.ENOSPC;
    }
    long start = index << SHIFT;
    long wanted = Math.min(UNIT, backedLength - start);
    long done = 0;
    long rc = 0;
    while (done < wanted) {
      rc =
          from.read(t, new SegmentUio(memory.segment(), place + done, wanted - done), start + done);
      if (rc <= 0) {
        break;
      }
      done += rc;
    }
    if (done < wanted && rc < 0) {
      memory.decRef(place, UNIT);
      budget.giveUnits(1);
      return rc;
    }
    if (units.at(index) >= 0) {
      memory.decRef(place, UNIT);
      budget.giveUnits(1);
      return 0;
    }
    long still = Math.max(0, Math.min(UNIT, backedLength - start));
    if (still < done) {
      units.fill(place + still, done - still);
    }
    units.adopt(index, place);
    if (still > 0) {
      units.markData(start, start + still);
    }
    return 0;
  }

  /** Brings in all that the backing still gives, and lets go of it. */
  public long detach(Task t) {
    while (backing != null) {
      long missing = firstBacked(0);
      if (missing < 0) {
        backing = null;
        break;
      }
      long rc = fetch(t, backing, missing);
      if (rc < 0) {
        return rc;
      }
    }
    return 0;
  }

  private long firstBacked(long from) {
    for (long u = from; u << SHIFT < backedLength; u++) {
      if (units.at(u) < 0) {
        return u;
      }
    }
    return -1;
  }

  private static long roundUp(long bytes) {
    return (bytes + PAGE - 1) & -PAGE;
  }

  // ---- size and holes ----

  /** Sets the size; what is cut off is gone, what is added reads as zeros. */
  public long truncate(long newSize) {
    if (small != null) {
      byte[] array = small;
      if (newSize > PAGE) {
        long rc = leaveSmall();
        if (rc < 0) {
          return rc;
        }
      } else if (newSize < size) {
        if (newSize == 0) {
          budget.giveHeap(array.length);
          small = new byte[0];
        } else {
          Arrays.fill(array, (int) newSize, (int) size, (byte) 0);
        }
      } else if (!fitsSmall(newSize)) {
        long rc = leaveSmall();
        if (rc < 0) {
          return rc;
        }
      }
      size = newSize;
      return 0;
    }
    if (newSize < size) {
      units.drop(newSize, Long.MAX_VALUE, size);
      if (backing != null) {
        backedLength = Math.min(backedLength, newSize);
        if (backedLength == 0) {
          backing = null;
        }
      }
    } else {
      growTo(newSize);
    }
    size = newSize;
    return 0;
  }

  /** Makes a range read as zeros and gives its memory back (FALLOC_FL_PUNCH_HOLE). */
  public long punch(Task t, long offset, long length) {
    long end = Math.min(size, offset + length);
    if (offset >= end) {
      return 0;
    }
    if (small != null) {
      Arrays.fill(small, (int) offset, (int) end, (byte) 0);
      return 0;
    }
    while (backing != null) {
      // Units of the range must not show the backing again.
      long missing = firstBacked(offset >>> SHIFT);
      if (missing < 0 || missing << SHIFT >= end) {
        break;
      }
      long rc = fetch(t, backing, missing);
      if (rc < 0) {
        return rc;
      }
    }
    if (backing == null) {
      units.drop(offset, end, size);
    } else {
      units.clear(offset, end);
    }
    return 0;
  }

  private boolean isData(long at) {
    return units.at(at >>> SHIFT) < 0 ? backing != null && at < backedLength : units.isData(at);
  }

  /** Allocates memory for a range, so that writes there will not fail (fallocate). */
  public long preallocate(Task t, long offset, long length) {
    long rc = leaveSmall();
    if (rc < 0) {
      return rc;
    }
    long end = offset + length;
    long last = (end - 1) >>> SHIFT;
    for (long u = offset >>> SHIFT; u <= last; u++) {
      if (units.at(u) < 0) {
        rc = ensureUnit(t, u, last);
        if (rc < 0) {
          return rc;
        }
      }
      long start = u << SHIFT;
      units.markData(Math.max(offset, start), Math.min(end, start + UNIT));
    }
    return 0;
  }

  /** SEEK_DATA and SEEK_HOLE: the position, or -ENXIO. */
  public long seek(long offset, boolean data) {
    if (offset < 0 || offset >= size) {
      return -Errno.ENXIO;
    }
    if (small != null) {
      return data ? offset : size;
    }
    long at = offset;
    while (at < size) {
      boolean here = isData(at);
      if (here == data) {
        return at;
      }
      long next = (at & -PAGE) + PAGE;
      if (!here) {
        long there = units.skipEmpty(at);
        next = there < 0 ? size : Math.max(next, there);
      }
      at = next;
    }
    return data ? -Errno.ENXIO : size;
  }

  /** Gives all memory back; the content is not used again. */
  public void release() {
    units.release();
    if (small != null) {
      budget.giveHeap(small.length);
    }
    small = new byte[0];
    size = 0;
    backing = null;
  }

  // ---- mapping ----

  @Override
  public boolean translatesAtOnce() {
    return isAtHand();
  }

  @Override
  public long translate(Task t, long offset, long length, boolean write, Extent out) {
    if (offset >= roundUp(size)) {
      return -Errno.ENXIO;
    }
    long rc = leaveSmall();
    if (rc < 0) {
      return rc;
    }
    long wantedEnd = Math.min(offset + length, roundUp(size));
    long first = offset >>> SHIFT;
    long place = units.at(first);
    while (place < 0) {
      rc = ensureUnit(t, first, first);
      if (rc < 0) {
        return rc;
      }
      place = units.at(first);
    }
    mapped = true;
    long end = (first + 1) << SHIFT;
    long next = place + UNIT;
    while (end < wantedEnd && units.at(end >>> SHIFT) == next) {
      end += UNIT;
      next += UNIT;
    }
    out.space = Extent.MEMORY_FILE;
    out.offset = place + (offset & (UNIT - 1));
    out.length = Math.min(end, wantedEnd) - offset;
    if (write) {
      // Which of its pages the guest will write, nobody tells.
      for (long at = offset; at < offset + out.length; at = (at | (UNIT - 1)) + 1) {
        units.markData(at, Math.min(offset + out.length, (at | (UNIT - 1)) + 1));
      }
    }
    return 0;
  }
}
