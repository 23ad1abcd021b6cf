package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.CallListenerFile;
import dev.vivarium.sentry.kernel.CallListener;
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
  private static final int FLAG_NEW_LISTENER = 8;
  private static final int FLAG_TSYNC_ESRCH = 16;
  private static final int FLAG_WAIT_KILLABLE_RECV = 32;
  private static final int FLAGS =
      FLAG_TSYNC
          | FLAG_LOG
          | FLAG_SPEC_ALLOW
          | FLAG_NEW_LISTENER
          | FLAG_TSYNC_ESRCH
          | FLAG_WAIT_KILLABLE_RECV;

  private static final int MODE_STRICT = 1;
  private static final int MODE_FILTER = 2;
  private static final int FPROG_SIZE = 16;

  private SysSeccomp() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.SECCOMP, "seccomp", SysSeccomp::seccomp);
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
        return notificationSizes(t, (int) flags, args);
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
          Filter.USER_NOTIF,
          Filter.TRACE,
          Filter.LOG,
          Filter.ALLOW ->
          0;
      default -> -Errno.EOPNOTSUPP;
    };
  }

  /** SECCOMP_GET_NOTIF_SIZES. */
  private static long notificationSizes(Task t, int flags, long args) {
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    byte[] sizes = new byte[6];
    Bytes.putShort(sizes, 0, CallListenerFile.NOTIF_SIZE);
    Bytes.putShort(sizes, 2, CallListenerFile.RESPONSE_SIZE);
    Bytes.putShort(sizes, 4, CallListenerFile.DATA_SIZE);
    return t.mm.copyOut(args, sizes, 0, sizes.length);
  }

  private static long setFilter(Task t, int flags, long args) {
    boolean listens = (flags & FLAG_NEW_LISTENER) != 0;
    if ((flags & ~FLAGS) != 0
        || listens && (flags & (FLAG_TSYNC | FLAG_TSYNC_ESRCH)) == FLAG_TSYNC
        || !listens && (flags & FLAG_WAIT_KILLABLE_RECV) != 0) {
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
    CallListener listener = null;
    long fd = 0;
    if (listens) {
      boolean killableOnly = (flags & FLAG_WAIT_KILLABLE_RECV) != 0;
      listener = new CallListener(killableOnly, t.kernel().entropy().nextLong());
      fd = CallListenerFile.install(t, listener);
      if (fd < 0) {
        return fd;
      }
    }
    long rc =
        Seccomp.addFilter(t, program, (flags & FLAG_LOG) != 0, listener, (flags & FLAG_TSYNC) != 0);
    if (rc != 0 && listens) {
      t.fds.close(t, (int) fd);
    }
    if (rc != 0) {
      return rc > 0 && (flags & FLAG_TSYNC_ESRCH) != 0 ? -Errno.ESRCH : rc;
    }
    return fd;
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
