package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.seccomp.Filter;
import dev.vivarium.sentry.seccomp.Listener;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The calls that a filter leaves to another process: those who make them wait here until it answers
 * (SECCOMP_RET_USER_NOTIF; seccomp_unotify(2)).
 */
public final class CallListener implements Listener {
  /** SECCOMP_USER_NOTIF_FLAG_CONTINUE: the call is to be made after all. */
  public static final int CONTINUE = 1;

  /** How far a call has got. */
  public enum State {
    ASKED,
    SEEN,
    ANSWERED
  }

  /** One call that waits for its answer. */
  public static final class Request {
    public final long id;
    public final Task task;
    private final int[] data;
    private final WaitQueue done = new WaitQueue();
    private State state = State.ASKED;
    private long value;
    private int error;
    private int flags;

    Request(long id, Task task, int[] data) {
      this.id = id;
      this.task = task;
      this.data = data;
    }

    public State state() {
      return state;
    }

    /** One word of {@code struct seccomp_data}. */
    public int data(int word) {
      return data[word];
    }
  }

  private final List<Request> requests = new ArrayList<>();
  private final WaitQueue changes = new WaitQueue();

  /** SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: what was seen waits in spite of signals. */
  private final boolean killableOnly;

  private long lastId;
  private boolean closed;

  /** A task that was found to have the filter. */
  private @Nullable Task user;

  public CallListener(boolean killableOnly, long firstId) {
    this.killableOnly = killableOnly;
    this.lastId = firstId;
  }

  // ---- the side of the call ----

  /**
   * Asks about a call and waits.
   *
   * @return whether the call is to be made; if not, its result is set
   */
  boolean admits(Task t, int[] data) {
    if (closed) {
      Seccomp.skip(t, -Errno.ENOSYS);
      return false;
    }
    Request r = new Request(++lastId, t, data);
    requests.add(r);
    changes.wake(Poll.IN | Poll.RDNORM);
    try {
      while (r.state != State.ANSWERED) {
        boolean inSpiteOfSignals = killableOnly && r.state == State.SEEN;
        long rc = inSpiteOfSignals ? t.waitKillable(r.done) : t.waitOn(r.done, Task.NO_DEADLINE);
        if (rc < 0 && r.state != State.ANSWERED && !(killableOnly && r.state == State.SEEN)
            || t.fatalSignalPending()) {
          Seccomp.interrupted(t);
          return false;
        }
      }
    } finally {
      requests.remove(r);
    }
    if ((r.flags & CONTINUE) != 0) {
      return true;
    }
    Seccomp.skip(t, r.error != 0 ? r.error : r.value);
    return false;
  }

  // ---- the side of the listener ----

  /** Woken when there is something to be seen or answered, or nobody is left to ask. */
  public WaitQueue changes() {
    return changes;
  }

  /** The oldest call of this state; null if there is none. */
  public @Nullable Request first(State state) {
    for (Request r : requests) {
      if (r.state == state) {
        return r;
      }
    }
    return null;
  }

  public @Nullable Request find(long id) {
    for (Request r : requests) {
      if (r.id == id) {
        return r;
      }
    }
    return null;
  }

  /** A call has been handed to the listener, or could not be after all. */
  public void seen(Request r, boolean delivered) {
    r.state = delivered ? State.SEEN : State.ASKED;
    r.done.wake(0);
    changes.wake(delivered ? Poll.OUT | Poll.WRNORM : Poll.IN | Poll.RDNORM);
  }

  public void answer(Request r, long value, int error, int flags) {
    r.state = State.ANSWERED;
    r.value = value;
    r.error = error;
    r.flags = flags;
    r.done.wake(0);
  }

  /** Nobody listens any more: what waits, and what comes, gets ENOSYS. */
  public void close() {
    closed = true;
    for (Request r : new ArrayList<>(requests)) {
      if (r.state != State.ANSWERED) {
        answer(r, 0, -Errno.ENOSYS, 0);
      }
    }
  }

  /**
   * Whether there is a task whose calls may come here; mostly it is the one that was found last.
   */
  public boolean isUsed(Kernel kernel) {
    Task last = user;
    if (last != null && !last.hasExited() && isFilterOf(last)) {
      return true;
    }
    user = null;
    for (ThreadGroup g : kernel.pids().groups()) {
      for (Task t : g.tasks) {
        if (isFilterOf(t)) {
          user = t;
          return true;
        }
      }
    }
    return false;
  }

  private boolean isFilterOf(Task t) {
    for (Filter f = t.seccomp; f != null; f = f.previous()) {
      if (f.listener() == this) {
        return true;
      }
    }
    return false;
  }

  /** A task that has filters has ended. */
  static void taskEnded(Task t) {
    for (Filter f = t.seccomp; f != null; f = f.previous()) {
      if (f.listener() instanceof CallListener l) {
        l.changes.wake(Poll.HUP);
      }
    }
  }
}
