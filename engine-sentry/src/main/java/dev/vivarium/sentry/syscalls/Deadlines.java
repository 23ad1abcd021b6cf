package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;

/** Time limits as system calls take them, and as the kernel has them. */
final class Deadlines {
  static final long NANOS = 1_000_000_000L;

  private Deadlines() {}

  /** The point in time that lies {@code nanos} ahead. */
  static long after(long nanos) {
    long now = System.nanoTime();
    return nanos > Long.MAX_VALUE - 1 - Math.max(now, 0) ? Task.NO_DEADLINE - 1 : now + nanos;
  }

  /** Seconds and nanoseconds as nanoseconds, as large as fits; -EINVAL if they are no time. */
  static long nanos(long seconds, long nanoseconds) {
    if (seconds < 0 || nanoseconds < 0 || nanoseconds >= NANOS) {
      return -Errno.EINVAL;
    }
    return seconds >= Long.MAX_VALUE / NANOS - 1 ? Long.MAX_VALUE : seconds * NANOS + nanoseconds;
  }

  /** Reads a relative {@code struct timespec}: nanoseconds, or a negative errno. */
  static long readTimespec(Task t, long address) {
    byte[] b = new byte[16];
    if (t.mm.copyIn(address, b, 0, 16) < 0) {
      return -Errno.EFAULT;
    }
    return nanos(Bytes.getLong(b, 0), Bytes.getLong(b, 8));
  }

  /** What is left until a deadline, at least 0. */
  static long remaining(long deadline) {
    return Math.max(0, deadline - System.nanoTime());
  }
}
