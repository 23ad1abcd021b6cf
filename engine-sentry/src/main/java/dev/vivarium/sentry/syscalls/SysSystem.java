package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Signaling;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Mount;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Old questions about file systems (ustat, sysfs), and new ones about security modules. */
final class SysSystem {
  /** What sysfs(2) counts: the types that can be mounted here or are. */
  private static final List<String> TYPES =
      List.of("sysfs", "tmpfs", "proc", "devtmpfs", "pipefs", "sockfs", "devpts", "overlay");

  private static final int USTAT_SIZE = 32;

  private static final long LSM_ID_CAPABILITY = 100;
  private static final int LSM_FLAG_SINGLE = 1;

  private SysSystem() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.USTAT, "ustat", SysSystem::ustat);
    b.full(Sys.SYSFS, "sysfs", SysSystem::sysfs);
    b.full(Sys.LSM_LIST_MODULES, "lsm_list_modules", SysSystem::listModules);
    b.full(Sys.LSM_GET_SELF_ATTR, "lsm_get_self_attr", SysSystem::getSelfAttr);
    b.full(Sys.LSM_SET_SELF_ATTR, "lsm_set_self_attr", SysSystem::setSelfAttr);
    b.full(Sys.URETPROBE, "uretprobe", SysSystem::uretprobe);
    b.partial(
            Sys.MAP_SHADOW_STACK,
            "map_shadow_stack",
            (t, a0, a1, a2, a3, a4, a5) -> -Errno.EOPNOTSUPP,
            "As on a processor without shadow stacks: EOPNOTSUPP.")
        .fast();
  }

  static long ustat(Task t, long device, long address, long a2, long a3, long a4, long a5) {
    int wanted = (int) device;
    for (Mount m : t.fs.namespace().mounts()) {
      // The old encoding has 8 bits for the minor number; higher ones cannot be asked for.
      if ((int) m.fs.dev == wanted) {
        FileSystem.Statfs s = new FileSystem.Statfs();
        long rc = m.fs.statfs(t, s);
        if (rc < 0) {
          return rc;
        }
        byte[] b = new byte[USTAT_SIZE];
        Bytes.putInt(b, 0, (int) s.blocksFree);
        Bytes.putLong(b, 8, s.filesFree);
        return t.mm.copyOut(address, b, 0, b.length);
      }
    }
    return -Errno.EINVAL;
  }

  static long sysfs(Task t, long option, long arg1, long arg2, long a3, long a4, long a5) {
    switch ((int) option) {
      case 1 -> {
        String name = GuestPath.read(t, arg1);
        if (name == null) {
          return t.mm.error();
        }
        if (name.isEmpty()) {
          return -Errno.ENOENT;
        }
        int index = TYPES.indexOf(name);
        return index < 0 ? -Errno.EINVAL : index;
      }
      case 2 -> {
        if ((int) arg1 < 0 || (int) arg1 >= TYPES.size()) {
          return -Errno.EINVAL;
        }
        byte[] name = (TYPES.get((int) arg1) + "\0").getBytes(StandardCharsets.ISO_8859_1);
        return t.mm.copyOut(arg2, name, 0, name.length);
      }
      case 3 -> {
        return TYPES.size();
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
  }

  /** The only module is the one that is in every kernel: capabilities. */
  static long listModules(Task t, long ids, long sizeAt, long flags, long a3, long a4, long a5) {
    if ((int) flags != 0) {
      return -Errno.EINVAL;
    }
    int room = t.mm.readInt(sizeAt);
    if (t.mm.error() != 0 || t.mm.writeInt(sizeAt, 8) < 0) {
      return -Errno.EFAULT;
    }
    if (Integer.compareUnsigned(room, 8) < 0) {
      return -Errno.E2BIG;
    }
    return t.mm.writeLong(ids, LSM_ID_CAPABILITY) < 0 ? -Errno.EFAULT : 1;
  }

  static long getSelfAttr(
      Task t, long attribute, long context, long sizeAt, long flags, long a4, long a5) {
    if ((int) attribute == 0 || sizeAt == 0) {
      return -Errno.EINVAL;
    }
    t.mm.readInt(sizeAt);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if ((int) flags != 0) {
      if ((int) flags != LSM_FLAG_SINGLE || context == 0) {
        return -Errno.EINVAL;
      }
      byte[] b = new byte[32];
      if (t.mm.copyIn(context, b, 0, b.length) < 0) {
        return -Errno.EFAULT;
      }
      if (Bytes.getLong(b, 0) == 0) {
        return -Errno.EINVAL;
      }
    }
    return t.mm.writeInt(sizeAt, 0) < 0 ? -Errno.EFAULT : -Errno.EOPNOTSUPP;
  }

  static long setSelfAttr(
      Task t, long attribute, long context, long size, long flags, long a4, long a5) {
    int n = (int) size;
    if ((int) flags != 0) {
      return -Errno.EINVAL;
    }
    if (Integer.compareUnsigned(n, 32) < 0) {
      return -Errno.EINVAL;
    }
    if (Integer.compareUnsigned(n, 4096) > 0) {
      return -Errno.E2BIG;
    }
    byte[] b = new byte[n];
    if (t.mm.copyIn(context, b, 0, n) < 0) {
      return -Errno.EFAULT;
    }
    long length = Bytes.getLong(b, 16);
    long bytes = Bytes.getLong(b, 24);
    boolean fits = length >= 32 && length <= n && bytes >= 0 && bytes <= n && 32 + bytes <= length;
    return fits ? -Errno.EOPNOTSUPP : -Errno.EINVAL;
  }

  /** Only the kernel's own trampoline may make this call, and here is none. */
  static long uretprobe(Task t, long a0, long a1, long a2, long a3, long a4, long a5) {
    Signaling.illegalInstruction(t);
    return -1;
  }
}
