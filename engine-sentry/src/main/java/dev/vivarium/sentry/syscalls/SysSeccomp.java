package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Seccomp;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.seccomp.BpfProgram;
import dev.vivarium.sentry.seccomp.Filter;

/** seccomp, and what prctl does about it. */
final class SysSeccomp {
  // linux/seccomp.h
  private static final int SET_MODE_STRICT = 0;
  private static final int SET_MODE_FILTER = 1;
  private static final int GET_ACTION_AVAIL = 2;
  private static final int GET_NOTIF_SIZES = 3;
  private static final int FLAG_TSYNC = 1;
  private static final int FLAG_LOG = 2;
  private static final int FLAG_SPEC_ALLOW = 4;
  private static final int FLAG_TSYNC_ESRCH = 16;
  private static final int FLAGS = FLAG_TSYNC | FLAG_LOG | FLAG_SPEC_ALLOW | FLAG_TSYNC_ESRCH;

  private static final int MODE_STRICT = 1;
  private static final int MODE_FILTER = 2;
  private static final int FPROG_SIZE = 16;

  private SysSeccomp() {}

  static void register(SyscallTable.Builder b) {
    b.partial(
        Sys.SECCOMP,
        "seccomp",
        SysSeccomp::seccomp,
        "User notification (SECCOMP_FILTER_FLAG_NEW_LISTENER) is refused with EINVAL.");
  }

  static long seccomp(Task t, long operation, long flags, long args, long a3, long a4, long a5) {
    switch ((int) operation) {
      case SET_MODE_STRICT -> {
        return (int) flags != 0 || args != 0 ? -Errno.EINVAL : Seccomp.setStrict(t);
      }
      case SET_MODE_FILTER -> {
        return setFilter(t, (int) flags, args);
      }
      case GET_ACTION_AVAIL -> {
        return actionAvailable(t, (int) flags, args);
      }
      case GET_NOTIF_SIZES -> {
        return -Errno.EINVAL;
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
  }

  private static long actionAvailable(Task t, int flags, long args) {
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    int action = t.mm.readInt(args);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    return switch (action) {
      case Filter.KILL_PROCESS,
          Filter.KILL_THREAD,
          Filter.TRAP,
          Filter.ERRNO,
          Filter.TRACE,
          Filter.LOG,
          Filter.ALLOW ->
          0;
      default -> -Errno.EOPNOTSUPP;
    };
  }

  private static long setFilter(Task t, int flags, long args) {
    if ((flags & ~FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    byte[] b = new byte[FPROG_SIZE];
    if (t.mm.copyIn(args, b, 0, FPROG_SIZE) < 0) {
      return -Errno.EFAULT;
    }
    int length = Bytes.getShort(b, 0) & 0xffff;
    if (length == 0 || length > BpfProgram.MAX_INSTRUCTIONS) {
      return -Errno.EINVAL;
    }
    if (!t.creds.noNewPrivs && !t.creds.capable(Capability.CAP_SYS_ADMIN)) {
      return -Errno.EACCES;
    }
    byte[] code = new byte[8 * length];
    if (t.mm.copyIn(Bytes.getLong(b, 8), code, 0, code.length) < 0) {
      return -Errno.EFAULT;
    }
    BpfProgram program = BpfProgram.of(code);
    if (program == null) {
      return -Errno.EINVAL;
    }
    long rc = Seccomp.addFilter(t, program, (flags & FLAG_LOG) != 0, (flags & FLAG_TSYNC) != 0);
    return rc > 0 && (flags & FLAG_TSYNC_ESRCH) != 0 ? -Errno.ESRCH : rc;
  }

  /** PR_SET_SECCOMP. */
  static long set(Task t, long mode, long args) {
    if (mode == MODE_STRICT) {
      return Seccomp.setStrict(t);
    }
    return mode == MODE_FILTER ? setFilter(t, 0, args) : -Errno.EINVAL;
  }

  /** PR_GET_SECCOMP: a task in strict mode does not live to hear it. */
  static long mode(Task t) {
    Filter f = t.seccomp;
    return f == null ? 0 : f.isStrict() ? MODE_STRICT : MODE_FILTER;
  }
}
