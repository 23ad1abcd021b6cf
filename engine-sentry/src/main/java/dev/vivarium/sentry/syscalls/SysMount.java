package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Mount;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.WalkResult;

/** mount, umount2. */
final class SysMount {
  // MS_* of linux/mount.h that say what to do; the others are those of Mount.
  private static final int MS_NOUSER = 1 << 31;
  private static final int MS_REMOUNT = 32;
  private static final int MS_BIND = 4096;
  private static final int MS_MOVE = 8192;
  private static final int MS_REC = 16384;
  private static final int MS_PROPAGATION = (1 << 17) | (1 << 18) | (1 << 19) | (1 << 20);
  private static final long MS_MGC_MASK = 0xffff0000L;
  private static final long MS_MGC_VAL = 0xc0ed0000L;

  private static final int KEPT =
      Mount.RDONLY
          | Mount.NOSUID
          | Mount.NODEV
          | Mount.NOEXEC
          | Mount.NOATIME
          | Mount.NODIRATIME
          | Mount.RELATIME;

  private static final int MNT_FORCE = 1;
  private static final int MNT_DETACH = 2;
  private static final int MNT_EXPIRE = 4;
  private static final int UMOUNT_NOFOLLOW = 8;

  private SysMount() {}

  static void register(SyscallTable.Builder b) {
    b.partial(
        Sys.MOUNT,
        "mount",
        SysMount::mount,
        "tmpfs, proc, sysfs, devpts, mqueue and cgroup2, bind and remount; options of types but"
            + " tmpfs and propagation are accepted and have no effect.");
    b.partial(
        Sys.UMOUNT2, "umount2", SysMount::umount2, "A mount that is in use can be unmounted.");
    b.unsupported(Sys.PIVOT_ROOT, "pivot_root", "Use chroot.");
  }

  static long mount(Task t, long source, long target, long type, long flags, long data, long a5) {
    String typeName = type == 0 ? "" : t.mm.copyInString(type, 4095);
    if (typeName == null) {
      return textError(t);
    }
    String device = source == 0 ? "none" : t.mm.copyInString(source, 4095);
    if (device == null) {
      return textError(t);
    }
    t.mm.readByte(data);
    if (data != 0 && t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    int f = (int) ((flags & MS_MGC_MASK) == MS_MGC_VAL ? flags & ~MS_MGC_MASK : flags);
    WalkResult at = new WalkResult();
    long rc = GuestPath.walk(t, Fcntl.AT_FDCWD, target, PathWalker.FOLLOW, at);
    if (rc < 0) {
      return rc;
    }
    if ((f & MS_NOUSER) != 0) {
      return -Errno.EINVAL;
    }
    if (!t.creds.capable(Capability.CAP_SYS_ADMIN)) {
      return -Errno.EPERM;
    }
    VfsPath where = at.path();
    if ((f & MS_REMOUNT) != 0) {
      if (where.dentry() != where.mount().root) {
        return -Errno.EINVAL;
      }
      t.fs.namespace().remount(where.mount(), f & KEPT);
      return 0;
    }
    if ((f & MS_BIND) != 0) {
      WalkResult from = new WalkResult();
      rc = PathWalker.walk(t, Fcntl.AT_FDCWD, device, PathWalker.FOLLOW, from);
      return rc < 0 ? rc : t.fs.namespace().bind(from.path(), where, (f & MS_REC) != 0);
    }
    if ((f & MS_PROPAGATION) != 0) {
      return where.dentry() == where.mount().root ? 0 : -Errno.EINVAL;
    }
    if ((f & MS_MOVE) != 0) {
      return -Errno.EINVAL;
    }
    FileSystem fs;
    if (typeName.equals("tmpfs") || typeName.equals("ramfs")) {
      String options = data == 0 ? "" : t.mm.copyInString(data, 4095);
      if (options == null) {
        return t.mm.error();
      }
      fs = TmpfsOptions.make(t.kernel(), options);
      if (fs == null) {
        return -Errno.EINVAL;
      }
    } else {
      fs = t.kernel().mountable(typeName);
      if (fs == null) {
        return -Errno.ENODEV;
      }
    }
    return t.fs.namespace().mount(where, fs, fs.rootDentry(), device, f & KEPT);
  }

  /** A text that is too long is no path here. */
  private static long textError(Task t) {
    return t.mm.error() == -Errno.ENAMETOOLONG ? -Errno.EINVAL : t.mm.error();
  }

  static long umount2(Task t, long target, long flags, long a2, long a3, long a4, long a5) {
    if (((int) flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) != 0) {
      return -Errno.EINVAL;
    }
    WalkResult at = new WalkResult();
    int walk = (flags & UMOUNT_NOFOLLOW) != 0 ? 0 : PathWalker.FOLLOW;
    long rc = GuestPath.walk(t, Fcntl.AT_FDCWD, target, walk, at);
    if (rc < 0) {
      return rc;
    }
    if (!t.creds.capable(Capability.CAP_SYS_ADMIN)) {
      return -Errno.EPERM;
    }
    if (at.dentry() != at.mount().root) {
      return -Errno.EINVAL;
    }
    return t.fs.namespace().unmount(at.mount(), (flags & MNT_DETACH) != 0);
  }
}
