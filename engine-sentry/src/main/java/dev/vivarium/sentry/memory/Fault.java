package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Signals;

/**
 * What {@link MemoryManager#handleFault} returns when the guest is to get a signal: signal and
 * {@code si_code} in one number.
 */
public final class Fault {
  /** Nothing is mapped at the address. */
  public static final long SEGV_MAPERR = encode(Signals.SIGSEGV, 1);

  /** The mapping does not permit the access. */
  public static final long SEGV_ACCERR = encode(Signals.SIGSEGV, 2);

  /** The page lies beyond the end of the mapped file, or there is no memory left for it. */
  public static final long BUS_ADRERR = encode(Signals.SIGBUS, 2);

  private Fault() {}

  private static long encode(int signal, int code) {
    return (long) signal << 8 | code;
  }

  public static int signal(long fault) {
    return (int) (fault >> 8);
  }

  public static int code(long fault) {
    return (int) fault & 0xff;
  }
}
