package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Signals;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Signals that wait to be taken: of a task, or of a whole thread group. An ordinary signal waits at
 * most once; real-time signals queue up in order.
 */
public final class SignalQueue {
  private long set;

  /** How many signals a user has queued, for RLIMIT_SIGPENDING. */
  static final class Account {
    int signals;
  }

  /**
   * One signal that waits.
   *
   * @param account of the user who is charged for it; null if nobody is
   */
  private record Entry(SignalInfo info, @Nullable Account account) {
    void settle() {
      if (account != null) {
        account.signals--;
      }
    }
  }

  /** The information of what is pending; a bit of {@link #set} may lack it (limit reached). */
  private final ArrayDeque<Entry> queue = new ArrayDeque<>(2);

  /** Which signals are pending. */
  public long set() {
    return set;
  }

  /** What is known of the signals that wait, in their order; a copy. */
  public List<SignalInfo> known() {
    return queue.stream().map(Entry::info).toList();
  }

  /** Adds a signal together with what is known about it. */
  void add(SignalInfo info, @Nullable Account account) {
    set |= SignalSet.bit(info.signo);
    queue.addLast(new Entry(info, account));
    if (account != null) {
      account.signals++;
    }
  }

  /** Makes a signal pending of which nothing is known. */
  void addBare(int signo) {
    set |= SignalSet.bit(signo);
  }

  /** The next signal out of {@code wanted}, which stays; 0 if there is none. */
  int next(long wanted) {
    long candidates = set & wanted;
    if (candidates == 0) {
      return 0;
    }
    long synchronous = candidates & SignalSet.SYNCHRONOUS;
    return Long.numberOfTrailingZeros(synchronous != 0 ? synchronous : candidates) + 1;
  }

  /** Takes the next signal out of {@code wanted}; null if there is none. */
  @Nullable SignalInfo take(long wanted) {
    int signo = next(wanted);
    if (signo == 0) {
      return null;
    }
    SignalInfo found = null;
    boolean more = false;
    if (!queue.isEmpty()) {
      for (var it = queue.iterator(); it.hasNext(); ) {
        Entry e = it.next();
        if (e.info().signo == signo) {
          if (found == null) {
            found = e.info();
            it.remove();
            e.settle();
          } else {
            more = true;
            break;
          }
        }
      }
    }
    if (!more) {
      set &= ~SignalSet.bit(signo);
    }
    if (found == null) {
      found = new SignalInfo(signo, Signals.SI_USER);
    } else if (found.timer != null) {
      found.overrun = found.timer.delivered();
    }
    return found;
  }

  /** Forgets the signals of {@code which}. */
  void discard(long which) {
    if ((set & which) != 0) {
      set &= ~which;
      queue.removeIf(e -> {
        boolean goes = SignalSet.has(which, e.info().signo);
        if (goes) {
          e.settle();
        }
        return goes;
      });
    }
  }
}
