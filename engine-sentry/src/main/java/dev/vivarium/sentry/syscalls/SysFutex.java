package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Futexes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.Times;
import java.util.ArrayList;
import java.util.List;

/** futex, futex_waitv. */
final class SysFutex {
  // linux/futex.h
  private static final int FUTEX_WAIT = 0;
  private static final int FUTEX_WAKE = 1;
  private static final int FUTEX_REQUEUE = 3;
  private static final int FUTEX_CMP_REQUEUE = 4;
  private static final int FUTEX_WAKE_OP = 5;
  private static final int FUTEX_LOCK_PI = 6;
  private static final int FUTEX_UNLOCK_PI = 7;
  private static final int FUTEX_TRYLOCK_PI = 8;
  private static final int FUTEX_WAIT_BITSET = 9;
  private static final int FUTEX_WAKE_BITSET = 10;
  private static final int FUTEX_LOCK_PI2 = 13;
  private static final int FUTEX_PRIVATE_FLAG = 128;
  private static final int FUTEX_CLOCK_REALTIME = 256;

  private static final int FUTEX2_SIZE_MASK = 3;
  private static final int FUTEX2_SIZE_U32 = 2;
  private static final int FUTEX2_PRIVATE = 128;
  private static final int WAITV_MAX = 128;
  private static final int WAITV_SIZE = 24;
  private static final int CLOCK_REALTIME = 0;
  private static final int CLOCK_MONOTONIC = 1;

  private SysFutex() {}

  static void register(SyscallTable.Builder b) {
    b.partial(
        Sys.FUTEX,
        "futex",
        SysFutex::futex,
        "PI futexes do not change priorities; FUTEX_WAIT_REQUEUE_PI is missing.");
    b.full(Sys.FUTEX_WAITV, "futex_waitv", SysFutex::waitv);
  }

  static long futex(
      Task t, long address, long operation, long val, long timeout, long address2, long val3) {
    int op = (int) operation;
    boolean isPrivate = (op & FUTEX_PRIVATE_FLAG) != 0;
    boolean realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
    int command = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    if (realtime && command != FUTEX_WAIT_BITSET && command != FUTEX_LOCK_PI2) {
      return -Errno.ENOSYS;
    }
    Futexes f = t.kernel().futexes();
    int count = (int) val;
    switch (command) {
      case FUTEX_WAIT -> {
        return await(
            t, address, isPrivate, count, Futexes.BITSET_ANY, deadline(t, timeout, false, false));
      }
      case FUTEX_WAIT_BITSET -> {
        return await(
            t, address, isPrivate, count, (int) val3, deadline(t, timeout, true, realtime));
      }
      case FUTEX_WAKE -> {
        return f.wake(t, address, isPrivate, count, Futexes.BITSET_ANY);
      }
      case FUTEX_WAKE_BITSET -> {
        return f.wake(t, address, isPrivate, count, (int) val3);
      }
      case FUTEX_REQUEUE -> {
        return f.requeue(
            t, address, isPrivate, address2, isPrivate, count, (int) timeout, false, 0);
      }
      case FUTEX_CMP_REQUEUE -> {
        return f.requeue(
            t, address, isPrivate, address2, isPrivate, count, (int) timeout, true, (int) val3);
      }
      case FUTEX_WAKE_OP -> {
        return f.wakeOp(t, address, address2, isPrivate, count, (int) timeout, (int) val3);
      }
      case FUTEX_LOCK_PI, FUTEX_LOCK_PI2 -> {
        boolean wall = command == FUTEX_LOCK_PI || realtime;
        long deadline = deadline(t, timeout, true, wall);
        return deadline < 0 ? deadline : f.lockPi(t, address, isPrivate, false, deadline);
      }
      case FUTEX_TRYLOCK_PI -> {
        return f.lockPi(t, address, isPrivate, true, Task.NO_DEADLINE);
      }
      case FUTEX_UNLOCK_PI -> {
        return f.unlockPi(t, address, isPrivate);
      }
      default -> {
        return -Errno.ENOSYS;
      }
    }
  }

  private static long await(
      Task t, long address, boolean isPrivate, int expected, int bitset, long deadline) {
    if (deadline < 0) {
      return deadline;
    }
    long rc = t.kernel().futexes().await(t, address, isPrivate, expected, bitset, deadline);
    if (rc == -Errno.ERESTARTSYS && deadline != Task.NO_DEADLINE) {
      // A relative time limit goes on from where it was.
      return t.restartWith(again -> await(again, address, isPrivate, expected, bitset, deadline));
    }
    return rc;
  }

  /** A time limit on the kernel's clock, or a negative errno. */
  private static long deadline(Task t, long address, boolean absolute, boolean realtime) {
    if (address == 0) {
      return Task.NO_DEADLINE;
    }
    long nanos = Deadlines.readTimespec(t, address);
    if (nanos < 0 || !absolute) {
      return nanos < 0 ? nanos : Deadlines.after(nanos);
    }
    return realtime ? Deadlines.after(Math.max(0, nanos - Times.now())) : nanos;
  }

  static long waitv(
      Task t, long waiters, long count, long flags, long timeout, long clock, long a5) {
    if ((int) flags != 0 || (int) count <= 0 || (int) count > WAITV_MAX || waiters == 0) {
      return -Errno.EINVAL;
    }
    if (timeout != 0 && (int) clock != CLOCK_REALTIME && (int) clock != CLOCK_MONOTONIC) {
      return -Errno.EINVAL;
    }
    long deadline = deadline(t, timeout, true, (int) clock == CLOCK_REALTIME);
    if (deadline < 0) {
      return deadline;
    }
    byte[] b = new byte[(int) count * WAITV_SIZE];
    if (t.mm.copyIn(waiters, b, 0, b.length) != 0) {
      return -Errno.EFAULT;
    }
    List<Futexes.Vector> words = new ArrayList<>();
    for (int at = 0; at < b.length; at += WAITV_SIZE) {
      int wordFlags = Bytes.getInt(b, at + 16);
      if ((wordFlags & ~(FUTEX2_SIZE_MASK | FUTEX2_PRIVATE)) != 0
          || (wordFlags & FUTEX2_SIZE_MASK) != FUTEX2_SIZE_U32
          || Bytes.getInt(b, at + 20) != 0) {
        return -Errno.EINVAL;
      }
      words.add(
          new Futexes.Vector(
              Bytes.getLong(b, at + 8),
              (int) Bytes.getLong(b, at),
              (wordFlags & FUTEX2_PRIVATE) != 0));
    }
    return t.kernel().futexes().awaitAny(t, words, deadline);
  }
}
