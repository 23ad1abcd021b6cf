package dev.vivarium.sentry.memory;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The system-call instructions of one address space: how often they trap, which are patched. */
final class CallSites {
  private static final int COUNTED = 256;

  private final long[] counted = new long[COUNTED];
  private final int[] traps = new int[COUNTED];

  /** The patched ones, each with where its trampoline goes on after the call. */
  private final Map<Long, Long> tails = new HashMap<>();

  /** Start and end of the trampolines, in pairs. */
  private long[] areas = {};

  /** Notes that the instruction has trapped; returns how often it has. */
  int trapped(long site) {
    int i = (int) (site ^ site >>> 8) & COUNTED - 1;
    if (counted[i] != site) {
      counted[i] = site;
      traps[i] = 0;
    }
    return ++traps[i];
  }

  boolean isEmpty() {
    return tails.isEmpty();
  }

  void add(long site, long tail) {
    tails.put(site, tail);
  }

  void addArea(long start, long end) {
    areas = Arrays.copyOf(areas, areas.length + 2);
    areas[areas.length - 2] = start;
    areas[areas.length - 1] = end;
  }

  /** Where a patched site goes on after its call; 0 if the site is not patched. */
  long tailOf(long site) {
    Long tail = tails.get(site);
    return tail == null ? 0 : tail;
  }

  boolean inArea(long address) {
    for (int i = 0; i < areas.length; i += 2) {
      if (address >= areas[i] && address < areas[i + 1]) {
        return true;
      }
    }
    return false;
  }

  /** The patched site to whose trampoline an address belongs; 0 for none. */
  long siteOfTrampoline(long address, int back, int size) {
    for (Map.Entry<Long, Long> e : tails.entrySet()) {
      long start = e.getValue() - back;
      if (address >= start && address < start + size) {
        return e.getKey();
      }
    }
    return 0;
  }

  /** The pages in a range that have patched sites. */
  long[] pages(long start, long end) {
    return tails.keySet().stream()
        .filter(site -> site >= start && site < end)
        .mapToLong(site -> site & -AddressMap.PAGE)
        .distinct()
        .toArray();
  }

  /** Forgets the sites in a range, whose pages get their own code back. */
  void restored(long start, long end) {
    tails.keySet().removeIf(site -> isIn(site, start, end));
  }

  /** Forgets the sites and the trampolines in a range, whose mapping goes or changes. */
  void forget(long start, long end) {
    if (areas.length == 0) {
      return;
    }
    tails.entrySet().removeIf(e -> isIn(e.getKey(), start, end) || isIn(e.getValue(), start, end));
    int kept = 0;
    for (int i = 0; i < areas.length; i += 2) {
      if (areas[i + 1] <= start || areas[i] >= end) {
        areas[kept++] = areas[i];
        areas[kept++] = areas[i + 1];
      }
    }
    if (kept != areas.length) {
      areas = Arrays.copyOf(areas, kept);
    }
  }

  private static boolean isIn(long address, long start, long end) {
    return address >= start && address < end;
  }

  /** Takes over what a process knows that this one is a copy of. */
  void copyFrom(CallSites from) {
    tails.putAll(from.tails);
    areas = from.areas.clone();
  }
}
