package dev.vivarium.sentry.kernel;

/**
 * Holds a sandbox to its share of the processors, as {@code cpu.max} of a cgroup does: in each
 * period it may use so much time; when that is used up its guests stand still until the next one.
 *
 * <p>What is counted is the time for which guests run, by the clock on the wall and for at most as
 * many at once as there are processors, and the kernel's own time for them. On a machine that is
 * busy with other things this counts waiting for a processor as use, so the quota may not be
 * reached; and a guest runs on until the signal that stops it arrives.
 */
public final class CpuQuota extends Timers.Timer {
  /** The period, as {@code cpu.max} shows it. */
  public static final long PERIOD_MICROS = 100_000;

  private static final long PERIOD_NANOS = PERIOD_MICROS * 1000;

  /** How often it looks at least while guests run, and at most. */
  private static final long LOOK_MAX_NANOS = 10_000_000;

  private static final long LOOK_MIN_NANOS = 500_000;

  private final Kernel kernel;
  private final int processors;
  private final long quotaNanos;
  private final WaitQueue nextPeriod = new WaitQueue();

  private int running;
  private long lastLook;
  private long periodEnd;
  private long used;
  private boolean spent;
  private long spentSince;

  private long periods;
  private long throttledPeriods;
  private long throttledNanos;

  CpuQuota(Kernel kernel, double cpus, int processors) {
    this.kernel = kernel;
    this.processors = processors;
    this.quotaNanos = (long) (cpus * PERIOD_NANOS);
  }

  public long periods() {
    return periods;
  }

  public long throttledPeriods() {
    return throttledPeriods;
  }

  public long throttledNanos() {
    return throttledNanos;
  }

  /** Whether no guest may run now. */
  boolean isSpent() {
    return spent;
  }

  /** Waits for the next period, or the task's death. */
  void await(Task t) {
    t.waitKillable(nextPeriod);
  }

  /** A guest begins to run. */
  void guestStarts(long now) {
    account(now);
    running++;
    if (!isScheduled()) {
      periodEnd = now + PERIOD_NANOS;
      look(now);
    }
  }

  /** A guest has stopped. */
  void guestStops(long now) {
    account(now);
    running--;
  }

  /** The kernel has worked for a guest. */
  void charge(long nanos) {
    used += nanos;
  }

  private void account(long now) {
    used += (now - lastLook) * Math.min(running, processors);
    lastLook = now;
  }

  @Override
  protected void fire() {
    long now = System.nanoTime();
    account(now);
    if (now >= periodEnd) {
      long over = (now - periodEnd) / PERIOD_NANOS + 1;
      periods += over;
      periodEnd += over * PERIOD_NANOS;
      used = Math.max(0, used - over * quotaNanos);
      if (spent && used < quotaNanos) {
        spent = false;
        throttledNanos += now - spentSince;
        nextPeriod.wake(0);
      }
    }
    if (!spent && used >= quotaNanos) {
      spent = true;
      spentSince = now;
      throttledPeriods++;
      for (ThreadGroup g : kernel.pids().groups()) {
        g.tasks.forEach(Task::comeIn);
      }
    }
    look(now);
  }

  private void look(long now) {
    long at;
    if (spent) {
      at = periodEnd;
    } else if (running > 0) {
      long left = (quotaNanos - used) / Math.min(running, processors);
      at = Math.min(periodEnd, now + Math.clamp(left, LOOK_MIN_NANOS, LOOK_MAX_NANOS));
    } else if (used > 0) {
      at = periodEnd;
    } else {
      return; // the next guest starts a period
    }
    kernel.timers().schedule(this, at);
  }
}
