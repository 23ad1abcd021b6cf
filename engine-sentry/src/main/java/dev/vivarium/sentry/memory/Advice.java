package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;

/** madvise(2). */
public final class Advice {
  private static final long PAGE = AddressMap.PAGE;
  private static final int FALLOC_PUNCH = 3; // FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE

  private Advice() {}

  /** madvise(2). */
  public static long madvise(Task t, MemoryManager mm, long addr, long length, int advice) {
    mm.on(t);
    return advise(mm, addr, length, advice);
  }

  /**
   * process_madvise(2) for another address space: whether the memory is there. What the permitted
   * kinds of advice hint at (COLD, PAGEOUT, WILLNEED, COLLAPSE) has no effect on what a guest sees.
   */
  public static long adviseForeign(Task t, MemoryManager mm, long addr, long length, int advice) {
    mm.enterForeign(t);
    return advise(mm, addr, length, advice);
  }

  static long advise(MemoryManager mm, long addr, long length, int advice) {
    if ((addr & (PAGE - 1)) != 0 || !isKnown(advice)) {
      return -Errno.EINVAL;
    }
    long bytes = MemoryManager.pageUp(length);
    if (length != 0 && bytes == 0 || Long.compareUnsigned(addr + bytes, addr) < 0) {
      return -Errno.EINVAL;
    }
    if (bytes == 0) {
      return 0;
    }
    if (!mm.isInside(addr, bytes)) {
      return -Errno.ENOMEM;
    }
    if (advice == Mman.MADV_HWPOISON || advice == Mman.MADV_SOFT_OFFLINE) {
      return -Errno.EPERM;
    }
    long end = addr + bytes;
    long result = 0;
    for (long at = addr; at < end; ) {
      int i = mm.map.vmas.firstEndingAbove(at);
      if (i == mm.map.vmas.size() || mm.map.vmas.get(i).start >= end) {
        return -Errno.ENOMEM;
      }
      Vma v = mm.map.vmas.get(i);
      if (v.start > at) {
        result = -Errno.ENOMEM;
      }
      long from = Math.max(at, v.start);
      long to = Math.min(end, v.end);
      long done = Sealing.forbids(v, advice) ? -Errno.EPERM : apply(mm, v, from, to, advice);
      if (done < 0) {
        return done;
      }
      at = to;
    }
    return result;
  }

  private static boolean isKnown(int advice) {
    return advice >= Mman.MADV_NORMAL && advice <= Mman.MADV_DONTNEED
        || advice >= Mman.MADV_FREE && advice <= Mman.MADV_COLLAPSE
        || advice == Mman.MADV_HWPOISON
        || advice == Mman.MADV_SOFT_OFFLINE;
  }

  private static long apply(MemoryManager mm, Vma v, long start, long end, int advice) {
    switch (advice) {
      case Mman.MADV_DONTNEED, Mman.MADV_DONTNEED_LOCKED, Mman.MADV_FREE -> {
        if (v.isLocked() && advice != Mman.MADV_DONTNEED_LOCKED
            || advice == Mman.MADV_FREE && !v.isPrivateAnonymous()) {
          return -Errno.EINVAL;
        }
        if (v.isPrivate()) {
          forget(mm, v, start, end);
        }
        return 0;
      }
      case Mman.MADV_POPULATE_READ, Mman.MADV_POPULATE_WRITE -> {
        boolean write = advice == Mman.MADV_POPULATE_WRITE;
        if (!v.permits(write, false)) {
          return -Errno.EINVAL;
        }
        return Residency.populateAll(mm, start, end, write);
      }
      case Mman.MADV_REMOVE -> {
        return remove(mm, v, start, end);
      }
      case Mman.MADV_DONTFORK -> setFlags(mm, start, end, Vma.DONTFORK, 0);
      case Mman.MADV_DOFORK -> setFlags(mm, start, end, 0, Vma.DONTFORK);
      case Mman.MADV_DONTDUMP -> setFlags(mm, start, end, Vma.DONTDUMP, 0);
      case Mman.MADV_DODUMP -> setFlags(mm, start, end, 0, Vma.DONTDUMP);
      case Mman.MADV_KEEPONFORK -> setFlags(mm, start, end, 0, Vma.WIPEONFORK);
      case Mman.MADV_WIPEONFORK -> {
        if (!v.isPrivateAnonymous()) {
          return -Errno.EINVAL;
        }
        setFlags(mm, start, end, Vma.WIPEONFORK, 0);
      }
      default -> {
        // Hints about access patterns and huge pages: nothing to gain from them here.
      }
    }
    return 0;
  }

  static void setFlags(MemoryManager mm, long start, long end, int set, int clear) {
    mm.map.splitAt(start);
    mm.map.splitAt(end);
    for (int i = mm.map.vmas.firstEndingAbove(start);
        i < mm.map.vmas.size() && mm.map.vmas.get(i).start < end;
        i++) {
      Vma v = mm.map.vmas.get(i);
      v.flags = v.flags & ~clear | set;
    }
    mm.map.join(mm.pager.task, start, end);
    mm.changed();
  }

  /** Drops the content of private memory: zeros, or the file's content, come in its place. */
  private static void forget(MemoryManager mm, Vma v, long start, long end) {
    for (long at = start; at < end; ) {
      int i = mm.map.pmas.firstEndingAbove(at);
      if (i == mm.map.pmas.size() || mm.map.pmas.get(i).start >= end) {
        break;
      }
      Pma p = mm.map.pmas.get(i);
      long from = Math.max(at, p.start);
      long to = Math.min(end, p.end);
      if (p.writable && v.isPrivateAnonymous()) {
        // Nobody else has these bytes: the host clears them in all mappings at once.
        mm.memoryFile.punch(p.offsetAt(from), to - from);
      } else if (p.writable || v.isPrivateAnonymous()) {
        boolean mapped = p.mapped != Pma.NOT_MAPPED;
        mm.map.dropPmas(from, to);
        if (mapped) {
          mm.host.unmap(from, to);
        }
      }
      at = to;
    }
    mm.changed();
  }

  private static long remove(MemoryManager mm, Vma v, long start, long end) {
    if (v.isLocked() || !v.isShared()) {
      return -Errno.EINVAL;
    }
    if ((v.prot & Mman.PROT_WRITE) == 0) {
      return -Errno.EACCES;
    }
    if (v.mappable instanceof SharedAnonymous shared) {
      shared.punch(v.offsetAt(start), v.offsetAt(end));
      return 0;
    }
    File file = v.file;
    Task t = mm.pager.task;
    if (file == null || t == null) {
      return -Errno.EINVAL;
    }
    return file.allocate(t, FALLOC_PUNCH, v.offsetAt(start), end - start);
  }
}
