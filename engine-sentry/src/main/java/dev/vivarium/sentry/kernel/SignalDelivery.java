package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.platform.Registers;
import org.jspecify.annotations.Nullable;

/** Taking signals on the way back to the guest: what each one does to the task. */
final class SignalDelivery {
  /** Length of the SYSCALL instruction, to go back by for a restart. */
  private static final int SYSCALL_LENGTH = 2;

  private SignalDelivery() {}

  /**
   * Deals with everything that is pending, until the guest may go on.
   *
   * @return false if the task is to end
   */
  static boolean handlePending(Task t) {
    while (t.signalPending()) {
      ThreadGroup g = t.group;
      if (t.fatalSignalPending()) {
        TaskExit.groupExit(t, Signals.SIGKILL);
        return false;
      }
      Tracee tracee = t.tracee;
      if (tracee != null && (t.stopPending || tracee.trapPending())) {
        TraceStops.due(t, tracee);
        continue;
      }
      if (t.stopPending) {
        GroupStop.participate(t);
        continue;
      }
      SignalInfo info = take(t, ~t.sigmask);
      if (info == null) {
        break;
      }
      if (tracee != null) {
        info = TraceStops.signal(t, tracee, info);
        if (info == null) {
          continue;
        }
      }
      int signo = info.signo;
      SignalActions actions = g.actions;
      long handler = actions.handler(signo);
      Watcher looking = t.kernel().watcher();
      if (looking != null) {
        looking.signal(
            t, info, handler != SignalActions.SIG_DFL && handler != SignalActions.SIG_IGN);
      }
      if (handler == SignalActions.SIG_IGN) {
        continue;
      }
      if (handler != SignalActions.SIG_DFL) {
        deliver(t, info);
        continue;
      }
      if (info.shielded || SignalSet.has(SignalSet.IGNORED_BY_DEFAULT, signo)) {
        continue;
      }
      if (SignalSet.has(SignalSet.STOP, signo)) {
        // The tty stops nobody whom nobody could continue.
        if (signo == Signals.SIGSTOP || !g.processGroup().isOrphaned()) {
          GroupStop.begin(t, signo);
        }
        continue;
      }
      if (SignalSet.has(SignalSet.CORE, signo)) {
        CoreDump.groupExit(t, info);
      } else {
        TaskExit.groupExit(t, signo);
      }
      return false;
    }
    // No handler was set up for the call that was interrupted: it goes on as if nothing had been.
    restartCall(t);
    if (t.restoreSigmask) {
      t.sigmask = t.savedSigmask;
      t.restoreSigmask = false;
    }
    return true;
  }

  /** Takes the next pending signal of {@code wanted}, the task's own before the process's. */
  static @Nullable SignalInfo take(Task t, long wanted) {
    SignalInfo info = t.pending.take(wanted);
    return info != null ? info : t.group.pending.take(wanted);
  }

  private static void deliver(Task t, SignalInfo info) {
    SignalActions actions = t.group.actions;
    int signo = info.signo;
    long flags = actions.flags(signo);
    interruptCall(t, (flags & Signals.SA_RESTART) != 0);
    long savedMask = t.restoreSigmask ? t.savedSigmask : t.sigmask;
    t.restoreSigmask = false;
    boolean built = SignalFrame.push(t, info, actions, savedMask);
    if (!built) {
      // As force_sigsegv does: a SIGSEGV whose own frame has no place kills.
      if (signo == Signals.SIGSEGV) {
        actions.reset(Signals.SIGSEGV);
      }
      SignalSending.force(t, SignalInfo.kernel(Signals.SIGSEGV));
      return;
    }
    long block = actions.mask(signo);
    if ((flags & Signals.SA_NODEFER) == 0) {
      block |= SignalSet.bit(signo);
    }
    if ((flags & (long) Signals.SA_RESETHAND & 0xffffffffL) != 0) {
      actions.reset(signo);
    }
    t.sigmask = (t.sigmask | block) & ~SignalSet.UNBLOCKABLE;
    TraceStops.handlerEntered(t);
  }

  /** A handler is about to run: turns the restart code of the interrupted call into its result. */
  private static void interruptCall(Task t, boolean saRestart) {
    if (!t.inSyscall) {
      return;
    }
    t.inSyscall = false;
    switch (restartCode(t)) {
      case Errno.ERESTARTNOHAND, Errno.ERESTART_RESTARTBLOCK -> {
        t.takeRestart();
        t.context.regs().set(Registers.RAX, -Errno.EINTR);
      }
      case Errno.ERESTARTSYS -> {
        if (saRestart) {
          rewind(t, t.callNumber);
        } else {
          t.context.regs().set(Registers.RAX, -Errno.EINTR);
        }
      }
      case Errno.ERESTARTNOINTR -> rewind(t, t.callNumber);
      default -> {}
    }
  }

  private static void restartCall(Task t) {
    if (!t.inSyscall) {
      return;
    }
    t.inSyscall = false;
    switch (restartCode(t)) {
      case Errno.ERESTARTSYS, Errno.ERESTARTNOHAND, Errno.ERESTARTNOINTR -> rewind(t, t.callNumber);
      case Errno.ERESTART_RESTARTBLOCK -> rewind(t, Sys.RESTART_SYSCALL);
      default -> {}
    }
  }

  private static int restartCode(Task t) {
    long result = t.syscallResult;
    return result < 0 && result > -Errno.ERESTART_RESTARTBLOCK - 1 ? (int) -result : 0;
  }

  private static void rewind(Task t, int number) {
    Registers regs = t.context.regs();
    regs.set(Registers.RAX, number);
    regs.set(Registers.RIP, regs.get(Registers.RIP) - SYSCALL_LENGTH);
  }
}
