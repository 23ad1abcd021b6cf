package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.kernel.Task;
import org.jspecify.annotations.Nullable;

/**
 * What is behind mappings: found in advance (MAP_POPULATE), written back (msync(2)), asked about
 * (mincore(2)).
 */
public final class Residency {
  private static final long PAGE = AddressMap.PAGE;

  private Residency() {}

  /**
   * Writes back what shared file mappings in a range have changed, as is done before they go. May
   * wait.
   */
  static long writeBack(@Nullable Task t, MemoryManager mm, long start, long end) {
    long result = 0;
    for (long at = start; at < end; ) {
      int i = mm.map.vmas.firstEndingAbove(at);
      if (i == mm.map.vmas.size() || mm.map.vmas.get(i).start >= end) {
        break;
      }
      Vma v = mm.map.vmas.get(i);
      at = v.end;
      if (v.file != null && !mm.pager.mayWait) {
        // Neither writing back nor the end of the file's last reference may happen here.
        throw WouldWaitException.INSTANCE;
      }
      if (t != null
          && v.isShared()
          && v.file != null
          && v.mappable != null
          && !v.has(Vma.NOWRITE)) {
        long from = Math.max(start, v.start);
        long done = v.mappable.writeBack(t, v.offsetAt(from), Math.min(end, v.end) - from);
        if (done < 0) {
          result = done;
        }
      }
    }
    return result;
  }

  /** Has all memory of a range found now, as far as it can be; 0, or -EFAULT if not all is. */
  static long populateAll(MemoryManager mm, long start, long end) {
    long result = 0;
    for (long at = start; at < end; ) {
      int i = mm.map.vmas.firstEndingAbove(at);
      if (i == mm.map.vmas.size() || mm.map.vmas.get(i).start >= end) {
        break;
      }
      Vma v = mm.map.vmas.get(i);
      long to = Math.min(end, v.end);
      boolean write = v.isPrivate() && (v.prot & Mman.PROT_WRITE) != 0;
      if (populateAll(mm, Math.max(at, v.start), to, write) != 0) {
        result = -Errno.EFAULT;
      }
      at = to;
    }
    return result;
  }

  /** The same as one kind of access would do it; 0 or -EFAULT. */
  static long populateAll(MemoryManager mm, long start, long end, boolean write) {
    long result = 0;
    for (long at = start; at < end && result == 0; ) {
      if (mm.pager.fault(at, write, false, false) != 0) {
        result = -Errno.EFAULT;
      }
      Pma p = mm.map.pmas.at(at);
      at = p == null ? at + PAGE : p.end;
    }
    mm.forgetWindows();
    return result;
  }

  /** msync(2), after the flags have been checked. */
  public static long msync(
      Task t, MemoryManager mm, long addr, long length, boolean wait, boolean invalidate) {
    mm.on(t);
    length = MemoryManager.pageUp(length);
    if (length < 0 || !mm.isInside(addr, length)) {
      return -Errno.ENOMEM;
    }
    long end = addr + length;
    if (invalidate) {
      for (int i = mm.map.vmas.firstEndingAbove(addr);
          i < mm.map.vmas.size() && mm.map.vmas.get(i).start < end;
          i++) {
        if (mm.map.vmas.get(i).isLocked()) {
          return -Errno.EBUSY;
        }
      }
    }
    boolean mapped = Locking.isMapped(mm, addr, end);
    long result = wait ? writeBack(t, mm, addr, end) : 0;
    return result < 0 ? result : mapped ? 0 : -Errno.ENOMEM;
  }

  /** mincore(2): whether the pages from {@code addr} on have memory; -ENOMEM if not mapped. */
  public static long mincore(MemoryManager mm, long addr, byte[] present, int pages) {
    if (!mm.isInside(addr, pages * PAGE) || !Locking.isMapped(mm, addr, addr + pages * PAGE)) {
      return -Errno.ENOMEM;
    }
    for (int i = 0; i < pages; i++) {
      present[i] = (byte) (mm.map.pmas.at(addr + i * PAGE) == null ? 0 : 1);
    }
    return 0;
  }
}
