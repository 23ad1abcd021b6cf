package dev.vivarium.image.store;

import dev.vivarium.image.Digests;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.TreeSet;

/** Names and moves of the files of the store. */
final class LayerFiles {
  private final Path layers;
  private final Path temporary;

  LayerFiles(Path root) {
    this.layers = root.resolve("layers");
    this.temporary = root.resolve("tmp");
  }

  /** Makes what is missing; the store is its user's alone. */
  static LayerFiles create(Path root) throws IOException {
    var onlyUs = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    Files.createDirectories(root, onlyUs);
    LayerFiles files = new LayerFiles(root);
    Files.createDirectories(files.layers, onlyUs);
    Files.createDirectories(files.temporary, onlyUs);
    return files;
  }

  Path erofs(String diffId) {
    return layers.resolve(name(diffId) + ".erofs");
  }

  Path split(String diffId) {
    return layers.resolve(name(diffId) + ".tar-split");
  }

  /** A directory for work in progress, gone with its owner. */
  Path workDirectory(Owner owner) throws IOException {
    return Files.createDirectories(temporary.resolve(owner.text()));
  }

  /** Moves finished files to their names; they are on the disk, names included, afterwards. */
  void publish(String diffId, Path erofs, Path split) throws IOException {
    var readOnly = PosixFilePermissions.fromString("r--r--r--");
    Files.setPosixFilePermissions(erofs, readOnly);
    Files.setPosixFilePermissions(split, readOnly);
    Files.move(split, split(diffId), StandardCopyOption.ATOMIC_MOVE);
    Files.move(erofs, erofs(diffId), StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel directory = FileChannel.open(layers, StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  /** The layers that have files, whether or not the index knows of them. */
  Set<String> present() throws IOException {
    Set<String> diffIds = new TreeSet<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(layers, "sha256-*")) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        int dot = name.indexOf('.');
        String diffId = name.substring(0, dot < 0 ? name.length() : dot).replace('-', ':');
        if (Digests.valid(diffId)) {
          diffIds.add(diffId);
        }
      }
    }
    return diffIds;
  }

  void delete(String diffId) throws IOException {
    Files.deleteIfExists(erofs(diffId));
    Files.deleteIfExists(split(diffId));
  }

  /** Removes the work directories of owners that are no more. */
  void sweep() throws IOException {
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(temporary)) {
      for (Path directory : directories) {
        if (!new Owner(directory.getFileName().toString()).alive()) {
          deleteWorkDirectory(directory);
        }
      }
    }
  }

  static void deleteWorkDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.deleteIfExists(directory);
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(directory);
  }

  private static String name(String diffId) {
    if (!diffId.matches("sha256:[0-9a-f]{64}")) {
      throw new IllegalArgumentException("not a diff id: " + diffId);
    }
    return diffId.replace(':', '-');
  }
}
