package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Notify;

/** sendfile, copy_file_range, flock. */
final class SysCopy {
  private static final int CHUNK = 1 << 16;
  private static final long MAX_COUNT = 0x7ffff000L;

  private SysCopy() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.SENDFILE, "sendfile", SysCopy::sendfile);
    b.full(Sys.COPY_FILE_RANGE, "copy_file_range", SysCopy::copyFileRange);
    b.full(Sys.FLOCK, "flock", SysCopy::flock);
  }

  static long sendfile(Task t, long out, long in, long offsetAt, long count, long a4, long a5) {
    File source = SysReadWrite.readable(t, in);
    File target = SysReadWrite.writable(t, out);
    if (source == null || target == null) {
      return -Errno.EBADF;
    }
    if (!source.isSeekable() || source.inode.isDirectory()) {
      return -Errno.EINVAL;
    }
    if ((target.flags & Fcntl.O_APPEND) != 0 || count < 0) {
      return -Errno.EINVAL;
    }
    long from = source.position;
    if (offsetAt != 0) {
      from = t.mm.readLong(offsetAt);
      if (t.mm.error() < 0) {
        return t.mm.error();
      }
      if (from < 0) {
        return -Errno.EINVAL;
      }
    }
    long n = copy(t, source, from, target, -1, Math.min(count, MAX_COUNT));
    if (n > 0) {
      if (offsetAt == 0) {
        source.position = from + n;
      } else if (t.mm.writeLong(offsetAt, from + n) < 0) {
        return -Errno.EFAULT;
      }
    }
    return n;
  }

  /** Copies between files; {@code to} is -1 for the target's own position. */
  private static long copy(Task t, File source, long from, File target, long to, long count) {
    source.acquire();
    target.acquire();
    try {
      byte[] buffer = new byte[(int) Math.min(CHUNK, Math.max(count, 1))];
      long done = 0;
      while (done < count) {
        int wanted = (int) Math.min(buffer.length, count - done);
        long got = source.read(t, Uio.of(buffer, 0, wanted), from + done);
        if (got <= 0) {
          return done > 0 ? done : got;
        }
        Notify.event(source, Notify.IN_ACCESS);
        long put = 0;
        while (put < got) {
          Uio piece = Uio.of(buffer, (int) put, (int) (got - put));
          long n = SysReadWrite.writeFile(t, target, piece, to < 0 ? -1 : to + done + put, 0);
          if (n <= 0) {
            return done + put > 0 ? done + put : n;
          }
          put += n;
        }
        done += got;
      }
      return done;
    } finally {
      source.drop(t);
      target.drop(t);
    }
  }

  static long copyFileRange(
      Task t, long in, long inOffset, long out, long outOffset, long count, long flags) {
    File source = t.fds.get((int) in);
    File target = t.fds.get((int) out);
    if (source == null || target == null) {
      return -Errno.EBADF;
    }
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    long from = source.position;
    long to = target.position;
    if (inOffset != 0) {
      from = t.mm.readLong(inOffset);
      if (t.mm.error() < 0) {
        return t.mm.error();
      }
    }
    if (outOffset != 0) {
      to = t.mm.readLong(outOffset);
      if (t.mm.error() < 0) {
        return t.mm.error();
      }
    }
    if (source.inode.isDirectory() || target.inode.isDirectory()) {
      return -Errno.EISDIR;
    }
    if (!source.inode.isRegular() || !target.inode.isRegular() || from < 0 || to < 0) {
      return -Errno.EINVAL;
    }
    if (!source.isReadable() || !target.isWritable() || (target.flags & Fcntl.O_APPEND) != 0) {
      return -Errno.EBADF;
    }
    long length = Math.min(count & Long.MAX_VALUE, MAX_COUNT);
    if (from + length < 0 || to + length < 0) {
      return -Errno.EOVERFLOW;
    }
    if (source.inode == target.inode && from < to + length && to < from + length) {
      return -Errno.EINVAL;
    }
    long n = copy(t, source, from, target, to, length);
    if (n <= 0) {
      return n;
    }
    if (inOffset == 0) {
      source.position = from + n;
    } else if (t.mm.writeLong(inOffset, from + n) < 0) {
      return -Errno.EFAULT;
    }
    if (outOffset == 0) {
      target.position = to + n;
    } else if (t.mm.writeLong(outOffset, to + n) < 0) {
      return -Errno.EFAULT;
    }
    return n;
  }

  static long flock(Task t, long fd, long operation, long a2, long a3, long a4, long a5) {
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    boolean wait = (operation & Fcntl.LOCK_NB) == 0;
    int kind = (int) operation & ~Fcntl.LOCK_NB;
    if (kind == Fcntl.LOCK_UN) {
      f.inode.locks().unlockWhole(f);
      return 0;
    }
    if (kind != Fcntl.LOCK_SH && kind != Fcntl.LOCK_EX) {
      return -Errno.EINVAL;
    }
    f.acquire();
    try {
      boolean exclusive = kind == Fcntl.LOCK_EX;
      if (f.inode.locks().lockWhole(f, t.group.pid(), exclusive)) {
        return 0;
      }
      // A lock that the file already has is given up before the wait, as Linux does.
      f.inode.locks().unlockWhole(f);
      while (!f.inode.locks().lockWhole(f, t.group.pid(), exclusive)) {
        if (!wait) {
          return -Errno.EAGAIN;
        }
        long rc = t.waitOn(f.inode.locks().queue(), Task.NO_DEADLINE);
        if (rc < 0) {
          return rc;
        }
      }
      return 0;
    } finally {
      f.drop(t);
    }
  }
}
