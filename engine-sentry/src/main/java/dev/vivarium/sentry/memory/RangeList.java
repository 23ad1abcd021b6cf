package dev.vivarium.sentry.memory;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Ranges that do not overlap, sorted by address. */
final class RangeList<T extends Range> {
  private Range[] items = new Range[32];
  private int size;

  int size() {
    return size;
  }

  @SuppressWarnings("unchecked")
  T get(int index) {
    return (T) items[index];
  }

  /** Index of the first range that ends above {@code address}; {@link #size} if there is none. */
  int firstEndingAbove(long address) {
    int low = 0;
    int high = size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (items[middle].end > address) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** The range that holds {@code address}, or null. */
  @Nullable T at(long address) {
    int i = firstEndingAbove(address);
    return i < size && items[i].start <= address ? get(i) : null;
  }

  /** The range that ends exactly at {@code address}, or null. */
  @Nullable T endingAt(long address) {
    int i = firstEndingAbove(address - 1);
    return i < size && items[i].end == address ? get(i) : null;
  }

  /** Whether no range has a byte between the two addresses. */
  boolean isFree(long start, long end) {
    int i = firstEndingAbove(start);
    return i == size || items[i].start >= end;
  }

  void insert(T range) {
    int i = firstEndingAbove(range.start);
    if (i < size && items[i].start < range.end || range.start >= range.end) {
      throw new IllegalStateException("ranges overlap");
    }
    if (size == items.length) {
      items = Arrays.copyOf(items, size * 2);
    }
    System.arraycopy(items, i, items, i + 1, size - i);
    items[i] = range;
    size++;
  }

  /** Removes the ranges with an index from {@code from} up to but not including {@code to}. */
  void remove(int from, int to) {
    System.arraycopy(items, to, items, from, size - to);
    Arrays.fill(items, size - (to - from), size, null);
    size -= to - from;
  }
}
