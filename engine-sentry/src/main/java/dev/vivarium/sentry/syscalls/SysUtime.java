package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Notify;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.Permissions;
import dev.vivarium.sentry.vfs.Times;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.WalkResult;

/** utime, utimes, futimesat, utimensat. */
final class SysUtime {
  private static final long UTIME_NOW = 0x3fffffff;
  private static final long UTIME_OMIT = 0x3ffffffe;
  private static final long NANOS = 1_000_000_000L;

  private SysUtime() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.UTIME, "utime", SysUtime::utime);
    b.full(Sys.UTIMES, "utimes", SysUtime::utimes);
    b.full(Sys.FUTIMESAT, "futimesat", SysUtime::futimesat);
    b.full(Sys.UTIMENSAT, "utimensat", SysUtime::utimensat);
  }

  static long utimensat(Task t, long dirfd, long path, long times, long flags, long a4, long a5) {
    long[] wanted = {0, UTIME_NOW, 0, UTIME_NOW};
    if (times != 0) {
      byte[] b = new byte[32];
      if (t.mm.copyIn(times, b, 0, 32) < 0) {
        return -Errno.EFAULT;
      }
      for (int i = 0; i < 4; i++) {
        wanted[i] = Bytes.getLong(b, 8 * i);
      }
      if (wanted[1] == UTIME_OMIT && wanted[3] == UTIME_OMIT) {
        return 0;
      }
    }
    if (((int) flags & ~(GuestPath.AT_SYMLINK_NOFOLLOW | GuestPath.AT_EMPTY_PATH)) != 0) {
      return -Errno.EINVAL;
    }
    if (path == 0 && (int) dirfd != Fcntl.AT_FDCWD) {
      if ((int) flags != 0) {
        return -Errno.EINVAL;
      }
      File f = t.fds.get((int) dirfd);
      return f == null ? -Errno.EBADF : change(t, f.where(), wanted);
    }
    return changePath(t, dirfd, path, GuestPath.walkFlags(flags), wanted);
  }

  static long utime(Task t, long path, long times, long a2, long a3, long a4, long a5) {
    long[] wanted = {0, UTIME_NOW, 0, UTIME_NOW};
    if (times != 0) {
      byte[] b = new byte[16];
      if (t.mm.copyIn(times, b, 0, 16) < 0) {
        return -Errno.EFAULT;
      }
      wanted = new long[] {Bytes.getLong(b, 0), 0, Bytes.getLong(b, 8), 0};
    }
    return changePath(t, Fcntl.AT_FDCWD, path, PathWalker.FOLLOW, wanted);
  }

  static long utimes(Task t, long path, long times, long a2, long a3, long a4, long a5) {
    return futimesat(t, Fcntl.AT_FDCWD, path, times, 0, 0, 0);
  }

  static long futimesat(Task t, long dirfd, long path, long times, long a3, long a4, long a5) {
    long[] wanted = {0, UTIME_NOW, 0, UTIME_NOW};
    if (times != 0) {
      byte[] b = new byte[32];
      if (t.mm.copyIn(times, b, 0, 32) < 0) {
        return -Errno.EFAULT;
      }
      for (int i = 0; i < 2; i++) {
        long micros = Bytes.getLong(b, 16 * i + 8);
        if (micros < 0 || micros >= 1_000_000) {
          return -Errno.EINVAL;
        }
        wanted[2 * i] = Bytes.getLong(b, 16 * i);
        wanted[2 * i + 1] = micros * 1000;
      }
    }
    if (path == 0 && (int) dirfd != Fcntl.AT_FDCWD) {
      File f = t.fds.get((int) dirfd);
      return f == null ? -Errno.EBADF : change(t, f.where(), wanted);
    }
    return changePath(t, dirfd, path, PathWalker.FOLLOW, wanted);
  }

  private static long changePath(Task t, long dirfd, long path, int walk, long[] wanted) {
    WalkResult found = new WalkResult();
    long rc = GuestPath.walk(t, dirfd, path, walk, found);
    return rc < 0 ? rc : change(t, found.path(), wanted);
  }

  /** Seconds and nanoseconds of the access time and of the modification time. */
  private static long change(Task t, VfsPath path, long[] wanted) {
    Inode inode = path.inode();
    if (path.mount().isReadOnly()) {
      return -Errno.EROFS;
    }
    long now = Times.now();
    AttrChange change = new AttrChange();
    for (int i = 0; i < 2; i++) {
      long nanos = wanted[2 * i + 1];
      if (nanos == UTIME_OMIT) {
        continue;
      }
      if (nanos != UTIME_NOW && (nanos < 0 || nanos >= NANOS)) {
        return -Errno.EINVAL;
      }
      long seconds = Math.max(-8_000_000_000L, Math.min(9_000_000_000L, wanted[2 * i]));
      long time = nanos == UTIME_NOW ? now : seconds * NANOS + nanos;
      if (i == 0) {
        change.set |= AttrChange.ATIME;
        change.atimeNanos = time;
      } else {
        change.set |= AttrChange.MTIME;
        change.mtimeNanos = time;
      }
    }
    long rc = inode.getattr(t);
    if (rc < 0) {
      return rc;
    }
    if (!Permissions.isOwner(t, inode)) {
      boolean bothNow = wanted[1] == UTIME_NOW && wanted[3] == UTIME_NOW;
      if (!bothNow) {
        return -Errno.EPERM;
      }
      rc = Permissions.check(t, inode, Permissions.WRITE);
      if (rc < 0) {
        return rc;
      }
    }
    return Notify.told(path, change, inode.setattr(t, change));
  }
}
