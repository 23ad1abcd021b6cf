package dev.vivarium.image.erofs;

/** A layer's file is damaged. Unchecked, since it can show at any look into the file. */
public final class ErofsException extends RuntimeException {
  public ErofsException(String message) {
    super(message);
  }
}
