package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.kernel.Task;

/**
 * mseal(2): mappings that nobody, also not the program itself, can take away or change any more.
 */
public final class Sealing {
  private static final long PAGE = AddressMap.PAGE;

  private Sealing() {}

  /** mseal(2), after the flags have been checked. */
  public static long seal(Task t, MemoryManager mm, long start, long length) {
    mm.on(t);
    return seal(mm, start, length);
  }

  static long seal(MemoryManager mm, long start, long length) {
    long rounded = MemoryManager.pageUp(length);
    if ((start & (PAGE - 1)) != 0
        || length != 0 && rounded == 0
        || Long.compareUnsigned(start + rounded, start) < 0) {
      return -Errno.EINVAL;
    }
    if (rounded == 0) {
      return 0;
    }
    if (!mm.isInside(start, rounded) || !Locking.isMapped(mm, start, start + rounded)) {
      return -Errno.ENOMEM;
    }
    Advice.setFlags(mm, start, start + rounded, Vma.SEALED, 0);
    return 0;
  }

  /** Whether a sealed mapping lies in a range. */
  static boolean isSealed(MemoryManager mm, long start, long end) {
    for (int i = mm.map.vmas.firstEndingAbove(start);
        i < mm.map.vmas.size() && mm.map.vmas.get(i).start < end;
        i++) {
      if (mm.map.vmas.get(i).has(Vma.SEALED)) {
        return true;
      }
    }
    return false;
  }

  /** Whether madvise(2) would take away what a sealed, read-only mapping holds. */
  static boolean forbids(Vma v, int advice) {
    boolean discards =
        switch (advice) {
          case Mman.MADV_FREE,
              Mman.MADV_DONTNEED,
              Mman.MADV_DONTNEED_LOCKED,
              Mman.MADV_REMOVE,
              Mman.MADV_DONTFORK,
              Mman.MADV_WIPEONFORK ->
              true;
          default -> false;
        };
    return discards
        && v.has(Vma.SEALED)
        && v.file == null
        && v.isPrivate()
        && (v.prot & Mman.PROT_WRITE) == 0;
  }
}
