package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.PipeFile;
import dev.vivarium.sentry.ipc.Splice;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Notify;

/** splice, tee, vmsplice. */
final class SysSplice {
  private static final int ALL_FLAGS =
      Fcntl.SPLICE_F_MOVE | Fcntl.SPLICE_F_NONBLOCK | Fcntl.SPLICE_F_MORE | Fcntl.SPLICE_F_GIFT;

  private SysSplice() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.SPLICE, "splice", SysSplice::splice);
    b.full(Sys.TEE, "tee", SysSplice::tee);
    b.partial(
        Sys.VMSPLICE,
        "vmsplice",
        SysSplice::vmsplice,
        "Pages are copied: what the program changes afterwards does not show in the pipe.");
  }

  static long splice(
      Task t, long fdIn, long offIn, long fdOut, long offOut, long length, long flags) {
    if (length == 0) {
      return 0;
    }
    if (((int) flags & ~ALL_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    File in = t.fds.get((int) fdIn);
    File out = t.fds.get((int) fdOut);
    if (in == null || out == null) {
      return -Errno.EBADF;
    }
    if (in instanceof PipeFile && offIn != 0 || out instanceof PipeFile && offOut != 0) {
      return -Errno.ESPIPE;
    }
    long to = offOut == 0 ? out.position : t.mm.readLong(offOut);
    if (offOut != 0 && t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    long from = offIn == 0 ? in.position : t.mm.readLong(offIn);
    if (offIn != 0 && t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if (!in.isReadable() || !out.isWritable()) {
      return -Errno.EBADF;
    }
    if (in instanceof PipeFile a && out instanceof PipeFile b) {
      if (a.pipe() == b.pipe()) {
        return -Errno.EINVAL;
      }
    } else if (in instanceof PipeFile) {
      if (offOut != 0 && !out.isSeekable()
          || (out.flags & Fcntl.O_APPEND) != 0 && out.isSeekable()
          || isOutside(to, length)) {
        return -Errno.EINVAL;
      }
    } else if (out instanceof PipeFile) {
      if (offIn != 0 && !in.isSeekable() || isOutside(from, length) || !in.canSplice()) {
        return -Errno.EINVAL;
      }
    } else {
      return -Errno.EINVAL;
    }
    in.acquire();
    out.acquire();
    try {
      boolean nonBlocking = (flags & Fcntl.SPLICE_F_NONBLOCK) != 0;
      return in instanceof PipeFile pipe
          ? moved(t, out, offOut, to, Splice.fromPipe(t, pipe, out, to, length, nonBlocking), true)
          : moved(
              t,
              in,
              offIn,
              from,
              Splice.toPipe(t, in, from, (PipeFile) out, length, nonBlocking),
              false);
    } finally {
      in.drop(t);
      out.drop(t);
    }
  }

  /** Whether a range of a file has no end, or begins before it. */
  private static boolean isOutside(long offset, long length) {
    return offset < 0 || length < 0 || offset + length < 0;
  }

  private static long moved(Task t, File f, long offsetAt, long offset, long n, boolean written) {
    if (n > 0) {
      Notify.event(f, written ? Notify.IN_MODIFY : Notify.IN_ACCESS);
      if (offsetAt != 0) {
        return t.mm.writeLong(offsetAt, offset + n) < 0 ? -Errno.EFAULT : n;
      }
      if (f.isSeekable()) {
        f.position = offset + n;
      }
    }
    return n;
  }

  static long tee(Task t, long fdIn, long fdOut, long length, long flags, long a4, long a5) {
    if (((int) flags & ~ALL_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    if (length == 0) {
      return 0;
    }
    File in = t.fds.get((int) fdIn);
    File out = t.fds.get((int) fdOut);
    if (in == null || out == null || !in.isReadable() || !out.isWritable()) {
      return -Errno.EBADF;
    }
    if (!(in instanceof PipeFile a) || !(out instanceof PipeFile b) || a.pipe() == b.pipe()) {
      return -Errno.EINVAL;
    }
    in.acquire();
    out.acquire();
    try {
      return Splice.tee(t, a, b, length, (flags & Fcntl.SPLICE_F_NONBLOCK) != 0);
    } finally {
      in.drop(t);
      out.drop(t);
    }
  }

  static long vmsplice(Task t, long fd, long iov, long count, long flags, long a4, long a5) {
    if (((int) flags & ~ALL_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    File file = t.fds.get((int) fd);
    if (file == null) {
      return -Errno.EBADF;
    }
    Uio uio = t.mm.uioVector(iov, (int) count);
    if (uio == null) {
      return t.mm.error();
    }
    if (uio.remaining() == 0) {
      return 0;
    }
    if (!(file instanceof PipeFile pipe)) {
      return -Errno.EBADF;
    }
    boolean nonBlocking = (flags & Fcntl.SPLICE_F_NONBLOCK) != 0 || pipe.isNonBlocking();
    pipe.acquire();
    try {
      return pipe.isWritable()
          ? writeEach(t, pipe, iov, (int) count, nonBlocking)
          : pipe.pipe().read(t, uio, nonBlocking);
    } finally {
      pipe.drop(t);
    }
  }

  /** Part by part: what comes before one that cannot be read goes into the pipe. */
  private static long writeEach(Task t, PipeFile pipe, long iov, int count, boolean nonBlocking) {
    long done = 0;
    for (int i = 0; i < count; i++) {
      long base = t.mm.readLong(iov + 16L * i);
      long length = t.mm.readLong(iov + 16L * i + 8);
      long n =
          t.mm.error() != 0
              ? -Errno.EFAULT
              : pipe.pipe().write(t, t.mm.uio(base, length), nonBlocking || done > 0, false);
      if (n < 0) {
        return done > 0 ? done : n;
      }
      done += n;
      if (n < length) {
        break;
      }
    }
    return done;
  }
}
