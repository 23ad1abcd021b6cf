package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.TimerFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.Times;

/** timerfd_create, timerfd_settime, timerfd_gettime. */
final class SysTimerfd {
  private static final int CLOCK_REALTIME = 0;
  private static final int CLOCK_MONOTONIC = 1;
  private static final int CLOCK_BOOTTIME = 7;
  private static final int CLOCK_REALTIME_ALARM = 8;
  private static final int CLOCK_BOOTTIME_ALARM = 9;
  private static final int TFD_TIMER_ABSTIME = 1;
  private static final int TFD_TIMER_CANCEL_ON_SET = 2;

  private SysTimerfd() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.TIMERFD_CREATE, "timerfd_create", SysTimerfd::create);
    b.full(Sys.TIMERFD_SETTIME, "timerfd_settime", SysTimerfd::settime);
    b.full(Sys.TIMERFD_GETTIME, "timerfd_gettime", SysTimerfd::gettime);
  }

  static long create(Task t, long clockId, long flagBits, long a2, long a3, long a4, long a5) {
    int clock = (int) clockId;
    int flags = (int) flagBits;
    boolean known =
        switch (clock) {
          case CLOCK_REALTIME,
              CLOCK_MONOTONIC,
              CLOCK_BOOTTIME,
              CLOCK_REALTIME_ALARM,
              CLOCK_BOOTTIME_ALARM ->
              true;
          default -> false;
        };
    if (!known || (flags & ~(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK)) != 0) {
      return -Errno.EINVAL;
    }
    if (clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM) {
      return -Errno.EPERM; // a sandbox may not wake the machine
    }
    TimerFile file =
        new TimerFile(
            t.kernel().anonFileSystems().anonInodes().newInode(t, 0600, "anon_inode:[timerfd]"),
            Fcntl.O_RDWR | flags & Fcntl.O_NONBLOCK,
            clock,
            t.kernel().timers());
    return SysEventfd.install(t, file, (flags & Fcntl.O_CLOEXEC) != 0);
  }

  static long settime(Task t, long fd, long flags, long newValue, long oldValue, long a4, long a5) {
    byte[] b = new byte[32];
    if (t.mm.copyIn(newValue, b, 0, 32) < 0) {
      return -Errno.EFAULT;
    }
    if (((int) flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) != 0) {
      return -Errno.EINVAL;
    }
    long interval = Deadlines.nanos(Bytes.getLong(b, 0), Bytes.getLong(b, 8));
    long value = Deadlines.nanos(Bytes.getLong(b, 16), Bytes.getLong(b, 24));
    if (interval < 0 || value < 0) {
      return -Errno.EINVAL;
    }
    long[] error = {0};
    TimerFile file = find(t, (int) fd, error);
    if (file == null) {
      return error[0];
    }
    byte[] old = encode(file);
    long deadline = 0;
    if (value != 0) {
      if ((flags & TFD_TIMER_ABSTIME) == 0) {
        deadline = Deadlines.after(value);
      } else if (file.clock() == CLOCK_REALTIME) {
        deadline = Deadlines.after(Math.max(0, value - Times.now()));
      } else {
        deadline = value;
      }
    }
    file.set(deadline, interval);
    return oldValue != 0 ? t.mm.copyOut(oldValue, old, 0, 32) : 0;
  }

  static long gettime(Task t, long fd, long address, long a2, long a3, long a4, long a5) {
    long[] error = {0};
    TimerFile file = find(t, (int) fd, error);
    return file == null ? error[0] : t.mm.copyOut(address, encode(file), 0, 32);
  }

  private static @org.jspecify.annotations.Nullable TimerFile find(Task t, int fd, long[] error) {
    var file = t.fds.get(fd);
    if (file instanceof TimerFile timer) {
      return timer;
    }
    error[0] = file == null ? -Errno.EBADF : -Errno.EINVAL;
    return null;
  }

  private static byte[] encode(TimerFile file) {
    long left = file.remainingNanos(System.nanoTime());
    byte[] b = new byte[32];
    Bytes.putLong(b, 0, file.intervalNanos() / Deadlines.NANOS);
    Bytes.putLong(b, 8, file.intervalNanos() % Deadlines.NANOS);
    Bytes.putLong(b, 16, left / Deadlines.NANOS);
    Bytes.putLong(b, 24, left % Deadlines.NANOS);
    return b;
  }
}
