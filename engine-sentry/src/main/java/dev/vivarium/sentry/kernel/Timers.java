package dev.vivarium.sentry.kernel;

import java.util.Arrays;

/**
 * What is to happen at certain times, on the host's monotonic clock ({@link System#nanoTime}). A
 * binary heap whose entries know their place, so that cancelling is cheap. On the kernel thread
 * only.
 */
public final class Timers {
  /**
   * Something that is to happen once, at a time. Can be scheduled again after it has fired or was
   * cancelled.
   */
  public abstract static class Timer {
    private long deadline;
    private int index = -1;

    /** Called on the kernel thread when the time has come. */
    protected abstract void fire();

    public final boolean isScheduled() {
      return index >= 0;
    }

    /** When it is due; meaningful while it is scheduled. */
    public final long deadlineNanos() {
      return deadline;
    }
  }

  private final KernelLoop.Bugs bugs;
  private Timer[] heap = new Timer[64];
  private int size;

  Timers(KernelLoop.Bugs bugs) {
    this.bugs = bugs;
  }

  /**
   * A point in time so much later, or the last there is: an interval that wraps around would be due
   * at once, again and again.
   */
  public static long saturated(long time, long nanos) {
    long sum = time + nanos;
    return nanos > 0 && sum < time ? Long.MAX_VALUE : sum;
  }

  /** Has the timer fire at {@code deadlineNanos}; moves it if it is scheduled already. */
  public void schedule(Timer timer, long deadlineNanos) {
    cancel(timer);
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, size * 2);
    }
    timer.deadline = deadlineNanos;
    siftUp(size++, timer);
  }

  /** Forgets the timer; nothing if it is not scheduled. */
  public void cancel(Timer timer) {
    int hole = timer.index;
    if (hole < 0) {
      return;
    }
    timer.index = -1;
    Timer last = heap[--size];
    heap[size] = null;
    if (last == timer) {
      return;
    }
    if (hole > 0 && last.deadline < heap[(hole - 1) / 2].deadline) {
      siftUp(hole, last);
    } else {
      siftDown(hole, last);
    }
  }

  /** Fires what is due; returns whether anything was. */
  boolean expire(long nowNanos) {
    boolean any = false;
    while (size > 0 && heap[0].deadline <= nowNanos) {
      Timer due = heap[0];
      cancel(due);
      any = true;
      try {
        due.fire();
      } catch (RuntimeException | Error bug) {
        bugs.report("a timer: " + due.getClass().getSimpleName(), bug);
      }
    }
    return any;
  }

  /** Nanoseconds until the next one is due, at least 0; -1 if there is none. */
  long nanosToNext(long nowNanos) {
    return size == 0 ? -1 : Math.max(0, heap[0].deadline - nowNanos);
  }

  private void siftUp(int hole, Timer timer) {
    while (hole > 0) {
      int parent = (hole - 1) / 2;
      if (heap[parent].deadline <= timer.deadline) {
        break;
      }
      put(hole, heap[parent]);
      hole = parent;
    }
    put(hole, timer);
  }

  private void siftDown(int hole, Timer timer) {
    for (; ; ) {
      int child = 2 * hole + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && heap[child + 1].deadline < heap[child].deadline) {
        child++;
      }
      if (heap[child].deadline >= timer.deadline) {
        break;
      }
      put(hole, heap[child]);
      hole = child;
    }
    put(hole, timer);
  }

  private void put(int index, Timer timer) {
    heap[index] = timer;
    timer.index = index;
  }
}
