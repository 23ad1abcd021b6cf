package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.kernel.Task;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Finds memory for addresses: anonymous memory when it is touched (or before, where that is cheap),
 * file content from its {@link Mappable}, copies for private mappings that are written to.
 *
 * <p>A guest's fault costs much more than mapping some more in one go, and memory that nobody
 * touches costs nothing (the host fills pages on demand). So everything here is done in pieces as
 * large as possible.
 */
final class Pager {
  /** Private memory up to this size is there from the start. */
  static final long EAGER_MAX = 16L << 20;

  /** A private file mapping for writing up to this size (a library's data) is copied at once. */
  private static final long EAGER_COPY_MAX = 64L << 10;

  private static final long CHUNK_MIN = 2L << 20;
  private static final long CHUNK_MAX = 64L << 20;

  /** What a write to memory shared by fork copies at least; more when writes go on behind it. */
  private static final long COPY_MIN = 16L << 10;

  private static final long COPY_MAX = 256L << 10;

  /** For how many forks memory is copied at once after both sides have written to it. */
  static final int HOT_FORKS = 16;

  /** How much of a file that must be read in first is asked for at a time. */
  private static final long READ_WINDOW = 256L << 10;

  /** Most extents that one fault maps. */
  private static final int EXTENTS_MAX = 16;

  private static final long PAGE = AddressMap.PAGE;
  private static final long UNIT = MemoryFile.UNIT;

  /** {@link #bringIn}: things have changed while it waited; look again. */
  private static final long AGAIN = 1;

  private final AddressMap map;
  private final MemoryFile memoryFile;
  private final HostSide host;
  private final BlobSegments blobs;

  /** On whose behalf the kernel runs. */
  @Nullable Task task;

  /** Whether that is a coroutine, which may wait. */
  boolean mayWait;

  /** Set while this task accesses memory without regard for its protection. */
  @Nullable Task forcedBy;

  /**
   * Where this address space's first writes after its fork are noted, for the parent's next child.
   */
  @Nullable ForkWrites firstWrites;

  private int firstWritesLeft = ForkWrites.NOTED_PER_CHILD;

  /** What the last {@link #bringIn} covered. */
  private long broughtStart;

  private long broughtEnd;

  Pager(AddressMap map, BlobSegments blobs) {
    this.map = map;
    this.memoryFile = map.memoryFile;
    this.host = map.host;
    this.blobs = blobs;
  }

  MemorySegment segment(Pma p) {
    return p.inMemoryFile() ? memoryFile.segment() : blobs.blob(p.space);
  }

  /**
   * Makes the memory at an address accessible, for the guest or for the kernel.
   *
   * @param byGuest whether a guest's access failed: then the host gets the mapping again even if
   *     nothing was missing (another task's change may still be on its way)
   * @return 0 or a {@link Fault}
   */
  long fault(long address, boolean write, boolean fetch, boolean byGuest) {
    long page = address & -PAGE;
    long low = page;
    long high = page + PAGE;
    boolean changed = false;
    Pma p;
    for (; ; ) {
      Vma v = map.vmas.at(page);
      if (v == null) {
        if (!map.growDown(page, stackLimit(), Mappings.room(map, task))) {
          return Fault.SEGV_MAPERR;
        }
        continue;
      }
      if (!permits(v, write, fetch)) {
        return Fault.SEGV_ACCERR;
      }
      p = map.pmas.at(page);
      if (p != null && write && !p.writable && p.shared) {
        // It was found for reading; it must be found again for writing.
        low = Math.min(low, p.start);
        high = Math.max(high, p.end);
        map.dropPmas(p.start, p.end);
        host.unmap(p.start, p.end);
        p = null;
      }
      if (p == null) {
        long result = bringIn(v, page);
        if (result == AGAIN) {
          continue;
        }
        if (result != 0) {
          return result;
        }
        low = Math.min(low, broughtStart);
        high = Math.max(high, broughtEnd);
        changed = true;
        continue;
      }
      if (write && !p.writable) {
        if (!own(v, p, page)) {
          return Fault.BUS_ADRERR;
        }
        changed = true;
        continue;
      }
      break;
    }
    if (changed) {
      mapHost(low, high);
      map.joinPmas(low, high);
    } else if (byGuest) {
      host.map(p, map.hostProt(p));
    }
    host.commit();
    return 0;
  }

  /** Whether an access is allowed; a debugger's ends only at what it cannot have for itself. */
  boolean permits(Vma v, boolean write, boolean fetch) {
    return v.permits(write, fetch)
        || forcedBy != null && forcedBy == task && (!write || v.isPrivate());
  }

  private long stackLimit() {
    return task == null ? Long.MAX_VALUE : task.group.rlimits.soft(Resource.RLIMIT_STACK);
  }

  /** Queues the mapping of all pieces in a range that the host does not have. */
  void mapHost(long start, long end) {
    map.joinPmas(start, end);
    for (int i = map.pmas.firstEndingAbove(start);
        i < map.pmas.size() && map.pmas.get(i).start < end;
        i++) {
      Pma p = map.pmas.get(i);
      if (p.mapped == Pma.NOT_MAPPED) {
        host.map(p, map.hostProt(p));
      }
    }
  }

  /**
   * Finds what can cheaply be found now for a new mapping or a new part of one, and has the host
   * map it.
   */
  void populate(Vma v, long start, long end) {
    if (v.prot != Mman.PROT_NONE) {
      if (v.mappable == null) {
        if ((v.prot & Mman.PROT_WRITE) != 0
            && end - start <= EAGER_MAX
            && memoryFile.hasRoomFor(end - start)) {
          forEachGap(start, end, this::allocate);
        }
      } else if (v.mappable.translatesAtOnce()) {
        forEachGap(
            start,
            end,
            (from, to) -> {
              bringInFile(v, from, from, to);
            });
        if (v.isPrivate() && (v.prot & Mman.PROT_WRITE) != 0 && end - start <= EAGER_COPY_MAX) {
          copyAll(v, start, end);
        }
      }
      mapHost(start, end);
    }
  }

  private interface GapAction {
    void accept(long start, long end);
  }

  private void forEachGap(long start, long end, GapAction action) {
    long from = start;
    while (from < end) {
      int i = map.pmas.firstEndingAbove(from);
      Pma next = i < map.pmas.size() ? map.pmas.get(i) : null;
      if (next == null || next.start >= end) {
        action.accept(from, end);
        return;
      }
      if (next.start > from) {
        action.accept(from, next.start);
      }
      from = next.end;
    }
  }

  private void copyAll(Vma v, long start, long end) {
    for (long at = start; at < end; ) {
      Pma p = map.pmas.at(at);
      if (p == null || p.live) {
        return;
      }
      if (!p.writable && !own(v, p, at)) {
        return;
      }
      Pma own = map.pmas.at(at);
      at = own == null ? end : own.end;
    }
  }

  // ---- what is not there yet ----

  /** Finds memory for a page of a mapping that has none, and for as much around it as is useful. */
  private long bringIn(Vma v, long page) {
    int i = map.pmas.firstEndingAbove(page);
    long gapStart = Math.max(v.start, i > 0 ? map.pmas.get(i - 1).end : 0);
    long gapEnd = Math.min(v.end, i < map.pmas.size() ? map.pmas.get(i).start : v.end);
    if (v.mappable != null) {
      return bringInFile(v, page, gapStart, gapEnd);
    }
    long start = gapStart;
    long end = gapEnd;
    if (end - start > EAGER_MAX) {
      long chunk = chunkSize(i, gapStart, gapEnd);
      start = Math.max(gapStart, page & -chunk);
      end = Math.min(gapEnd, (page & -chunk) + chunk);
    }
    if (!tryAllocate(start, end)) {
      start = Math.max(gapStart, page & -UNIT);
      end = Math.min(gapEnd, (page & -UNIT) + UNIT);
      if (!tryAllocate(start, end)) {
        return Fault.BUS_ADRERR;
      }
    }
    broughtStart = start;
    broughtEnd = end;
    return 0;
  }

  /** Large memory that is touched bit by bit is found in larger and larger chunks. */
  private long chunkSize(int next, long gapStart, long gapEnd) {
    long known = 0;
    if (next > 0 && map.pmas.get(next - 1).end == gapStart) {
      known = map.pmas.get(next - 1).length();
    }
    if (next < map.pmas.size() && map.pmas.get(next).start == gapEnd) {
      known = Math.max(known, map.pmas.get(next).length());
    }
    return Long.highestOneBit(Math.clamp(2 * known, CHUNK_MIN, CHUNK_MAX));
  }

  private void allocate(long start, long end) {
    tryAllocate(start, end);
  }

  private boolean tryAllocate(long start, long end) {
    long offset = place(start, end);
    if (offset < 0) {
      return false;
    }
    map.insert(new Pma(start, end, Mappable.Extent.MEMORY_FILE, offset, true, false));
    return true;
  }

  private long bringInFile(Vma v, long page, long gapStart, long gapEnd) {
    Mappable mappable = v.mappable;
    if (mappable == null) {
      throw new IllegalArgumentException("not a mapping of something");
    }
    boolean atOnce = mappable.translatesAtOnce();
    if (!atOnce && !mayWait) {
      throw WouldWaitException.INSTANCE;
    }
    boolean write = v.isShared() && (v.prot & Mman.PROT_WRITE) != 0;
    long from = atOnce ? gapStart : Math.max(gapStart, page & -READ_WINDOW);
    long to = atOnce ? gapEnd : Math.min(gapEnd, (page & -READ_WINDOW) + READ_WINDOW);
    Mappable.Extent extent = new Mappable.Extent();
    long generation = map.generation;
    long result = translate(mappable, v.offsetAt(from), to - from, write, extent);
    if (generation != map.generation || map.vmas.at(page) != v) {
      return AGAIN;
    }
    if (from < page && (result != 0 || from + extent.length <= page)) {
      from = page;
      result = translate(mappable, v.offsetAt(from), to - from, write, extent);
      if (generation != map.generation || map.vmas.at(page) != v) {
        return AGAIN;
      }
    }
    if (result != 0) {
      return Fault.BUS_ADRERR;
    }
    broughtStart = from;
    for (int count = 1; ; count++) {
      if (extent.space == Mappable.Extent.MEMORY_FILE) {
        memoryFile.share(extent.offset, extent.length);
      }
      long end = from + extent.length;
      Pma p = new Pma(from, end, extent.space, extent.offset, write, v.isShared());
      p.borrowed = v.isPrivate() && p.inMemoryFile();
      p.live = p.borrowed && !mappable.isConstant();
      map.insert(p);
      from = end;
      if (!atOnce
          || from == to
          || count == EXTENTS_MAX
          || translate(mappable, v.offsetAt(from), to - from, write, extent) != 0) {
        break;
      }
    }
    broughtEnd = from;
    return 0;
  }

  @SuppressWarnings("NullAway")
  private long translate(
      Mappable mappable, long offset, long length, boolean write, Mappable.Extent extent) {
    long result = mappable.translate(task, offset, length, write, extent);
    if (result == 0
        && (extent.length <= 0
            || extent.length > length
            || ((extent.length | extent.offset) & (PAGE - 1)) != 0)) {
      return -Errno.EIO;
    }
    return result;
  }

  // ---- copy on write ----

  /**
   * Makes the page of a private mapping the guest's own: takes the memory over if nobody else uses
   * it any more, else copies it. False if there is no memory.
   */
  private boolean own(Vma v, Pma p, long page) {
    if (p.inMemoryFile() && map.isOnlyOurs(p, page)) {
      takeOver(v, p, page);
      return true;
    }
    boolean forked = p.inMemoryFile() && !p.borrowed;
    if (!p.live && firstWrites != null) {
      firstWrites.note(page);
      if (--firstWritesLeft == 0) {
        firstWrites = null;
      }
    }
    long size = p.live ? PAGE : forked ? copySize(page) : UNIT;
    long start = Math.max(p.start, page & -size);
    long end = Math.min(p.end, (page & -size) + size);
    long offset = placeCopy(start, end);
    if (offset < 0) {
      return false;
    }
    MemorySegment.copy(segment(p), p.offsetAt(start), memoryFile.segment(), offset, end - start);
    map.splitPmaAt(start);
    map.splitPmaAt(end);
    p = map.pmas.at(start);
    if (p == null) {
      throw new IllegalStateException("lost a piece");
    }
    map.generation++;
    map.freeLater(p);
    p.space = Mappable.Extent.MEMORY_FILE;
    p.offset = offset;
    p.writable = true;
    p.borrowed = false;
    p.live = false;
    p.hot = forked ? HOT_FORKS : 0;
    host.map(p, v.prot);
    return true;
  }

  /** Writes that go upwards through memory are copied in larger and larger pieces. */
  private long copySize(long page) {
    Pma below = map.pmas.endingAt(page);
    return below == null || !below.writable || below.shared
        ? COPY_MIN
        : Long.highestOneBit(Math.clamp(2 * below.length(), COPY_MIN, COPY_MAX));
  }

  /** Takes over the unit of a page and its neighbours that nobody else uses either. */
  private void takeOver(Vma v, Pma p, long page) {
    long offset = p.offsetAt(page) & -UNIT;
    long low = offset;
    long first = p.offset;
    long last = p.offsetAt(p.end);
    while (low > first && memoryFile.refCount(low - 1) == 1) {
      low -= UNIT;
    }
    long high = offset + UNIT;
    while (high < last && memoryFile.refCount(high) == 1) {
      high += UNIT;
    }
    long start = p.start + Math.max(0, low - first);
    long end = p.start + Math.min(last, high) - first;
    map.splitPmaAt(start);
    map.splitPmaAt(end);
    p = map.pmas.at(start);
    if (p == null) {
      throw new IllegalStateException("lost a piece");
    }
    map.generation++;
    p.writable = true;
    p.borrowed = false;
    p.live = false;
    p.hot = 0;
    if (p.mapped != Pma.NOT_MAPPED) {
      host.protect(start, end, v.prot);
      p.mapped = v.prot;
    }
    markHot(page & -COPY_MIN, (page & -COPY_MIN) + COPY_MIN);
  }

  /** Notes that a range's own memory will be written after the next fork too. */
  void markHot(long start, long end) {
    map.splitPmaAt(start);
    map.splitPmaAt(end);
    for (int i = map.pmas.firstEndingAbove(start);
        i < map.pmas.size() && map.pmas.get(i).start < end;
        i++) {
      Pma p = map.pmas.get(i);
      if (p.writable && !p.shared) {
        p.hot = HOT_FORKS;
      }
    }
  }

  /**
   * A copy of a piece for a child process, the child's own from the start; null if it should rather
   * be copied on write.
   */
  @Nullable Pma copyForChild(Pma p) {
    if (p.live || p.shared || (p.start & -UNIT) != (p.end - 1 & -UNIT)) {
      return null;
    }
    long offset = memoryFile.allocateForCopy();
    if (offset < 0) {
      return null;
    }
    offset += p.start & (UNIT - 1);
    MemorySegment.copy(segment(p), p.offset, memoryFile.segment(), offset, p.length());
    Pma copy = new Pma(p.start, p.end, Mappable.Extent.MEMORY_FILE, offset, true, false);
    copy.hot = p.hot;
    return copy;
  }

  // ---- where memory is taken from ----

  /** The same as {@link #place} for memory that is going to be overwritten. */
  private long placeCopy(long start, long end) {
    Pma below = map.pmas.endingAt(start);
    if ((start & -UNIT) != (end - 1 & -UNIT)
        || below != null && below.inMemoryFile() && !below.shared && below.writable) {
      return place(start, end);
    }
    long offset = memoryFile.allocateForCopy();
    return offset < 0 ? -1 : offset + (start & (UNIT - 1));
  }

  /**
   * Allocates memory for a range, with references as a PMA over the range holds them: next to that
   * of the neighbours if possible, because the host then needs one mapping for all.
   *
   * @return its offset, or -1
   */
  private long place(long start, long end) {
    long length = end - start;
    Pma below = map.pmas.endingAt(start);
    if (below != null && below.inMemoryFile() && !below.shared) {
      long at = below.offsetAt(start);
      long used = at & (UNIT - 1);
      long room = used == 0 ? 0 : UNIT - used;
      if ((used == 0 || memoryFile.hasCleanRest(at))
          && (length <= room || memoryFile.allocateAt(at + room, length - room))) {
        if (used != 0) {
          memoryFile.incRef(at, 1);
        }
        return at;
      }
    }
    Pma above = map.pmas.at(end);
    if (above != null && above.start == end && above.inMemoryFile() && !above.shared) {
      long room = above.offset & (UNIT - 1);
      long rest = (Math.max(0, length - room) + UNIT - 1) & -UNIT;
      if ((room == 0 || memoryFile.hasCleanRest(above.offset))
          && (rest == 0 || memoryFile.allocateAt(above.offset - room - rest, rest))) {
        if (room != 0) {
          memoryFile.incRef(above.offset, 1);
        }
        return above.offset - length;
      }
    }
    long skew = start & (UNIT - 1);
    long offset = memoryFile.allocate(skew + length);
    return offset < 0 ? -1 : offset + skew;
  }
}
