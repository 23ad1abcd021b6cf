package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sched;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.PidFile;
import dev.vivarium.sentry.kernel.SignalSet;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.TaskClone;
import dev.vivarium.sentry.kernel.TaskExit;

/** clone, clone3, fork, vfork, exit, exit_group. */
final class SysClone {
  private static final int CSIGNAL = 0xff;
  private static final int MAX_ARGS_SIZE = 4096;

  private SysClone() {}

  static void register(SyscallTable.Builder b) {
    b.partial(
        Sys.CLONE, "clone", SysClone::clone, "Namespaces (CLONE_NEW*) are refused with EPERM.");
    b.full(Sys.FORK, "fork", SysClone::fork);
    b.full(Sys.VFORK, "vfork", SysClone::vfork);
    b.partial(
        Sys.CLONE3,
        "clone3",
        SysClone::clone3,
        "Namespaces are refused with EPERM; set_tid and CLONE_INTO_CGROUP with EINVAL.");
    b.full(Sys.EXIT, "exit", SysClone::exit);
    b.full(Sys.EXIT_GROUP, "exit_group", SysClone::exitGroup);
  }

  private static TaskClone.Args args() {
    TaskClone.Args args = new TaskClone.Args();
    args.pidfdMaker = (t, child) -> PidFile.install(t, child.group, 0);
    return args;
  }

  static long clone(
      Task t, long flags, long stack, long parentTid, long childTid, long tls, long a5) {
    TaskClone.Args args = args();
    args.flags = flags & 0xffffffffL & ~CSIGNAL;
    args.exitSignal = (int) flags & CSIGNAL;
    args.stack = stack;
    args.parentTid = parentTid;
    args.pidfd = parentTid;
    args.childTid = childTid;
    args.tls = tls;
    boolean bothWritten =
        (flags & Sched.CLONE_PIDFD) != 0
            && (flags & (Sched.CLONE_PARENT_SETTID | Sched.CLONE_DETACHED)) != 0;
    if (bothWritten || args.exitSignal > Signals.SIGRTMAX) {
      return -Errno.EINVAL;
    }
    return TaskClone.clone(t, args);
  }

  static long fork(Task t, long a0, long a1, long a2, long a3, long a4, long a5) {
    return TaskClone.clone(t, args());
  }

  static long vfork(Task t, long a0, long a1, long a2, long a3, long a4, long a5) {
    TaskClone.Args args = args();
    args.flags = Sched.CLONE_VFORK | Sched.CLONE_VM;
    return TaskClone.clone(t, args);
  }

  static long clone3(Task t, long address, long size, long a2, long a3, long a4, long a5) {
    if (size < 0 || size > MAX_ARGS_SIZE) {
      return -Errno.E2BIG;
    }
    if (size < Sched.CLONE_ARGS_SIZE_VER0) {
      return -Errno.EINVAL;
    }
    byte[] b = new byte[MAX_ARGS_SIZE];
    if (t.mm.copyIn(address, b, 0, (int) size) != 0) {
      return -Errno.EFAULT;
    }
    for (int i = Sched.CLONE_ARGS_SIZE_VER2; i < size; i++) {
      if (b[i] != 0) {
        return -Errno.E2BIG;
      }
    }
    TaskClone.Args args = args();
    args.flags = Bytes.getLong(b, 0);
    args.pidfd = Bytes.getLong(b, 8);
    args.childTid = Bytes.getLong(b, 16);
    args.parentTid = Bytes.getLong(b, 24);
    long exitSignal = Bytes.getLong(b, 32);
    long stack = Bytes.getLong(b, 40);
    long stackSize = Bytes.getLong(b, 48);
    args.tls = Bytes.getLong(b, 56);
    long setTid = Bytes.getLong(b, 64);
    long setTidSize = Bytes.getLong(b, 72);
    long known = 0xffffffffL | Sched.CLONE_CLEAR_SIGHAND | Sched.CLONE_INTO_CGROUP;
    boolean badFlags =
        (args.flags & ~known) != 0
            || (args.flags & (Sched.CLONE_DETACHED | CSIGNAL & ~Sched.CLONE_NEWTIME)) != 0
            || (args.flags & Sched.CLONE_INTO_CGROUP) != 0;
    boolean badStack = stack == 0 ? stackSize != 0 : stackSize == 0;
    boolean badSignal =
        (exitSignal & ~CSIGNAL) != 0
            || exitSignal != 0 && !SignalSet.isValid((int) exitSignal)
            || exitSignal != 0 && (args.flags & (Sched.CLONE_THREAD | Sched.CLONE_PARENT)) != 0;
    if (badFlags || badStack || badSignal || setTid != 0 || setTidSize != 0) {
      return -Errno.EINVAL;
    }
    args.exitSignal = (int) exitSignal;
    args.stack = stack + stackSize;
    return TaskClone.clone(t, args);
  }

  static long exit(Task t, long code, long a1, long a2, long a3, long a4, long a5) {
    TaskExit.exitCalled(t, (int) code);
    return 0;
  }

  static long exitGroup(Task t, long code, long a1, long a2, long a3, long a4, long a5) {
    TaskExit.exitGroupCalled(t, (int) code);
    return 0;
  }
}
