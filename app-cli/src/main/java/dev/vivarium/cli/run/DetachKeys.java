package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import java.io.ByteArrayOutputStream;
import java.util.Locale;

/**
 * Looks for the keys that leave a sandbox to itself among those that are typed for it. The first
 * ones of them are held back until it is clear that they are not meant so.
 */
final class DetachKeys {
  static final String USUAL = "ctrl-p,ctrl-q";

  private final byte[] keys;
  private int matched;

  private DetachKeys(byte[] keys) {
    this.keys = keys;
  }

  /** Reads them: {@code ctrl-X} or single characters, with commas between; empty for none. */
  static DetachKeys of(String text) throws CliException {
    ByteArrayOutputStream keys = new ByteArrayOutputStream();
    for (String key : text.isEmpty() ? new String[0] : text.toLowerCase(Locale.ROOT).split(",")) {
      if (key.matches("ctrl-[a-z@\\[\\\\\\]^_]")) {
        keys.write(key.charAt(5) & 0x1f);
      } else if (key.length() == 1 && key.charAt(0) > ' ' && key.charAt(0) < 0x7f) {
        keys.write(key.charAt(0));
      } else {
        throw new CliException(
            CliException.USAGE,
            "--detach-keys: not keys: " + text + "; give them as ctrl-p,ctrl-q");
      }
    }
    return new DetachKeys(keys.toByteArray());
  }

  /**
   * Takes what was typed.
   *
   * @param out gets what is for the sandbox
   * @return whether the keys were all typed; what came before them is in {@code out}
   */
  boolean take(byte[] typed, int count, ByteArrayOutputStream out) {
    for (int i = 0; i < count; i++) {
      if (keys.length > 0 && typed[i] == keys[matched]) {
        matched++;
        if (matched == keys.length) {
          matched = 0;
          return true;
        }
        continue;
      }
      out.write(keys, 0, matched);
      matched = 0;
      if (keys.length > 0 && typed[i] == keys[0]) {
        matched = 1;
        if (matched == keys.length) {
          matched = 0;
          return true;
        }
      } else {
        out.write(typed[i]);
      }
    }
    return false;
  }
}
