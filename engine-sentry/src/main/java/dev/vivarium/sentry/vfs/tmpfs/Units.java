package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.memory.MemoryFile;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a {@link PagedContent}: a sparse sequence of units of the memory file, each of
 * whose pages holds data or is a hole.
 */
final class Units {
  private static final int UNIT = MemoryFile.UNIT;
  private static final int SHIFT = MemoryFile.UNIT_SHIFT;
  private static final int PAGE = 4096;
  private static final int PAGE_SHIFT = 12;

  /** Units per node of the sparse map. */
  private static final int NODE = 16;

  private static final int NODE_SHIFT = 4;

  /** Some units in a row. */
  private static final class Node {
    /** Where each lies in the memory file, or -1. */
    final long[] place = new long[NODE];

    /** One bit for each page of a unit that holds data; the others are holes. */
    final char[] pages = new char[NODE];

    Node() {
      Arrays.fill(place, -1);
    }
  }

  private final MemoryFile memory;
  private final MemoryBudget budget;
  private final TreeMap<Long, Node> nodes = new TreeMap<>();
  private @Nullable Node lastNode;
  private long lastNodeIndex = -1;
  private long pageCount;

  Units(MemoryFile memory, MemoryBudget budget) {
    this.memory = memory;
    this.budget = budget;
  }

  /** Pages that hold data. */
  long pages() {
    return pageCount;
  }

  private @Nullable Node node(long index) {
    long nodeIndex = index >>> NODE_SHIFT;
    if (nodeIndex != lastNodeIndex) {
      lastNode = nodes.get(nodeIndex);
      lastNodeIndex = nodeIndex;
    }
    return lastNode;
  }

  /** Where a unit lies in the memory file; -1 if it is not here. */
  long at(long index) {
    Node node = node(index);
    return node == null ? -1 : node.place[(int) (index & (NODE - 1))];
  }

  private void setUnit(long index, long place) {
    Node node = node(index);
    if (node == null) {
      node = new Node();
      nodes.put(index >>> NODE_SHIFT, node);
      lastNodeIndex = -1;
    }
    node.place[(int) (index & (NODE - 1))] = place;
  }

  /** Notes that the pages of a range, all in one unit that is here, hold data. */
  void markData(long from, long to) {
    Node node = node(from >>> SHIFT);
    if (node != null) {
      int slot = (int) (from >>> SHIFT & (NODE - 1));
      setPages(node, slot, node.pages[slot] | pageMask(from, to));
    }
  }

  private void setPages(Node node, int slot, int pages) {
    pageCount += Integer.bitCount(pages) - Integer.bitCount(node.pages[slot]);
    node.pages[slot] = (char) pages;
  }

  /** The bits of the pages of a unit that a range within it touches. */
  private static int pageMask(long from, long to) {
    int first = (int) (from & (UNIT - 1)) >>> PAGE_SHIFT;
    int last = (int) (to - 1 & (UNIT - 1)) >>> PAGE_SHIFT;
    return (0x1ffff >>> (16 - last)) & -(1 << first);
  }

  /** Whether the page of an offset holds data; false if its unit is not here. */
  boolean isData(long at) {
    Node node = node(at >>> SHIFT);
    int slot = (int) (at >>> SHIFT & (NODE - 1));
    return node != null && node.place[slot] >= 0 && (node.pages[slot] & pageMask(at, at + 1)) != 0;
  }

  /** The first offset from {@code at} on behind which some unit may be here; -1 if none is. */
  long skipEmpty(long at) {
    long node = at >>> (SHIFT + NODE_SHIFT);
    if (nodes.containsKey(node)) {
      return at;
    }
    Long next = nodes.higherKey(node);
    return next == null ? -1 : next << (SHIFT + NODE_SHIFT);
  }

  // ---- memory ----

  /** Allocates units in a row; 0 or -ENOSPC. */
  long allocateRun(long index, long count) {
    if (!budget.takeUnits(count)) {
      return -Errno.ENOSPC;
    }
    long place = memory.allocate(count << SHIFT);
    if (place < 0) {
      budget.giveUnits(count);
      return -Errno.ENOSPC;
    }
    for (long i = 0; i < count; i++) {
      setUnit(index + i, place + (i << SHIFT));
    }
    return 0;
  }

  /** Takes a unit that was filled elsewhere, and counted by the budget. */
  void adopt(long index, long place) {
    setUnit(index, place);
  }

  void fill(long place, long length) {
    memory.segment().asSlice(place, length).fill((byte) 0);
  }

  /** Zeroes a range of units that are here, keeping them. */
  void clear(long from, long to) {
    for (long at = from; at < to; ) {
      long n = Math.min(to - at, UNIT - (at & (UNIT - 1)));
      long place = at(at >>> SHIFT);
      if (place >= 0) {
        fill(place + (at & (UNIT - 1)), n);
      }
      at += n;
    }
  }

  /** Zeroes a range; whole units of it go, unless a guest has them mapped. */
  void drop(long from, long to, long size) {
    for (Map.Entry<Long, Node> e : nodes.tailMap(from >>> (SHIFT + NODE_SHIFT), true).entrySet()) {
      long firstUnit = e.getKey() << NODE_SHIFT;
      Node node = e.getValue();
      for (int slot = 0; slot < NODE; slot++) {
        long place = node.place[slot];
        long start = (firstUnit + slot) << SHIFT;
        if (place < 0 || start + UNIT <= from || start >= to) {
          continue;
        }
        long cutFrom = Math.max(from, start) - start;
        long cutTo = Math.min(to, start + UNIT) - start;
        boolean whole = cutFrom == 0 && (cutTo == UNIT || start + cutTo >= size);
        if (whole && memory.refCount(place) == 1) {
          memory.decRef(place, UNIT);
          budget.giveUnits(1);
          setPages(node, slot, 0);
          node.place[slot] = -1;
          continue;
        }
        if (cutFrom == 0 && cutTo == UNIT) {
          memory.punch(place, UNIT);
        } else {
          fill(place + cutFrom, cutTo - cutFrom);
        }
        // Pages that are cut in whole are holes now; behind the end of the file, in part is enough.
        long holeFrom = roundUp(cutFrom);
        long holeTo = start + cutTo >= size ? UNIT : cutTo & -PAGE;
        if (holeFrom < holeTo) {
          setPages(node, slot, node.pages[slot] & ~pageMask(holeFrom, holeTo));
        }
      }
    }
  }

  /** Gives all memory back. */
  void release() {
    for (Node node : nodes.values()) {
      for (long place : node.place) {
        if (place >= 0) {
          memory.decRef(place, UNIT);
          budget.giveUnits(1);
        }
      }
    }
    nodes.clear();
    lastNodeIndex = -1;
    pageCount = 0;
  }

  private static long roundUp(long bytes) {
    return (bytes + PAGE - 1) & -PAGE;
  }
}
