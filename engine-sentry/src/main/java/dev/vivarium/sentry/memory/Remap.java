package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.kernel.Task;
import java.util.ArrayList;
import java.util.List;

/** mremap(2): grows, shrinks and moves mappings, without copying. */
public final class Remap {
  private static final long PAGE = AddressMap.PAGE;

  private Remap() {}

  /** mremap(2). */
  public static long mremap(
      Task t, MemoryManager mm, long old, long oldLength, long newLength, int flags, long to) {
    mm.on(t);
    return remap(mm, old, oldLength, newLength, flags, to);
  }

  static long remap(
      MemoryManager mm, long old, long oldLength, long newLength, int flags, long to) {
    boolean mayMove = (flags & Mman.MREMAP_MAYMOVE) != 0;
    boolean fixed = (flags & Mman.MREMAP_FIXED) != 0;
    boolean keep = (flags & Mman.MREMAP_DONTUNMAP) != 0;
    if ((flags & ~(Mman.MREMAP_MAYMOVE | Mman.MREMAP_FIXED | Mman.MREMAP_DONTUNMAP)) != 0
        || (fixed || keep) && !mayMove
        || keep && oldLength != newLength
        || (old & (PAGE - 1)) != 0
        || newLength == 0) {
      return -Errno.EINVAL;
    }
    AddressMap map = mm.map;
    Vma v = map.vmas.at(old);
    if (v == null) {
      return -Errno.EFAULT;
    }
    if (newLength < 0 || newLength > mm.layout.max || oldLength < 0) {
      return -Errno.ENOMEM;
    }
    oldLength = MemoryManager.pageUp(oldLength);
    newLength = MemoryManager.pageUp(newLength);
    if (oldLength == 0 && v.isPrivate()) {
      return -Errno.EINVAL;
    }
    boolean shrinks = newLength <= oldLength && !fixed && !keep;
    if (shrinks ? !mm.isInside(old, oldLength) : oldLength > v.end - old) {
      return shrinks ? -Errno.EINVAL : -Errno.EFAULT;
    }
    if (fixed && (to & (PAGE - 1)) == 0 && to >= 0 && to < mm.layout.min) {
      return -Errno.EPERM;
    }
    if (Sealing.isSealed(mm, old, old + Math.max(oldLength, 1))) {
      return -Errno.EPERM;
    }
    if (fixed
        && ((to & (PAGE - 1)) != 0
            || to < mm.layout.min
            || to > mm.layout.max - newLength
            || (old + oldLength > to && to + newLength > old))) {
      return -Errno.EINVAL;
    }
    if (newLength > oldLength
        && !Mappings.mayGrow(
            mm,
            newLength - oldLength,
            v.prot,
            v.isShared(),
            v.has(Vma.NORESERVE) ? Mman.MAP_NORESERVE : 0)) {
      return -Errno.ENOMEM;
    }
    if (newLength > oldLength && v.isLocked() && !Locking.hasRoom(mm, newLength - oldLength)) {
      return -Errno.EAGAIN;
    }
    if (fixed) {
      long result = Mappings.unmap(mm, to, newLength);
      if (result != 0) {
        return result;
      }
    } else if (!keep && newLength <= oldLength && oldLength != 0) {
      return newLength == oldLength
          ? old
          : orAddress(Mappings.unmap(mm, old + newLength, oldLength - newLength), old);
    } else if (!keep && oldLength != 0 && growInPlace(mm, v, old, oldLength, newLength)) {
      return old;
    } else if (!mayMove) {
      return -Errno.ENOMEM;
    } else {
      // The same place within a unit keeps memory and addresses in step.
      long unit = MemoryFile.UNIT;
      to = map.findGap(newLength, mm.layout.min, mm.layout.mmapTop, unit, old & (unit - 1));
      if (to < 0) {
        to = map.findGap(newLength, mm.layout.min, mm.layout.max, PAGE, 0);
      }
      if (to < 0) {
        return -Errno.ENOMEM;
      }
    }
    if (newLength < oldLength) {
      long result = Mappings.unmap(mm, old + newLength, oldLength - newLength);
      if (result != 0) {
        return result;
      }
      oldLength = newLength;
    }
    move(mm, old, oldLength, to, newLength, keep || oldLength == 0);
    return to;
  }

  /**
   * remap_file_pages(2), as Linux does it today: a part of a shared mapping is mapped anew, at
   * another offset of the same file.
   */
  public static long remapFilePages(Task t, MemoryManager mm, long start, long length, long page) {
    mm.on(t);
    long size = length & -PAGE;
    long at = start & -PAGE;
    Vma v = mm.map.vmas.at(at);
    if (size <= 0
        || at + size <= at
        || Long.compareUnsigned(page + size / PAGE, page) < 0
        || v == null
        || !v.isShared()
        || v.mappable == null
        || at + size > v.end) {
      return -Errno.EINVAL;
    }
    if (page < 0 || page > (Long.MAX_VALUE - size) / PAGE) {
      return -Errno.EOVERFLOW;
    }
    // The mapping that goes may be the last to hold what the new one maps.
    Vma holder = v.copyOf(v.start, v.end);
    int flags = Mman.MAP_SHARED | Mman.MAP_FIXED | Mman.MAP_POPULATE;
    long rc =
        Mappings.map(
            mm, at, size, v.prot, flags, v.flags & Vma.NOWRITE, v.file, v.mappable, page * PAGE);
    holder.dropBacking(t);
    return Math.min(rc, 0);
  }

  private static long orAddress(long result, long address) {
    return result < 0 ? result : address;
  }

  private static boolean growInPlace(
      MemoryManager mm, Vma v, long old, long oldLength, long newLength) {
    long end = old + newLength;
    if (v.end != old + oldLength || end > mm.layout.max || !mm.map.vmas.isFree(v.end, end)) {
      return false;
    }
    Vma more = v.copyOf(v.end, end);
    long start = v.end;
    mm.map.insert(more);
    mm.pager.populate(more, start, end);
    mm.map.join(mm.pager.task, start, end);
    mm.changed();
    return true;
  }

  private static void move(
      MemoryManager mm, long old, long oldLength, long to, long newLength, boolean keep) {
    AddressMap map = mm.map;
    mm.unpatch(old, old + oldLength);
    map.splitAt(old);
    if (oldLength > 0) {
      map.splitAt(old + oldLength);
    }
    Vma v = map.vmas.at(old);
    if (v == null) {
      throw new IllegalStateException("lost a mapping");
    }
    Vma moved = v.copyOf(old, old + newLength);
    moved.start = to;
    moved.end = to + newLength;
    map.insert(moved);
    boolean mapped = map.isHostMapped(old, old + oldLength);
    for (Pma p : takePmas(map, old, old + oldLength)) {
      p.start += to - old;
      p.end += to - old;
      p.mapped = Pma.NOT_MAPPED;
      map.insert(p);
    }
    mm.pager.populate(moved, to, to + newLength);
    mm.pager.mapHost(to, to + newLength);
    if (mapped) {
      mm.host.unmap(old, old + oldLength);
    }
    if (!keep) {
      map.removeVmas(mm.pager.task, old, old + oldLength);
    }
    map.join(mm.pager.task, old, old + oldLength);
    map.join(mm.pager.task, to, to + newLength);
    mm.changed();
  }

  /** Takes the pieces of a range out, with their references. */
  private static List<Pma> takePmas(AddressMap map, long start, long end) {
    List<Pma> taken = new ArrayList<>();
    if (start == end) {
      return taken;
    }
    map.splitPmaAt(start);
    map.splitPmaAt(end);
    int from = map.pmas.firstEndingAbove(start);
    int to = from;
    while (to < map.pmas.size() && map.pmas.get(to).start < end) {
      taken.add(map.pmas.get(to++));
    }
    map.pmas.remove(from, to);
    map.generation++;
    return taken;
  }
}
