package dev.vivarium.profiles;

/** A profile that is not there, or says what it cannot; the message is the line for the user. */
public final class ProfileException extends Exception {
  private static final long serialVersionUID = 1;

  ProfileException(String message) {
    super(message);
  }

  ProfileException(String message, Throwable cause) {
    super(message, cause);
  }
}
