package dev.vivarium.engine.oci;

import java.io.IOException;

/** A bundle that cannot be run; the message is one line for whoever made it. */
public final class OciException extends IOException {
  private static final long serialVersionUID = 1L;

  OciException(String message) {
    super(message);
  }
}
