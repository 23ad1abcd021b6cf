package dev.vivarium.engine.state;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/** The identity of a sandbox: 12 hex digits. */
public final class SandboxId {
  private SandboxId() {}

  /** A new one, from the host's random numbers (a SecureRandom would cost start-up time). */
  public static String create() throws IOException {
    try (InputStream random = Files.newInputStream(Path.of("/dev/urandom"))) {
      return HexFormat.of().formatHex(random.readNBytes(6));
    }
  }

  /** Whether a string is one, so that it can be used in a path. */
  public static boolean isValid(String id) {
    if (id.length() != 12) {
      return false;
    }
    for (int i = 0; i < id.length(); i++) {
      char c = id.charAt(i);
      if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) {
        return false;
      }
    }
    return true;
  }
}
