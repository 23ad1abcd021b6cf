package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.CpuTimes;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Rlimits;
import dev.vivarium.sentry.kernel.Task;
import org.jspecify.annotations.Nullable;

/** getrusage, times, and the resource limits. */
final class SysUsage {
  private static final int RUSAGE_SIZE = 144;
  private static final long NANOS_PER_TICK = 10_000_000;

  /** Most descriptors that a limit may allow (fs.nr_open). */
  private static final long NR_OPEN = 1 << 20;

  private SysUsage() {}

  static void register(SyscallTable.Builder b) {
    String counts =
        "Processor time is measured coarsely, and blocks read and written are not counted.";
    b.partial(Sys.GETRUSAGE, "getrusage", SysUsage::getrusage, counts).fast();
    b.partial(Sys.TIMES, "times", SysUsage::times, counts).fast();
    // RLIMIT_RTTIME has nothing to bound: nobody in a sandbox has the right to run in real time.
    b.full(Sys.GETRLIMIT, "getrlimit", SysUsage::getrlimit).fast();
    b.full(Sys.SETRLIMIT, "setrlimit", SysUsage::setrlimit).fast();
    b.full(Sys.PRLIMIT64, "prlimit64", SysUsage::prlimit64).fast();
  }

  static long getrusage(Task t, long who, long address, long a2, long a3, long a4, long a5) {
    CpuTimes times;
    switch ((int) who) {
      case Resource.RUSAGE_SELF -> times = t.group.cpuTimes();
      case Resource.RUSAGE_CHILDREN -> times = t.group.childrenTimes();
      case Resource.RUSAGE_THREAD -> times = t.times();
      default -> {
        return -Errno.EINVAL;
      }
    }
    return write(t, address, times);
  }

  /** Writes {@code struct rusage}; 0 or -EFAULT. */
  static long write(Task t, long address, CpuTimes times) {
    byte[] b = new byte[RUSAGE_SIZE];
    Bytes.putLong(b, 0, times.userNanos / 1_000_000_000);
    Bytes.putLong(b, 8, times.userNanos / 1000 % 1_000_000);
    Bytes.putLong(b, 16, times.systemNanos / 1_000_000_000);
    Bytes.putLong(b, 24, times.systemNanos / 1000 % 1_000_000);
    Bytes.putLong(b, 32, times.maxRssKiB);
    Bytes.putLong(b, 64, times.minorFaults);
    Bytes.putLong(b, 72, times.majorFaults);
    Bytes.putLong(b, 128, times.voluntarySwitches);
    return t.mm.copyOut(address, b, 0, RUSAGE_SIZE);
  }

  static long times(Task t, long address, long a1, long a2, long a3, long a4, long a5) {
    if (address != 0) {
      CpuTimes own = t.group.cpuTimes();
      CpuTimes children = t.group.childrenTimes();
      byte[] b = new byte[32];
      Bytes.putLong(b, 0, own.userNanos / NANOS_PER_TICK);
      Bytes.putLong(b, 8, own.systemNanos / NANOS_PER_TICK);
      Bytes.putLong(b, 16, children.userNanos / NANOS_PER_TICK);
      Bytes.putLong(b, 24, children.systemNanos / NANOS_PER_TICK);
      if (t.mm.copyOut(address, b, 0, 32) != 0) {
        return -Errno.EFAULT;
      }
    }
    return System.nanoTime() / NANOS_PER_TICK;
  }

  static long getrlimit(Task t, long resource, long address, long a2, long a3, long a4, long a5) {
    long rc = prlimit64(t, 0, resource, 0, address, 0, 0);
    return rc == 0 && address == 0 ? -Errno.EFAULT : rc;
  }

  static long setrlimit(Task t, long resource, long address, long a2, long a3, long a4, long a5) {
    return address == 0 ? -Errno.EFAULT : prlimit64(t, 0, resource, address, 0, 0, 0);
  }

  static long prlimit64(
      Task t, long pid, long resource, long newLimit, long oldLimit, long a4, long a5) {
    byte @Nullable [] wanted = null;
    if (newLimit != 0) {
      wanted = new byte[16];
      if (t.mm.copyIn(newLimit, wanted, 0, 16) != 0) {
        return -Errno.EFAULT;
      }
    }
    Task target = (int) pid == 0 ? t : t.kernel().pids().task((int) pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    if (!mayTouch(t, target)) {
      return -Errno.EPERM;
    }
    int r = (int) resource;
    if (r < 0 || r >= Resource.RLIM_NLIMITS) {
      return -Errno.EINVAL;
    }
    Rlimits limits = target.group.rlimits;
    if (wanted != null) {
      long soft = Bytes.getLong(wanted, 0);
      long hard = Bytes.getLong(wanted, 8);
      if (Long.compareUnsigned(soft, hard) > 0) {
        return -Errno.EINVAL;
      }
      if (r == Resource.RLIMIT_NOFILE && Long.compareUnsigned(hard, NR_OPEN) > 0) {
        return -Errno.EPERM;
      }
      if (Long.compareUnsigned(hard, limits.hard(r)) > 0
          && !t.creds.capable(Capability.CAP_SYS_RESOURCE)) {
        return -Errno.EPERM;
      }
    }
    if (oldLimit != 0) {
      byte[] b = new byte[16];
      Bytes.putLong(b, 0, limits.soft(r));
      Bytes.putLong(b, 8, limits.hard(r));
      if (t.mm.copyOut(oldLimit, b, 0, 16) != 0) {
        return -Errno.EFAULT;
      }
    }
    if (wanted != null) {
      long soft = Bytes.getLong(wanted, 0);
      limits.set(r, soft, Bytes.getLong(wanted, 8));
      if (r == Resource.RLIMIT_NOFILE) {
        target.fds.setLimit(soft);
      } else if (r == Resource.RLIMIT_CPU) {
        target.group.timers().cpuLimitChanged();
      }
    }
    return 0;
  }

  private static boolean mayTouch(Task t, Task target) {
    if (target.group == t.group || t.creds.capable(Capability.CAP_SYS_RESOURCE)) {
      return true;
    }
    Credentials me = t.creds;
    Credentials you = target.creds;
    return me.ruid == you.ruid
        && me.ruid == you.euid
        && me.ruid == you.suid
        && me.rgid == you.rgid
        && me.rgid == you.egid
        && me.rgid == you.sgid;
  }
}
