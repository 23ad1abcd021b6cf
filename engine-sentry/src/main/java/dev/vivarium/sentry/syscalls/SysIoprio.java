package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import java.util.ArrayList;
import java.util.List;

/** ioprio_get and ioprio_set: how urgent a thread says that its input and output are. */
final class SysIoprio {
  // linux/ioprio.h
  private static final int WHO_PROCESS = 1;
  private static final int WHO_PGRP = 2;
  private static final int WHO_USER = 3;
  private static final int CLASS_SHIFT = 13;
  private static final int CLASS_MASK = 7;
  private static final int CLASS_NONE = 0;
  private static final int CLASS_RT = 1;
  private static final int CLASS_BE = 2;
  private static final int CLASS_IDLE = 3;
  private static final int LEVEL_MASK = 7;

  private SysIoprio() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.IOPRIO_GET, "ioprio_get", SysIoprio::get).fast();
    b.partial(
            Sys.IOPRIO_SET,
            "ioprio_set",
            SysIoprio::set,
            "The value is kept and reported; the host schedules.")
        .fast();
  }

  /** The tasks that are meant; empty if there are none. */
  private static List<Task> targets(Task t, int which, int who) {
    List<Task> found = new ArrayList<>();
    var pids = t.kernel().pids();
    switch (which) {
      case WHO_PROCESS -> {
        Task target = who == 0 ? t : pids.task(who);
        if (target != null) {
          found.add(target);
        }
      }
      case WHO_PGRP -> {
        var group = who == 0 ? t.group.processGroup() : pids.processGroup(who);
        if (group != null) {
          group.snapshot().forEach(g -> found.addAll(g.tasks()));
        }
      }
      default -> {
        int uid = who == 0 ? t.creds.ruid : who;
        for (ThreadGroup g : pids.groups()) {
          if (g.leader().creds.ruid == uid) {
            found.addAll(g.tasks());
          }
        }
      }
    }
    return found;
  }

  static long get(Task t, long which, long who, long a2, long a3, long a4, long a5) {
    if ((int) which < WHO_PROCESS || (int) which > WHO_USER) {
      return -Errno.EINVAL;
    }
    long best = -Errno.ESRCH;
    for (Task each : targets(t, (int) which, (int) who)) {
      // The lowest number is the most urgent, but for none, which says nothing.
      boolean better = best <= 0 || each.ioPriority > 0 && each.ioPriority < best;
      best = better ? Math.max(each.ioPriority, 0) : best;
    }
    return best;
  }

  static long set(Task t, long which, long who, long priority, long a3, long a4, long a5) {
    int value = (int) priority;
    switch (value >> CLASS_SHIFT & CLASS_MASK) {
      case CLASS_RT -> {
        if (!t.creds.capable(Capability.CAP_SYS_ADMIN)
            && !t.creds.capable(Capability.CAP_SYS_NICE)) {
          return -Errno.EPERM;
        }
      }
      case CLASS_BE, CLASS_IDLE -> {}
      case CLASS_NONE -> {
        if ((value & LEVEL_MASK) != 0) {
          return -Errno.EINVAL;
        }
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    if ((int) which < WHO_PROCESS || (int) which > WHO_USER) {
      return -Errno.EINVAL;
    }
    List<Task> targets = targets(t, (int) which, (int) who);
    for (Task each : targets) {
      boolean own = each.creds.ruid == t.creds.euid || each.creds.ruid == t.creds.ruid;
      if (!own && !t.creds.capable(Capability.CAP_SYS_NICE)) {
        return -Errno.EPERM;
      }
      each.ioPriority = value & 0xffff;
    }
    return targets.isEmpty() ? -Errno.ESRCH : 0;
  }
}
