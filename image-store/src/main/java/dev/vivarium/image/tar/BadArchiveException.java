package dev.vivarium.image.tar;

import java.io.IOException;

/** A stream that breaks its format or a limit; the message says which and where. */
public final class BadArchiveException extends IOException {
  public BadArchiveException(String message) {
    super(message);
  }
}
