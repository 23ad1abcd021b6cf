package dev.vivarium.image.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * Who is at work on something in the store: a process, told from a later one with the same number
 * by its start time. What a dead owner left behind is anybody's to clean up.
 *
 * @param text {@code PID-STARTTIME-NONCE}, which is also a file name
 */
record Owner(String text) {
  /** A new piece of work of this process. */
  static Owner create() {
    long pid = ProcessHandle.current().pid();
    byte[] nonce = new byte[6];
    new SecureRandom().nextBytes(nonce);
    return new Owner(pid + "-" + startTime(pid) + "-" + HexFormat.of().formatHex(nonce));
  }

  /** Whether the process is still there. */
  boolean alive() {
    String[] parts = text.split("-");
    if (parts.length != 3) {
      return false;
    }
    try {
      String now = startTime(Long.parseLong(parts[0]));
      return !now.equals("gone") && now.equals(parts[1]);
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /** The process's start in ticks after boot, with the boot it belongs to folded in. */
  private static String startTime(long pid) {
    try {
      String stat =
          new String(
              Files.readAllBytes(Path.of("/proc/" + pid + "/stat")), StandardCharsets.ISO_8859_1);
      // The name in parentheses may hold anything; field 22 counts from behind it.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      if (fields[0].equals("Z") || fields[0].equals("X")) {
        return "gone";
      }
      return fields[19] + boot();
    } catch (NoSuchFileException e) {
      return "gone";
    } catch (IOException e) {
      // A process that ends while it is looked at.
      return "gone";
    }
  }

  private static String boot() throws IOException {
    String id = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    return "b" + id.substring(0, Math.min(8, id.length()));
  }
}
