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
    if ((flags & ~ALL_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    File in = t.fds.get((int) fdIn);
    File out = t.fds.get((int) fdOut);
    if (in == null || out == null || !in.isReadable() || !out.isWritable()) {
      return -Errno.EBADF;
    }
    if (in instanceof PipeFile && offIn != 0 || out instanceof PipeFile && offOut != 0) {
      return -Errno.ESPIPE;
    }
    if (!(in instanceof PipeFile) && !(out instanceof PipeFile)
        || (out.flags & Fcntl.O_APPEND) != 0 && out.isSeekable()) {
      return -Errno.EINVAL;
    }
    if (in instanceof PipeFile a && out instanceof PipeFile b) {
      if (a.pipe() == b.pipe()) {
        return -Errno.EINVAL;
      }
    } else if (length < 0) {
      return -Errno.EINVAL; // a file's range must have an end; a pipe takes any size_t
    }
    if (length == 0) {
      return 0;
    }
    in.acquire();
    out.acquire();
    try {
      boolean nonBlocking = (flags & Fcntl.SPLICE_F_NONBLOCK) != 0;
      return in instanceof PipeFile pipe
          ? fromPipe(t, pipe, out, offOut, length, nonBlocking)
          : toPipe(t, in, offIn, (PipeFile) out, length, nonBlocking);
    } finally {
      in.drop(t);
      out.drop(t);
    }
  }

  private static long fromPipe(
      Task t, PipeFile in, File out, long offsetAt, long length, boolean nonBlocking) {
    long offset = offsetAt == 0 ? out.position : t.mm.readLong(offsetAt);
    if (offsetAt != 0 && t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    long n = Splice.fromPipe(t, in, out, offset, length, nonBlocking);
    return moved(t, out, offsetAt, offset, n, Notify.IN_MODIFY);
  }

  private static long toPipe(
      Task t, File in, long offsetAt, PipeFile out, long length, boolean nonBlocking) {
    long offset = offsetAt == 0 ? in.position : t.mm.readLong(offsetAt);
    if (offsetAt != 0 && t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    long n = Splice.toPipe(t, in, offset, out, length, nonBlocking);
    return moved(t, in, offsetAt, offset, n, Notify.IN_ACCESS);
  }

  private static long moved(Task t, File f, long offsetAt, long offset, long n, int event) {
    if (n > 0) {
      Notify.event(f, event);
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
    if ((flags & ~ALL_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    File in = t.fds.get((int) fdIn);
    File out = t.fds.get((int) fdOut);
    if (in == null || out == null || !in.isReadable() || !out.isWritable()) {
      return -Errno.EBADF;
    }
    if (!(in instanceof PipeFile a) || !(out instanceof PipeFile b) || a.pipe() == b.pipe()) {
      return -Errno.EINVAL;
    }
    if (length == 0) {
      return 0;
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
    if ((flags & ~ALL_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    if (!(t.fds.get((int) fd) instanceof PipeFile pipe)) {
      return -Errno.EBADF;
    }
    Uio uio = t.mm.uioVector(iov, (int) Math.max(0, Math.min(count, Integer.MAX_VALUE)));
    if (uio == null) {
      return t.mm.error();
    }
    boolean nonBlocking = (flags & Fcntl.SPLICE_F_NONBLOCK) != 0 || pipe.isNonBlocking();
    pipe.acquire();
    try {
      return pipe.isWritable()
          ? pipe.pipe().write(t, uio, nonBlocking, false)
          : pipe.pipe().read(t, uio, nonBlocking);
    } finally {
      pipe.drop(t);
    }
  }
}
