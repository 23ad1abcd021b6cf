package dev.vivarium.cli;

import org.jspecify.annotations.Nullable;

/** A command cannot go on; the message is the one line for the user. */
public final class CliException extends Exception {
  private static final long serialVersionUID = 1;

  /** The exit code for wrong usage. */
  public static final int USAGE = 2;

  /** The exit code when Vivarium itself failed. */
  public static final int FAILED = 125;

  private final int exitCode;

  public CliException(int exitCode, @Nullable String message) {
    this(exitCode, message, null);
  }

  public CliException(int exitCode, @Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  public int exitCode() {
    return exitCode;
  }
}
