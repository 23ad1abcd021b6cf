package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.NameOps;
import dev.vivarium.sentry.vfs.PathNames;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.Renamer;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.WalkResult;
import java.nio.charset.StandardCharsets;

/** link, symlink, readlink, unlink, rename. */
final class SysLink {
  private SysLink() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.LINK, "link", SysLink::link);
    b.full(Sys.LINKAT, "linkat", SysLink::linkat);
    b.full(Sys.SYMLINK, "symlink", SysLink::symlink);
    b.full(Sys.SYMLINKAT, "symlinkat", SysLink::symlinkat);
    b.full(Sys.READLINK, "readlink", SysLink::readlink).fast();
    b.full(Sys.READLINKAT, "readlinkat", SysLink::readlinkat).fast();
    b.full(Sys.UNLINK, "unlink", SysLink::unlink);
    b.full(Sys.UNLINKAT, "unlinkat", SysLink::unlinkat);
    b.full(Sys.RENAME, "rename", SysLink::rename);
    b.full(Sys.RENAMEAT, "renameat", SysLink::renameat);
    b.full(Sys.RENAMEAT2, "renameat2", SysLink::renameat2);
  }

  static long link(Task t, long from, long to, long a2, long a3, long a4, long a5) {
    return linkat(t, Fcntl.AT_FDCWD, from, Fcntl.AT_FDCWD, to, 0, 0);
  }

  static long linkat(
      Task t, long oldDirfd, long from, long newDirfd, long to, long flags, long a5) {
    if (((int) flags & ~(GuestPath.AT_SYMLINK_FOLLOW | GuestPath.AT_EMPTY_PATH)) != 0) {
      return -Errno.EINVAL;
    }
    int walk = (flags & GuestPath.AT_SYMLINK_FOLLOW) != 0 ? PathWalker.FOLLOW : 0;
    if ((flags & GuestPath.AT_EMPTY_PATH) != 0) {
      walk |= PathWalker.EMPTY;
      if (!mayLinkOpen(t, (int) oldDirfd) && t.mm.readByte(from) == 0 && t.mm.error() == 0) {
        return -Errno.ENOENT;
      }
    }
    WalkResult found = new WalkResult();
    long rc = GuestPath.walk(t, oldDirfd, from, walk, found);
    if (rc < 0) {
      return rc;
    }
    String newPath = GuestPath.read(t, to);
    return newPath == null ? t.mm.error() : NameOps.link(t, found.path(), (int) newDirfd, newPath);
  }

  /** Whether a task may give an open file a name: it opened it itself, or may read everything. */
  private static boolean mayLinkOpen(Task t, int fd) {
    File f = t.fds.getAny(fd);
    return f == null
        || f.opener == null
        || f.opener == t.creds
        || t.creds.capable(Capability.CAP_DAC_READ_SEARCH);
  }

  static long symlink(Task t, long target, long path, long a2, long a3, long a4, long a5) {
    return symlinkat(t, target, Fcntl.AT_FDCWD, path, 0, 0, 0);
  }

  static long symlinkat(Task t, long target, long dirfd, long path, long a3, long a4, long a5) {
    String text = GuestPath.read(t, target);
    if (text == null) {
      return t.mm.error();
    }
    String p = GuestPath.read(t, path);
    return p == null ? t.mm.error() : NameOps.symlink(t, text, (int) dirfd, p);
  }

  static long readlink(Task t, long path, long buf, long size, long a3, long a4, long a5) {
    return readlinkat(t, Fcntl.AT_FDCWD, path, buf, size, 0, 0);
  }

  static long readlinkat(Task t, long dirfd, long path, long buf, long size, long a4, long a5) {
    if ((int) size <= 0) {
      return -Errno.EINVAL;
    }
    WalkResult found = new WalkResult();
    long rc = GuestPath.walk(t, dirfd, path, PathWalker.EMPTY, found);
    if (rc < 0) {
      return rc;
    }
    Inode inode = found.inode();
    if (!inode.isSymlink()) {
      return found.lastKind == WalkResult.Last.ROOT && found.last.isEmpty()
          ? -Errno.ENOENT
          : -Errno.EINVAL;
    }
    String target = inode.readlink(t);
    if (target == null) {
      VfsPath jump = inode.jump(t);
      if (jump == null) {
        return -Errno.ENOENT;
      }
      target = PathNames.of(jump, t.fs.root());
    }
    byte[] bytes = target.getBytes(StandardCharsets.ISO_8859_1);
    int n = Math.min(bytes.length, (int) size);
    return t.mm.copyOut(buf, bytes, 0, n) < 0 ? -Errno.EFAULT : n;
  }

  static long unlink(Task t, long path, long a1, long a2, long a3, long a4, long a5) {
    return unlinkat(t, Fcntl.AT_FDCWD, path, 0, 0, 0, 0);
  }

  static long unlinkat(Task t, long dirfd, long path, long flags, long a3, long a4, long a5) {
    if (((int) flags & ~Fcntl.AT_REMOVEDIR) != 0) {
      return -Errno.EINVAL;
    }
    String p = GuestPath.read(t, path);
    if (p == null) {
      return t.mm.error();
    }
    return (flags & Fcntl.AT_REMOVEDIR) != 0
        ? NameOps.rmdir(t, (int) dirfd, p)
        : NameOps.unlink(t, (int) dirfd, p);
  }

  static long rename(Task t, long from, long to, long a2, long a3, long a4, long a5) {
    return renameat2(t, Fcntl.AT_FDCWD, from, Fcntl.AT_FDCWD, to, 0, 0);
  }

  static long renameat(Task t, long oldDirfd, long from, long newDirfd, long to, long a4, long a5) {
    return renameat2(t, oldDirfd, from, newDirfd, to, 0, 0);
  }

  static long renameat2(
      Task t, long oldDirfd, long from, long newDirfd, long to, long flags, long a5) {
    if (!Renamer.isKnown((int) flags)) {
      return -Errno.EINVAL;
    }
    String oldPath = GuestPath.read(t, from);
    if (oldPath == null) {
      return t.mm.error();
    }
    String newPath = GuestPath.read(t, to);
    if (newPath == null) {
      long error = t.mm.error();
      // What is wrong with the first path counts before that the second is none.
      WalkResult found = new WalkResult();
      long rc = PathWalker.walk(t, (int) oldDirfd, oldPath, PathWalker.PARENT, found);
      return rc < 0 ? rc : error;
    }
    return Renamer.rename(t, (int) oldDirfd, oldPath, (int) newDirfd, newPath, (int) flags);
  }
}
