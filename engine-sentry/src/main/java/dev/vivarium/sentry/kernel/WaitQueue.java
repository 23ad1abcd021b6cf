package dev.vivarium.sentry.kernel;

import org.jspecify.annotations.Nullable;

/**
 * Those who wait for something about one object to change: tasks that sleep, epoll instances that
 * watch. An intrusive list; waking does not remove.
 */
public final class WaitQueue {
  private @Nullable Waiter first;
  private @Nullable Waiter last;

  /** One entry of one queue. */
  public abstract static class Waiter {
    private @Nullable WaitQueue queue;
    private @Nullable Waiter previous;
    private @Nullable Waiter next;

    /**
     * Told that {@code events} (POLL* bits, or 0 where they have no meaning) may have come about.
     */
    protected abstract void woken(int events);

    public final boolean isQueued() {
      return queue != null;
    }
  }

  public boolean isEmpty() {
    return first == null;
  }

  public void add(Waiter w) {
    if (w.queue != null) {
      throw new IllegalStateException("waiter is queued already");
    }
    w.queue = this;
    w.previous = last;
    w.next = null;
    if (last == null) {
      first = w;
    } else {
      last.next = w;
    }
    last = w;
  }

  /** Removes the waiter if it is in this queue. */
  public void remove(Waiter w) {
    if (w.queue != this) {
      return;
    }
    Waiter p = w.previous;
    Waiter n = w.next;
    if (p == null) {
      first = n;
    } else {
      p.next = n;
    }
    if (n == null) {
      last = p;
    } else {
      n.previous = p;
    }
    w.queue = null;
    w.previous = null;
    w.next = null;
  }

  /** Tells every waiter. A waiter may remove itself while it is told, but no other one. */
  public void wake(int events) {
    Waiter w = first;
    while (w != null) {
      Waiter next = w.next;
      w.woken(events);
      w = next;
    }
  }

  /** Tells the longest waiting one only. */
  public void wakeOne(int events) {
    if (first != null) {
      first.woken(events);
    }
  }
}
