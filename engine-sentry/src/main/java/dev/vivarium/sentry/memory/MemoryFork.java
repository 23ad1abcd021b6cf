package dev.vivarium.sentry.memory;

/** fork(2)'s copy of an address space, which costs by its mappings and not by its pages. */
final class MemoryFork {
  /** How much memory fork copies at most. */
  private static final long FORK_COPY_MAX = 256L << 10;

  private MemoryFork() {}

  /** The copy; private memory is write-protected in both, but for what was copied at once. */
  static MemoryManager copy(MemoryManager mm) {
    MemoryManager child = new MemoryManager(mm.memoryFile, mm.blobs, mm.layout);
    child.pager.firstWrites = mm.childWrites;
    // With other threads about, only memory that is write-protected stands still to be copied.
    long left = mm.users() == 1 ? FORK_COPY_MAX : 0;
    for (int i = 0; i < mm.map.vmas.size(); i++) {
      Vma v = mm.map.vmas.get(i);
      if (!v.has(Vma.DONTFORK)) {
        Vma copy = v.copyOf(v.start, v.end);
        copy.flags &= ~Vma.LOCKED;
        child.map.insert(copy);
      }
      if (v.has(Vma.DONTFORK | Vma.WIPEONFORK)) {
        if (mm.map.isHostMapped(v.start, v.end)) {
          child.notInherited.add(new long[] {v.start, v.end});
        }
      } else if (v.isPrivate()) {
        left -= copyHot(mm, v, child, left);
        left -= copyAsBefore(mm, v, child, left);
        disown(mm, v, child.map);
      }
    }
    mm.childWrites.age();
    mm.map.protectHost(mm.layout.min, mm.layout.max);
    for (int i = 0; i < mm.map.pmas.size(); i++) {
      Pma p = mm.map.pmas.get(i);
      Vma v = child.map.vmas.at(p.start);
      if (v != null && !v.has(Vma.WIPEONFORK) && child.map.pmas.at(p.start) == null) {
        if (p.inMemoryFile()) {
          mm.memoryFile.incRef(p.offset, p.length());
        }
        child.map.insert(p.copyOf(p.start, p.end));
      }
    }
    child.heapStart = mm.heapStart;
    child.heapEnd = mm.heapEnd;
    child.peakBytes = child.map.mappedBytes;
    child.startCode = mm.startCode;
    child.endCode = mm.endCode;
    child.startData = mm.startData;
    child.endData = mm.endData;
    child.startStack = mm.startStack;
    child.argStart = mm.argStart;
    child.argEnd = mm.argEnd;
    child.envStart = mm.envStart;
    child.envEnd = mm.envEnd;
    child.auxv = mm.auxv;
    child.barriers = mm.barriers;
    child.coreFilter = mm.coreFilter;
    child.exe = mm.exe == null ? null : mm.exe.acquire();
    child.patcher = mm.patcher;
    child.sites.copyFrom(mm.sites);
    mm.forgetWindows();
    return child;
  }

  /** Copies what parent and child will both write to; returns how many bytes. */
  private static long copyHot(MemoryManager mm, Vma v, MemoryManager child, long limit) {
    long copied = 0;
    for (int i = mm.map.pmas.firstEndingAbove(v.start);
        i < mm.map.pmas.size() && mm.map.pmas.get(i).start < v.end;
        i++) {
      Pma p = mm.map.pmas.get(i);
      if (p.hot > 0 && p.writable) {
        p.hot--;
        Pma copy = copied + p.length() <= limit ? mm.pager.copyForChild(p) : null;
        if (copy != null) {
          child.map.insert(copy);
          copied += p.length();
        }
      }
    }
    child.hasCopies |= copied > 0;
    return copied;
  }

  /** Copies what earlier children have written to; returns how many bytes. */
  private static long copyAsBefore(MemoryManager mm, Vma v, MemoryManager child, long limit) {
    ForkWrites known = mm.childWrites;
    long copied = 0;
    for (int entry = 0; entry < known.entries(); entry++) {
      long start = Math.max(known.start(entry), v.start);
      long end = Math.min(known.start(entry) + ForkWrites.SIZE, v.end);
      if (start >= end || copied + end - start > limit) {
        continue;
      }
      mm.map.splitPmaAt(start);
      mm.map.splitPmaAt(end);
      for (int i = mm.map.pmas.firstEndingAbove(start);
          i < mm.map.pmas.size() && mm.map.pmas.get(i).start < end;
          i++) {
        Pma p = mm.map.pmas.get(i);
        Pma copy = child.map.pmas.at(p.start) == null ? mm.pager.copyForChild(p) : null;
        if (copy != null) {
          child.map.insert(copy);
          copied += p.length();
        }
      }
    }
    child.hasCopies |= copied > 0;
    return copied;
  }

  /** From now on a write to this mapping makes a copy, unless the child has got one. */
  private static void disown(MemoryManager mm, Vma v, AddressMap copies) {
    for (int i = mm.map.pmas.firstEndingAbove(v.start);
        i < mm.map.pmas.size() && mm.map.pmas.get(i).start < v.end;
        i++) {
      Pma p = mm.map.pmas.get(i);
      if (copies.pmas.at(p.start) == null) {
        p.writable = false;
      }
    }
  }
}
