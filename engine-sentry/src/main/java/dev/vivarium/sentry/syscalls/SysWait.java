package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.PidFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.TaskWait;

/** wait4, waitid. */
final class SysWait {
  private static final int WAIT4_OPTIONS =
      TaskWait.WNOHANG
          | TaskWait.WSTOPPED
          | TaskWait.WCONTINUED
          | TaskWait.__WNOTHREAD
          | TaskWait.__WALL
          | TaskWait.__WCLONE;
  private static final int WAITID_OPTIONS = WAIT4_OPTIONS | TaskWait.WEXITED | TaskWait.WNOWAIT;

  private SysWait() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.WAIT4, "wait4", SysWait::wait4);
    b.full(Sys.WAITID, "waitid", SysWait::waitid);
  }

  static long wait4(Task t, long pid, long status, long options, long rusage, long a4, long a5) {
    if (((int) options & ~WAIT4_OPTIONS) != 0) {
      return -Errno.EINVAL;
    }
    int id = (int) pid;
    if (id == Integer.MIN_VALUE) {
      return -Errno.ESRCH;
    }
    int type = TaskWait.P_PID;
    if (id == -1) {
      type = TaskWait.P_ALL;
    } else if (id < 0) {
      type = TaskWait.P_PGID;
      id = -id;
    } else if (id == 0) {
      type = TaskWait.P_PGID;
      id = t.group.processGroup().id();
    }
    TaskWait.Result r = new TaskWait.Result();
    long rc = TaskWait.await(t, type, id, (int) options | TaskWait.WEXITED, r);
    if (rc <= 0) {
      return rc;
    }
    if (status != 0 && t.mm.writeInt(status, r.status) != 0) {
      return -Errno.EFAULT;
    }
    if (rusage != 0 && r.times != null && SysUsage.write(t, rusage, r.times) != 0) {
      return -Errno.EFAULT;
    }
    return r.pid;
  }

  static long waitid(Task t, long which, long id, long info, long options, long rusage, long a5) {
    TaskWait.Result r = new TaskWait.Result();
    long rc = waitid(t, (int) which, (int) id, (int) options, r);
    if (rc <= -Errno.ERESTARTSYS && rc >= -Errno.ERESTART_RESTARTBLOCK) {
      return rc; // it is made again
    }
    if (rc > 0 && rusage != 0 && r.times != null && SysUsage.write(t, rusage, r.times) != 0) {
      return -Errno.EFAULT;
    }
    if (info != 0) {
      byte[] b = new byte[128];
      if (rc > 0) {
        Bytes.putInt(b, 0, Signals.SIGCHLD);
        Bytes.putInt(b, 8, r.code);
        Bytes.putInt(b, 16, r.pid);
        Bytes.putInt(b, 20, r.uid);
        Bytes.putInt(b, 24, r.value);
      }
      // As Linux: the fields up to si_status, nothing behind them; and also where the call fails.
      if (t.mm.copyOut(info, b, 0, 28) != 0) {
        return -Errno.EFAULT;
      }
    }
    return Math.min(rc, 0);
  }

  private static long waitid(Task t, int which, int id, int options, TaskWait.Result r) {
    if ((options & ~WAITID_OPTIONS) != 0
        || (options & (TaskWait.WEXITED | TaskWait.WSTOPPED | TaskWait.WCONTINUED)) == 0) {
      return -Errno.EINVAL;
    }
    int type = which;
    int target = id;
    switch (type) {
      case TaskWait.P_ALL -> {}
      case TaskWait.P_PID -> {
        if (target <= 0) {
          return -Errno.EINVAL;
        }
      }
      case TaskWait.P_PGID -> {
        if (target < 0) {
          return -Errno.EINVAL;
        }
        if (target == 0) {
          target = t.group.processGroup().id();
        }
      }
      case TaskWait.P_PIDFD -> {
        if (target < 0) {
          return -Errno.EINVAL;
        }
        if (!(t.fds.get(target) instanceof PidFile file)) {
          return -Errno.EBADF;
        }
        if (file.isNonBlocking() && !file.process().isDead() && (options & TaskWait.WNOHANG) == 0) {
          return -Errno.EAGAIN;
        }
        type = TaskWait.P_PID;
        target = file.process().pid();
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    return TaskWait.await(t, type, target, options, r);
  }
}
