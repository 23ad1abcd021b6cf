package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Notify;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.Permissions;
import dev.vivarium.sentry.vfs.WalkResult;

/** truncate, ftruncate, fallocate. */
final class SysTruncate {
  private static final int FALLOC_FL_ZERO_RANGE = 16;

  private SysTruncate() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.TRUNCATE, "truncate", SysTruncate::truncate);
    b.full(Sys.FTRUNCATE, "ftruncate", SysTruncate::ftruncate);
    // Like Linux's own memory file systems, it refuses to collapse or insert ranges.
    b.full(Sys.FALLOCATE, "fallocate", SysTruncate::fallocate);
  }

  static long truncate(Task t, long path, long length, long a2, long a3, long a4, long a5) {
    if (length < 0) {
      return -Errno.EINVAL;
    }
    WalkResult found = new WalkResult();
    long rc = GuestPath.walk(t, Fcntl.AT_FDCWD, path, PathWalker.FOLLOW, found);
    if (rc < 0) {
      return rc;
    }
    Inode inode = found.inode();
    if (inode.isDirectory()) {
      return -Errno.EISDIR;
    }
    if (!inode.isRegular()) {
      return -Errno.EINVAL;
    }
    if (found.mount().isReadOnly()) {
      return -Errno.EROFS;
    }
    rc = Permissions.check(t, inode, Permissions.WRITE);
    if (rc < 0) {
      return rc;
    }
    if (!FileSizeLimit.allows(t, length)) {
      return -Errno.EFBIG;
    }
    AttrChange change = new AttrChange();
    change.set = AttrChange.SIZE;
    change.size = length;
    return Notify.told(found.path(), change, inode.setattr(t, change));
  }

  static long ftruncate(Task t, long fd, long length, long a2, long a3, long a4, long a5) {
    if (length < 0) {
      return -Errno.EINVAL;
    }
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (!f.inode.isRegular() || !f.isWritable()) {
      return -Errno.EINVAL;
    }
    if (!FileSizeLimit.allows(t, length)) {
      return -Errno.EFBIG;
    }
    return modified(f, f.truncate(t, length));
  }

  static long fallocate(
      Task t, long fd, long modeArgument, long offset, long length, long a4, long a5) {
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (offset < 0 || length <= 0) {
      return -Errno.EINVAL;
    }
    int mode = (int) modeArgument;
    int known = Fcntl.FALLOC_FL_KEEP_SIZE | Fcntl.FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
    boolean punch = (mode & Fcntl.FALLOC_FL_PUNCH_HOLE) != 0;
    boolean zero = (mode & FALLOC_FL_ZERO_RANGE) != 0;
    if ((mode & ~known) != 0
        || (punch && zero)
        || (punch && (mode & Fcntl.FALLOC_FL_KEEP_SIZE) == 0)) {
      return -Errno.EOPNOTSUPP;
    }
    if (!f.isWritable()) {
      return -Errno.EBADF;
    }
    int type = f.inode.mode & Stat.S_IFMT;
    if (type == Stat.S_IFIFO) {
      return -Errno.ESPIPE;
    }
    if (type == Stat.S_IFDIR) {
      return -Errno.EISDIR;
    }
    if (type != Stat.S_IFREG) {
      return -Errno.ENODEV;
    }
    if (offset + length < 0) {
      return -Errno.EFBIG;
    }
    if (!punch && !FileSizeLimit.allows(t, offset + length)) {
      return offset + length > FileSizeLimit.MAX_FILE_SIZE ? -Errno.ENOSPC : -Errno.EFBIG;
    }
    return modified(f, f.allocate(t, mode, offset, length));
  }

  private static long modified(File f, long rc) {
    if (rc == 0) {
      Notify.event(f, Notify.IN_MODIFY);
    }
    return rc;
  }
}
