package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.PipeFile;
import dev.vivarium.sentry.ipc.Splice;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.net.SocketFile;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Notify;

/** sendfile, copy_file_range, flock. */
final class SysCopy {
  private static final int CHUNK = 1 << 16;
  private static final long MAX_COUNT = 0x7ffff000L;
  private static final int LOCK_MAND = 32;

  /** A file's own position. */
  private static final long CURRENT = -1;

  private SysCopy() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.SENDFILE, "sendfile", SysCopy::sendfile);
    b.full(Sys.COPY_FILE_RANGE, "copy_file_range", SysCopy::copyFileRange);
    b.full(Sys.FLOCK, "flock", SysCopy::flock);
  }

  static long sendfile(Task t, long out, long in, long offsetAt, long count, long a4, long a5) {
    long from = CURRENT;
    if (offsetAt != 0) {
      from = t.mm.readLong(offsetAt);
      if (t.mm.error() < 0) {
        return t.mm.error();
      }
    }
    long n = send(t, (int) out, (int) in, offsetAt != 0, from, count);
    // The offset is written back whatever came of it.
    if (offsetAt != 0 && t.mm.writeLong(offsetAt, from + Math.max(n, 0)) < 0) {
      return -Errno.EFAULT;
    }
    return n;
  }

  private static long send(Task t, int out, int in, boolean hasOffset, long offset, long count) {
    File source = SysReadWrite.readable(t, in);
    if (source == null) {
      return -Errno.EBADF;
    }
    if (hasOffset && !source.isSeekable()) {
      return -Errno.ESPIPE;
    }
    long from = hasOffset ? offset : source.position;
    if (from < 0 || count < 0 || from + count < 0) {
      return -Errno.EINVAL;
    }
    File target = SysReadWrite.writable(t, out);
    if (target == null) {
      return -Errno.EBADF;
    }
    if ((target.flags & Fcntl.O_APPEND) != 0 && !(target instanceof PipeFile)) {
      return -Errno.EINVAL;
    }
    if (count == 0) {
      return 0;
    }
    long n;
    if (source instanceof SocketFile && target instanceof PipeFile pipe) {
      n = toPipe(t, source, pipe, count);
    } else if (!source.isSeekable() || !source.canSplice()) {
      return -Errno.EINVAL;
    } else {
      n = copy(t, source, from, target, CURRENT, Math.min(count, MAX_COUNT));
    }
    if (n > 0 && !hasOffset && source.isSeekable()) {
      source.position = from + n;
    }
    return n;
  }

  private static long toPipe(Task t, File source, PipeFile pipe, long count) {
    source.acquire();
    pipe.acquire();
    try {
      return Splice.toPipe(t, source, 0, pipe, count, pipe.isNonBlocking());
    } finally {
      source.drop(t);
      pipe.drop(t);
    }
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
    if ((int) flags != 0) {
      return -Errno.EINVAL;
    }
    if (source.inode.isDirectory() || target.inode.isDirectory()) {
      return -Errno.EISDIR;
    }
    if (!source.inode.isRegular() || !target.inode.isRegular()) {
      return -Errno.EINVAL;
    }
    if (!source.isReadable() || !target.isWritable() || (target.flags & Fcntl.O_APPEND) != 0) {
      return -Errno.EBADF;
    }
    if (source.inode.fs != target.inode.fs) {
      return -Errno.EXDEV;
    }
    if (Long.compareUnsigned(from + count, from) < 0 || Long.compareUnsigned(to + count, to) < 0) {
      return -Errno.EOVERFLOW;
    }
    long length = count < 0 ? MAX_COUNT : Math.min(count, MAX_COUNT);
    if (from < 0 || to < 0 || from + length < 0 || to + length < 0) {
      return -Errno.EINVAL;
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
    if ((operation & LOCK_MAND) != 0) {
      return 0; // once for Samba, now nothing
    }
    boolean wait = (operation & Fcntl.LOCK_NB) == 0;
    int kind = (int) operation & ~Fcntl.LOCK_NB;
    if (kind != Fcntl.LOCK_SH && kind != Fcntl.LOCK_EX && kind != Fcntl.LOCK_UN) {
      return -Errno.EINVAL;
    }
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (kind == Fcntl.LOCK_UN) {
      f.inode.locks().unlockWhole(f);
      return 0;
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
