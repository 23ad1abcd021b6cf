package dev.vivarium.sentry.memory;

/**
 * Thrown where a call that is answered outside a coroutine meets guest memory that must be read in
 * first. The caller runs the call again inside the task's coroutine, where it can wait.
 */
public final class WouldWaitException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The only one: it says nothing but that it happened. */
  public static final WouldWaitException INSTANCE = new WouldWaitException();

  private WouldWaitException() {
    super("guest memory must be read in first", null, false, false);
  }
}
