package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Mount;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.WalkResult;

/** statfs, fstatfs. */
final class SysStatfs {
  /** struct statfs of asm-generic/statfs.h. */
  private static final int STATFS_SIZE = 120;

  private static final int ST_VALID = 0x20;
  private static final int ST_RELATIME = 0x1000;

  private SysStatfs() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.STATFS, "statfs", SysStatfs::statfs);
    b.full(Sys.FSTATFS, "fstatfs", SysStatfs::fstatfs);
  }

  static long statfs(Task t, long path, long buf, long a2, long a3, long a4, long a5) {
    WalkResult found = new WalkResult();
    long rc = GuestPath.walk(t, Fcntl.AT_FDCWD, path, PathWalker.FOLLOW, found);
    return rc < 0 ? rc : statfs(t, found.mount(), buf);
  }

  static long fstatfs(Task t, long fd, long buf, long a2, long a3, long a4, long a5) {
    File f = t.fds.getAny((int) fd);
    return f == null ? -Errno.EBADF : statfs(t, f.where().mount(), buf);
  }

  private static long statfs(Task t, Mount m, long buf) {
    FileSystem.Statfs s = new FileSystem.Statfs();
    s.type = m.fs.magic();
    s.fsid = m.fs.dev;
    int kept = Mount.RDONLY | Mount.NOSUID | Mount.NODEV | Mount.NOEXEC | Mount.NOATIME;
    s.flags = (m.flags() & kept) | ST_VALID;
    if (m.isReadOnly()) {
      s.flags |= Mount.RDONLY;
    }
    if ((m.flags() & Mount.RELATIME) != 0) {
      s.flags |= ST_RELATIME;
    }
    long rc = m.fs.statfs(t, s);
    if (rc < 0) {
      return rc;
    }
    byte[] b = new byte[STATFS_SIZE];
    long[] fields = {
      s.type,
      s.blockSize,
      s.blocks,
      s.blocksFree,
      s.blocksAvailable,
      s.files,
      s.filesFree,
      s.fsid,
      s.nameLength,
      s.fragmentSize,
      s.flags
    };
    for (int i = 0; i < fields.length; i++) {
      Bytes.putLong(b, 8 * i, fields[i]);
    }
    return t.mm.copyOut(buf, b, 0, STATFS_SIZE);
  }
}
