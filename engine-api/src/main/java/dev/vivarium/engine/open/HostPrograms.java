package dev.vivarium.engine.open;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** What of this machine's programs a sandbox on the image {@code host} sees. */
public final class HostPrograms {
  /** Where programs are looked for, here and in images. */
  static final List<String> PATH =
      List.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin");

  /** Where such a sandbox shows nothing of this machine. */
  private static final List<Path> PRIVATE =
      List.of(
          Path.of("/tmp"),
          Path.of("/var/tmp"),
          Path.of("/home"),
          Path.of("/root"),
          Path.of("/run"));

  /** Whether there is a program of this name, or at this absolute path. */
  public boolean has(String program) {
    if (program.startsWith("/")) {
      return shows(program);
    }
    return !program.isEmpty()
        && program.indexOf('/') < 0
        && PATH.stream().anyMatch(directory -> shows(directory + "/" + program));
  }

  private static boolean shows(String path) {
    try {
      Path real = Path.of(path).toRealPath();
      return Files.isRegularFile(real)
          && Files.isExecutable(real)
          && PRIVATE.stream().noneMatch(real::startsWith);
    } catch (IOException | InvalidPathException e) {
      return false;
    }
  }
}
