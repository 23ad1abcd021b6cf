package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.Times;

/** futex_wake, futex_wait, futex_requeue: the calls that replace futex(2)'s operations. */
final class SysFutex2 {
  // linux/futex.h
  private static final int SIZE_MASK = 3;
  private static final int SIZE_U32 = 2;
  private static final int PRIVATE = 128;
  private static final int WAITV_SIZE = 24;
  private static final int CLOCK_REALTIME = 0;
  private static final int CLOCK_MONOTONIC = 1;
  private static final long U32 = 0xffff_ffffL;

  private SysFutex2() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.FUTEX_WAKE, "futex_wake", SysFutex2::wake);
    b.full(Sys.FUTEX_WAIT, "futex_wait", SysFutex2::await);
    b.full(Sys.FUTEX_REQUEUE, "futex_requeue", SysFutex2::requeue);
  }

  /** Only 32-bit futexes are there, as on Linux so far. */
  private static boolean isValid(int flags) {
    return (flags & ~(SIZE_MASK | PRIVATE)) == 0 && (flags & SIZE_MASK) == SIZE_U32;
  }

  static long wake(Task t, long address, long mask, long count, long flags, long a4, long a5) {
    if (!isValid((int) flags) || (mask & ~U32) != 0) {
      return -Errno.EINVAL;
    }
    boolean isPrivate = (flags & PRIVATE) != 0;
    // An address that is none is told of even if nobody is to be woken.
    long rc = t.kernel().futexes().check(t, address, isPrivate);
    if (rc < 0 || (int) mask == 0) {
      return rc < 0 ? rc : -Errno.EINVAL;
    }
    return (int) count == 0
        ? 0
        : t.kernel().futexes().wake(t, address, isPrivate, (int) count, (int) mask);
  }

  static long await(
      Task t, long address, long value, long mask, long flags, long timeout, long clock) {
    if (!isValid((int) flags) || (value & ~U32) != 0 || (mask & ~U32) != 0) {
      return -Errno.EINVAL;
    }
    long deadline = Task.NO_DEADLINE;
    if (timeout != 0) {
      if ((int) clock != CLOCK_REALTIME && (int) clock != CLOCK_MONOTONIC) {
        return -Errno.EINVAL;
      }
      long nanos = Deadlines.readTimespec(t, timeout);
      if (nanos < 0) {
        return nanos;
      }
      deadline =
          (int) clock == CLOCK_REALTIME ? Deadlines.after(Math.max(0, nanos - Times.now())) : nanos;
    }
    return t.kernel()
        .futexes()
        .await(t, address, (flags & PRIVATE) != 0, (int) value, (int) mask, deadline);
  }

  static long requeue(Task t, long waiters, long flags, long wake, long move, long a4, long a5) {
    if ((int) flags != 0 || waiters == 0) {
      return -Errno.EINVAL;
    }
    byte[] b = new byte[2 * WAITV_SIZE];
    if (t.mm.copyIn(waiters, b, 0, b.length) < 0) {
      return -Errno.EFAULT;
    }
    boolean[] isPrivate = new boolean[2];
    for (int i = 0; i < 2; i++) {
      int wordFlags = Bytes.getInt(b, i * WAITV_SIZE + 16);
      if (!isValid(wordFlags) || Bytes.getInt(b, i * WAITV_SIZE + 20) != 0) {
        return -Errno.EINVAL;
      }
      if ((Bytes.getLong(b, i * WAITV_SIZE) & ~U32) != 0) {
        return -Errno.EINVAL;
      }
      isPrivate[i] = (wordFlags & PRIVATE) != 0;
    }
    return t.kernel()
        .futexes()
        .requeue(
            t,
            Bytes.getLong(b, 8),
            isPrivate[0],
            Bytes.getLong(b, WAITV_SIZE + 8),
            isPrivate[1],
            (int) wake,
            (int) move,
            true,
            (int) Bytes.getLong(b, 0));
  }
}
