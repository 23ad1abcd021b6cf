package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.kernel.ProcessGroup;
import dev.vivarium.sentry.kernel.SignalActions;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.SignalSet;
import dev.vivarium.sentry.kernel.Task;

/** Who may use the controlling terminal now: the foreground process group. */
final class JobControl {
  private JobControl() {}

  private static boolean isBackground(Task t, Terminal tty) {
    return t.group.session().controllingTerminal() == tty
        && tty.foreground() != null
        && t.group.processGroup() != tty.foreground();
  }

  private static boolean ignores(Task t, int signo) {
    return SignalSet.has(t.sigmask, signo)
        || t.group.actions().handler(signo) == SignalActions.SIG_IGN;
  }

  /** 0 if the task may read; else -EIO, or -ERESTARTSYS and its group is being stopped. */
  static long mayRead(Task t, Terminal tty) {
    if (!isBackground(t, tty)) {
      return 0;
    }
    if (ignores(t, Signals.SIGTTIN) || t.group.processGroup().isOrphaned()) {
      return -Errno.EIO;
    }
    t.group.processGroup().sendSignal(SignalInfo.kernel(Signals.SIGTTIN));
    return -Errno.ERESTARTSYS;
  }

  /** 0 if the task may change the terminal (or write, with TOSTOP); else as {@link #mayRead}. */
  static long mayChange(Task t, Terminal tty) {
    if (!isBackground(t, tty) || ignores(t, Signals.SIGTTOU)) {
      return 0;
    }
    if (t.group.processGroup().isOrphaned()) {
      return -Errno.EIO;
    }
    t.group.processGroup().sendSignal(SignalInfo.kernel(Signals.SIGTTOU));
    return -Errno.ERESTARTSYS;
  }

  /** TIOCSCTTY. */
  static long acquire(Task t, Terminal tty, boolean steal) {
    var session = t.group.session();
    if (session.leader() == t.group && tty.session() == session) {
      return 0;
    }
    if (session.leader() != t.group || session.controllingTerminal() != null) {
      return -Errno.EPERM;
    }
    var owner = tty.session();
    if (owner != null) {
      if (!steal || !t.creds.capable(dev.vivarium.sentry.abi.Capability.CAP_SYS_ADMIN)) {
        return -Errno.EPERM;
      }
      owner.setControllingTerminal(null);
    }
    tty.becomeControlling(t.group);
    return 0;
  }

  /** TIOCNOTTY: a leader gives the terminal up for its whole session. */
  static long release(Task t, Terminal tty) {
    var session = t.group.session();
    if (session.controllingTerminal() != tty) {
      return -Errno.ENOTTY;
    }
    if (session.leader() == t.group) {
      ProcessGroup group = tty.foreground();
      if (group != null) {
        group.sendSignal(SignalInfo.kernel(Signals.SIGHUP));
        group.sendSignal(SignalInfo.kernel(Signals.SIGCONT));
      }
      session.setControllingTerminal(null);
      tty.released();
    }
    return 0;
  }

  /** TIOCSPGRP. */
  static long setForeground(Task t, Terminal tty, int id) {
    long r = mayChange(t, tty);
    if (r < 0) {
      return r == -Errno.EIO ? -Errno.ENOTTY : r;
    }
    var session = t.group.session();
    if (session.controllingTerminal() != tty || tty.session() != session) {
      return -Errno.ENOTTY;
    }
    if (id < 0) {
      return -Errno.EINVAL;
    }
    ProcessGroup group = t.kernel().pids().processGroup(id);
    if (group == null) {
      return -Errno.ESRCH;
    }
    if (group.session() != session) {
      return -Errno.EPERM;
    }
    tty.setForeground(group);
    return 0;
  }
}
