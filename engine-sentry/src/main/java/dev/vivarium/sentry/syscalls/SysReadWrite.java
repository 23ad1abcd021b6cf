package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.EventFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.GuestMemory;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Notify;
import org.jspecify.annotations.Nullable;

/**
 * read, write and their vector and positioned forms, lseek. Files that never wait are read and
 * written outside a coroutine: an interrupted transfer is then made again from its start, which
 * moves the same bytes to the same place.
 */
final class SysReadWrite {
  // RWF_* of linux/fs.h.
  private static final int RWF_HIPRI = 1;
  private static final int RWF_DSYNC = 2;
  private static final int RWF_SYNC = 4;
  private static final int RWF_NOWAIT = 8;
  private static final int RWF_APPEND = 16;
  private static final int RWF_NOAPPEND = 32;
  private static final int RWF_ALL =
      RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND | RWF_NOAPPEND;

  /** Use and move the file's own position. */
  private static final long CURRENT = -1;

  private SysReadWrite() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.READ, "read", SysReadWrite::read).fast();
    b.full(Sys.WRITE, "write", SysReadWrite::write).fast();
    b.full(Sys.PREAD64, "pread64", SysReadWrite::pread64).fast();
    b.full(Sys.PWRITE64, "pwrite64", SysReadWrite::pwrite64).fast();
    b.full(Sys.READV, "readv", SysReadWrite::readv).fast();
    b.full(Sys.WRITEV, "writev", SysReadWrite::writev).fast();
    b.full(Sys.PREADV, "preadv", SysReadWrite::preadv);
    b.full(Sys.PWRITEV, "pwritev", SysReadWrite::pwritev);
    b.full(Sys.PREADV2, "preadv2", SysReadWrite::preadv2);
    b.full(Sys.PWRITEV2, "pwritev2", SysReadWrite::pwritev2);
    b.full(Sys.LSEEK, "lseek", SysReadWrite::lseek).fast();
  }

  static long read(Task t, long fd, long buf, long count, long a3, long a4, long a5) {
    File f = t.fds.get((int) fd);
    if (f == null || !f.isReadable()) {
      return -Errno.EBADF;
    }
    return !GuestMemory.isUser(buf, count)
        ? -Errno.EFAULT
        : readFile(t, f, t.mm.uio(buf, count), CURRENT);
  }

  static long write(Task t, long fd, long buf, long count, long a3, long a4, long a5) {
    File f = t.fds.get((int) fd);
    if (f == null || !f.isWritable()) {
      return -Errno.EBADF;
    }
    return !GuestMemory.isUser(buf, count)
        ? -Errno.EFAULT
        : writeFile(t, f, t.mm.uio(buf, count), CURRENT, 0);
  }

  static long pread64(Task t, long fd, long buf, long count, long pos, long a4, long a5) {
    if (pos < 0) {
      return -Errno.EINVAL;
    }
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (!f.isSeekable()) {
      return -Errno.ESPIPE;
    }
    if (!f.isReadable()) {
      return -Errno.EBADF;
    }
    return !GuestMemory.isUser(buf, count)
        ? -Errno.EFAULT
        : readFile(t, f, t.mm.uio(buf, count), pos);
  }

  static long pwrite64(Task t, long fd, long buf, long count, long pos, long a4, long a5) {
    if (pos < 0) {
      return -Errno.EINVAL;
    }
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (!f.isSeekable()) {
      return -Errno.ESPIPE;
    }
    if (!f.isWritable()) {
      return -Errno.EBADF;
    }
    return !GuestMemory.isUser(buf, count)
        ? -Errno.EFAULT
        : writeFile(t, f, t.mm.uio(buf, count), pos, 0);
  }

  static long readv(Task t, long fd, long iov, long count, long a3, long a4, long a5) {
    return vector(t, fd, iov, count, CURRENT, 0, false);
  }

  static long writev(Task t, long fd, long iov, long count, long a3, long a4, long a5) {
    return vector(t, fd, iov, count, CURRENT, 0, true);
  }

  static long preadv(Task t, long fd, long iov, long count, long pos, long high, long a5) {
    return pos < 0 ? -Errno.EINVAL : vector(t, fd, iov, count, pos, 0, false);
  }

  static long pwritev(Task t, long fd, long iov, long count, long pos, long high, long a5) {
    return pos < 0 ? -Errno.EINVAL : vector(t, fd, iov, count, pos, 0, true);
  }

  static long preadv2(Task t, long fd, long iov, long count, long pos, long high, long flags) {
    return pos < CURRENT ? -Errno.EINVAL : vector(t, fd, iov, count, pos, (int) flags, false);
  }

  static long pwritev2(Task t, long fd, long iov, long count, long pos, long high, long flags) {
    return pos < CURRENT ? -Errno.EINVAL : vector(t, fd, iov, count, pos, (int) flags, true);
  }

  private static long vector(
      Task t, long fd, long iov, long count, long pos, int flags, boolean write) {
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (pos != CURRENT && !f.isSeekable()) {
      return -Errno.ESPIPE;
    }
    if (write ? !f.isWritable() : !f.isReadable()) {
      return -Errno.EBADF;
    }
    Uio uio = t.mm.uioVector(iov, (int) count);
    if (uio == null) {
      return t.mm.error();
    }
    if (write && f instanceof EventFile && (int) count > 1) {
      return writeEach(t, f, iov, (int) count);
    }
    if (uio.remaining() == 0) {
      return 0;
    }
    if ((flags & ~RWF_ALL) != 0
        || (flags & (RWF_APPEND | RWF_NOAPPEND)) == (RWF_APPEND | RWF_NOAPPEND)) {
      return -Errno.EOPNOTSUPP;
    }
    if ((flags & RWF_NOWAIT) != 0
        && !f.neverBlocks()
        && (f.poll() & (write ? Poll.OUT : Poll.IN)) == 0) {
      return -Errno.EAGAIN;
    }
    return write ? writeFile(t, f, uio, pos, flags) : readFile(t, f, uio, pos);
  }

  /** A file that only knows write(2) gets the parts one by one. */
  private static long writeEach(Task t, File f, long iov, int count) {
    t.needCoroutine();
    long done = 0;
    for (int i = 0; i < count; i++) {
      long base = t.mm.readLong(iov + 16L * i);
      long length = t.mm.readLong(iov + 16L * i + 8);
      long n =
          t.mm.error() != 0 ? -Errno.EFAULT : writeFile(t, f, t.mm.uio(base, length), CURRENT, 0);
      if (n < 0) {
        return done > 0 ? done : n;
      }
      done += n;
    }
    return done;
  }

  /**
   * Reads at a position, or at the file's own and moves it. The result is the caller's as it is:
   * see {@link Task#NEEDS_COROUTINE}.
   */
  static long readFile(Task t, File f, Uio dst, long pos) {
    if (t.isAnsweredFast() && !f.readsAtOnce(dst)) {
      return Task.NEEDS_COROUTINE;
    }
    f.acquire();
    try {
      boolean seekable = f.isSeekable();
      if (seekable && (pos == CURRENT ? f.position : pos) + dst.remaining() < 0) {
        return -Errno.EINVAL;
      }
      long n = f.read(t, dst, pos != CURRENT ? pos : seekable ? f.position : 0);
      t.countRead(n);
      if (n > 0) {
        if (pos == CURRENT && seekable) {
          f.position += n;
        }
        Notify.event(f, Notify.IN_ACCESS);
      }
      return n;
    } finally {
      f.drop(t);
    }
  }

  /**
   * Writes at a position, or at the file's own and moves it; the result as in {@link #readFile}.
   */
  static long writeFile(Task t, File f, Uio src, long pos, int rwf) {
    if (t.isAnsweredFast() && !f.writesAtOnce(src)) {
      return Task.NEEDS_COROUTINE;
    }
    f.acquire();
    try {
      boolean seekable = f.isSeekable();
      if (!seekable) {
        long n = f.write(t, src, 0);
        t.countWrite(n);
        if (n > 0) {
          Notify.event(f, Notify.IN_MODIFY);
        }
        return n;
      }
      boolean append =
          (rwf & RWF_APPEND) != 0 || ((f.flags & Fcntl.O_APPEND) != 0 && (rwf & RWF_NOAPPEND) == 0);
      long at = pos == CURRENT ? f.position : pos;
      if (append) {
        long rc = f.inode.getattr(t);
        if (rc < 0) {
          return rc;
        }
        at = f.inode.size;
      }
      if (at + src.remaining() < 0) {
        return -Errno.EINVAL;
      }
      Uio bounded = f.inode.isRegular() ? FileSizeLimit.bound(t, src, at) : src;
      if (bounded == null) {
        return -Errno.EFBIG;
      }
      long n = f.write(t, bounded, at);
      t.countWrite(n);
      if (n > 0) {
        if (pos == CURRENT) {
          f.position = at + n;
        }
        Notify.event(f, Notify.IN_MODIFY);
      }
      if (n > 0 && ((rwf & (RWF_DSYNC | RWF_SYNC)) != 0 || (f.flags & Fcntl.O_DSYNC) != 0)) {
        long rc = f.sync(t);
        if (rc < 0) {
          return rc;
        }
      }
      return n;
    } finally {
      f.drop(t);
    }
  }

  static long lseek(Task t, long fd, long offset, long whence, long a3, long a4, long a5) {
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if ((int) whence < 0 || (int) whence > Fcntl.SEEK_HOLE) {
      return -Errno.EINVAL;
    }
    return f.seek(t, offset, (int) whence);
  }

  /** The file if it is open for reading; null: -EBADF. */
  static @Nullable File readable(Task t, long fd) {
    File f = t.fds.get((int) fd);
    return f != null && f.isReadable() ? f : null;
  }

  /** The file if it is open for writing; null: -EBADF. */
  static @Nullable File writable(Task t, long fd) {
    File f = t.fds.get((int) fd);
    return f != null && f.isWritable() ? f : null;
  }
}
