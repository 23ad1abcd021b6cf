package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The timers of a process: setitimer's three and POSIX timers. */
public final class ProcessTimers {
  /** Timers that one process may have. */
  private static final int MAX_TIMERS = 1024;

  private final ThreadGroup group;
  private final TreeMap<Integer, PosixTimer> posix = new TreeMap<>();
  private int nextId;

  /** ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF. */
  private final Interval[] intervals = new Interval[3];

  ProcessTimers(ThreadGroup group) {
    this.group = group;
  }

  /**
   * One timer of setitimer(2). VIRTUAL and PROF run on the wall clock too as long as the process
   * lives: the guest's processor time is not known to the nanosecond.
   */
  private final class Interval extends Timers.Timer {
    private final int signo;
    private long interval;
    private long due;

    Interval(int signo) {
      this.signo = signo;
    }

    @Override
    protected void fire() {
      if (interval > 0) {
        due = Math.max(due + interval, System.nanoTime());
        group.kernel().timers().schedule(this, due);
      }
      group.sendSignal(SignalInfo.kernel(signo));
    }
  }

  private Interval interval(int which) {
    Interval i = intervals[which];
    if (i == null) {
      i =
          new Interval(
              switch (which) {
                case 0 -> Signals.SIGALRM;
                case 1 -> Signals.SIGVTALRM;
                default -> Signals.SIGPROF;
              });
      intervals[which] = i;
    }
    return i;
  }

  /** Nanoseconds until an interval timer fires; 0 if it is not armed. */
  public long remaining(int which) {
    Interval i = intervals[which];
    return i == null || !i.isScheduled() ? 0 : Math.max(1, i.due - System.nanoTime());
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
      i.due = saturated(System.nanoTime(), valueNanos);
      group.kernel().timers().schedule(i, i.due);
    }
  }

  static long saturated(long now, long delta) {
    long sum = now + delta;
    return sum < now ? Long.MAX_VALUE - 1 : sum;
  }

  /** A timer made by timer_create(2). */
  public final class PosixTimer extends Timers.Timer implements SignalInfo.TimerSource {
    public final int id;
    public final int clock;

    /** SIGEV_*. */
    public final int notify;

    public final int signo;
    public final long value;

    /** For SIGEV_THREAD_ID; else null. */
    private final @Nullable Task thread;

    private long interval;
    private long due;
    private boolean queued;
    private int overrunNow;
    private int overrunLast;

    PosixTimer(int id, int clock, int notify, int signo, long value, @Nullable Task thread) {
      this.id = id;
      this.clock = clock;
      this.notify = notify;
      this.signo = signo;
      this.value = value;
      this.thread = thread;
    }

    @Override
    protected void fire() {
      long now = System.nanoTime();
      int expirations = 1;
      if (interval > 0) {
        long late = Math.max(0, now - due) / interval;
        expirations = (int) Math.min(Integer.MAX_VALUE - 1, 1 + late);
        due += interval * (1 + late);
        group.kernel().timers().schedule(this, due);
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
      return isScheduled() ? Math.max(1, due - System.nanoTime()) : 0;
    }

    /**
     * @param dueNanos on the monotonic clock; 0 disarms
     */
    public void arm(long dueNanos, long intervalNanos) {
      interval = intervalNanos;
      queued = false;
      overrunNow = 0;
      overrunLast = 0;
      if (dueNanos == 0) {
        group.kernel().timers().cancel(this);
      } else {
        due = dueNanos;
        group.kernel().timers().schedule(this, due);
      }
    }
  }

  /**
   * timer_create(2).
   *
   * @param valueIsId whether the signal carries the timer's id in place of {@code value}
   * @return the id or -EAGAIN
   */
  public long create(
      int clock, int notify, int signo, long value, boolean valueIsId, @Nullable Task thread) {
    if (posix.size() >= MAX_TIMERS) {
      return -Errno.EAGAIN;
    }
    int id = nextId;
    while (posix.containsKey(id)) {
      id = id + 1 & Integer.MAX_VALUE;
    }
    nextId = id + 1 & Integer.MAX_VALUE;
    posix.put(id, new PosixTimer(id, clock, notify, signo, valueIsId ? id : value, thread));
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
    group.kernel().timers().cancel(timer);
    return 0;
  }

  /** execve deletes POSIX timers and keeps the others. */
  void deletePosixTimers() {
    for (PosixTimer timer : posix.values()) {
      group.kernel().timers().cancel(timer);
    }
    posix.clear();
  }

  void cancelAll() {
    deletePosixTimers();
    for (Interval i : intervals) {
      if (i != null) {
        group.kernel().timers().cancel(i);
      }
    }
  }
}
