package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Signals;

/** Stopping and continuing whole processes (job control). */
final class GroupStop {
  private GroupStop() {}

  /** A task has taken a signal that stops: all tasks of its process are to stop. */
  static void begin(Task t, int signo) {
    ThreadGroup g = t.group;
    if (g.stopSignal != 0) {
      return;
    }
    g.stopSignal = signo;
    g.stopsMissing = 0;
    for (Task other : g.tasks) {
      other.stopPending = true;
      g.stopsMissing++;
      if (other != t) {
        other.interrupt();
      }
    }
  }

  /** The task stops here, until SIGCONT or its end. */
  static void participate(Task t) {
    ThreadGroup g = t.group;
    t.stopPending = false;
    stoppedOne(g);
    while (g.stopSignal != 0 && !t.fatalSignalPending()) {
      t.waitKillable(g.continued);
    }
  }

  /** A task ends that was still to stop. */
  static void taskExits(Task t) {
    if (t.stopPending) {
      t.stopPending = false;
      stoppedOne(t.group);
    }
  }

  private static void stoppedOne(ThreadGroup g) {
    if (--g.stopsMissing == 0 && g.stopSignal != 0) {
      g.setStopped(true);
      g.stopUnreported = true;
      g.continueUnreported = false;
      ParentNotice.childStopped(g, Signals.CLD_STOPPED, g.stopSignal);
    }
  }

  /** SIGCONT was sent. */
  static void continueGroup(ThreadGroup g) {
    boolean wasStopped = g.isStopped();
    cancel(g);
    if (wasStopped) {
      g.continueUnreported = true;
      ParentNotice.childStopped(g, Signals.CLD_CONTINUED, Signals.SIGCONT);
    }
  }

  /** Ends a stop, complete or not, without telling anyone. */
  static void cancel(ThreadGroup g) {
    if (g.stopSignal == 0) {
      return;
    }
    g.stopSignal = 0;
    g.stopsMissing = 0;
    g.stopUnreported = false;
    g.setStopped(false);
    for (Task t : g.tasks) {
      t.stopPending = false;
    }
    g.continued.wake(0);
  }
}
