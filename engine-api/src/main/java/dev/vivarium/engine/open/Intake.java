package dev.vivarium.engine.open;

import dev.vivarium.engine.state.Directories;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;

/**
 * A directory with a private copy of one file in it, for a sandbox to see: neither the original nor
 * what lies beside it can be reached by it. The copy has a name that no shell, terminal or program
 * takes for anything else.
 */
public final class Intake implements Closeable {
  private static final int MAX_NAME = 100;

  /** What a client that was killed left behind is removed after so long. */
  private static final Duration FORGOTTEN = Duration.ofDays(1);

  private final Path directory;

  private Intake(Path directory) {
    this.directory = directory;
  }

  /** Makes an empty one. */
  public static Intake create(Directories directories) throws IOException {
    Path parent = directories.state().resolve("opened");
    Files.createDirectories(parent);
    forget(parent);
    return new Intake(Files.createTempDirectory(parent, ""));
  }

  private static void forget(Path parent) throws IOException {
    FileTime then = FileTime.from(Instant.now().minus(FORGOTTEN));
    try (DirectoryStream<Path> all = Files.newDirectoryStream(parent)) {
      for (Path one : all) {
        if (Files.getLastModifiedTime(one).compareTo(then) < 0) {
          new Intake(one).close();
        }
      }
    }
  }

  public Path directory() {
    return directory;
  }

  /**
   * The copy's name for a file's: letters, digits and a few signs of ASCII, so that what a name can
   * do to a command line or a terminal is over here.
   */
  public static String plainName(String name) {
    StringBuilder plain = new StringBuilder();
    name.codePoints()
        .forEach(c ->
            plain.append(
                c < 0x80 && (Character.isLetterOrDigit(c) || "._+-".indexOf(c) >= 0)
                    ? (char) c
                    : '_'));
    while (!plain.isEmpty() && (plain.charAt(0) == '.' || plain.charAt(0) == '-')) {
      plain.setCharAt(0, '_');
    }
    if (plain.length() > MAX_NAME) {
      // The ending says what it is.
      plain.delete(MAX_NAME / 2, plain.length() - MAX_NAME / 2);
    }
    return plain.isEmpty() ? "file" : plain.toString();
  }

  /**
   * Copies a file in.
   *
   * @return the copy
   * @throws IOException if it is no plain file that can be read
   */
  public Path take(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException(
          Files.isDirectory(file) ? "is a directory" : "not a plain file that can be read");
    }
    Path name = file.getFileName();
    Path copy = directory.resolve(plainName(name == null ? "" : name.toString()));
    try (InputStream in = Files.newInputStream(file)) {
      long room = Files.getFileStore(directory).getUsableSpace();
      if (Files.size(file) > room) {
        throw new IOException("there is no room for a copy of it in " + directory);
      }
      Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
    }
    return ready(copy);
  }

  /**
   * Makes a file that lies in here already one that can be run, and by whom it must be: anybody.
   */
  public Path ready(Path copy) throws IOException {
    Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    return copy;
  }

  @Override
  public void close() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(directory);
  }
}
