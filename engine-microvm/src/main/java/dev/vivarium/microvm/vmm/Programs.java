package dev.vivarium.microvm.vmm;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Looks for programs. */
final class Programs {
  private Programs() {}

  /** Where the path leads to one; null where it does not. */
  static @Nullable Path find(String name) {
    String path = System.getenv("PATH");
    for (String directory : (path == null ? "/usr/bin:/bin" : path).split(":")) {
      Path program = Path.of(directory, name);
      if (!directory.isEmpty() && Files.isExecutable(program)) {
        return program;
      }
    }
    return null;
  }
}
