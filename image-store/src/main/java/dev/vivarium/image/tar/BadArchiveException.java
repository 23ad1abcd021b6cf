package dev.vivarium.image.tar;

import java.io.IOException;

/** A stream that breaks its format or a limit; the message says which and where. */
public final class BadArchiveException extends IOException {
  private final boolean limit;

  public BadArchiveException(String message) {
    this(message, false);
  }

  private BadArchiveException(String message, boolean limit) {
    super(message);
    this.limit = limit;
  }

  /** One for a limit of ours, which says nothing against the stream. */
  public static BadArchiveException limit(String message) {
    return new BadArchiveException(message, true);
  }

  public boolean isLimit() {
    return limit;
  }
}
