package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Signals;

/** Stopping and continuing whole processes (job control). */
final class GroupStop {
  private GroupStop() {}

  /** A task has taken a signal that stops: all tasks of its process are to stop. */
  static void begin(Task t, int signo) {
    ThreadGroup g = t.group;
    // A tracer may have let the task go on while the group stop was on; then it stops again.
    if (!g.isStopped()) {
      g.stopSignal = signo;
    }
    g.stopsMissing = 0;
    for (Task other : g.tasks) {
      if (other.standsInGroupStop) {
        continue;
      }
      other.stopPending = true;
      other.stopCounted = true;
      g.stopsMissing++;
      if (other != t) {
        other.interrupt();
        Tracing.groupStopChanged(other);
      }
    }
  }

  /** The task stops here, until SIGCONT or its end. */
  static void participate(Task t) {
    ThreadGroup g = t.group;
    if (takePart(t)) {
      tellParent(g);
    }
    t.standsInGroupStop = true;
    while (g.stopSignal != 0 && !t.fatalSignalPending()) {
      Tracee tracee = t.tracee;
      if (tracee != null && tracee.trapPending()) {
        break; // it has got a tracer, and stops for that one
      }
      t.waitKillable(g.continued);
    }
    t.standsInGroupStop = false;
  }

  /**
   * The task stops now, here or for its tracer.
   *
   * @return whether it was the last one that the stop of the process waited for
   */
  static boolean takePart(Task t) {
    if (!t.stopPending) {
      return false;
    }
    t.stopPending = false;
    if (!t.stopCounted) {
      return false;
    }
    t.stopCounted = false;
    return stoppedOne(t.group);
  }

  /** A task ends that was still to stop. */
  static void taskExits(Task t) {
    if (takePart(t)) {
      tellParent(t.group);
    }
  }

  private static boolean stoppedOne(ThreadGroup g) {
    if (--g.stopsMissing == 0 && g.stopSignal != 0 && !g.isStopped()) {
      g.setStopped(true);
      g.stopUnreported = true;
      g.continueUnreported = false;
      return true;
    }
    return false;
  }

  private static void tellParent(ThreadGroup g) {
    ParentNotice.childStopped(g, Signals.CLD_STOPPED, g.stopSignal);
  }

  /** SIGCONT was sent. */
  static void continueGroup(ThreadGroup g) {
    boolean wasStopped = g.isStopped();
    boolean wasOn = g.stopSignal != 0;
    cancel(g);
    if (wasOn) {
      for (Task t : g.tasks) {
        Tracing.groupStopChanged(t);
      }
    }
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
      t.stopCounted = false;
    }
    g.continued.wake(0);
  }
}
