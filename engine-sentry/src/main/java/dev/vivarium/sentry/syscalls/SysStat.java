package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Mount;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.WalkResult;

/** stat, lstat, fstat, newfstatat, statx. */
final class SysStat {
  private static final int FSTATAT_FLAGS =
      GuestPath.AT_SYMLINK_NOFOLLOW | GuestPath.AT_NO_AUTOMOUNT | GuestPath.AT_EMPTY_PATH;

  private SysStat() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.STAT, "stat", SysStat::stat).fast();
    b.full(Sys.LSTAT, "lstat", SysStat::lstat).fast();
    b.full(Sys.FSTAT, "fstat", SysStat::fstat).fast();
    b.full(Sys.NEWFSTATAT, "newfstatat", SysStat::newfstatat).fast();
    b.full(Sys.STATX, "statx", SysStat::statx).fast();
  }

  static long stat(Task t, long path, long buf, long a2, long a3, long a4, long a5) {
    return statPath(t, Fcntl.AT_FDCWD, path, PathWalker.FOLLOW, buf);
  }

  static long lstat(Task t, long path, long buf, long a2, long a3, long a4, long a5) {
    return statPath(t, Fcntl.AT_FDCWD, path, 0, buf);
  }

  static long fstat(Task t, long fd, long buf, long a2, long a3, long a4, long a5) {
    File f = t.fds.getAny((int) fd);
    return f == null ? -Errno.EBADF : copyStat(t, f.inode, buf);
  }

  static long newfstatat(Task t, long dirfd, long path, long buf, long flags, long a4, long a5) {
    if (((int) flags & ~(FSTATAT_FLAGS | Fcntl.AT_STATX_SYNC_TYPE)) != 0) {
      return -Errno.EINVAL;
    }
    if ((flags & GuestPath.AT_EMPTY_PATH) != 0 && (int) dirfd >= 0 && isEmpty(t, path)) {
      return fstat(t, dirfd, buf, 0, 0, 0, 0);
    }
    return statPath(t, dirfd, path, GuestPath.walkFlags(flags), buf);
  }

  /** With AT_EMPTY_PATH, a null pointer counts as an empty path too. */
  private static boolean isEmpty(Task t, long path) {
    return path == 0 || (t.mm.readByte(path) == 0 && t.mm.error() == 0);
  }

  private static long statPath(Task t, long dirfd, long path, int walkFlags, long buf) {
    WalkResult found = new WalkResult();
    long rc = GuestPath.walk(t, dirfd, path, walkFlags, found);
    return rc < 0 ? rc : copyStat(t, found.inode(), buf);
  }

  private static long copyStat(Task t, Inode inode, long buf) {
    long rc = inode.getattr(t);
    return rc < 0 ? rc : t.mm.copyOut(buf, StatLayout.stat(inode), 0, StatLayout.STAT_SIZE);
  }

  static long statx(Task t, long dirfd, long path, long flags, long mask, long buf, long a5) {
    if (((int) mask & StatLayout.STATX_RESERVED) != 0
        || (flags & Fcntl.AT_STATX_SYNC_TYPE) == Fcntl.AT_STATX_SYNC_TYPE
        || ((int) flags & ~(FSTATAT_FLAGS | Fcntl.AT_STATX_SYNC_TYPE)) != 0) {
      return -Errno.EINVAL;
    }
    VfsPath place;
    if ((flags & GuestPath.AT_EMPTY_PATH) != 0 && (int) dirfd >= 0 && isEmpty(t, path)) {
      File f = t.fds.getAny((int) dirfd);
      if (f == null) {
        return -Errno.EBADF;
      }
      place = f.where();
    } else {
      WalkResult found = new WalkResult();
      long rc = GuestPath.walk(t, dirfd, path, GuestPath.walkFlags(flags), found);
      if (rc < 0) {
        return rc;
      }
      place = found.path();
    }
    Inode inode = place.inode();
    long rc = inode.getattr(t);
    if (rc < 0) {
      return rc;
    }
    Mount m = place.mount();
    byte[] b = StatLayout.statx(inode, m.id, place.dentry() == m.root);
    return t.mm.copyOut(buf, b, 0, StatLayout.STATX_SIZE);
  }
}
