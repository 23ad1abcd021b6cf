package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Jobs;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;

/** Who a process is: pids, process groups, sessions, and what a thread registers about itself. */
final class SysProcess {
  private static final int ROBUST_LIST_HEAD_SIZE = 24;

  private SysProcess() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.GETPID, "getpid", (t, a0, a1, a2, a3, a4, a5) -> t.group.pid()).fast();
    b.full(Sys.GETTID, "gettid", (t, a0, a1, a2, a3, a4, a5) -> t.tid()).fast();
    b.full(Sys.GETPPID, "getppid", (t, a0, a1, a2, a3, a4, a5) -> t.group.ppid()).fast();
    b.full(Sys.GETPGRP, "getpgrp", (t, a0, a1, a2, a3, a4, a5) -> t.group.processGroup().id())
        .fast();
    b.full(Sys.SETPGID, "setpgid", SysProcess::setpgid).fast();
    b.full(Sys.GETPGID, "getpgid", SysProcess::getpgid).fast();
    b.full(Sys.SETSID, "setsid", SysProcess::setsid).fast();
    b.full(Sys.GETSID, "getsid", SysProcess::getsid).fast();
    b.full(Sys.SET_TID_ADDRESS, "set_tid_address", SysProcess::setTidAddress).fast();
    b.full(Sys.SET_ROBUST_LIST, "set_robust_list", SysProcess::setRobustList).fast();
    b.full(Sys.GET_ROBUST_LIST, "get_robust_list", SysProcess::getRobustList).fast();
    b.unsupported(
            Sys.RSEQ,
            "rseq",
            "The host moves a guest's threads between processors without telling, so that no"
                + " sequence could be broken off; libraries do without.")
        .everywhere();
  }

  static long setpgid(Task t, long pid, long pgid, long a2, long a3, long a4, long a5) {
    return Jobs.setProcessGroup(t, (int) pid, (int) pgid);
  }

  static long getpgid(Task t, long pid, long a1, long a2, long a3, long a4, long a5) {
    ThreadGroup g = find(t, (int) pid);
    return g == null ? -Errno.ESRCH : g.processGroup().id();
  }

  static long setsid(Task t, long a0, long a1, long a2, long a3, long a4, long a5) {
    return Jobs.newSession(t);
  }

  static long getsid(Task t, long pid, long a1, long a2, long a3, long a4, long a5) {
    ThreadGroup g = find(t, (int) pid);
    return g == null ? -Errno.ESRCH : g.session().id();
  }

  private static @org.jspecify.annotations.Nullable ThreadGroup find(Task t, int pid) {
    if (pid == 0) {
      return t.group;
    }
    Task found = t.kernel().pids().task(pid);
    return found == null ? null : found.group;
  }

  static long setTidAddress(Task t, long address, long a1, long a2, long a3, long a4, long a5) {
    t.clearChildTid = address;
    return t.tid();
  }

  static long setRobustList(Task t, long head, long size, long a2, long a3, long a4, long a5) {
    if (size != ROBUST_LIST_HEAD_SIZE) {
      return -Errno.EINVAL;
    }
    t.robustList = head;
    return 0;
  }

  static long getRobustList(
      Task t, long pid, long headOut, long sizeOut, long a3, long a4, long a5) {
    Task target = pid == 0 ? t : t.kernel().pids().task((int) pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    if (target.group != t.group && target.creds.ruid != t.creds.euid && t.creds.euid != 0) {
      return -Errno.EPERM;
    }
    if (t.mm.writeLong(sizeOut, ROBUST_LIST_HEAD_SIZE) != 0
        || t.mm.writeLong(headOut, target.robustList) != 0) {
      return -Errno.EFAULT;
    }
    return 0;
  }
}
