package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.memory.MemoryFile;
import org.jspecify.annotations.Nullable;

/** What a file system in memory may use, and uses: units of the memory file, heap, inodes. */
public final class MemoryBudget {
  private final long maxUnits;
  private final long maxHeap;
  private final long maxInodes;
  private final @Nullable MemoryBudget whole;
  private long units;
  private long heap;
  private long inodes;

  /**
   * @param maxBytes of file contents
   * @param maxHeap bytes of small files in the sentry's heap; what is more goes to the memory file
   * @param maxInodes files, directories, links …
   */
  public MemoryBudget(long maxBytes, long maxHeap, long maxInodes) {
    this(maxBytes, maxHeap, maxInodes, null);
  }

  /**
   * The same as a part of another.
   *
   * @param whole whose bytes it uses too
   */
  public MemoryBudget(long maxBytes, long maxHeap, long maxInodes, @Nullable MemoryBudget whole) {
    this.maxUnits = Math.max(1, maxBytes >>> MemoryFile.UNIT_SHIFT);
    this.maxHeap = maxHeap;
    this.maxInodes = maxInodes;
    this.whole = whole;
  }

  boolean takeUnits(long count) {
    if (count > maxUnits - units - heapUnits(heap) || whole != null && !whole.takeUnits(count)) {
      return false;
    }
    units += count;
    return true;
  }

  void giveUnits(long count) {
    units -= count;
    if (whole != null) {
      whole.giveUnits(count);
    }
  }

  boolean takeHeap(long bytes) {
    if (bytes > maxHeap - heap
        || heapUnits(heap + bytes) > maxUnits - units
        || whole != null && !whole.takeHeap(bytes)) {
      return false;
    }
    heap += bytes;
    return true;
  }

  /** What small files together would fill. */
  private static long heapUnits(long bytes) {
    return bytes + MemoryFile.UNIT - 1 >>> MemoryFile.UNIT_SHIFT;
  }

  void giveHeap(long bytes) {
    heap -= bytes;
    if (whole != null) {
      whole.giveHeap(bytes);
    }
  }

  boolean takeInode() {
    if (inodes >= maxInodes) {
      return false;
    }
    inodes++;
    return true;
  }

  void giveInode() {
    inodes--;
  }

  public long maxBytes() {
    return maxUnits << MemoryFile.UNIT_SHIFT;
  }

  public long usedBytes() {
    return (units << MemoryFile.UNIT_SHIFT) + heap;
  }

  public long maxInodes() {
    return maxInodes;
  }

  public long usedInodes() {
    return inodes;
  }
}
