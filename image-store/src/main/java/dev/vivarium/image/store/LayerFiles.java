package dev.vivarium.image.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Names and moves of the files of the store. */
final class LayerFiles {
  private static final String BLOB = "blob-";
  private static final Pattern KEY =
      Pattern.compile("sha256:[0-9a-f]{64}|blob-(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})");
  private static final Set<PosixFilePermission> READ_ONLY =
      PosixFilePermissions.fromString("r--r--r--");

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

  /**
   * The key of an artifact's blob, which is kept as it came; a layer may have the same digest, and
   * is another thing.
   */
  static String blobKey(String digest) {
    return BLOB + digest;
  }

  /** Whether the key is a blob's and not a layer's. */
  static boolean isBlob(String key) {
    return key.startsWith(BLOB);
  }

  /** The digest of a blob's or a layer's content. */
  static String digest(String key) {
    return isBlob(key) ? key.substring(BLOB.length()) : key;
  }

  /** An artifact's blob. */
  Path blob(String key) {
    return layers.resolve(name(key) + ".blob");
  }

  /** A directory for work in progress, gone with its owner. */
  Path workDirectory(Owner owner) throws IOException {
    return Files.createDirectories(temporary.resolve(owner.text()));
  }

  /** Moves finished files to their names; they are on the disk, names included, afterwards. */
  void publish(String diffId, Path erofs, Path split) throws IOException {
    Files.setPosixFilePermissions(erofs, READ_ONLY);
    Files.setPosixFilePermissions(split, READ_ONLY);
    Files.move(split, split(diffId), StandardCopyOption.ATOMIC_MOVE);
    Files.move(erofs, erofs(diffId), StandardCopyOption.ATOMIC_MOVE);
    force();
  }

  /** The same of an artifact's blob. */
  void publishBlob(String key, Path blob) throws IOException {
    Files.setPosixFilePermissions(blob, READ_ONLY);
    Files.move(blob, blob(key), StandardCopyOption.ATOMIC_MOVE);
    force();
  }

  private void force() throws IOException {
    try (FileChannel directory = FileChannel.open(layers, StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  /** The layers that have files, whether or not the index knows of them. */
  Set<String> present() throws IOException {
    Set<String> diffIds = new TreeSet<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(layers, "*sha*-*.*")) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        int dot = name.indexOf('.');
        int dash = name.lastIndexOf('-', dot);
        String diffId = name.substring(0, dash) + ":" + name.substring(dash + 1, dot);
        if (KEY.matcher(diffId).matches()) {
          diffIds.add(diffId);
        }
      }
    }
    return diffIds;
  }

  void delete(String diffId) throws IOException {
    Files.deleteIfExists(erofs(diffId));
    Files.deleteIfExists(split(diffId));
    Files.deleteIfExists(blob(diffId));
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
    if (!KEY.matcher(diffId).matches()) {
      throw new IllegalArgumentException("not a diff id: " + diffId);
    }
    return diffId.replace(':', '-');
  }
}
