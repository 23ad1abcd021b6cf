package dev.vivarium.microvm.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a virtual machine's process has to be started in so that it can leave the host's namespaces
 * later (ShimWalls): a user namespace, unless it has the right to do that anyway. A process with
 * threads cannot make one for itself.
 */
public final class Nest {
  private static final String PROGRAM = "enclosure";

  /** CAP_SYS_ADMIN, CAP_SYS_CHROOT. */
  private static final long NEEDED = 1L << 21 | 1L << 18;

  private Nest() {}

  /** The program that makes one; empty if this process is in one, or needs none. */
  public static List<String> words() {
    if (mayLeave()) {
      return List.of();
    }
    Path program = NativePrograms.installed(PROGRAM);
    return Files.isExecutable(program) ? List.of(program.toString(), "nest") : List.of();
  }

  private static boolean mayLeave() {
    try {
      for (String line :
          Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1)) {
        if (line.startsWith("CapEff:")) {
          return (Long.parseUnsignedLong(line.substring(7).strip(), 16) & NEEDED) == NEEDED;
        }
      }
    } catch (IOException e) {
      // It finds out when it tries.
    }
    return false;
  }
}
