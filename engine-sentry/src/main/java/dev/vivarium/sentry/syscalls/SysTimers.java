package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.ProcessTimers;
import dev.vivarium.sentry.kernel.SignalSet;
import dev.vivarium.sentry.kernel.Task;

/** Timers that send signals: alarm, setitimer, timer_create and its relatives. */
final class SysTimers {
  private static final int ITIMER_REAL = 0;
  private static final int ITIMER_PROF = 2;
  private static final int TIMER_ABSTIME = 1;
  private static final int SIGEVENT_SIZE = 64;

  private SysTimers() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.ALARM, "alarm", SysTimers::alarm).fast();
    b.full(Sys.GETITIMER, "getitimer", SysTimers::getitimer).fast();
    b.full(Sys.SETITIMER, "setitimer", SysTimers::setitimer).fast();
    b.full(Sys.TIMER_CREATE, "timer_create", SysTimers::timerCreate);
    b.full(Sys.TIMER_SETTIME, "timer_settime", SysTimers::timerSettime).fast();
    b.full(Sys.TIMER_GETTIME, "timer_gettime", SysTimers::timerGettime).fast();
    b.full(Sys.TIMER_GETOVERRUN, "timer_getoverrun", SysTimers::timerGetoverrun).fast();
    b.full(Sys.TIMER_DELETE, "timer_delete", SysTimers::timerDelete).fast();
  }

  static long alarm(Task t, long seconds, long a1, long a2, long a3, long a4, long a5) {
    ProcessTimers timers = t.group.timers();
    long before = timers.remaining(ITIMER_REAL);
    timers.arm(ITIMER_REAL, (seconds & 0xffffffffL) * Deadlines.NANOS, 0);
    // Rounded to the nearest second, but not to none.
    long whole = (before + Deadlines.NANOS / 2) / Deadlines.NANOS;
    return before > 0 && whole == 0 ? 1 : whole;
  }

  private static void putTimeval(byte[] b, int at, long nanos) {
    long micros = (nanos + 999) / 1000;
    Bytes.putLong(b, at, micros / 1_000_000);
    Bytes.putLong(b, at + 8, micros % 1_000_000);
  }

  private static byte[] encodeInterval(ProcessTimers timers, int which) {
    byte[] b = new byte[32];
    putTimeval(b, 0, timers.intervalOf(which));
    putTimeval(b, 16, timers.remaining(which));
    return b;
  }

  static long getitimer(Task t, long which, long address, long a2, long a3, long a4, long a5) {
    if ((int) which < ITIMER_REAL || (int) which > ITIMER_PROF) {
      return -Errno.EINVAL;
    }
    return t.mm.copyOut(address, encodeInterval(t.group.timers(), (int) which), 0, 32);
  }

  static long setitimer(Task t, long which, long value, long old, long a3, long a4, long a5) {
    byte[] b = new byte[32];
    if (value != 0 && t.mm.copyIn(value, b, 0, 32) != 0) {
      return -Errno.EFAULT;
    }
    if ((int) which < ITIMER_REAL || (int) which > ITIMER_PROF) {
      return -Errno.EINVAL;
    }
    long interval = timeval(b, 0);
    long first = timeval(b, 16);
    if (interval < 0 || first < 0) {
      return -Errno.EINVAL;
    }
    ProcessTimers timers = t.group.timers();
    byte[] before = encodeInterval(timers, (int) which);
    if (old != 0 && t.mm.copyOut(old, before, 0, 32) != 0) {
      return -Errno.EFAULT;
    }
    timers.arm((int) which, first, interval);
    return 0;
  }

  private static long timeval(byte[] b, int at) {
    long micros = Bytes.getLong(b, at + 8);
    return micros < 0 || micros >= 1_000_000
        ? -1
        : Deadlines.nanos(Bytes.getLong(b, at), micros * 1000);
  }

  static long timerCreate(Task t, long clock, long event, long idOut, long a3, long a4, long a5) {
    byte[] b = new byte[SIGEVENT_SIZE];
    if (event != 0 && t.mm.copyIn(event, b, 0, b.length) != 0) {
      return -Errno.EFAULT;
    }
    int id = (int) clock;
    ProcessTimers.Clock time = SysTime.processorTime(t, id);
    switch (id) {
      case SysTime.CLOCK_REALTIME,
          SysTime.CLOCK_MONOTONIC,
          SysTime.CLOCK_BOOTTIME,
          SysTime.CLOCK_TAI -> {}
      case SysTime.CLOCK_REALTIME_ALARM, SysTime.CLOCK_BOOTTIME_ALARM -> {
        return -Errno.EPERM;
      }
      case SysTime.CLOCK_MONOTONIC_RAW,
          SysTime.CLOCK_REALTIME_COARSE,
          SysTime.CLOCK_MONOTONIC_COARSE -> {
        return -Errno.EOPNOTSUPP;
      }
      default -> {
        if (time == null && id >= 0) {
          return -Errno.EINVAL;
        }
      }
    }
    long value = 0;
    int signo = Signals.SIGALRM;
    int notify = Signals.SIGEV_SIGNAL;
    Task thread = null;
    boolean valueIsId = event == 0;
    if (event != 0) {
      value = Bytes.getLong(b, 0);
      signo = Bytes.getInt(b, 8);
      notify = Bytes.getInt(b, 12);
      if ((notify & Signals.SIGEV_THREAD_ID) != 0) {
        thread = t.kernel().pids().task(Bytes.getInt(b, 16));
        if (thread == null || thread.group != t.group) {
          return -Errno.EINVAL;
        }
      }
      int kind = notify & ~Signals.SIGEV_THREAD_ID;
      boolean known =
          kind == Signals.SIGEV_SIGNAL
              || (kind == Signals.SIGEV_NONE || kind == Signals.SIGEV_THREAD) && thread == null;
      if (!known || kind != Signals.SIGEV_NONE && !SignalSet.isValid(signo)) {
        return -Errno.EINVAL;
      }
      notify = kind;
    }
    if (time == null && id < 0) {
      // Such a clock is only looked up when everything else is right.
      return t.mm.writeInt(idOut, 0) != 0 ? -Errno.EFAULT : -Errno.EINVAL;
    }
    ProcessTimers timers = t.group.timers();
    long timer = timers.create(id, time, notify, signo, value, valueIsId, thread);
    if (timer < 0) {
      return timer;
    }
    if (t.mm.writeInt(idOut, (int) timer) != 0) {
      timers.delete((int) timer);
      return -Errno.EFAULT;
    }
    return 0;
  }

  private static byte[] encode(ProcessTimers.PosixTimer timer) {
    byte[] b = new byte[32];
    SysTime.putTimespec(b, 0, timer.intervalNanos());
    SysTime.putTimespec(b, 16, timer.remainingNanos());
    return b;
  }

  static long timerSettime(Task t, long id, long flags, long value, long old, long a4, long a5) {
    byte[] b = new byte[32];
    if (value == 0) {
      return -Errno.EINVAL;
    }
    if (t.mm.copyIn(value, b, 0, 32) != 0) {
      return -Errno.EFAULT;
    }
    long interval = Deadlines.nanos(Bytes.getLong(b, 0), Bytes.getLong(b, 8));
    long first = Deadlines.nanos(Bytes.getLong(b, 16), Bytes.getLong(b, 24));
    if (interval < 0 || first < 0) {
      return -Errno.EINVAL;
    }
    ProcessTimers.PosixTimer timer = t.group.timers().posix((int) id);
    if (timer == null) {
      return -Errno.EINVAL;
    }
    byte[] before = encode(timer);
    long after = -1;
    if (first != 0) {
      after = first;
      if ((flags & TIMER_ABSTIME) != 0) {
        after = Math.max(0, first - Math.max(0, SysTime.read(t, timer.clockId)));
      }
    }
    if (old != 0 && t.mm.copyOut(old, before, 0, 32) != 0) {
      return -Errno.EFAULT;
    }
    timer.arm(after, interval);
    return 0;
  }

  static long timerGettime(Task t, long id, long address, long a2, long a3, long a4, long a5) {
    ProcessTimers.PosixTimer timer = t.group.timers().posix((int) id);
    return timer == null ? -Errno.EINVAL : t.mm.copyOut(address, encode(timer), 0, 32);
  }

  static long timerGetoverrun(Task t, long id, long a1, long a2, long a3, long a4, long a5) {
    ProcessTimers.PosixTimer timer = t.group.timers().posix((int) id);
    return timer == null ? -Errno.EINVAL : timer.overrun();
  }

  static long timerDelete(Task t, long id, long a1, long a2, long a3, long a4, long a5) {
    return t.group.timers().delete((int) id);
  }
}
