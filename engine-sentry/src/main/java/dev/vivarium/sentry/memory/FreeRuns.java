package dev.vivarium.sentry.memory;

import java.util.Map;
import java.util.TreeMap;

/**
 * Free runs of units, merged with their neighbours; the lowest run that is long enough is taken
 * first.
 */
final class FreeRuns {
  private final TreeMap<Integer, Integer> byStart = new TreeMap<>();

  /** Takes {@code count} units; returns the first, or -1 if no run is long enough. */
  int take(int count) {
    for (Map.Entry<Integer, Integer> run : byStart.entrySet()) {
      int length = run.getValue();
      if (length >= count) {
        int start = run.getKey();
        byStart.remove(start);
        if (length > count) {
          byStart.put(start + count, length - count);
        }
        return start;
      }
    }
    return -1;
  }

  /** Takes exactly these units if they are free. */
  boolean takeAt(int start, int count) {
    Map.Entry<Integer, Integer> run = byStart.floorEntry(start);
    if (run == null || run.getKey() + run.getValue() < start + count) {
      return false;
    }
    int runStart = run.getKey();
    int runEnd = runStart + run.getValue();
    if (runStart == start) {
      byStart.remove(runStart);
    } else {
      byStart.put(runStart, start - runStart);
    }
    if (runEnd > start + count) {
      byStart.put(start + count, runEnd - (start + count));
    }
    return true;
  }

  void put(int start, int count) {
    Map.Entry<Integer, Integer> before = byStart.lowerEntry(start);
    if (before != null && before.getKey() + before.getValue() == start) {
      byStart.remove(before.getKey());
      start = before.getKey();
      count += before.getValue();
    }
    Integer after = byStart.remove(start + count);
    byStart.put(start, after == null ? count : count + after);
  }
}
