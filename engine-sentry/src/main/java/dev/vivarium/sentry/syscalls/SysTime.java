package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.ProcessTimers;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.Times;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Clocks and sleeping. */
final class SysTime {
  // linux/time.h
  static final int CLOCK_REALTIME = 0;
  static final int CLOCK_MONOTONIC = 1;
  static final int CLOCK_PROCESS_CPUTIME_ID = 2;
  static final int CLOCK_THREAD_CPUTIME_ID = 3;
  static final int CLOCK_MONOTONIC_RAW = 4;
  static final int CLOCK_REALTIME_COARSE = 5;
  static final int CLOCK_MONOTONIC_COARSE = 6;
  static final int CLOCK_BOOTTIME = 7;
  static final int CLOCK_REALTIME_ALARM = 8;
  static final int CLOCK_BOOTTIME_ALARM = 9;
  static final int CLOCK_TAI = 11;
  private static final int TIMER_ABSTIME = 1;
  private static final int TIMEX_SIZE = 208;
  private static final long TIMEX_MAX_ERROR = 16_000_000;
  private static final int STA_UNSYNC = 0x40;
  private static final int TIME_ERROR = 5;
  private static final long COARSE_NANOS = 4_000_000;

  private SysTime() {}

  static void register(SyscallTable.Builder b) {
    String cpu = "Processor-time clocks advance only when a task enters the kernel.";
    b.partial(Sys.CLOCK_GETTIME, "clock_gettime", SysTime::clockGettime, cpu).fast();
    b.full(Sys.CLOCK_GETRES, "clock_getres", SysTime::clockGetres).fast();
    b.partial(
            Sys.CLOCK_SETTIME,
            "clock_settime",
            SysTime::clockSettime,
            "The sandbox's clock is the host's: EPERM.")
        .fast();
    b.full(Sys.GETTIMEOFDAY, "gettimeofday", SysTime::gettimeofday).fast();
    b.partial(
            Sys.SETTIMEOFDAY,
            "settimeofday",
            SysTime::settimeofday,
            "The sandbox's clock is the host's: EPERM.")
        .fast();
    String readOnly = "Reads; the clock is the host's, and setting it is refused with EPERM.";
    b.partial(Sys.ADJTIMEX, "adjtimex", SysTime::adjtimex, readOnly);
    b.partial(Sys.CLOCK_ADJTIME, "clock_adjtime", SysTime::clockAdjtime, readOnly);
    b.full(Sys.TIME, "time", SysTime::time).fast();
    b.full(Sys.NANOSLEEP, "nanosleep", SysTime::nanosleep);
    b.full(Sys.CLOCK_NANOSLEEP, "clock_nanosleep", SysTime::clockNanosleep);
    b.full(
        Sys.RESTART_SYSCALL, "restart_syscall", (t, a0, a1, a2, a3, a4, a5) -> t.goOnWithRestart());
  }

  /** Nanoseconds a clock shows, or -1 if there is no such clock. */
  static long read(Task t, int clock) {
    switch (clock) {
      case CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_REALTIME_ALARM, CLOCK_TAI -> {
        return Times.now();
      }
      case CLOCK_MONOTONIC,
          CLOCK_MONOTONIC_RAW,
          CLOCK_MONOTONIC_COARSE,
          CLOCK_BOOTTIME,
          CLOCK_BOOTTIME_ALARM -> {
        return System.nanoTime();
      }
      case CLOCK_PROCESS_CPUTIME_ID -> {
        return t.group.cpuTimes().totalNanos();
      }
      case CLOCK_THREAD_CPUTIME_ID -> {
        return t.times().totalNanos();
      }
      default -> {
        return clock < 0 ? readOther(t, clock) : -1;
      }
    }
  }

  /** clock_getcpuclockid and pthread_getcpuclockid: the clock names a process or a thread. */
  private static long readOther(Task t, int clock) {
    int kind = clock & 3;
    boolean perThread = (clock & 4) != 0;
    int id = ~(clock >> 3);
    if (kind == 3) {
      return -1; // a clock of a device
    }
    Task target = id == 0 ? t : t.kernel().pids().task(id);
    if (target == null) {
      return -1;
    }
    return perThread ? target.times().totalNanos() : target.group.cpuTimes().totalNanos();
  }

  static void putTimespec(byte[] b, int at, long nanos) {
    Bytes.putLong(b, at, nanos / Deadlines.NANOS);
    Bytes.putLong(b, at + 8, nanos % Deadlines.NANOS);
  }

  static long writeTimespec(Task t, long address, long nanos) {
    byte[] b = new byte[16];
    putTimespec(b, 0, nanos);
    return t.mm.copyOut(address, b, 0, 16);
  }

  static long clockGettime(Task t, long clock, long address, long a2, long a3, long a4, long a5) {
    long now = read(t, (int) clock);
    return now < 0 ? -Errno.EINVAL : writeTimespec(t, address, now);
  }

  static long clockGetres(Task t, long clock, long address, long a2, long a3, long a4, long a5) {
    int id = (int) clock;
    if (read(t, id) < 0) {
      return -Errno.EINVAL;
    }
    boolean coarse = id == CLOCK_REALTIME_COARSE || id == CLOCK_MONOTONIC_COARSE;
    return address == 0 ? 0 : writeTimespec(t, address, coarse ? COARSE_NANOS : 1);
  }

  static long clockSettime(Task t, long clock, long address, long a2, long a3, long a4, long a5) {
    int id = (int) clock;
    if (id > CLOCK_REALTIME) {
      return -Errno.EINVAL; // these cannot be set
    }
    long nanos = Deadlines.readTimespec(t, address);
    if (nanos < 0) {
      return nanos;
    }
    return read(t, id) < 0 ? -Errno.EINVAL : -Errno.EPERM;
  }

  static long settimeofday(Task t, long tv, long tz, long a2, long a3, long a4, long a5) {
    byte[] b = new byte[16];
    if (tv != 0) {
      if (t.mm.copyIn(tv, b, 0, 16) != 0) {
        return -Errno.EFAULT;
      }
      long micros = Bytes.getLong(b, 8);
      if (micros < 0 || micros > 1_000_000) {
        return -Errno.EINVAL;
      }
    }
    if (tz != 0 && t.mm.copyIn(tz, new byte[8], 0, 8) != 0) {
      return -Errno.EFAULT;
    }
    boolean isTime = Bytes.getLong(b, 0) >= 0 && Bytes.getLong(b, 8) < 1_000_000;
    return tv != 0 && !isTime ? -Errno.EINVAL : -Errno.EPERM;
  }

  static long gettimeofday(Task t, long tv, long tz, long a2, long a3, long a4, long a5) {
    if (tv != 0) {
      long now = Times.now();
      byte[] b = new byte[16];
      Bytes.putLong(b, 0, now / Deadlines.NANOS);
      Bytes.putLong(b, 8, now % Deadlines.NANOS / 1000);
      if (t.mm.copyOut(tv, b, 0, 16) != 0) {
        return -Errno.EFAULT;
      }
    }
    return tz == 0 ? 0 : t.mm.copyOut(tz, new byte[8], 0, 8);
  }

  /** The state of a clock that nobody steers (struct timex of linux/timex.h). */
  static long adjtimex(Task t, long address, long a1, long a2, long a3, long a4, long a5) {
    byte[] b = new byte[TIMEX_SIZE];
    if (t.mm.copyIn(address, b, 0, TIMEX_SIZE) != 0) {
      return -Errno.EFAULT;
    }
    if (Bytes.getInt(b, 0) != 0) {
      return -Errno.EPERM;
    }
    Arrays.fill(b, (byte) 0);
    long now = Times.now();
    Bytes.putLong(b, 24, TIMEX_MAX_ERROR);
    Bytes.putLong(b, 32, TIMEX_MAX_ERROR);
    Bytes.putInt(b, 40, STA_UNSYNC);
    Bytes.putLong(b, 56, 1);
    Bytes.putLong(b, 72, now / Deadlines.NANOS);
    Bytes.putLong(b, 80, now % Deadlines.NANOS / 1000);
    Bytes.putLong(b, 88, 10_000);
    return t.mm.copyOut(address, b, 0, TIMEX_SIZE) != 0 ? -Errno.EFAULT : TIME_ERROR;
  }

  static long clockAdjtime(Task t, long clock, long timex, long a2, long a3, long a4, long a5) {
    int id = (int) clock;
    if (id == CLOCK_REALTIME) {
      return adjtimex(t, timex, 0, 0, 0, 0, 0);
    }
    if (t.mm.copyIn(timex, new byte[TIMEX_SIZE], 0, TIMEX_SIZE) != 0) {
      return -Errno.EFAULT;
    }
    if ((id & 7) == 3 && id < 0) {
      return -Errno.EINVAL; // a clock of a device, which no descriptor here is
    }
    return id > 0 && read(t, id) < 0 ? -Errno.EINVAL : -Errno.EOPNOTSUPP;
  }

  static long time(Task t, long address, long a1, long a2, long a3, long a4, long a5) {
    long seconds = Times.now() / Deadlines.NANOS;
    if (address != 0 && t.mm.writeLong(address, seconds) != 0) {
      return -Errno.EFAULT;
    }
    return seconds;
  }

  static long nanosleep(Task t, long request, long remaining, long a2, long a3, long a4, long a5) {
    long nanos = Deadlines.readTimespec(t, request);
    return nanos < 0 ? nanos : sleep(t, Deadlines.after(nanos), remaining);
  }

  static long clockNanosleep(
      Task t, long clock, long flags, long request, long remaining, long a4, long a5) {
    int id = (int) clock;
    switch (id) {
      case CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI -> {}
      case CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM -> {
        if (!t.creds.capable(Capability.CAP_WAKE_ALARM)) {
          return -Errno.EPERM;
        }
      }
      case CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE -> {
        return -Errno.EOPNOTSUPP;
      }
      default -> {
        return sleepOnProcessorTime(t, id, flags, request, remaining);
      }
    }
    long nanos = Deadlines.readTimespec(t, request);
    if (nanos < 0) {
      return nanos;
    }
    if ((flags & TIMER_ABSTIME) == 0) {
      return sleep(t, Deadlines.after(nanos), remaining);
    }
    long now = read(t, id);
    long deadline = nanos <= now ? System.nanoTime() : Deadlines.after(nanos - now);
    long rc = sleepUntil(t, deadline);
    // An absolute time needs no remembering: the call is simply made again.
    return rc == -Errno.ERESTARTSYS ? -Errno.ERESTARTNOHAND : rc;
  }

  /** The clock of a process or a thread; null if the number names none. */
  static ProcessTimers.@Nullable Clock processorTime(Task t, int clock) {
    if (clock == CLOCK_PROCESS_CPUTIME_ID) {
      return ProcessTimers.processTime(t.group);
    }
    if (clock == CLOCK_THREAD_CPUTIME_ID) {
      return ProcessTimers.taskTime(t);
    }
    if (clock >= 0 || (clock & 3) == 3) {
      return null;
    }
    int id = ~(clock >> 3);
    Task target = id == 0 ? t : t.kernel().pids().task(id);
    boolean perThread = (clock & 4) != 0;
    if (target == null || perThread && target.group != t.group) {
      return null;
    }
    return perThread ? ProcessTimers.taskTime(target) : ProcessTimers.processTime(target.group);
  }

  private static long sleepOnProcessorTime(
      Task t, int id, long flags, long request, long remaining) {
    ProcessTimers.Clock clock = processorTime(t, id);
    if (id == CLOCK_THREAD_CPUTIME_ID) {
      return -Errno.EOPNOTSUPP;
    }
    if (id < 0 && (id & 7) == 3) {
      return -Errno.EOPNOTSUPP; // a clock of a device
    }
    if (id < 0 && clock == null) {
      long nanos = Deadlines.readTimespec(t, request);
      return nanos < 0 ? nanos : -Errno.EINVAL;
    }
    boolean own = (id & 4) != 0 && (~(id >> 3) == 0 || ~(id >> 3) == t.tid());
    if (clock == null || own) {
      return -Errno.EINVAL; // nobody's time goes on while he sleeps
    }
    long nanos = Deadlines.readTimespec(t, request);
    if (nanos < 0) {
      return nanos;
    }
    boolean absolute = (flags & TIMER_ABSTIME) != 0;
    long due = absolute ? nanos : clock.now() + nanos;
    long rc = sleepUntil(t, clock, due);
    if (rc == 0 || absolute) {
      return rc == 0 ? 0 : -Errno.ERESTARTNOHAND;
    }
    long left = Math.max(0, due - clock.now());
    if (remaining != 0 && writeTimespec(t, remaining, left) != 0) {
      return -Errno.EFAULT;
    }
    return t.restartWith(again -> sleepUntil(again, clock, due));
  }

  private static long sleepUntil(Task t, ProcessTimers.Clock clock, long due) {
    for (long left = due - clock.now(); left > 0; left = due - clock.now()) {
      long wait = Math.max(1_000_000, left / clock.speed());
      if (t.sleepUntil(Deadlines.after(wait)) == -Errno.ERESTARTSYS) {
        return -Errno.ERESTARTSYS;
      }
    }
    return 0;
  }

  private static long sleep(Task t, long deadline, long remaining) {
    long rc = sleepUntil(t, deadline);
    if (rc != -Errno.ERESTARTSYS) {
      return rc;
    }
    if (remaining != 0) {
      long left = Deadlines.remaining(deadline);
      if (left == 0) {
        return 0;
      }
      if (writeTimespec(t, remaining, left) != 0) {
        return -Errno.EFAULT;
      }
    }
    return t.restartWith(again -> sleep(again, deadline, remaining));
  }

  /** 0 when the time has come, or -ERESTARTSYS. */
  private static long sleepUntil(Task t, long deadline) {
    while (System.nanoTime() < deadline) {
      if (t.sleepUntil(deadline) == -Errno.ERESTARTSYS) {
        return -Errno.ERESTARTSYS;
      }
    }
    return 0;
  }
}
