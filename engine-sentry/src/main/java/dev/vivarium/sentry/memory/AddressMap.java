package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.kernel.Task;
import org.jspecify.annotations.Nullable;

/**
 * The two layers of an address space and how they are cut and joined: VMAs, and the PMAs behind
 * them.
 *
 * <p>What always holds: a PMA lies in one VMA; it has one reference on each unit of the memory file
 * that it touches; what the host has mapped below the platform's limit is what PMAs say is mapped,
 * once the queue has been run.
 */
final class AddressMap {
  static final long PAGE = 4096;

  /** By how much more than it must a stack grows. */
  private static final long GROWTH = 1L << 20;

  final RangeList<Vma> vmas = new RangeList<>();
  final RangeList<Pma> pmas = new RangeList<>();
  final MemoryFile memoryFile;
  final HostSide host;

  /** Changes whenever a mapping or a piece comes or goes: for those who waited in between. */
  long generation;

  /** Bytes in VMAs. */
  long mappedBytes;

  private final MemoryManager owner;

  AddressMap(MemoryManager owner, MemoryFile memoryFile, HostSide host) {
    this.owner = owner;
    this.memoryFile = memoryFile;
    this.host = host;
  }

  // ---- VMAs ----

  void insert(Vma v) {
    generation++;
    vmas.insert(v);
    mappedBytes += v.length();
    if (v.mappable != null) {
      v.mappable.mapped(owner);
    }
  }

  /** Makes the address a border between mappings, if it lies inside one. */
  void splitAt(long address) {
    Vma v = vmas.at(address);
    if (v != null && v.start < address) {
      Vma upper = v.copyOf(address, v.end);
      v.end = address;
      vmas.insert(upper);
      splitPmaAt(address);
    }
  }

  /**
   * Removes all mappings in a range, and the memory behind them, but leaves the host's mappings
   * (see {@link #unmapHostGaps}).
   */
  void removeVmas(Task t, long start, long end) {
    splitAt(start);
    splitAt(end);
    int from = vmas.firstEndingAbove(start);
    int to = from;
    while (to < vmas.size() && vmas.get(to).start < end) {
      to++;
    }
    if (from == to) {
      return;
    }
    generation++;
    Vma[] gone = new Vma[to - from];
    for (int i = from; i < to; i++) {
      gone[i - from] = vmas.get(i);
      mappedBytes -= vmas.get(i).length();
    }
    dropPmas(start, end);
    vmas.remove(from, to);
    for (Vma v : gone) {
      v.dropBacking(t);
    }
  }

  /** Joins mappings that belong together, at the borders from {@code start} to {@code end}. */
  void join(Task t, long start, long end) {
    int i = Math.max(1, vmas.firstEndingAbove(start - 1));
    while (i < vmas.size() && vmas.get(i - 1).end <= end) {
      Vma a = vmas.get(i - 1);
      Vma b = vmas.get(i);
      if (a.continuesIn(b)) {
        a.end = b.end;
        vmas.remove(i, i + 1);
        b.dropBacking(t);
      } else {
        i++;
      }
    }
    joinPmas(start, end);
  }

  /**
   * The highest free place of this length below {@code top}, at least {@code bottom}; -1 if there
   * is none. Below a mapping that grows down a gap stays free.
   *
   * @param modulus the place's remainder modulo {@code align}, a power of two
   */
  long findGap(long length, long bottom, long top, long align, long modulus) {
    long high = top;
    int i = vmas.firstEndingAbove(top - 1);
    if (i < vmas.size()) {
      high = Math.min(high, below(vmas.get(i)));
    }
    for (i--; ; i--) {
      long low = i >= 0 ? vmas.get(i).end : bottom;
      if (low < bottom) {
        low = bottom;
      }
      if (high - low >= length) {
        long place = high - length;
        place -= (place - modulus) & (align - 1);
        if (place >= low) {
          return place;
        }
      }
      if (i < 0 || vmas.get(i).start <= bottom) {
        return -1;
      }
      high = below(vmas.get(i));
    }
  }

  /**
   * Lets the mapping above an address grow down to it, if it is one that does.
   *
   * @param limit bytes that it may have, unsigned
   * @param room bytes that the address space may have more
   */
  boolean growDown(long address, long limit, long room) {
    int i = vmas.firstEndingAbove(address);
    if (i == vmas.size()) {
      return false;
    }
    Vma v = vmas.get(i);
    if (!v.has(Vma.GROWSDOWN)
        || v.mappable != null
        || Long.compareUnsigned(v.end - address, limit) > 0
        || v.start - address > room) {
      return false;
    }
    long bottom = i == 0 ? 0 : vmas.get(i - 1).end + MemoryLayout.STACK_GUARD;
    long start = Math.max(address - GROWTH, v.end - Math.max(0, Math.min(limit, v.end))) & -PAGE;
    start = Math.max(start, bottom);
    if (v.start - start > room) {
      start = v.start - (room & -PAGE);
    }
    if (start > address) {
      return false;
    }
    mappedBytes += v.start - start;
    v.start = start;
    generation++;
    return true;
  }

  private static long below(Vma v) {
    return v.has(Vma.GROWSDOWN) ? v.start - MemoryLayout.STACK_GUARD : v.start;
  }

  // ---- PMAs ----

  void insert(Pma p) {
    generation++;
    pmas.insert(p);
  }

  void splitPmaAt(long address) {
    Pma p = pmas.at(address);
    if (p != null && p.start < address) {
      Pma upper = p.copyOf(address, p.end);
      if (p.inMemoryFile() && (upper.offset & (MemoryFile.UNIT - 1)) != 0) {
        memoryFile.incRef(upper.offset, 1);
      }
      p.end = address;
      pmas.insert(upper);
    }
  }

  /**
   * Takes the PMAs out of a range; their memory is given back when what the caller queues next (and
   * {@link HostSide#commit} closes) is in force.
   */
  void dropPmas(long start, long end) {
    generation++;
    splitPmaAt(start);
    splitPmaAt(end);
    int from = pmas.firstEndingAbove(start);
    int to = from;
    while (to < pmas.size() && pmas.get(to).start < end) {
      freeLater(pmas.get(to));
      to++;
    }
    pmas.remove(from, to);
  }

  void freeLater(Pma p) {
    if (p.inMemoryFile()) {
      host.freeLater(p.offset, p.length(), p.writable && !p.shared);
    }
  }

  /**
   * Whether nobody outside this address space refers to the unit behind a page, so that it can be
   * the page's own.
   */
  boolean isOnlyOurs(Pma p, long page) {
    long unit = p.offsetAt(page) & -MemoryFile.UNIT;
    int refs = memoryFile.refCount(unit);
    if (refs == 1 || p.borrowed) {
      return refs == 1;
    }
    // Pieces of one unit refer to different bytes of it, and lie near each other.
    int ours = 0;
    for (int i = pmas.firstEndingAbove(page - MemoryFile.UNIT);
        i < pmas.size() && pmas.get(i).start < page + MemoryFile.UNIT;
        i++) {
      Pma q = pmas.get(i);
      if (q.inMemoryFile()
          && !q.shared
          && !q.borrowed
          && q.offset < unit + MemoryFile.UNIT
          && q.offsetAt(q.end) > unit) {
        ours++;
      }
    }
    return ours == refs;
  }

  /** Joins PMAs that follow each other in memory too, at the borders in the range. */
  void joinPmas(long start, long end) {
    int i = Math.max(1, pmas.firstEndingAbove(start - 1));
    while (i < pmas.size() && pmas.get(i - 1).end <= end) {
      Pma a = pmas.get(i - 1);
      Pma b = pmas.get(i);
      if (a.end == b.start
          && a.space == b.space
          && a.offsetAt(a.end) == b.offset
          && a.writable == b.writable
          && a.borrowed == b.borrowed
          && a.live == b.live
          && a.hot == b.hot
          && a.mapped == b.mapped
          && vmas.at(a.start) == vmas.at(b.start)) {
        if (a.inMemoryFile() && (b.offset & (MemoryFile.UNIT - 1)) != 0) {
          memoryFile.decRef(b.offset, 1);
        }
        a.end = b.end;
        pmas.remove(i, i + 1);
      } else {
        i++;
      }
    }
  }

  // ---- the host ----

  /**
   * Brings the host's view of a range up to date with the protection of its mappings; what is not
   * mapped there stays so.
   */
  void protectHost(long start, long end) {
    long runStart = 0;
    long runEnd = 0;
    int runProt = Pma.NOT_MAPPED;
    for (int i = pmas.firstEndingAbove(start); i < pmas.size() && pmas.get(i).start < end; i++) {
      Pma p = pmas.get(i);
      int prot = hostProt(p);
      if (p.mapped == Pma.NOT_MAPPED || p.mapped == prot) {
        continue;
      }
      p.mapped = prot;
      if (runProt != prot || runEnd != p.start) {
        if (runProt != Pma.NOT_MAPPED) {
          host.protect(runStart, runEnd, runProt);
        }
        runStart = p.start;
        runProt = prot;
      }
      runEnd = p.end;
    }
    if (runProt != Pma.NOT_MAPPED) {
      host.protect(runStart, runEnd, runProt);
    }
  }

  /** With which protection the host is to map a piece. */
  int hostProt(Pma p) {
    Vma v = vmas.at(p.start);
    if (v == null) {
      throw new IllegalStateException("memory behind no mapping");
    }
    return p.writable ? v.prot : v.prot & ~dev.vivarium.sentry.abi.Mman.PROT_WRITE;
  }

  /** Whether there is memory behind some of a range. */
  boolean hasPmas(long start, long end) {
    int i = pmas.firstEndingAbove(start);
    return i < pmas.size() && pmas.get(i).start < end;
  }

  /** Queues the unmapping of all that no mapped PMA covers in a range. */
  void unmapHostGaps(long start, long end) {
    long from = start;
    for (int i = pmas.firstEndingAbove(start); i < pmas.size() && pmas.get(i).start < end; i++) {
      Pma p = pmas.get(i);
      if (p.mapped != Pma.NOT_MAPPED) {
        if (p.start > from) {
          host.unmap(from, p.start);
        }
        from = p.end;
      }
    }
    if (from < end) {
      host.unmap(from, end);
    }
  }

  /** Whether the host has anything mapped in a range. */
  boolean isHostMapped(long start, long end) {
    for (int i = pmas.firstEndingAbove(start); i < pmas.size() && pmas.get(i).start < end; i++) {
      if (pmas.get(i).mapped != Pma.NOT_MAPPED) {
        return true;
      }
    }
    return false;
  }

  @Nullable Vma vmaAt(long address) {
    return vmas.at(address);
  }
}
