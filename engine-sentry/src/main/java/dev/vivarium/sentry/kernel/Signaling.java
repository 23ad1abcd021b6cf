package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.platform.Registers;
import org.jspecify.annotations.Nullable;

/** What tasks ask for about signals: the kernel's side of the system calls. */
public final class Signaling {
  /** Least size of an alternate stack (MINSIGSTKSZ). */
  private static final long MIN_ALT_STACK = 2048;

  private Signaling() {}

  /** Sets what a process does about a signal (sigaction); the signal is valid. */
  public static void setAction(
      Task t, int signo, long handler, long flags, long restorer, long mask) {
    ThreadGroup g = t.group;
    g.actions.set(signo, handler, flags, restorer, mask);
    if (g.actions.ignores(signo)) {
      // POSIX: what is pending is forgotten when its action becomes to ignore it.
      SignalSending.discard(g, SignalSet.bit(signo));
    }
  }

  /** Sets the mask of blocked signals. */
  public static void setMask(Task t, long mask) {
    t.sigmask = mask & ~SignalSet.UNBLOCKABLE;
  }

  /** Signals that are pending for the task and blocked. */
  public static long pendingBlocked(Task t) {
    return (t.pending.set() | t.group.pending.set()) & t.sigmask;
  }

  /** Whether {@code t} may send the signal to a process (kill(2)); signal 0 only asks. */
  public static boolean mayKill(Task t, ThreadGroup target, int signo) {
    if (target == t.group) {
      return true;
    }
    Credentials me = t.creds;
    Credentials you = target.leader.creds;
    return me.euid == you.suid
        || me.euid == you.ruid
        || me.ruid == you.suid
        || me.ruid == you.ruid
        || me.capable(Capability.CAP_KILL)
        || signo == Signals.SIGCONT && target.session() == t.group.session();
  }

  /**
   * To be called for every signal that a task sends. The first process of a sandbox is shielded
   * from the others, as that of a container (Linux: SIGNAL_UNKILLABLE): a signal that it has no
   * handler for does nothing to it. What it brings about itself (kill of its own pid, abort,
   * SIGPIPE, a timer), keys of the terminal and who runs the sandbox reach it as any process, since
   * it is usually an ordinary program that does not know that it is the first.
   */
  public static SignalInfo shield(Task sender, ThreadGroup target, SignalInfo info) {
    info.shielded = target == target.kernel().init() && sender.group != target;
    return info;
  }

  /** rt_sigreturn(2): the registers are the interrupted code's again. */
  public static long sigreturn(Task t) {
    boolean good = SignalFrame.pop(t);
    t.registersReplaced = true;
    if (!good) {
      SignalSending.force(t, SignalInfo.kernel(Signals.SIGSEGV));
    }
    return 0;
  }

  /** The task did something that only the kernel's own code may do. */
  public static void illegalInstruction(Task t) {
    SignalSending.force(t, SignalInfo.kernel(Signals.SIGILL));
  }

  /** What sigaltstack reports of the present stack. */
  public record AltStack(long base, int flags, long size) {}

  public static AltStack altStack(Task t) {
    long sp = t.context.regs().get(Registers.RSP);
    int flags = SignalFrame.altStackState(t, sp) | t.altStackFlags & SignalFrame.SS_AUTODISARM;
    return new AltStack(t.altStackBase, flags, t.altStackSize);
  }

  /** Sets the alternate stack; 0 or a negative errno. */
  public static long setAltStack(Task t, long base, int flags, long size) {
    if (SignalFrame.onAltStack(t, t.context.regs().get(Registers.RSP))) {
      return -Errno.EPERM;
    }
    int mode = flags & ~SignalFrame.SS_AUTODISARM;
    if (mode != 0 && mode != Signals.SS_DISABLE && mode != Signals.SS_ONSTACK) {
      return -Errno.EINVAL;
    }
    if (mode != Signals.SS_DISABLE && Long.compareUnsigned(size, MIN_ALT_STACK) < 0) {
      return -Errno.ENOMEM;
    }
    SignalFrame.setAltStack(t, base, size, flags);
    return 0;
  }

  /** sigsuspend(2): waits with another mask until a signal is delivered. */
  public static long suspend(Task t, long mask) {
    t.setTemporarySigmask(mask);
    return pause(t);
  }

  /** pause(2). */
  public static long pause(Task t) {
    while (!t.signalPending()) {
      t.sleepUntil(Task.NO_DEADLINE);
    }
    return -Errno.ERESTARTNOHAND;
  }

  /** Takes one of the wanted signals off a task without waiting (sigtimedwait, signalfd). */
  public static @Nullable SignalInfo take(Task t, long wanted) {
    return SignalDelivery.take(t, wanted & ~SignalSet.UNBLOCKABLE);
  }

  /**
   * Waits for one of the wanted signals and takes it.
   *
   * @return null on failure: {@code error[0]} is -EAGAIN after the time, or -EINTR
   */
  public static @Nullable SignalInfo await(Task t, long wanted, long deadlineNanos, long[] error) {
    long set = wanted & ~SignalSet.UNBLOCKABLE;
    SignalInfo info = SignalDelivery.take(t, set);
    if (info != null) {
      return info;
    }
    if (deadlineNanos <= System.nanoTime()) {
      error[0] = -Errno.EAGAIN;
      return null;
    }
    t.awaitedSignals = set;
    try {
      long rc = t.sleepUntil(deadlineNanos);
      info = SignalDelivery.take(t, set);
      if (info == null) {
        error[0] = rc == -Errno.ETIMEDOUT ? -Errno.EAGAIN : -Errno.EINTR;
      }
      return info;
    } finally {
      t.awaitedSignals = 0;
    }
  }
}
