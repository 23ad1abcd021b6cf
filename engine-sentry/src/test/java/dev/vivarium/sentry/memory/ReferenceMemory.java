package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Mman;
import java.util.TreeMap;

/** What Linux does with mappings, page by page and as simply as possible. */
final class ReferenceMemory {
  private static final long PAGE = 4096;

  /** The content of a page, or of a page of a file: whoever shares the page shares the object. */
  static final class Cell {
    long value;

    Cell(long value) {
      this.value = value;
    }
  }

  /**
   * A page of an address space.
   *
   * @param own a private page that shows no file (any more)
   */
  record Page(Cell cell, int prot, boolean shared, boolean own) {
    Page with(int newProt) {
      return new Page(cell, newProt, shared, own);
    }
  }

  final TreeMap<Long, Page> pages = new TreeMap<>();

  void map(
      long start,
      long length,
      int prot,
      boolean shared,
      java.util.function.LongFunction<Cell> content) {
    for (long o = 0; o < length; o += PAGE) {
      Cell cell = content.apply(o);
      // Beyond the end of the file there is a mapping but no page.
      pages.put(start + o, new Page(cell == null ? NO_CELL : cell, prot, shared, false));
    }
  }

  static final Cell NO_CELL = new Cell(0);

  void unmap(long start, long length) {
    pages.subMap(start, start + length).clear();
  }

  boolean protect(long start, long length, int prot) {
    for (long a = start; a < start + length; a += PAGE) {
      Page p = pages.get(a);
      if (p == null) {
        return false;
      }
      pages.put(a, p.with(prot));
    }
    return true;
  }

  void move(long from, long to, long length) {
    for (long o = 0; o < length; o += PAGE) {
      Page p = pages.remove(from + o);
      pages.put(to + o, p);
    }
  }

  /** MADV_DONTNEED on private anonymous memory. */
  void zero(long start, long length) {
    for (long a = start; a < start + length; a += PAGE) {
      Page p = pages.get(a);
      if (p != null && !p.shared) {
        pages.put(a, new Page(new Cell(0), p.prot, false, true));
      }
    }
  }

  ReferenceMemory fork() {
    ReferenceMemory child = new ReferenceMemory();
    pages.forEach((a, p) ->
        child.pages.put(a, p.own ? new Page(new Cell(p.cell.value), p.prot, false, true) : p));
    return child;
  }

  long read(long address) {
    Page p = pages.get(address & -PAGE);
    if (p == null) {
      return TestGuest.SIGNAL | Fault.SEGV_MAPERR;
    }
    if (p.prot == 0) {
      return TestGuest.SIGNAL | Fault.SEGV_ACCERR;
    }
    return p.cell == NO_CELL ? TestGuest.SIGNAL | Fault.BUS_ADRERR : p.cell.value;
  }

  long write(long address, long value) {
    Page p = pages.get(address & -PAGE);
    if (p == null) {
      return TestGuest.SIGNAL | Fault.SEGV_MAPERR;
    }
    if ((p.prot & Mman.PROT_WRITE) == 0) {
      return TestGuest.SIGNAL | Fault.SEGV_ACCERR;
    }
    if (p.cell == NO_CELL) {
      return TestGuest.SIGNAL | Fault.BUS_ADRERR;
    }
    if (!p.shared && !p.own) {
      p = new Page(new Cell(0), p.prot, false, true);
      pages.put(address & -PAGE, p);
    }
    p.cell.value = value;
    return 0;
  }
}
