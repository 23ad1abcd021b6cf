package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;

/** fsync and its relatives, and advice about files. */
final class SysSync {
  private static final int SYNC_FILE_RANGE_ALL = 7;

  private SysSync() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.SYNC, "sync", (t, a0, a1, a2, a3, a4, a5) -> 0).fast();
    b.full(Sys.SYNCFS, "syncfs", SysSync::syncfs).fast();
    b.full(Sys.FSYNC, "fsync", SysSync::fsync);
    b.full(Sys.FDATASYNC, "fdatasync", SysSync::fsync);
    b.full(Sys.SYNC_FILE_RANGE, "sync_file_range", SysSync::syncFileRange);
    b.full(Sys.FADVISE64, "fadvise64", SysSync::fadvise64).fast();
    b.full(Sys.READAHEAD, "readahead", SysSync::readahead).fast();
  }

  static long syncfs(Task t, long fd, long a1, long a2, long a3, long a4, long a5) {
    return t.fds.get((int) fd) == null ? -Errno.EBADF : 0;
  }

  static long fsync(Task t, long fd, long a1, long a2, long a3, long a4, long a5) {
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    int type = f.inode.mode & Stat.S_IFMT;
    if (type != Stat.S_IFREG && type != Stat.S_IFDIR && type != Stat.S_IFBLK) {
      return -Errno.EINVAL;
    }
    f.acquire();
    try {
      return f.sync(t);
    } finally {
      f.drop(t);
    }
  }

  static long syncFileRange(
      Task t, long fd, long offset, long length, long flags, long a4, long a5) {
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (offset < 0
        || length < 0
        || offset + length < 0
        || ((int) flags & ~SYNC_FILE_RANGE_ALL) != 0) {
      return -Errno.EINVAL;
    }
    int type = f.inode.mode & Stat.S_IFMT;
    boolean stored =
        type == Stat.S_IFREG
            || type == Stat.S_IFDIR
            || type == Stat.S_IFBLK
            || type == Stat.S_IFLNK;
    return stored ? 0 : -Errno.ESPIPE;
  }

  static long fadvise64(Task t, long fd, long offset, long length, long advice, long a4, long a5) {
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if ((f.inode.mode & Stat.S_IFMT) == Stat.S_IFIFO) {
      return -Errno.ESPIPE;
    }
    return length < 0 || (int) advice < 0 || (int) advice > Fcntl.POSIX_FADV_NOREUSE
        ? -Errno.EINVAL
        : 0;
  }

  static long readahead(Task t, long fd, long offset, long count, long a3, long a4, long a5) {
    File f = SysReadWrite.readable(t, fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    return f.inode.isRegular() && count >= 0 ? 0 : -Errno.EINVAL;
  }
}
