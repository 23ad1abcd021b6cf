package dev.vivarium.sentry.kernel;

/**
 * The list, in guest memory, of the futexes that a task holds (linux/futex.h, struct
 * robust_list_head): when it ends they are marked and their waiters woken.
 */
final class RobustList {
  /** Bounds what a malformed list can cost (ROBUST_LIST_LIMIT). */
  private static final int LIMIT = 2048;

  private RobustList() {}

  static void release(Task t) {
    long head = t.robustList;
    long entry = t.mm.readLong(head);
    if (t.mm.error() != 0) {
      return;
    }
    long offset = t.mm.readLong(head + 8);
    if (t.mm.error() != 0) {
      return;
    }
    long pending = t.mm.readLong(head + 16);
    if (t.mm.error() != 0) {
      return;
    }
    Futexes futexes = t.kernel().futexes();
    // Bit 0 of a pointer marks a PI futex.
    for (int i = 0; (entry & ~1L) != head && i < LIMIT; i++) {
      long next = t.mm.readLong(entry & ~1L);
      boolean more = t.mm.error() == 0;
      if ((entry & ~1L) != (pending & ~1L)) {
        futexes.ownerDied(t, (entry & ~1L) + offset, (entry & 1) != 0, false);
      }
      if (!more) {
        return;
      }
      entry = next;
    }
    if ((pending & ~1L) != 0) {
      futexes.ownerDied(t, (pending & ~1L) + offset, (pending & 1) != 0, true);
    }
  }
}
