package dev.vivarium.microvm.vmm;

/** A machine could not be started; the message is the line for the user. */
public final class VmmException extends Exception {
  private static final long serialVersionUID = 1;

  public VmmException(String message) {
    super(message);
  }

  public VmmException(String message, Throwable cause) {
    super(message, cause);
  }
}
