package dev.vivarium.microvm.kernel;

/** There is no kernel for guests; the message is the line for the user. */
public final class KernelException extends Exception {
  private static final long serialVersionUID = 1;

  public KernelException(String message) {
    super(message);
  }

  public KernelException(String message, Throwable cause) {
    super(message, cause);
  }
}
