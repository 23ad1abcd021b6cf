package dev.vivarium.image.registry;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * What a user is known by at a registry.
 *
 * @param identityToken a refresh token instead of the password; empty if there is none
 */
record Credentials(String user, String password, String identityToken) {
  /** The value of an {@code Authorization} header. */
  String basic() {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public String toString() {
    return "Credentials[" + user + "]";
  }
}
