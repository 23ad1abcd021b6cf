package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.kernel.Task;
import org.jspecify.annotations.Nullable;

/**
 * mlock(2) and its relatives. Guest memory is the host's to page out; what is locked is found in
 * advance and counted.
 */
public final class Locking {
  private static final long PAGE = AddressMap.PAGE;

  private Locking() {}

  /** mlock(2), mlock2(2). */
  public static long lock(Task t, MemoryManager mm, long addr, long length, boolean onFault) {
    mm.on(t);
    if (!mayLock(t)) {
      return -Errno.EPERM;
    }
    long start = addr & -PAGE;
    long bytes = MemoryManager.pageUp(length + (addr - start));
    boolean isInside = mm.isInside(start, bytes);
    long there = isInside ? lockedIn(mm, start, start + bytes) : 0;
    if (bytes < 0
        ? !t.creds.capable(Capability.CAP_IPC_LOCK)
        : exceeds(t, mm.lockedBytes() + bytes - there)) {
      return -Errno.ENOMEM;
    }
    if (Long.compareUnsigned(start + bytes, start) < 0) {
      return -Errno.EINVAL;
    }
    if (bytes == 0) {
      return 0;
    }
    if (!isInside || !isMapped(mm, start, start + bytes)) {
      return -Errno.ENOMEM;
    }
    Advice.setFlags(mm, start, start + bytes, Vma.LOCKED, 0);
    boolean found = onFault || Residency.populateAll(mm, start, start + bytes) == 0;
    return found ? 0 : -Errno.ENOMEM;
  }

  /** munlock(2). */
  public static long unlock(Task t, MemoryManager mm, long addr, long length) {
    mm.on(t);
    long start = addr & -PAGE;
    long bytes = MemoryManager.pageUp(length + (addr - start));
    if (Long.compareUnsigned(start + bytes, start) < 0) {
      return -Errno.EINVAL;
    }
    if (!mm.isInside(start, bytes)) {
      return bytes == 0 ? 0 : -Errno.ENOMEM;
    }
    boolean mapped = isMapped(mm, start, start + bytes);
    Advice.setFlags(mm, start, start + bytes, 0, Vma.LOCKED);
    return mapped ? 0 : -Errno.ENOMEM;
  }

  /** mlockall(2). */
  public static long lockAll(Task t, MemoryManager mm, int flags) {
    mm.on(t);
    if (flags == 0
        || flags == Mman.MCL_ONFAULT
        || (flags & ~(Mman.MCL_CURRENT | Mman.MCL_FUTURE | Mman.MCL_ONFAULT)) != 0) {
      return -Errno.EINVAL;
    }
    if (!mayLock(t)) {
      return -Errno.EPERM;
    }
    if ((flags & Mman.MCL_CURRENT) != 0 && exceeds(t, mm.vmSize())) {
      return -Errno.ENOMEM;
    }
    mm.lockFuture = (flags & Mman.MCL_FUTURE) != 0;
    if ((flags & Mman.MCL_CURRENT) != 0) {
      Advice.setFlags(mm, mm.layout.min, mm.layout.max, Vma.LOCKED, 0);
    }
    return 0;
  }

  /** munlockall(2). */
  public static long unlockAll(Task t, MemoryManager mm) {
    mm.on(t);
    mm.lockFuture = false;
    Advice.setFlags(mm, mm.layout.min, mm.layout.max, 0, Vma.LOCKED);
    return 0;
  }

  static boolean mayLock(@Nullable Task t) {
    return t == null
        || t.creds.capable(Capability.CAP_IPC_LOCK)
        || t.group.rlimits.soft(Resource.RLIMIT_MEMLOCK) != 0;
  }

  /** Whether so much more may be locked. */
  static boolean hasRoom(MemoryManager mm, long length) {
    Task t = mm.pager.task;
    return t == null || !exceeds(t, mm.lockedBytes() + length);
  }

  private static boolean exceeds(Task t, long bytes) {
    return !t.creds.capable(Capability.CAP_IPC_LOCK)
        && t.group.rlimits.exceeds(Resource.RLIMIT_MEMLOCK, bytes);
  }

  private static long lockedIn(MemoryManager mm, long start, long end) {
    long sum = 0;
    for (int i = mm.map.vmas.firstEndingAbove(start);
        i < mm.map.vmas.size() && mm.map.vmas.get(i).start < end;
        i++) {
      Vma v = mm.map.vmas.get(i);
      if (v.isLocked()) {
        sum += Math.min(end, v.end) - Math.max(start, v.start);
      }
    }
    return sum;
  }

  /** Whether every page of a range is part of a mapping. */
  public static boolean isMapped(Task t, MemoryManager mm, long start, long end) {
    mm.on(t);
    return mm.isInside(start, end - start) && isMapped(mm, start, end);
  }

  static boolean isMapped(MemoryManager mm, long start, long end) {
    for (long at = start; at < end; ) {
      Vma v = mm.map.vmas.at(at);
      if (v == null) {
        return false;
      }
      at = v.end;
    }
    return true;
  }
}
