package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Signals;

/** Sets of signals as the ABI has them: bit {@code signo - 1} of a long. */
public final class SignalSet {
  /** Signals that cannot be caught, blocked or ignored. */
  public static final long UNBLOCKABLE = bit(Signals.SIGKILL) | bit(Signals.SIGSTOP);

  /** Signals whose default action stops the process. */
  public static final long STOP =
      bit(Signals.SIGSTOP) | bit(Signals.SIGTSTP) | bit(Signals.SIGTTIN) | bit(Signals.SIGTTOU);

  /** Signals whose default action is to do nothing. */
  public static final long IGNORED_BY_DEFAULT =
      bit(Signals.SIGCONT) | bit(Signals.SIGCHLD) | bit(Signals.SIGWINCH) | bit(Signals.SIGURG);

  /** Signals whose default action would leave a core dump. */
  public static final long CORE =
      bit(Signals.SIGQUIT)
          | bit(Signals.SIGILL)
          | bit(Signals.SIGTRAP)
          | bit(Signals.SIGABRT)
          | bit(Signals.SIGFPE)
          | bit(Signals.SIGSEGV)
          | bit(Signals.SIGBUS)
          | bit(Signals.SIGSYS)
          | bit(Signals.SIGXCPU)
          | bit(Signals.SIGXFSZ);

  /** Signals an instruction of the task itself brought about; delivered before others. */
  public static final long SYNCHRONOUS =
      bit(Signals.SIGSEGV)
          | bit(Signals.SIGBUS)
          | bit(Signals.SIGILL)
          | bit(Signals.SIGTRAP)
          | bit(Signals.SIGFPE)
          | bit(Signals.SIGSYS);

  public static long bit(int signo) {
    return 1L << signo - 1;
  }

  public static boolean has(long set, int signo) {
    return (set & bit(signo)) != 0;
  }

  public static boolean isValid(int signo) {
    return signo >= 1 && signo <= Signals.SIGRTMAX;
  }

  private SignalSet() {}
}
