package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Sched;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Scheduling. The host schedules guests; policies, priorities and nice values are kept and
 * reported, and change nothing.
 */
final class SysSched {
  private static final int PRIO_PROCESS = 0;
  private static final int PRIO_PGRP = 1;
  private static final int PRIO_USER = 2;
  private static final long RR_INTERVAL_NANOS = 100_000_000;
  private static final int SCHED_ATTR_SIZE = 48;

  private static final int SCHED_ATTR_KNOWN_SIZE = 56;
  private static final int MAX_ATTR_SIZE = 4096;
  private static final long SCHED_FLAG_ALL = 0x7f;

  private SysSched() {}

  static void register(SyscallTable.Builder b) {
    String kept = "The value is kept and reported; the host schedules.";
    b.full(Sys.SCHED_YIELD, "sched_yield", SysSched::yield);
    b.partial(Sys.SCHED_SETPARAM, "sched_setparam", SysSched::setparam, kept).fast();
    b.full(Sys.SCHED_GETPARAM, "sched_getparam", SysSched::getparam).fast();
    b.partial(Sys.SCHED_SETSCHEDULER, "sched_setscheduler", SysSched::setscheduler, kept).fast();
    b.full(Sys.SCHED_GETSCHEDULER, "sched_getscheduler", SysSched::getscheduler).fast();
    b.full(Sys.SCHED_GET_PRIORITY_MAX, "sched_get_priority_max", SysSched::priorityMax).fast();
    b.full(Sys.SCHED_GET_PRIORITY_MIN, "sched_get_priority_min", SysSched::priorityMin).fast();
    b.full(Sys.SCHED_RR_GET_INTERVAL, "sched_rr_get_interval", SysSched::rrInterval).fast();
    b.partial(Sys.SCHED_SETAFFINITY, "sched_setaffinity", SysSched::setaffinity, kept).fast();
    b.full(Sys.SCHED_GETAFFINITY, "sched_getaffinity", SysSched::getaffinity).fast();
    b.full(Sys.SCHED_GETATTR, "sched_getattr", SysSched::getattr).fast();
    b.partial(Sys.SCHED_SETATTR, "sched_setattr", SysSched::setattr, kept).fast();
    b.full(Sys.GETPRIORITY, "getpriority", SysSched::getpriority).fast();
    b.partial(Sys.SETPRIORITY, "setpriority", SysSched::setpriority, kept).fast();
    b.full(Sys.GETCPU, "getcpu", SysSched::getcpu).fast();
  }

  static long yield(Task t, long a0, long a1, long a2, long a3, long a4, long a5) {
    return 0;
  }

  private static @Nullable Task find(Task t, long pid) {
    return (int) pid == 0 ? t : t.kernel().pids().task((int) pid);
  }

  private static boolean mayChange(Task t, Task target) {
    return t.creds.euid == target.creds.euid
        || t.creds.euid == target.creds.ruid
        || t.creds.capable(Capability.CAP_SYS_NICE);
  }

  private static boolean isRealTime(int policy) {
    return policy == Sched.SCHED_FIFO || policy == Sched.SCHED_RR;
  }

  /** Checks and sets policy and priority. */
  private static long set(Task t, Task target, int policyBits, int priority) {
    int policy = policyBits & ~Sched.SCHED_RESET_ON_FORK;
    switch (policy) {
      case Sched.SCHED_NORMAL, Sched.SCHED_BATCH, Sched.SCHED_IDLE -> {
        if (priority != 0) {
          return -Errno.EINVAL;
        }
      }
      case Sched.SCHED_FIFO, Sched.SCHED_RR -> {
        if (priority < 1 || priority > 99) {
          return -Errno.EINVAL;
        }
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    if (!mayChange(t, target)) {
      return -Errno.EPERM;
    }
    if (!t.creds.capable(Capability.CAP_SYS_NICE) && raises(target, policyBits, priority)) {
      return -Errno.EPERM;
    }
    target.schedulingPolicy = policyBits;
    target.schedulingPriority = priority;
    return 0;
  }

  /** Whether a change of policy needs CAP_SYS_NICE (user_check_sched_setscheduler). */
  private static boolean raises(Task target, int policyBits, int priority) {
    int policy = policyBits & ~Sched.SCHED_RESET_ON_FORK;
    int before = target.schedulingPolicy & ~Sched.SCHED_RESET_ON_FORK;
    long most = target.group.rlimits.soft(Resource.RLIMIT_RTPRIO);
    if (isRealTime(policy)
        && (policy != before && most == 0
            || priority > target.schedulingPriority && Long.compareUnsigned(priority, most) > 0)) {
      return true;
    }
    if (before == Sched.SCHED_IDLE
        && policy != Sched.SCHED_IDLE
        && target.group.rlimits.exceeds(Resource.RLIMIT_NICE, 20 - target.nice)) {
      return true;
    }
    return (target.schedulingPolicy & ~policyBits & Sched.SCHED_RESET_ON_FORK) != 0;
  }

  static long setparam(Task t, long pid, long param, long a2, long a3, long a4, long a5) {
    if ((int) pid < 0 || param == 0) {
      return -Errno.EINVAL;
    }
    int priority = t.mm.readInt(param);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    Task target = find(t, pid);
    return target == null ? -Errno.ESRCH : set(t, target, target.schedulingPolicy, priority);
  }

  static long setscheduler(Task t, long pid, long policy, long param, long a3, long a4, long a5) {
    if ((int) pid < 0 || param == 0 || (int) policy < 0) {
      return -Errno.EINVAL;
    }
    int priority = t.mm.readInt(param);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    Task target = find(t, pid);
    return target == null ? -Errno.ESRCH : set(t, target, (int) policy, priority);
  }

  static long getparam(Task t, long pid, long param, long a2, long a3, long a4, long a5) {
    if ((int) pid < 0 || param == 0) {
      return -Errno.EINVAL;
    }
    Task target = find(t, pid);
    return target == null ? -Errno.ESRCH : t.mm.writeInt(param, target.schedulingPriority);
  }

  static long getscheduler(Task t, long pid, long a1, long a2, long a3, long a4, long a5) {
    Task target = (int) pid < 0 ? null : find(t, pid);
    return target == null ? (int) pid < 0 ? -Errno.EINVAL : -Errno.ESRCH : target.schedulingPolicy;
  }

  static long priorityMax(Task t, long policy, long a1, long a2, long a3, long a4, long a5) {
    return priorityBound((int) policy, 99);
  }

  static long priorityMin(Task t, long policy, long a1, long a2, long a3, long a4, long a5) {
    return priorityBound((int) policy, 1);
  }

  private static long priorityBound(int policy, int ofRealTime) {
    return switch (policy) {
      case Sched.SCHED_FIFO, Sched.SCHED_RR -> ofRealTime;
      case Sched.SCHED_NORMAL, Sched.SCHED_BATCH, Sched.SCHED_IDLE, Sched.SCHED_DEADLINE -> 0;
      default -> -Errno.EINVAL;
    };
  }

  static long rrInterval(Task t, long pid, long address, long a2, long a3, long a4, long a5) {
    Task target = (int) pid < 0 ? null : find(t, pid);
    if (target == null) {
      return (int) pid < 0 ? -Errno.EINVAL : -Errno.ESRCH;
    }
    return SysTime.writeTimespec(
        t, address, target.schedulingPolicy == Sched.SCHED_RR ? RR_INTERVAL_NANOS : 0);
  }

  // ---- processors ----

  private static int processors(Task t) {
    return t.kernel().processors();
  }

  static long setaffinity(Task t, long pid, long length, long mask, long a3, long a4, long a5) {
    int size = (int) Math.min(length & 0xffffffffL, 8);
    byte[] b = new byte[8];
    if (t.mm.copyIn(mask, b, 0, size) != 0) {
      return -Errno.EFAULT;
    }
    Task target = find(t, pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    if (!mayChange(t, target)) {
      return -Errno.EPERM;
    }
    long wanted = Bytes.getLong(b, 0) & (1L << processors(t)) - 1;
    if (wanted == 0) {
      return -Errno.EINVAL;
    }
    target.affinity = wanted;
    return 0;
  }

  static long getaffinity(Task t, long pid, long length, long mask, long a3, long a4, long a5) {
    int size = (int) length;
    if (size >= 0 && size < 8 || (size & 7) != 0) {
      return -Errno.EINVAL;
    }
    Task target = find(t, pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    long all = (1L << processors(t)) - 1;
    long bits = target.affinity == 0 ? all : target.affinity & all;
    return t.mm.writeLong(mask, bits) != 0 ? -Errno.EFAULT : 8;
  }

  static long getcpu(Task t, long cpu, long node, long a2, long a3, long a4, long a5) {
    int id = Long.numberOfTrailingZeros(t.affinity == 0 ? 1 : t.affinity);
    if (cpu != 0 && t.mm.writeInt(cpu, id) != 0 || node != 0 && t.mm.writeInt(node, 0) != 0) {
      return -Errno.EFAULT;
    }
    return 0;
  }

  static long getattr(Task t, long pid, long address, long size, long flags, long a4, long a5) {
    long room = size & 0xffffffffL;
    boolean fits = room >= SCHED_ATTR_SIZE && room <= MAX_ATTR_SIZE;
    if (address == 0 || (int) pid < 0 || !fits || (int) flags != 0) {
      return -Errno.EINVAL;
    }
    Task target = find(t, pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    byte[] b = new byte[SCHED_ATTR_SIZE];
    Bytes.putInt(b, 0, SCHED_ATTR_SIZE);
    Bytes.putInt(b, 4, target.schedulingPolicy & ~Sched.SCHED_RESET_ON_FORK);
    Bytes.putLong(b, 8, (target.schedulingPolicy & Sched.SCHED_RESET_ON_FORK) != 0 ? 1 : 0);
    Bytes.putInt(b, 16, target.nice);
    Bytes.putInt(b, 20, target.schedulingPriority);
    return t.mm.copyOut(address, b, 0, b.length);
  }

  static long setattr(Task t, long pid, long address, long flags, long a3, long a4, long a5) {
    if ((int) pid < 0 || address == 0 || (int) flags != 0) {
      return -Errno.EINVAL;
    }
    int size = t.mm.readInt(address);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if (size == 0) {
      size = SCHED_ATTR_SIZE;
    }
    if (size < SCHED_ATTR_SIZE || size > MAX_ATTR_SIZE) {
      return t.mm.writeInt(address, SCHED_ATTR_KNOWN_SIZE) != 0 ? -Errno.EFAULT : -Errno.E2BIG;
    }
    byte[] b = new byte[size];
    if (t.mm.copyIn(address, b, 0, b.length) != 0) {
      return -Errno.EFAULT;
    }
    for (int i = SCHED_ATTR_KNOWN_SIZE; i < size; i++) {
      if (b[i] != 0) {
        return t.mm.writeInt(address, SCHED_ATTR_KNOWN_SIZE) != 0 ? -Errno.EFAULT : -Errno.E2BIG;
      }
    }
    if (Bytes.getInt(b, 4) < 0) {
      return -Errno.EINVAL;
    }
    Task target = find(t, pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    long wanted = Bytes.getLong(b, 8);
    if ((wanted & ~SCHED_FLAG_ALL) != 0) {
      return -Errno.EINVAL;
    }
    int reset = (wanted & 1) != 0 ? Sched.SCHED_RESET_ON_FORK : 0;
    int policy = Bytes.getInt(b, 4);
    int nice = Math.clamp(Bytes.getInt(b, 16), -20, 19);
    boolean niced = policy == Sched.SCHED_NORMAL || policy == Sched.SCHED_BATCH;
    if (niced && !mayNice(t, target, nice)) {
      return -Errno.EPERM;
    }
    long rc = set(t, target, policy | reset, Bytes.getInt(b, 20));
    if (rc == 0 && niced) {
      target.nice = nice;
    }
    return rc;
  }

  // ---- nice values ----

  private static List<ThreadGroup> targets(Task t, int which, int who) {
    var pids = t.kernel().pids();
    switch (which) {
      case PRIO_PGRP -> {
        var group = who == 0 ? t.group.processGroup() : pids.processGroup(who);
        return group == null ? List.of() : group.snapshot();
      }
      case PRIO_USER -> {
        int uid = who == 0 ? t.creds.ruid : who;
        return pids.groups().stream().filter(g -> g.leader().creds.ruid == uid).toList();
      }
      default -> {
        return List.of();
      }
    }
  }

  static long getpriority(Task t, long which, long who, long a2, long a3, long a4, long a5) {
    int kind = (int) which;
    if (kind < PRIO_PROCESS || kind > PRIO_USER) {
      return -Errno.EINVAL;
    }
    if (kind == PRIO_PROCESS) {
      Task target = find(t, who);
      return target == null ? -Errno.ESRCH : 20 - target.nice;
    }
    long best = -Errno.ESRCH;
    for (ThreadGroup g : targets(t, kind, (int) who)) {
      for (Task each : g.tasks()) {
        best = Math.max(best, 20 - each.nice);
      }
    }
    return best;
  }

  static long setpriority(Task t, long which, long who, long value, long a3, long a4, long a5) {
    int kind = (int) which;
    if (kind < PRIO_PROCESS || kind > PRIO_USER) {
      return -Errno.EINVAL;
    }
    int nice = Math.clamp((int) value, -20, 19);
    if (kind == PRIO_PROCESS) {
      Task target = find(t, who);
      return target == null ? -Errno.ESRCH : setNice(t, target, nice);
    }
    long result = -Errno.ESRCH;
    for (ThreadGroup g : targets(t, kind, (int) who)) {
      for (Task each : g.tasks()) {
        long rc = setNice(t, each, nice);
        result = rc < 0 || result == -Errno.ESRCH ? rc : result;
      }
    }
    return result;
  }

  private static long setNice(Task t, Task target, int nice) {
    if (!mayChange(t, target)) {
      return -Errno.EPERM;
    }
    if (!mayNice(t, target, nice)) {
      return -Errno.EACCES;
    }
    target.nice = nice;
    return 0;
  }

  private static boolean mayNice(Task t, Task target, int nice) {
    return nice >= target.nice
        || t.creds.capable(Capability.CAP_SYS_NICE)
        || !target.group.rlimits.exceeds(Resource.RLIMIT_NICE, 20 - nice);
  }
}
