package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.tar.TarReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.TreeSet;

/**
 * Makes files of what a guest says that there are: plain ones, in directories that are made here
 * and now, so that no link leads anywhere else. A single file may take the place of another.
 */
final class Extraction {
  private static final int ANY_EXECUTE = 0111;

  private final Path target;
  private final TreeSet<String> leftOut = new TreeSet<>();
  private boolean made;

  /**
   * @param target where the file goes, or what is in the directory
   */
  Extraction(Path target) {
    this.target = target;
  }

  boolean isEmpty() {
    return !made;
  }

  /** What is neither a plain file nor a directory. */
  Iterable<String> leftOut() {
    return leftOut;
  }

  /**
   * Takes one entry.
   *
   * @param path below the target; empty for the target itself
   */
  void take(List<String> path, TarEntry entry, TarReader content) throws IOException, CliException {
    switch (entry.type()) {
      case TarEntry.TYPE_DIRECTORY -> directory(path);
      case TarEntry.TYPE_FILE -> file(path, entry, content);
      default -> leftOut.add("/" + String.join("/", path));
    }
  }

  private Path directory(List<String> path) throws IOException, CliException {
    if (!made) {
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        throw new CliException(
            CliException.FAILED, "it is there already: " + target + "; remove it, or name another");
      }
      Files.createDirectory(target);
      made = true;
    }
    Path at = target;
    for (String name : path) {
      at = at.resolve(name);
      if (!Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
        Files.createDirectory(at);
      }
    }
    return at;
  }

  private void file(List<String> path, TarEntry entry, TarReader content)
      throws IOException, CliException {
    Path place = target;
    if (!path.isEmpty()) {
      place = directory(path.subList(0, path.size() - 1)).resolve(path.get(path.size() - 1));
    } else if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new CliException(CliException.FAILED, "there is a directory already: " + target);
    }
    Path parent = place.getParent();
    if (parent == null || entry.size() > Files.getFileStore(parent).getUsableSpace()) {
      throw new CliException(CliException.FAILED, "not enough room for it: " + place);
    }
    Path part = Files.createTempFile(parent, ".viv-cp-", "");
    try {
      try (OutputStream out = Files.newOutputStream(part, StandardOpenOption.WRITE)) {
        byte[] buffer = new byte[64 << 10];
        for (int n; (n = content.read(buffer, 0, buffer.length)) > 0; ) {
          out.write(buffer, 0, n);
        }
      }
      boolean program = (entry.mode() & ANY_EXECUTE) != 0;
      Files.setPosixFilePermissions(
          part, PosixFilePermissions.fromString(program ? "rwxr-xr-x" : "rw-r--r--"));
      Files.move(part, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
    made = true;
  }
}
