package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.PidFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.Tracing;
import dev.vivarium.sentry.memory.Advice;
import dev.vivarium.sentry.memory.GuestMemory;
import dev.vivarium.sentry.memory.Locking;
import dev.vivarium.sentry.memory.Mappings;
import dev.vivarium.sentry.memory.Remap;
import dev.vivarium.sentry.memory.Residency;
import dev.vivarium.sentry.memory.Sealing;
import dev.vivarium.sentry.memory.StackAndHeap;
import dev.vivarium.sentry.vfs.File;

/** mmap and its relatives, brk, memory locking and memory policies. */
final class SysMemory {
  private static final long PAGE = 4096;
  private static final int MLOCK_ONFAULT = 1;
  private static final int UNDEFINED_PROTECTION = 1 << 30;
  private static final int IOVEC_SIZE = 16;

  private SysMemory() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.MMAP, "mmap", SysMemory::mmap).fast();
    b.full(Sys.MUNMAP, "munmap", SysMemory::munmap).fast();
    b.full(Sys.MPROTECT, "mprotect", SysMemory::mprotect).fast();
    b.full(Sys.MREMAP, "mremap", SysMemory::mremap);
    b.full(Sys.BRK, "brk", SysMemory::brk).fast();
    b.full(Sys.MADVISE, "madvise", SysMemory::madvise);
    b.full(Sys.MSYNC, "msync", SysMemory::msync);
    b.partial(
        Sys.MINCORE,
        "mincore",
        SysMemory::mincore,
        "Memory counts as present when it is set aside, though the host may not have filled it.");
    String counted = "Memory is counted as locked but the host may page it out.";
    b.partial(Sys.MLOCK, "mlock", SysMemory::mlock, counted);
    b.partial(Sys.MLOCK2, "mlock2", SysMemory::mlock2, counted);
    b.full(Sys.MUNLOCK, "munlock", SysMemory::munlock);
    b.partial(Sys.MLOCKALL, "mlockall", SysMemory::mlockall, counted);
    b.full(Sys.MUNLOCKALL, "munlockall", SysMemory::munlockall);
    b.partial(
        Sys.PKEY_MPROTECT,
        "pkey_mprotect",
        SysMemory::pkeyMprotect,
        "As on a processor without protection keys: only the key -1 is valid.");
    b.full(Sys.PKEY_ALLOC, "pkey_alloc", SysMemory::pkeyAlloc);
    b.full(Sys.REMAP_FILE_PAGES, "remap_file_pages", SysMemory::remapFilePages);
    b.full(Sys.PROCESS_MADVISE, "process_madvise", SysMemory::processMadvise);
    b.full(Sys.PROCESS_MRELEASE, "process_mrelease", SysMemory::processMrelease);
    b.full(Sys.MSEAL, "mseal", SysMemory::mseal);
    b.full(Sys.PKEY_FREE, "pkey_free", SysMemory::pkeyFree);
    b.unsupported(Sys.USERFAULTFD, "userfaultfd", "Page faults are the sentry's own.").probed();
    b.unsupported(Sys.MEMFD_SECRET, "memfd_secret", "The sentry can read all guest memory.")
        .probed();
  }

  static long mmap(Task t, long addr, long length, long prot, long flags, long fd, long offset) {
    if ((offset & (PAGE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    File file = null;
    if ((flags & Mman.MAP_ANONYMOUS) == 0) {
      file = t.fds.get((int) fd);
      if (file == null || (file.flags & Fcntl.O_PATH) != 0) {
        return -Errno.EBADF;
      }
    }
    return Mappings.mmap(t, t.mm, addr, length, (int) prot, (int) flags, file, offset);
  }

  static long munmap(Task t, long addr, long length, long a2, long a3, long a4, long a5) {
    return Mappings.munmap(t, t.mm, addr, length);
  }

  static long mprotect(Task t, long addr, long length, long prot, long a3, long a4, long a5) {
    return Mappings.mprotect(t, t.mm, addr, length, protection(prot));
  }

  /** PROT_* with an undefined bit for all that are in the upper half. */
  private static int protection(long prot) {
    return (int) prot | (prot >>> 32 != 0 ? UNDEFINED_PROTECTION : 0);
  }

  static long mremap(
      Task t, long old, long oldLength, long newLength, long flags, long to, long a5) {
    if (flags >>> 32 != 0) {
      return -Errno.EINVAL;
    }
    return Remap.mremap(t, t.mm, old, oldLength, newLength, (int) flags, to);
  }

  static long brk(Task t, long end, long a1, long a2, long a3, long a4, long a5) {
    return StackAndHeap.brk(t, t.mm, end);
  }

  static long madvise(Task t, long addr, long length, long advice, long a3, long a4, long a5) {
    return Advice.madvise(t, t.mm, addr, length, (int) advice);
  }

  static long msync(Task t, long addr, long length, long flags, long a3, long a4, long a5) {
    if (((int) flags & ~(Mman.MS_ASYNC | Mman.MS_INVALIDATE | Mman.MS_SYNC)) != 0
        || (flags & (Mman.MS_ASYNC | Mman.MS_SYNC)) == (Mman.MS_ASYNC | Mman.MS_SYNC)
        || (addr & (PAGE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    return Residency.msync(
        t, t.mm, addr, length, (flags & Mman.MS_SYNC) != 0, (flags & Mman.MS_INVALIDATE) != 0);
  }

  static long mincore(Task t, long addr, long length, long vec, long a3, long a4, long a5) {
    if ((addr & (PAGE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    if (!GuestMemory.isUser(addr, length)) {
      return -Errno.ENOMEM;
    }
    long pages = (length + PAGE - 1) >>> 12;
    if (!GuestMemory.isUser(vec, pages)) {
      return -Errno.EFAULT;
    }
    byte[] present = new byte[(int) Math.min(pages, 4096)];
    for (long done = 0; done < pages; ) {
      int count = (int) Math.min(present.length, pages - done);
      long result = Residency.mincore(t.mm, addr + done * PAGE, present, count);
      if (result == 0) {
        result = t.mm.copyOut(vec + done, present, 0, count);
      }
      if (result < 0) {
        return result;
      }
      done += count;
    }
    return 0;
  }

  static long mlock(Task t, long addr, long length, long a2, long a3, long a4, long a5) {
    return Locking.lock(t, t.mm, addr, length, false);
  }

  static long mlock2(Task t, long addr, long length, long flags, long a3, long a4, long a5) {
    if (((int) flags & ~MLOCK_ONFAULT) != 0) {
      return -Errno.EINVAL;
    }
    return Locking.lock(t, t.mm, addr, length, (int) flags != 0);
  }

  static long munlock(Task t, long addr, long length, long a2, long a3, long a4, long a5) {
    return Locking.unlock(t, t.mm, addr, length);
  }

  static long mlockall(Task t, long flags, long a1, long a2, long a3, long a4, long a5) {
    return Locking.lockAll(t, t.mm, (int) flags);
  }

  static long munlockall(Task t, long a0, long a1, long a2, long a3, long a4, long a5) {
    return Locking.unlockAll(t, t.mm);
  }

  static long pkeyMprotect(Task t, long addr, long length, long prot, long key, long a4, long a5) {
    return (int) key == -1
        ? Mappings.mprotect(t, t.mm, addr, length, protection(prot))
        : -Errno.EINVAL;
  }

  static long pkeyAlloc(Task t, long flags, long rights, long a2, long a3, long a4, long a5) {
    return flags != 0 || (rights & ~3) != 0 ? -Errno.EINVAL : -Errno.ENOSPC;
  }

  static long pkeyFree(Task t, long key, long a1, long a2, long a3, long a4, long a5) {
    return -Errno.EINVAL;
  }

  static long mseal(Task t, long start, long length, long flags, long a3, long a4, long a5) {
    return flags != 0 ? -Errno.EINVAL : Sealing.seal(t, t.mm, start, length);
  }

  static long remapFilePages(
      Task t, long start, long length, long prot, long page, long flags, long a5) {
    return prot != 0 ? -Errno.EINVAL : Remap.remapFilePages(t, t.mm, start, length, page);
  }

  static long processMadvise(
      Task t, long pidfd, long vector, long count, long advice, long flags, long a5) {
    if ((int) flags != 0) {
      return -Errno.EINVAL;
    }
    if (t.mm.uioVector(vector, (int) count) == null) {
      return t.mm.error();
    }
    byte[] b = new byte[(int) count * IOVEC_SIZE];
    if (t.mm.copyIn(vector, b, 0, b.length) != 0) {
      return -Errno.EFAULT;
    }
    if (!(t.fds.get((int) pidfd) instanceof PidFile file)) {
      return -Errno.EBADF;
    }
    Task target = file.process().leader();
    if (file.process().isDead() || target.hasExited()) {
      return -Errno.ESRCH;
    }
    switch ((int) advice) {
      case Mman.MADV_COLD, Mman.MADV_PAGEOUT, Mman.MADV_WILLNEED, Mman.MADV_COLLAPSE -> {}
      default -> {
        return -Errno.EINVAL;
      }
    }
    if (!Tracing.mayAccess(t, target)
        || target.mm != t.mm && !t.creds.capable(Capability.CAP_SYS_NICE)) {
      return -Errno.EPERM;
    }
    long done = 0;
    for (int at = 0; at < b.length; at += IOVEC_SIZE) {
      long start = Bytes.getLong(b, at);
      long length = Bytes.getLong(b, at + 8);
      long rc =
          target.mm == t.mm
              ? Advice.madvise(t, t.mm, start, length, (int) advice)
              : Advice.adviseForeign(t, target.mm, start, length, (int) advice);
      if (rc < 0) {
        return done > 0 ? done : rc;
      }
      done += length;
    }
    return done;
  }

  /** Memory goes when the process ends; here only whether it does. */
  static long processMrelease(Task t, long pidfd, long flags, long a2, long a3, long a4, long a5) {
    if ((int) flags != 0) {
      return -Errno.EINVAL;
    }
    if (!(t.fds.get((int) pidfd) instanceof PidFile file)) {
      return -Errno.EBADF;
    }
    ThreadGroup g = file.process();
    if (g.isDead()) {
      return -Errno.ESRCH;
    }
    return g.isExiting() ? 0 : -Errno.EINVAL;
  }
}
