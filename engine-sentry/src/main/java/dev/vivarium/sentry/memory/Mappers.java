package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.kernel.Task;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * The address spaces that may have mapped a file: when it becomes shorter, what is behind its end
 * must go from all of them, so that guests get SIGBUS there.
 */
public final class Mappers {
  private final Map<MemoryManager, Boolean> known = new WeakHashMap<>();

  /** To be called by {@link Mappable#mapped}. */
  public void add(MemoryManager mm) {
    known.put(mm, true);
  }

  /**
   * Takes the pages of a file from an offset on out of all address spaces, copies that were made on
   * write included. The caller then shortens the file, without waiting in between.
   *
   * @param offset page-aligned
   */
  public void unmapFrom(Task t, Mappable file, long offset) {
    for (MemoryManager mm : List.copyOf(known.keySet())) {
      if (mm.users() <= 0) {
        known.remove(mm);
      } else if (mm.unmapFileFrom(t, file, offset)) {
        t.kernel().interruptGuests(mm, t);
      }
    }
  }
}
