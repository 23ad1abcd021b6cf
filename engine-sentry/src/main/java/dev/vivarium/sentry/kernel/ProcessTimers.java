package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Signals;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The timers of a process: setitimer's three and POSIX timers. */
public final class ProcessTimers {
  /** Timers that one process may have. */
  private static final int MAX_TIMERS = 1024;

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final ThreadGroup group;
  private final TreeMap<Integer, PosixTimer> posix = new TreeMap<>();
  private int nextId;

  /** ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF. */
  private final Interval[] intervals = new Interval[3];

  /** Null as long as there was no limit. */
  private @Nullable CpuLimit cpuLimit;

  ProcessTimers(ThreadGroup group) {
    this.group = group;
  }

  /** A clock in nanoseconds: the kernel's, or the processor time that somebody has used. */
  public interface Clock {
    long now();

    /** How many nanoseconds of it may pass in one of the kernel's. */
    default int speed() {
      return 1;
    }
  }

  private static final Clock WALL = System::nanoTime;

  /** The processor time of all tasks of a process. */
  public static Clock processTime(ThreadGroup g) {
    return new Clock() {
      @Override
      public long now() {
        return g.cpuTimes().totalNanos();
      }

      @Override
      public int speed() {
        return Math.max(1, Math.min(g.tasks.size(), g.kernel().processors()));
      }
    };
  }

  /** The processor time of a task. */
  public static Clock taskTime(Task t) {
    return () -> t.times().totalNanos();
  }

  /** What ITIMER_VIRTUAL runs on. */
  private static Clock userTime(ThreadGroup g) {
    return new Clock() {
      @Override
      public long now() {
        return g.cpuTimes().userNanos;
      }

      @Override
      public int speed() {
        return Math.max(1, Math.min(g.tasks.size(), g.kernel().processors()));
      }
    };
  }

  /**
   * A timer on any clock. Nobody tells when processor time has been used, so such a timer looks
   * again when it can be due at the earliest, but not all the time.
   */
  private abstract class ClockTimer extends Timers.Timer {
    private static final long LEAST_WAIT = 1_000_000;

    final Clock clock;
    long interval;

    /** On {@link #clock}. */
    long due;

    ClockTimer(Clock clock) {
      this.clock = clock;
    }

    /** Its time has come, {@code late} nanoseconds ago; {@link #due} is to be moved on. */
    abstract void expired(long late);

    @Override
    protected final void fire() {
      long late = clock.now() - due;
      if (late < 0) {
        lookAgain();
      } else {
        expired(late);
      }
    }

    final void lookAgain() {
      if (clock == WALL) {
        group.kernel().timers().schedule(this, due);
        return;
      }
      long wait = Math.max(LEAST_WAIT, (due - clock.now()) / clock.speed());
      group.kernel().timers().schedule(this, saturated(System.nanoTime(), wait));
    }

    final long left() {
      return isScheduled() ? Math.max(1, due - clock.now()) : 0;
    }
  }

  /** One timer of setitimer(2). */
  private final class Interval extends ClockTimer {
    private final int signo;

    Interval(Clock clock, int signo) {
      super(clock);
      this.signo = signo;
    }

    @Override
    void expired(long late) {
      if (interval > 0) {
        due = Math.max(saturated(due, interval), clock.now());
        lookAgain();
      }
      group.sendSignal(SignalInfo.kernel(signo));
    }
  }

  /** RLIMIT_CPU: SIGXCPU at the soft limit and each second after it, SIGKILL at the hard one. */
  private final class CpuLimit extends ClockTimer {
    CpuLimit() {
      super(processTime(group));
    }

    @Override
    void expired(long late) {
      Rlimits limits = group.rlimits;
      long used = clock.now();
      if (used >= nanos(limits.hard(Resource.RLIMIT_CPU))) {
        group.sendSignal(SignalInfo.kernel(Signals.SIGKILL));
        return;
      }
      long soft = limits.soft(Resource.RLIMIT_CPU);
      if (used >= nanos(soft)) {
        // As Linux: the limit moves on, and who asks for it sees that.
        limits.set(Resource.RLIMIT_CPU, soft + 1, limits.hard(Resource.RLIMIT_CPU));
        group.sendSignal(SignalInfo.kernel(Signals.SIGXCPU));
      }
      arm();
    }

    void arm() {
      Rlimits limits = group.rlimits;
      due =
          Math.min(
              nanos(limits.soft(Resource.RLIMIT_CPU)), nanos(limits.hard(Resource.RLIMIT_CPU)));
      if (due == Long.MAX_VALUE) {
        group.kernel().timers().cancel(this);
      } else {
        lookAgain();
      }
    }

    private static long nanos(long seconds) {
      return Long.compareUnsigned(seconds, Long.MAX_VALUE / NANOS_PER_SECOND) > 0
          ? Long.MAX_VALUE
          : seconds * NANOS_PER_SECOND;
    }
  }

  /** RLIMIT_CPU has been set or inherited. */
  public void cpuLimitChanged() {
    CpuLimit limit = cpuLimit;
    if (limit == null) {
      if (group.rlimits.soft(Resource.RLIMIT_CPU) == Resource.RLIM_INFINITY) {
        return;
      }
      limit = new CpuLimit();
      cpuLimit = limit;
    }
    limit.arm();
  }

  private Interval interval(int which) {
    Interval i = intervals[which];
    if (i == null) {
      i =
          switch (which) {
            case 0 -> new Interval(WALL, Signals.SIGALRM);
            case 1 -> new Interval(userTime(group), Signals.SIGVTALRM);
            default -> new Interval(processTime(group), Signals.SIGPROF);
          };
      intervals[which] = i;
    }
    return i;
  }

  /** Nanoseconds until an interval timer fires; 0 if it is not armed. */
  public long remaining(int which) {
    Interval i = intervals[which];
    return i == null ? 0 : i.left();
  }

  public long intervalOf(int which) {
    Interval i = intervals[which];
    return i == null ? 0 : i.interval;
  }

  /** Arms an interval timer, or disarms it if {@code valueNanos} is 0. */
  public void arm(int which, long valueNanos, long intervalNanos) {
    Interval i = interval(which);
    i.interval = intervalNanos;
    if (valueNanos == 0) {
      group.kernel().timers().cancel(i);
    } else {
      i.due = saturated(i.clock.now(), valueNanos);
      i.lookAgain();
    }
  }

  static long saturated(long now, long delta) {
    long sum = now + delta;
    return sum < now ? Long.MAX_VALUE - 1 : sum;
  }

  /** A timer made by timer_create(2). */
  public final class PosixTimer extends ClockTimer implements SignalInfo.TimerSource {
    public final int id;

    /** CLOCK_*, or the number of another process's or thread's clock. */
    public final int clockId;

    /** SIGEV_*. */
    public final int notify;

    public final int signo;
    public final long value;

    /** For SIGEV_THREAD_ID; else null. */
    private final @Nullable Task thread;

    /** Who is charged for the signal that it may send at any time. */
    private final SignalQueue.Account account;

    private boolean queued;
    private int overrunNow;
    private int overrunLast;

    PosixTimer(
        int id,
        int clockId,
        Clock clock,
        int notify,
        int signo,
        long value,
        @Nullable Task thread,
        SignalQueue.Account account) {
      super(clock);
      this.account = account;
      account.signals++;
      this.id = id;
      this.clockId = clockId;
      this.notify = notify;
      this.signo = signo;
      this.value = value;
      this.thread = thread;
    }

    @Override
    void expired(long late) {
      int expirations = 1;
      if (interval > 0) {
        long missed = late / interval;
        expirations = (int) Math.min(Integer.MAX_VALUE - 1, 1 + missed);
        due = saturated(due + interval * missed, interval);
        lookAgain();
      }
      if (notify == Signals.SIGEV_NONE) {
        return;
      }
      if (queued) {
        overrunNow = (int) Math.min(Integer.MAX_VALUE, (long) overrunNow + expirations);
        return;
      }
      overrunNow = expirations - 1;
      SignalInfo info = new SignalInfo(signo, Signals.SI_TIMER);
      info.timerId = id;
      info.value = value;
      info.timer = this;
      queued = true;
      Task to = thread;
      if (to != null && !to.hasExited()) {
        to.sendSignal(info);
      } else {
        group.sendSignal(info);
      }
    }

    @Override
    public int delivered() {
      queued = false;
      overrunLast = overrunNow;
      overrunNow = 0;
      return overrunLast;
    }

    public int overrun() {
      return overrunLast;
    }

    public long intervalNanos() {
      return interval;
    }

    /** Nanoseconds until it fires; 0 if it is not armed. */
    public long remainingNanos() {
      return left();
    }

    /**
     * Starts it anew.
     *
     * @param after nanoseconds from now on its clock; negative disarms
     */
    public void arm(long after, long intervalNanos) {
      interval = intervalNanos;
      queued = false;
      overrunNow = 0;
      overrunLast = 0;
      if (after < 0) {
        group.kernel().timers().cancel(this);
      } else {
        due = saturated(clock.now(), after);
        lookAgain();
      }
    }
  }

  /**
   * timer_create(2).
   *
   * @param time the clock if it is one of processor time; null for the kernel's
   * @param valueIsId whether the signal carries the timer's id in place of {@code value}
   * @return the id or -EAGAIN
   */
  public long create(
      int clockId,
      @Nullable Clock time,
      int notify,
      int signo,
      long value,
      boolean valueIsId,
      @Nullable Task thread) {
    SignalQueue.Account account = group.kernel().queuedSignals(group.leader.creds.ruid);
    if (posix.size() >= MAX_TIMERS
        || group.rlimits.exceeds(Resource.RLIMIT_SIGPENDING, account.signals + 1L)) {
      return -Errno.EAGAIN;
    }
    int id = nextId;
    while (posix.containsKey(id)) {
      id = id + 1 & Integer.MAX_VALUE;
    }
    nextId = id + 1 & Integer.MAX_VALUE;
    posix.put(
        id,
        new PosixTimer(
            id,
            clockId,
            time == null ? WALL : time,
            notify,
            signo,
            valueIsId ? id : value,
            thread,
            account));
    return id;
  }

  public @Nullable PosixTimer posix(int id) {
    return posix.get(id);
  }

  /** Returns 0 or -EINVAL. */
  public long delete(int id) {
    PosixTimer timer = posix.remove(id);
    if (timer == null) {
      return -Errno.EINVAL;
    }
    timer.account.signals--;
    group.kernel().timers().cancel(timer);
    return 0;
  }

  /** execve deletes POSIX timers and keeps the others. */
  void deletePosixTimers() {
    for (PosixTimer timer : posix.values()) {
      timer.account.signals--;
      group.kernel().timers().cancel(timer);
    }
    posix.clear();
  }

  void cancelAll() {
    deletePosixTimers();
    if (cpuLimit != null) {
      group.kernel().timers().cancel(cpuLimit);
    }
    for (Interval i : intervals) {
      if (i != null) {
        group.kernel().timers().cancel(i);
      }
    }
  }
}
