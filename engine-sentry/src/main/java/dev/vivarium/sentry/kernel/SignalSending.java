package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Signals;

/**
 * Sending signals: whether one counts, where it is queued, who is told. Taking them is {@link
 * SignalDelivery}'s work.
 */
final class SignalSending {
  private SignalSending() {}

  /**
   * Sends a signal to a task, or to its whole process.
   *
   * @return 0 (also if the signal has no effect), or -EAGAIN if too many are queued
   */
  static long send(Task target, SignalInfo info, boolean toGroup) {
    ThreadGroup g = target.group;
    int signo = info.signo;
    if (g.isDead() || !toGroup && target.hasExited()) {
      return 0;
    }
    if (!prepare(target, info)) {
      return 0;
    }
    SignalQueue queue = toGroup ? g.pending : target.pending;
    if (signo < Signals.SIGRTMIN && SignalSet.has(queue.set(), signo)) {
      return 0;
    }
    if (signo == Signals.SIGKILL) {
      killAll(g);
      return 0;
    }
    SignalQueue.Account account = target.kernel().queuedSignals(target.creds.ruid);
    if (info.timer != null) {
      queue.add(info, null); // the timer has had its place since it was made
    } else if (g.rlimits.exceeds(Resource.RLIMIT_SIGPENDING, account.signals + 1L)) {
      if (signo >= Signals.SIGRTMIN) {
        if (info.code != Signals.SI_USER || info.shielded) {
          return -Errno.EAGAIN;
        }
        queue.addBare(signo);
      } else if (info.code >= 0 || info.shielded) {
        queue.add(
            info, account); // the kernel's own and kill's find room: there is one of each at most
      } else {
        queue.addBare(signo);
      }
    } else {
      queue.add(info, account);
    }
    g.signalArrivals().wake(Poll.IN);
    tell(target, signo, toGroup);
    return 0;
  }

  /**
   * What happens when a signal is sent, whether or not it is blocked: stop signals and SIGCONT undo
   * each other, and SIGCONT continues the process.
   *
   * @return false if the signal is to be forgotten
   */
  private static boolean prepare(Task target, SignalInfo info) {
    ThreadGroup g = target.group;
    int signo = info.signo;
    if (g.exiting) {
      return signo == Signals.SIGKILL;
    }
    if (SignalSet.has(SignalSet.STOP, signo)) {
      discard(g, SignalSet.bit(Signals.SIGCONT));
    } else if (signo == Signals.SIGCONT) {
      discard(g, SignalSet.STOP);
      GroupStop.continueGroup(g);
    }
    if (target.tracee != null && signo != Signals.SIGKILL) {
      return true; // the tracer wants to know of it
    }
    if (SignalSet.has(target.sigmask, signo)) {
      return true; // it may find another action by the time it is taken
    }
    return !g.actions.ignores(signo)
        && !(info.shielded && g.actions.handler(signo) == SignalActions.SIG_DFL);
  }

  /** Forgets pending signals of a process and all its tasks. */
  static void discard(ThreadGroup g, long which) {
    g.pending.discard(which);
    for (Task t : g.tasks) {
      t.pending.discard(which);
    }
  }

  /** Wakes a task that will take the signal; if all block it, it waits for one that does not. */
  private static void tell(Task target, int signo, boolean toGroup) {
    if (wants(target, signo)) {
      target.interrupt();
      return;
    }
    if (toGroup) {
      for (Task t : target.group.tasks) {
        if (wants(t, signo)) {
          t.interrupt();
          return;
        }
      }
    }
  }

  private static boolean wants(Task t, int signo) {
    return !t.hasExited() && SignalSet.has(~t.sigmask | t.awaitedSignals, signo);
  }

  /** Makes every task of a process end, as SIGKILL does. */
  static void killAll(ThreadGroup g) {
    GroupStop.cancel(g);
    for (Task t : g.tasks) {
      t.pending.addBare(Signals.SIGKILL);
      t.interrupt();
    }
  }

  /**
   * A signal that the task's own instruction brought about. It cannot be put off: where it is
   * blocked or ignored, it kills.
   */
  static void force(Task t, SignalInfo info) {
    SignalActions actions = t.group.actions;
    boolean blocked = SignalSet.has(t.sigmask, info.signo);
    if (blocked || actions.handler(info.signo) == SignalActions.SIG_IGN) {
      actions.reset(info.signo);
      t.sigmask &= ~SignalSet.bit(info.signo);
    }
    t.pending.discard(SignalSet.bit(info.signo));
    t.pending.add(info, null);
  }
}
