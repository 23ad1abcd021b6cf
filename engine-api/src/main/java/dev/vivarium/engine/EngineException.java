package dev.vivarium.engine;

/**
 * A sandbox could not be started or went wrong; the message is the one line for the user: what,
 * where; what to do.
 */
public final class EngineException extends Exception {
  private static final long serialVersionUID = 1;

  /** 125 Vivarium failed, 126 the command cannot be run, 127 it was not found. */
  private final int exitCode;

  public EngineException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  public EngineException(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  public int exitCode() {
    return exitCode;
  }
}
