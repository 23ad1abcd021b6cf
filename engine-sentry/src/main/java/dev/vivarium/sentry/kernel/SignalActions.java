package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Signals;

/** What a process does about each signal; shared by tasks made with CLONE_SIGHAND. */
public final class SignalActions {
  /** Handler addresses with a meaning of their own (asm-generic/signal-defs.h). */
  public static final long SIG_DFL = 0;

  public static final long SIG_IGN = 1;

  private final long[] handler = new long[Signals.SIGRTMAX + 1];
  private final long[] flags = new long[Signals.SIGRTMAX + 1];
  private final long[] restorer = new long[Signals.SIGRTMAX + 1];
  private final long[] mask = new long[Signals.SIGRTMAX + 1];

  /** How many tables of thread groups refer to this. */
  int users = 1;

  public long handler(int signo) {
    return handler[signo];
  }

  /** SA_* bits. */
  public long flags(int signo) {
    return flags[signo];
  }

  public long restorer(int signo) {
    return restorer[signo];
  }

  /** What is blocked while the handler runs. */
  public long mask(int signo) {
    return mask[signo];
  }

  void set(int signo, long newHandler, long newFlags, long newRestorer, long newMask) {
    handler[signo] = newHandler;
    flags[signo] = newFlags;
    restorer[signo] = newRestorer;
    mask[signo] = newMask & ~SignalSet.UNBLOCKABLE;
  }

  /** Back to the default action (SA_RESETHAND, forced signals). */
  void reset(int signo) {
    handler[signo] = SIG_DFL;
  }

  /** Whether the signal would have no effect at all were it taken now. */
  public boolean ignores(int signo) {
    return handler[signo] == SIG_IGN
        || handler[signo] == SIG_DFL && SignalSet.has(SignalSet.IGNORED_BY_DEFAULT, signo);
  }

  SignalActions copy() {
    SignalActions c = new SignalActions();
    System.arraycopy(handler, 0, c.handler, 0, handler.length);
    System.arraycopy(flags, 0, c.flags, 0, flags.length);
    System.arraycopy(restorer, 0, c.restorer, 0, restorer.length);
    System.arraycopy(mask, 0, c.mask, 0, mask.length);
    return c;
  }

  /**
   * What execve leaves: caught signals go back to their default; ignored ones stay ignored unless
   * {@code all} (CLONE_CLEAR_SIGHAND resets only caught ones as well).
   */
  void resetCaught() {
    for (int s = 1; s <= Signals.SIGRTMAX; s++) {
      if (handler[s] != SIG_IGN) {
        handler[s] = SIG_DFL;
      }
      flags[s] = 0;
      restorer[s] = 0;
      mask[s] = 0;
    }
  }
}
