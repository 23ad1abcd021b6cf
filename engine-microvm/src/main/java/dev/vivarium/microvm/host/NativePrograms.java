package dev.vivarium.microvm.host;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** The programs in C that Vivarium brings along. */
public final class NativePrograms {
  private NativePrograms() {}

  /**
   * Where one is: beside what we run from, or else a copy.
   *
   * @param directory for the copy
   */
  public static Path find(String name, Path directory) throws IOException {
    Path installed = installed(name);
    if (Files.isExecutable(installed)) {
      return installed;
    }
    Path copy = directory.resolve(name);
    try (InputStream in = NativePrograms.class.getResourceAsStream("/native/" + name)) {
      if (in == null) {
        throw new IOException("this build lacks native/" + name + "; build Vivarium again");
      }
      Files.write(copy, in.readAllBytes());
    }
    Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rwx------"));
    return copy;
  }

  /** Where one is if it is beside what we run from. */
  static Path installed(String name) {
    String path = System.getProperty("java.class.path", "");
    int end = path.indexOf(File.pathSeparatorChar);
    Path first = Path.of(end < 0 ? path : path.substring(0, end)).toAbsolutePath();
    Path folder = first.toString().endsWith(".jar") ? first.resolveSibling("") : first;
    return folder.resolve("native").resolve(name);
  }
}
