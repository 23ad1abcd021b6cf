package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.memory.MemoryFile;

/** What a file system in memory may use, and uses: units of the memory file, heap, inodes. */
public final class MemoryBudget {
  private final long maxUnits;
  private final long maxHeap;
  private final long maxInodes;
  private long units;
  private long heap;
  private long inodes;

  /**
   * @param maxBytes of file contents
   * @param maxHeap bytes of small files in the sentry's heap; what is more goes to the memory file
   * @param maxInodes files, directories, links …
   */
  public MemoryBudget(long maxBytes, long maxHeap, long maxInodes) {
    this.maxUnits = Math.max(1, maxBytes >>> MemoryFile.UNIT_SHIFT);
    this.maxHeap = maxHeap;
    this.maxInodes = maxInodes;
  }

  boolean takeUnits(long count) {
    if (count > maxUnits - units) {
      return false;
    }
    units += count;
    return true;
  }

  void giveUnits(long count) {
    units -= count;
  }

  boolean takeHeap(long bytes) {
    if (bytes > maxHeap - heap) {
      return false;
    }
    heap += bytes;
    return true;
  }

  void giveHeap(long bytes) {
    heap -= bytes;
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
