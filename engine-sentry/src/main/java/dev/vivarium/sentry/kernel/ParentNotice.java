package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Signals;

/** Telling a parent about its child: SIGCHLD and the end of its wait4. */
final class ParentNotice {
  private static final long NANOS_PER_TICK = 10_000_000;

  private ParentNotice() {}

  /** The child stopped or was continued. */
  static void childStopped(ThreadGroup child, int code, int status) {
    ThreadGroup parent = child.parent;
    if (parent == null) {
      return;
    }
    SignalActions actions = parent.actions;
    boolean wanted =
        actions.handler(Signals.SIGCHLD) != SignalActions.SIG_IGN
            && (actions.flags(Signals.SIGCHLD) & Signals.SA_NOCLDSTOP) == 0;
    if (wanted) {
      parent.sendSignal(info(child, Signals.SIGCHLD, code, status));
    }
    parent.childEvents.wake(0);
  }

  /**
   * The child has become a zombie.
   *
   * @return whether the parent does not care, so that the child is to go without a wait4
   */
  static boolean childDied(ThreadGroup child) {
    ThreadGroup parent = child.parent;
    if (parent == null) {
      return false;
    }
    boolean ignored = false;
    int signo = child.exitSignal;
    if (signo == Signals.SIGCHLD) {
      SignalActions actions = parent.actions;
      if (actions.handler(Signals.SIGCHLD) == SignalActions.SIG_IGN) {
        ignored = true;
        signo = 0;
      } else if ((actions.flags(Signals.SIGCHLD) & Signals.SA_NOCLDWAIT) != 0) {
        ignored = true;
      }
    }
    if (signo != 0) {
      int status = child.exitStatus;
      boolean killed = (status & 0x7f) != 0;
      SignalInfo info =
          info(child, signo, TaskWait.endCode(status), killed ? status & 0x7f : status >> 8 & 0xff);
      parent.sendSignal(info);
    }
    parent.childEvents.wake(0);
    return ignored;
  }

  /**
   * A tracee has ended whose tracer is not its parent's process, or which is one of several tasks.
   *
   * @return whether the tracer does not care
   */
  static boolean traceeDied(Task t, Tracee tracee) {
    ThreadGroup tracer = tracee.tracer.group;
    SignalActions actions = tracer.actions;
    boolean ignored = actions.handler(Signals.SIGCHLD) == SignalActions.SIG_IGN;
    if (!ignored) {
      int status = t == t.group.leader ? t.group.exitStatus : t.exitCode;
      boolean killed = (status & 0x7f) != 0;
      SignalInfo info = new SignalInfo(Signals.SIGCHLD, TaskWait.endCode(status));
      info.pid = t.tid();
      info.uid = t.creds.ruid;
      info.status = killed ? status & 0x7f : status >> 8 & 0xff;
      tracer.sendSignal(info);
    }
    tracer.childEvents.wake(0);
    return ignored || (actions.flags(Signals.SIGCHLD) & Signals.SA_NOCLDWAIT) != 0;
  }

  private static SignalInfo info(ThreadGroup child, int signo, int code, int status) {
    SignalInfo info = new SignalInfo(signo, code);
    info.pid = child.pid();
    info.uid = child.leader.creds.ruid;
    info.status = status;
    CpuTimes times = child.cpuTimes();
    info.utime = times.userNanos / NANOS_PER_TICK;
    info.stime = times.systemNanos / NANOS_PER_TICK;
    return info;
  }
}
