package dev.vivarium.engine.process;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The priority that this process was started with (nice(1)), for its session too: the host's kernel
 * shares processors among sessions first, where it groups them (sched_autogroup_enabled), and a new
 * session begins with the usual priority.
 */
public final class Priority {
  private static final int NICE = 19;

  private Priority() {}

  /** Gives this process's session the process's own lower priority. */
  public static void keep() {
    keep(Path.of("/proc/self"));
  }

  static void keep(Path process) {
    try {
      int nice = nice(Files.readString(process.resolve("stat")));
      Path session = process.resolve("autogroup");
      if (nice > 0 && Files.exists(session)) {
        // Not by a channel: to that, "not now", which the kernel says who writes often, is no
        // error.
        try (FileOutputStream out = new FileOutputStream(session.toFile())) {
          out.write(String.valueOf(nice).getBytes(StandardCharsets.US_ASCII));
        }
      }
    } catch (IOException e) {
      // Of a kernel that does not group, or takes no more changes for now: nothing depends on it.
    }
  }

  /** The field of that name; a program's name before it may have blanks. */
  static int nice(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
    // The third field of all is the first here.
    return fields.length > NICE - 3 ? Integer.parseInt(fields[NICE - 3]) : 0;
  }
}
