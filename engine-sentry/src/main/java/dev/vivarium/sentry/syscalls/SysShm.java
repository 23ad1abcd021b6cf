package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.sysv.IpcObject;
import dev.vivarium.sentry.ipc.sysv.IpcTable;
import dev.vivarium.sentry.ipc.sysv.SharedSegment;
import dev.vivarium.sentry.ipc.sysv.SysvIpc;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappings;
import dev.vivarium.sentry.memory.Vma;
import dev.vivarium.sentry.vfs.File;
import java.util.ArrayList;
import java.util.List;

/** shmget, shmat, shmdt, shmctl. */
final class SysShm {
  // linux/shm.h
  private static final int SHM_HUGETLB = 04000;
  private static final int SHM_RDONLY = 010000;
  private static final int SHM_RND = 020000;
  private static final int SHM_REMAP = 040000;
  private static final int SHM_EXEC = 0100000;
  private static final int SHM_LOCK = 11;
  private static final int SHM_UNLOCK = 12;
  private static final int SHM_STAT = 13;
  private static final int SHM_INFO = 14;
  private static final int SHM_STAT_ANY = 15;

  private static final long PAGE = 4096;
  private static final int SHMINFO_SIZE = 72;
  private static final int SHM_INFO_SIZE = 48;

  private SysShm() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.SHMGET, "shmget", SysShm::shmget);
    b.full(Sys.SHMAT, "shmat", SysShm::shmat);
    b.full(Sys.SHMDT, "shmdt", SysShm::shmdt);
    b.full(Sys.SHMCTL, "shmctl", SysShm::shmctl);
  }

  private static IpcTable<SharedSegment> segments(Task t) {
    return t.kernel().ipc().segments();
  }

  static long shmget(Task t, long key, long size, long flags, long a3, long a4, long a5) {
    IpcTable.Maker<SharedSegment> maker =
        new IpcTable.Maker<>() {
          @Override
          public long make(IpcTable<SharedSegment> table) {
            if (size == 0 || Long.compareUnsigned(size, SysvIpc.SHMMAX) > 0) {
              return -Errno.EINVAL;
            }
            if (table.all().size() >= SysvIpc.SHMMNI) {
              return -Errno.ENOSPC;
            }
            if ((flags & SHM_HUGETLB) != 0
                || Long.compareUnsigned(size, t.kernel().memoryFile().segment().byteSize()) > 0) {
              return -Errno.ENOMEM;
            }
            return table.add(new SharedSegment(t, t.kernel().ipc(), (int) key, (int) flags, size));
          }

          @Override
          public long fits(SharedSegment found) {
            return Long.compareUnsigned(size, found.size()) > 0 ? -Errno.EINVAL : 0;
          }
        };
    return segments(t).get(t.creds, (int) key, (int) flags, maker);
  }

  static long shmat(Task t, long id, long address, long flags, long a3, long a4, long a5) {
    if ((int) id < 0) {
      return -Errno.EINVAL;
    }
    long at = address;
    if (at != 0) {
      if ((at & (PAGE - 1)) != 0) {
        if ((flags & SHM_RND) == 0) {
          return -Errno.EINVAL;
        }
        at &= -PAGE;
        if (at == 0 && (flags & SHM_REMAP) != 0) {
          return -Errno.EINVAL;
        }
      }
    } else if ((flags & SHM_REMAP) != 0) {
      return -Errno.EINVAL;
    }
    SharedSegment segment = segments(t).byId((int) id);
    if (segment == null) {
      return -Errno.EINVAL;
    }
    boolean readOnly = (flags & SHM_RDONLY) != 0;
    int wanted = IpcObject.READ | (readOnly ? 0 : IpcObject.WRITE);
    int prot = Mman.PROT_READ | (readOnly ? 0 : Mman.PROT_WRITE);
    if ((flags & SHM_EXEC) != 0) {
      wanted |= 0111;
      prot |= Mman.PROT_EXEC;
    }
    if (!segment.permits(t.creds, wanted)) {
      return -Errno.EACCES;
    }
    long length = segment.size() + PAGE - 1 & -PAGE;
    int how = Mman.MAP_SHARED;
    if (address != 0) {
      how |= (flags & SHM_REMAP) != 0 ? Mman.MAP_FIXED : Mman.MAP_FIXED_NOREPLACE;
    }
    File file = segment.attach(t, readOnly);
    long result = Mappings.mmap(t, t.mm, at, length, prot, how, file, 0);
    file.drop(t);
    return result == -Errno.EEXIST ? -Errno.EINVAL : result;
  }

  static long shmdt(Task t, long address, long a1, long a2, long a3, long a4, long a5) {
    if ((address & (PAGE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    // The first mapping from the address on that lies where the segment, attached there, would.
    File[] file = {null};
    List<Vma> parts = new ArrayList<>();
    t.mm.forEachVma(v -> {
      File f = v.file();
      boolean fits =
          f != null
              && SharedSegment.isAttachment(f)
              && v.start() >= address
              && v.start() - address == v.fileOffset();
      if (fits && (file[0] == null || file[0] == f)) {
        file[0] = f;
        parts.add(v);
      }
    });
    for (Vma v : parts) {
      Mappings.munmap(t, t.mm, v.start(), v.end() - v.start());
    }
    return parts.isEmpty() ? -Errno.EINVAL : 0;
  }

  static long shmctl(Task t, long id, long command, long arg, long a3, long a4, long a5) {
    if ((int) id < 0 || (int) command < 0) {
      return -Errno.EINVAL;
    }
    return switch ((int) command) {
      case IpcObject.IPC_INFO -> limits(t, arg);
      case SHM_INFO -> inUse(t, arg);
      case IpcObject.IPC_STAT, SHM_STAT, SHM_STAT_ANY, IpcObject.IPC_SET, IpcObject.IPC_RMID ->
          IpcControl.control(t, segments(t), (int) id, (int) command, SHM_STAT, arg);
      case SHM_LOCK, SHM_UNLOCK -> lock(t, (int) id, (int) command == SHM_LOCK);
      default -> -Errno.EINVAL;
    };
  }

  private static long lock(Task t, int id, boolean lock) {
    SharedSegment segment = segments(t).byId(id);
    if (segment == null) {
      return -Errno.EINVAL;
    }
    if (!t.creds.capable(Capability.CAP_IPC_LOCK)) {
      boolean mayLock = t.group.rlimits.soft(Resource.RLIMIT_MEMLOCK) != 0;
      if (!segment.isOwner(t.creds) || lock && !mayLock) {
        return -Errno.EPERM;
      }
    }
    segment.setLocked(lock);
    return 0;
  }

  private static long limits(Task t, long arg) {
    byte[] b = new byte[SHMINFO_SIZE];
    Bytes.putLong(b, 0, SysvIpc.SHMMAX);
    Bytes.putLong(b, 8, 1);
    Bytes.putLong(b, 16, SysvIpc.SHMMNI);
    Bytes.putLong(b, 24, SysvIpc.SHMMNI);
    Bytes.putLong(b, 32, SysvIpc.SHMMAX);
    return t.mm.copyOut(arg, b, 0, b.length) < 0 ? -Errno.EFAULT : segments(t).highestIndex();
  }

  private static long inUse(Task t, long arg) {
    long pages = 0;
    for (SharedSegment s : segments(t).all()) {
      pages += (s.size() + PAGE - 1) / PAGE;
    }
    byte[] b = new byte[SHM_INFO_SIZE];
    Bytes.putInt(b, 0, segments(t).all().size());
    Bytes.putLong(b, 8, pages);
    Bytes.putLong(b, 16, pages);
    return t.mm.copyOut(arg, b, 0, b.length) < 0 ? -Errno.EFAULT : segments(t).highestIndex();
  }
}
