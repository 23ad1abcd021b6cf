package dev.vivarium.sentry.gofer;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.Mappers;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.memory.MemoryManager;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;

/**
 * The contents of a host file in guest memory, for its mappings: one copy for all of them, read in
 * large pieces, and kept when the last mapping goes until memory is wanted for something else.
 *
 * <p>It holds one reference on each unit; a unit with more is mapped by somebody. Units that may be
 * written through a shared mapping are taken to be dirty as long as that can be.
 */
final class PageCache implements Mappable {
  private static final int UNIT = MemoryFile.UNIT;
  private static final int SHIFT = MemoryFile.UNIT_SHIFT;
  private static final long PAGE = 4096;

  /** Files up to this many units are read as a whole. */
  private static final int WHOLE_FILE = 64;

  /** How many units of a larger file are read at a time. */
  private static final int WINDOW = 16;

  private final GoferInode inode;
  private final GoferFs fs;

  /** For each unit of the file where it is in the memory file, plus 1; 0 if it is not there. */
  private long[] units = {};

  private int loaded;
  private final BitSet shared = new BitSet();
  private boolean ownChange;
  private final Mappers mappers = new Mappers();

  PageCache(GoferInode inode) {
    this.inode = inode;
    this.fs = inode.gofer();
  }

  @Override
  public long length() {
    return inode.size;
  }

  @Override
  public boolean translatesAtOnce() {
    int count = unitsOf(inode.size);
    return count > 0 && loaded >= count;
  }

  @Override
  public boolean isConstant() {
    return fs.isReadOnly();
  }

  @Override
  public void mapped(MemoryManager mm) {
    if (!fs.immutable) {
      mappers.add(mm);
    }
  }

  @Override
  public long translate(Task t, long offset, long length, boolean write, Extent out) {
    for (; ; ) {
      long end = Math.min(offset + length, inode.size + PAGE - 1 & -PAGE);
      if (offset < 0 || offset >= end) {
        return -Errno.ENXIO;
      }
      int unit = (int) (offset >>> SHIFT);
      if (unit >= units.length || units[unit] == 0) {
        long r = load(t, unit);
        if (r < 0) {
          return r;
        }
        continue;
      }
      long at = units[unit] - 1 + (offset & UNIT - 1);
      int last = unit;
      while ((long) (last + 1) << SHIFT < end
          && last + 1 < units.length
          && units[last + 1] == units[last] + UNIT) {
        last++;
      }
      out.space = Extent.MEMORY_FILE;
      out.offset = at;
      out.length = Math.min(end, (long) (last + 1) << SHIFT) - offset;
      if (write) {
        shared.set(unit, last + 1);
      }
      return 0;
    }
  }

  private static int unitsOf(long size) {
    return (int) Math.min(Integer.MAX_VALUE / 2, size + UNIT - 1 >>> SHIFT);
  }

  /** Reads in the unit and what is missing around it. May wait. */
  private long load(Task t, int unit) {
    long size = inode.size;
    int count = unitsOf(size);
    int from = count <= WHOLE_FILE ? 0 : unit & -WINDOW;
    int to = count <= WHOLE_FILE ? count : Math.min(count, from + WINDOW);
    int first = unit;
    int last = unit + 1;
    while (first > from && at(first - 1) == 0) {
      first--;
    }
    while (last < to && at(last) == 0) {
      last++;
    }
    long bytes = (long) (last - first) << SHIFT;
    long memory = fs.allocate(bytes);
    if (memory < 0) {
      return -Errno.ENOMEM;
    }
    long offset = (long) first << SHIFT;
    long wanted = Math.min(bytes, size - offset);
    boolean kept = false;
    try {
      long n = fs.reads.read(t, inode, fs.memory.segment().address() + memory, wanted, offset);
      if (n < 0) {
        return n;
      }
      for (int u = first; u < last; u++) {
        if (at(u) != 0) {
          return 0; // another task was quicker
        }
      }
      kept = true;
    } finally {
      if (!kept) {
        fs.memory.decRef(memory, bytes);
        fs.freed(bytes);
      }
    }
    if (units.length < last) {
      units = Arrays.copyOf(units, Math.max(last, Math.min(count, 2 * units.length)));
    }
    for (int u = first; u < last; u++) {
      units[u] = memory + ((long) (u - first) << SHIFT) + 1;
    }
    loaded += last - first;
    return 0;
  }

  private long at(int unit) {
    return unit < units.length ? units[unit] : 0;
  }

  /**
   * Where the byte at this offset of the file is in the memory file, or -1; the bytes up to the end
   * of its unit follow.
   */
  long peek(long offset) {
    long unit = offset >>> SHIFT;
    return unit < units.length && units[(int) unit] != 0
        ? units[(int) unit] - 1 + (offset & UNIT - 1)
        : -1;
  }

  /** Whether a mapping may have changed bytes that the host's file does not have yet. */
  boolean mayBeDirty() {
    return !shared.isEmpty();
  }

  // ---- changes ----

  /** Bytes were written to the file; mappings see them too. */
  void overwrite(long offset, MemorySegment source, long at, long length) {
    ownChange = true;
    long done = 0;
    while (done < length) {
      long n = Math.min(length - done, UNIT - (offset + done & UNIT - 1));
      long memory = peek(offset + done);
      if (memory >= 0) {
        MemorySegment.copy(source, at + done, fs.memory.segment(), memory, n);
      }
      done += n;
    }
  }

  void beginOwnChange(Task t) {
    writeBackAll(t);
    ownChange = true;
  }

  /** Whether the next change of the file's time stamps is our own doing. */
  boolean takeOwnChange() {
    boolean own = ownChange;
    ownChange = false;
    return own;
  }

  /** The file has a new length. */
  void truncate(Task t, long size) {
    mappers.unmapFrom(t, this, size + PAGE - 1 & -PAGE);
    int keep = unitsOf(size);
    for (int u = keep; u < units.length; u++) {
      drop(u);
    }
    long memory = (size & UNIT - 1) == 0 ? -1 : peek(size);
    if (memory >= 0) {
      fs.memory.segment().asSlice(memory, UNIT - (size & UNIT - 1)).fill((byte) 0);
    }
  }

  private void drop(int unit) {
    if (units[unit] != 0) {
      fs.memory.decRef(units[unit] - 1, UNIT);
      fs.freed(UNIT);
      units[unit] = 0;
      shared.clear(unit);
      loaded--;
    }
  }

  /** Forgets everything. Mappings that there are keep what they have. */
  void clear() {
    for (int u = 0; u < units.length; u++) {
      drop(u);
    }
  }

  /** Gives back what nobody maps. */
  void releaseUnused() {
    for (int u = 0; u < units.length; u++) {
      if (units[u] != 0 && !shared.get(u) && fs.memory.refCount(units[u] - 1) == 1) {
        drop(u);
      }
    }
  }

  boolean isEmpty() {
    return loaded == 0;
  }

  @Override
  public long writeBack(Task t, long offset, long length) {
    if (shared.isEmpty() || length <= 0) {
      return 0;
    }
    int fd = inode.writeDescriptor();
    if (fd < 0) {
      return 0;
    }
    long result = 0;
    int last = unitsOf(Math.min(offset + length, inode.size));
    for (int u = shared.nextSetBit((int) (offset >>> SHIFT));
        u >= 0 && u < last;
        u = shared.nextSetBit(u + 1)) {
      long memory = units[u] - 1;
      long start = (long) u << SHIFT;
      long count = Math.min(UNIT, inode.size - start);
      ownChange = true;
      long n =
          inode.onHost(
              t, () -> Libc.pwrite(fd, fs.memory.segment().address() + memory, count, start));
      if (n < 0) {
        result = n;
      } else if (u < units.length && units[u] == memory + 1 && fs.memory.refCount(memory) == 1) {
        shared.clear(u);
      }
    }
    return result;
  }

  void writeBackAll(Task t) {
    writeBack(t, 0, Long.MAX_VALUE);
  }
}
