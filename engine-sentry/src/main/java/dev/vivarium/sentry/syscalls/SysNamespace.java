package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sched;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.PidFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.Tracing;
import dev.vivarium.sentry.vfs.FdTable;
import dev.vivarium.sentry.vfs.File;

/**
 * Leaving what is shared with others (unshare), and reaching into other processes (pidfd_getfd).
 */
final class SysNamespace {
  private static final long NAMESPACES =
      Sched.CLONE_NEWNS
          | Sched.CLONE_NEWUTS
          | Sched.CLONE_NEWIPC
          | Sched.CLONE_NEWUSER
          | Sched.CLONE_NEWPID
          | Sched.CLONE_NEWNET
          | Sched.CLONE_NEWCGROUP
          | Sched.CLONE_NEWTIME;
  private static final long KNOWN =
      NAMESPACES
          | Sched.CLONE_FILES
          | Sched.CLONE_FS
          | Sched.CLONE_SYSVSEM
          | Sched.CLONE_THREAD
          | Sched.CLONE_SIGHAND
          | Sched.CLONE_VM;

  private SysNamespace() {}

  static void register(SyscallTable.Builder b) {
    b.partial(
        Sys.UNSHARE,
        "unshare",
        SysNamespace::unshare,
        "CLONE_FILES and CLONE_FS; namespaces are refused with EPERM.");
    b.partial(
        Sys.SETNS, "setns", SysNamespace::setns, "There are no other namespaces to join: EPERM.");
    b.full(Sys.PIDFD_GETFD, "pidfd_getfd", SysNamespace::pidfdGetfd);
  }

  static long setns(Task t, long fd, long kinds, long a2, long a3, long a4, long a5) {
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    boolean valid = (kinds & 0xffffffffL & ~NAMESPACES) == 0 && (int) kinds != 0;
    return f instanceof PidFile && valid ? -Errno.EPERM : -Errno.EINVAL;
  }

  static long unshare(Task t, long flags, long a1, long a2, long a3, long a4, long a5) {
    if ((flags & ~KNOWN) != 0) {
      return -Errno.EINVAL;
    }
    boolean many = t.group.tasks().size() > 1;
    if (many && (flags & (Sched.CLONE_THREAD | Sched.CLONE_SIGHAND | Sched.CLONE_VM)) != 0) {
      return -Errno.EINVAL;
    }
    if ((flags & NAMESPACES) != 0) {
      return -Errno.EPERM;
    }
    if ((flags & Sched.CLONE_SYSVSEM) != 0) {
      t.leaveSemaphoreUndo();
    }
    if ((flags & Sched.CLONE_FS) != 0) {
      t.fs = t.fs.fork();
    }
    if ((flags & Sched.CLONE_FILES) != 0 && t.fds.isShared()) {
      FdTable own = t.fds.fork();
      t.fds.release(t);
      t.fds = own;
    }
    return 0;
  }

  static long pidfdGetfd(Task t, long pidfd, long target, long flags, long a3, long a4, long a5) {
    if ((int) flags != 0) {
      return -Errno.EINVAL;
    }
    if (!(t.fds.get((int) pidfd) instanceof PidFile process)) {
      return -Errno.EBADF;
    }
    if (process.process().isDead()) {
      return -Errno.ESRCH;
    }
    Task owner = process.process().leader();
    if (owner.hasExited()) {
      return -Errno.ESRCH;
    }
    if (!Tracing.mayAccess(t, owner)) {
      return -Errno.EPERM;
    }
    File file = owner.fds.getAny((int) target);
    return file == null ? -Errno.EBADF : SysEventfd.install(t, file.acquire(), true);
  }
}
