package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import org.jspecify.annotations.Nullable;

/** mmap(2), munmap(2), mprotect(2). */
public final class Mappings {
  /** Most mappings of one address space (vm.max_map_count's default). */
  private static final int MAX_MAP_COUNT = 65530;

  private static final long PAGE = AddressMap.PAGE;

  private Mappings() {}

  /** mmap(2); flags as there. Returns the address or a negative errno. */
  public static long mmap(
      Task t,
      MemoryManager mm,
      long addr,
      long length,
      int prot,
      int flags,
      @Nullable File file,
      long offset) {
    mm.on(t);
    return mapFile(mm, addr, length, prot, flags, file, offset);
  }

  private static long mapFile(
      MemoryManager mm,
      long addr,
      long length,
      int prot,
      int flags,
      @Nullable File file,
      long offset) {
    Mappable mappable = null;
    int type = flags & Mman.MAP_TYPE;
    boolean shared = type == Mman.MAP_SHARED || type == Mman.MAP_SHARED_VALIDATE;
    int vmaFlags = 0;
    boolean anonymous = (flags & Mman.MAP_ANONYMOUS) != 0;
    if (!anonymous && file == null) {
      return -Errno.EBADF;
    }
    if (length == 0) {
      return -Errno.EINVAL;
    }
    if (length < 0 || length > mm.layout.max - mm.layout.min) {
      return -Errno.ENOMEM;
    }
    if (!shared && type != Mman.MAP_PRIVATE || anonymous && type == Mman.MAP_SHARED_VALIDATE) {
      return -Errno.EINVAL;
    }
    if (type == Mman.MAP_SHARED_VALIDATE && (flags & ~Mman.LEGACY_MAP_MASK) != 0) {
      return -Errno.EOPNOTSUPP;
    }
    if (anonymous) {
      if (shared && (flags & Mman.MAP_GROWSDOWN) != 0) {
        return -Errno.EINVAL;
      }
      file = null;
      offset = 0;
    } else if (file != null) {
      if (!file.isReadable() || shared && (prot & Mman.PROT_WRITE) != 0 && !file.isWritable()) {
        return -Errno.EACCES;
      }
      boolean sealed = shared && !file.allowsSharedWrites();
      if (sealed && (prot & Mman.PROT_WRITE) != 0) {
        return -Errno.EPERM;
      }
      mappable = file.mappable();
      if (mappable == null) {
        return -Errno.ENODEV;
      }
      if ((flags & Mman.MAP_GROWSDOWN) != 0) {
        return -Errno.EINVAL;
      }
      if (sealed || shared && !file.isWritable()) {
        vmaFlags = Vma.NOWRITE;
      }
      if (mappable == Mappable.ANONYMOUS) {
        file = null;
        mappable = null;
      }
    }
    return map(mm, addr, length, prot, flags, vmaFlags, file, mappable, offset);
  }

  /** mmap(2), when it is clear what is to be mapped. */
  static long map(
      MemoryManager mm,
      long addr,
      long length,
      int prot,
      int flags,
      int vmaFlags,
      @Nullable File file,
      @Nullable Mappable mappable,
      long offset) {
    int type = flags & Mman.MAP_TYPE;
    boolean shared = type == Mman.MAP_SHARED || type == Mman.MAP_SHARED_VALIDATE;
    if (length == 0 || (offset & (PAGE - 1)) != 0 || !shared && type != Mman.MAP_PRIVATE) {
      return -Errno.EINVAL;
    }
    if (type == Mman.MAP_SHARED_VALIDATE && (flags & Mman.MAP_SYNC) != 0) {
      return -Errno.EOPNOTSUPP;
    }
    if (length < 0 || length > mm.layout.max - mm.layout.min || (flags & Mman.MAP_HUGETLB) != 0) {
      return -Errno.ENOMEM;
    }
    length = MemoryManager.pageUp(length);
    if (offset < 0 || offset + length < 0) {
      return -Errno.EOVERFLOW;
    }
    if (!mm.pager.mayWait && (flags & (Mman.MAP_POPULATE | Mman.MAP_LOCKED)) != 0) {
      throw WouldWaitException.INSTANCE;
    }
    long start = choose(mm, addr, length, flags);
    if (start < 0) {
      return start;
    }
    long end = start + length;
    prot &= Mman.PROT_READ | Mman.PROT_WRITE | Mman.PROT_EXEC;
    if ((flags & Mman.MAP_LOCKED) != 0 && !Locking.mayLock(mm.pager.task)) {
      return -Errno.EPERM;
    }
    if ((mm.lockFuture || (flags & Mman.MAP_LOCKED) != 0) && !Locking.hasRoom(mm, length)) {
      return -Errno.EAGAIN;
    }
    if (mm.map.vmas.size() >= MAX_MAP_COUNT || !mayGrow(mm, length, prot, shared, flags)) {
      return -Errno.ENOMEM;
    }
    if (Sealing.isSealed(mm, start, end)) {
      return -Errno.EPERM;
    }
    Residency.writeBack(mm.pager.task, mm, start, end);
    boolean replaces = mm.map.isHostMapped(start, end);
    mm.map.removeVmas(mm.pager.task, start, end);
    mm.sites.forget(start, end);
    Vma v = new Vma(start, end, prot, vmaFlags | vmaFlags(mm, flags));
    v.file = file;
    v.mappable = mappable;
    v.offset = mappable == null ? 0 : offset;
    if (shared && mappable == null) {
      v.mappable = new SharedAnonymous(mm.memoryFile, length);
    } else {
      v.acquireBacking();
    }
    mm.map.insert(v);
    mm.pager.populate(v, start, end);
    if (replaces) {
      mm.map.unmapHostGaps(start, end);
    }
    mm.map.join(mm.pager.task, start, end);
    mm.changed();
    if (mm.patcher != null && mappable != null && (prot & Mman.PROT_EXEC) != 0) {
      Vma there = mm.map.vmas.at(start);
      if (there != null) {
        mm.patcher.patchKnown(mm, there);
      }
    }
    if ((flags & (Mman.MAP_POPULATE | Mman.MAP_LOCKED)) != 0 && (flags & Mman.MAP_NONBLOCK) == 0) {
      Residency.populateAll(mm, start, end);
    }
    return start;
  }

  static int vmaFlags(MemoryManager mm, int flags) {
    int result = 0;
    if ((flags & Mman.MAP_TYPE) != Mman.MAP_PRIVATE) {
      result |= Vma.SHARED;
    }
    if ((flags & Mman.MAP_GROWSDOWN) != 0) {
      result |= Vma.GROWSDOWN;
    }
    if ((flags & Mman.MAP_NORESERVE) != 0) {
      result |= Vma.NORESERVE;
    }
    if (mm.lockFuture || (flags & Mman.MAP_LOCKED) != 0) {
      result |= Vma.LOCKED;
    }
    return result;
  }

  /** Where a new mapping goes, or a negative errno. */
  private static long choose(MemoryManager mm, long addr, long length, int flags) {
    if ((flags & (Mman.MAP_FIXED | Mman.MAP_FIXED_NOREPLACE)) != 0) {
      if ((addr & (PAGE - 1)) != 0) {
        return -Errno.EINVAL;
      }
      if (addr < 0 || addr > mm.layout.max - length) {
        return -Errno.ENOMEM;
      }
      if (addr < mm.layout.min) {
        return -Errno.EPERM;
      }
      if ((flags & Mman.MAP_FIXED_NOREPLACE) != 0 && !mm.map.vmas.isFree(addr, addr + length)) {
        return -Errno.EEXIST;
      }
      return addr;
    }
    if (addr > 0 && addr <= mm.layout.max - length) {
      long hint = Math.max(MemoryManager.pageUp(addr), mm.layout.min);
      if (hint <= mm.layout.max - length
          && mm.map.findGap(length, hint, hint + length, PAGE, 0) == hint) {
        return hint;
      }
    }
    boolean low = (flags & Mman.MAP_32BIT) != 0;
    long top = low ? Math.min(mm.layout.mmapTop, 1L << 31) : mm.layout.mmapTop;
    long place = mm.map.findGap(length, mm.layout.min, top, PAGE, 0);
    if (place < 0 && !low) {
      place = mm.map.findGap(length, mm.layout.min, mm.layout.max, PAGE, 0);
    }
    return place < 0 ? -Errno.ENOMEM : place;
  }

  /** Whether the limits permit so much more. */
  static boolean mayGrow(MemoryManager mm, long length, int prot, boolean shared, int flags) {
    boolean charged = !shared && (prot & Mman.PROT_WRITE) != 0;
    if (charged
        && (flags & Mman.MAP_NORESERVE) == 0
        && length > mm.memoryFile.segment().byteSize()) {
      return false;
    }
    return !exceeds(mm, Resource.RLIMIT_AS, mm.map.mappedBytes + length)
        && (!charged || dataMayGrow(mm, length));
  }

  /** RLIMIT_DATA. */
  private static boolean dataMayGrow(MemoryManager mm, long length) {
    Task t = mm.pager.task;
    if (t == null || t.group.rlimits.soft(Resource.RLIMIT_DATA) == Resource.RLIM_INFINITY) {
      return true;
    }
    long bytes = mm.dataBytes() + length;
    long limit = t.group.rlimits.soft(Resource.RLIMIT_DATA);
    if (limit == 0) {
      limit = t.group.rlimits.hard(Resource.RLIMIT_DATA); // as Linux, for Valgrind's sake
    }
    return Long.compareUnsigned(bytes, limit) <= 0;
  }

  /** How many bytes more the stack of a task may grow by before RLIMIT_AS. */
  static long room(AddressMap map, @Nullable Task t) {
    long limit = t == null ? Resource.RLIM_INFINITY : t.group.rlimits.soft(Resource.RLIMIT_AS);
    return limit < 0 ? Long.MAX_VALUE : Math.max(0, limit - map.mappedBytes);
  }

  private static boolean exceeds(MemoryManager mm, int resource, long value) {
    Task t = mm.pager.task;
    return t != null && t.group.rlimits.exceeds(resource, value);
  }

  /** munmap(2). */
  public static long munmap(Task t, MemoryManager mm, long addr, long length) {
    mm.on(t);
    return unmap(mm, addr, length);
  }

  static long unmap(MemoryManager mm, long addr, long length) {
    if ((addr & (PAGE - 1)) != 0
        || length <= 0
        || addr < 0
        || addr > mm.layout.max
        || length > mm.layout.max - addr) {
      return -Errno.EINVAL;
    }
    long start = Math.max(addr, mm.layout.min);
    long end = MemoryManager.pageUp(addr + length);
    if (end <= start) {
      return 0;
    }
    if (mm.map.vmas.size() >= MAX_MAP_COUNT && mm.map.vmas.at(start) == mm.map.vmas.at(end)) {
      return -Errno.ENOMEM;
    }
    if (Sealing.isSealed(mm, start, end)) {
      return -Errno.EPERM;
    }
    Residency.writeBack(mm.pager.task, mm, start, end);
    boolean mapped = mm.map.isHostMapped(start, end);
    mm.map.removeVmas(mm.pager.task, start, end);
    mm.sites.forget(start, end);
    if (mapped) {
      mm.host.unmap(start, end);
    }
    mm.changed();
    return 0;
  }

  /** mprotect(2). */
  public static long mprotect(Task t, MemoryManager mm, long addr, long length, int prot) {
    mm.on(t);
    return protect(mm, addr, length, prot);
  }

  static long protect(MemoryManager mm, long addr, long length, int prot) {
    int grows = prot & (Mman.PROT_GROWSDOWN | Mman.PROT_GROWSUP);
    prot &= ~(grows | Mman.PROT_SEM);
    if ((addr & (PAGE - 1)) != 0 || grows == (Mman.PROT_GROWSDOWN | Mman.PROT_GROWSUP)) {
      return -Errno.EINVAL;
    }
    if (length == 0) {
      return 0;
    }
    long end = addr + MemoryManager.pageUp(length);
    if (Long.compareUnsigned(end, addr) <= 0) {
      return -Errno.ENOMEM;
    }
    if ((prot & ~(Mman.PROT_READ | Mman.PROT_WRITE | Mman.PROT_EXEC)) != 0) {
      return -Errno.EINVAL;
    }
    Vma first = mm.map.vmas.at(addr);
    if (first == null) {
      return -Errno.ENOMEM;
    }
    if (grows != 0) {
      if (grows == Mman.PROT_GROWSUP || !first.has(Vma.GROWSDOWN)) {
        return -Errno.EINVAL;
      }
      addr = first.start;
    }
    if (!mm.isInside(addr, length)) {
      return -Errno.ENOMEM;
    }
    if (mm.map.vmas.size() >= MAX_MAP_COUNT) {
      return -Errno.ENOMEM;
    }
    if ((prot & Mman.PROT_WRITE) != 0) {
      mm.unpatch(addr, end);
    }
    long at = addr;
    long result = 0;
    while (at < end) {
      Vma v = mm.map.vmas.at(at);
      if (v == null) {
        result = -Errno.ENOMEM;
        break;
      }
      if (v.has(Vma.SEALED)) {
        result = -Errno.EPERM;
        break;
      }
      if ((prot & Mman.PROT_WRITE) != 0 && v.has(Vma.NOWRITE)) {
        result = -Errno.EACCES;
        break;
      }
      if (v.prot != prot) {
        long part = Math.min(end, v.end) - at;
        if ((prot & ~v.prot & Mman.PROT_WRITE) != 0
            && v.isPrivate()
            && !v.has(Vma.STACK)
            && !dataMayGrow(mm, part)) {
          result = -Errno.ENOMEM;
          break;
        }
        mm.map.splitAt(at);
        mm.map.splitAt(end);
        v = mm.map.vmas.at(at);
        if (v == null) {
          throw new IllegalStateException("lost a mapping");
        }
        v.prot = prot;
        mm.map.protectHost(v.start, v.end);
        mm.pager.populate(v, v.start, v.end);
      }
      at = v.end;
    }
    mm.map.join(mm.pager.task, addr, Math.min(at, end));
    mm.changed();
    return result;
  }
}
