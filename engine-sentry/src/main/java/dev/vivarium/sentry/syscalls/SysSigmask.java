package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;

/** The signal mask that ppoll, pselect6 and epoll_pwait take for their own length. */
final class SysSigmask {
  private SysSigmask() {}

  /** Reads a mask of {@code size} bytes and puts it in force; 0 or a negative errno. */
  static long set(Task t, long address, long size) {
    if (size != 8) {
      return -Errno.EINVAL;
    }
    long mask = t.mm.readLong(address);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    t.setTemporarySigmask(mask);
    return 0;
  }
}
