package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.Timers;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;

/** timerfd_create(2): counts how often its time came. Times are on the kernel's monotonic clock. */
public final class TimerFile extends File {
  private final WaitQueue queue = new WaitQueue();
  private final Timers timers;
  private final int clock;
  private long expirations;
  private long intervalNanos;

  private final Timers.Timer timer =
      new Timers.Timer() {
        @Override
        protected void fire() {
          expired();
        }
      };

  public TimerFile(Inode inode, int flags, int clock, Timers timers) {
    super(inode, null, flags);
    this.clock = clock;
    this.timers = timers;
  }

  /** lseek(2) succeeds and does nothing. */
  @Override
  public long seek(Task t, long offset, int whence) {
    return 0;
  }

  /** CLOCK_* that absolute times refer to. */
  public int clock() {
    return clock;
  }

  /** Expirations that nobody has read. */
  public long ticks() {
    settle();
    return expirations;
  }

  public long intervalNanos() {
    return intervalNanos;
  }

  /** Nanoseconds to the next expiry, at least 1 while it is armed; 0 if it is not. */
  public long remainingNanos(long now) {
    settle();
    return timer.isScheduled() ? Math.max(1, timer.deadlineNanos() - now) : 0;
  }

  /** Starts it anew; {@code deadline} 0 stops it. */
  public void set(long deadline, long interval) {
    expirations = 0;
    intervalNanos = interval;
    if (deadline == 0) {
      timers.cancel(timer);
    } else {
      timers.schedule(timer, deadline);
      settle();
    }
  }

  /** Counts what is due although nobody has fired it yet: readers see time as it is. */
  private void settle() {
    if (timer.isScheduled() && timer.deadlineNanos() <= System.nanoTime()) {
      timers.cancel(timer);
      expired();
    }
  }

  private void expired() {
    expirations++;
    if (intervalNanos > 0) {
      // What was missed while nobody kept time counts too.
      long late = System.nanoTime() - timer.deadlineNanos();
      long missed = Math.max(0, late) / intervalNanos;
      expirations += missed;
      timers.schedule(
          timer, Timers.saturated(timer.deadlineNanos() + missed * intervalNanos, intervalNanos));
    }
    queue.wake(Poll.IN | Poll.RDNORM);
  }

  @Override
  protected void release(Task t) {
    timers.cancel(timer);
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    if (dst.remaining() < 8) {
      return -Errno.EINVAL;
    }
    settle();
    while (expirations == 0) {
      if (isNonBlocking()) {
        return -Errno.EAGAIN;
      }
      long w = t.waitOn(queue, Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
    long n = dst.put(Bytes.ofLong(expirations), 0, 8);
    expirations = 0;
    return n < 0 ? n : 8;
  }

  @Override
  public int poll() {
    settle();
    return expirations != 0 ? Poll.IN | Poll.RDNORM : 0;
  }

  @Override
  public WaitQueue pollQueue() {
    return queue;
  }
}
