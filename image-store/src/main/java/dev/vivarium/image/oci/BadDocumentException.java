package dev.vivarium.image.oci;

import java.io.IOException;

/** A document that is not what it should be. */
public final class BadDocumentException extends IOException {
  public BadDocumentException(String message) {
    super(message);
  }
}
