package dev.vivarium.sentry.gofer;

/** A gofer could not be started, or cannot serve what it was to serve; the message says why. */
public final class GoferException extends Exception {
  private static final long serialVersionUID = 1;

  public GoferException(String message) {
    super(message);
  }
}
