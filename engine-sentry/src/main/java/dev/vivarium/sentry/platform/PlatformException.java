package dev.vivarium.sentry.platform;

/** The host refused something that the platform needs (no more processes, no memory). */
public final class PlatformException extends Exception {
  private static final long serialVersionUID = 1;

  /** The positive errno the guest should see. */
  public final int errno;

  public PlatformException(int errno, String message) {
    super(message);
    this.errno = errno;
  }
}
