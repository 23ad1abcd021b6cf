package dev.vivarium.microvm.vhost;

import java.io.IOException;

/** The guest or its monitor broke the rules: a line for people. */
final class VhostException extends IOException {
  private static final long serialVersionUID = 1;

  VhostException(String message) {
    super(message);
  }
}
