package dev.vivarium.image.archive;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.ImageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Opens what users write as {@code oci:…}, {@code oci-archive:…} and {@code docker-archive:…}. */
public final class Archives {
  private Archives() {}

  public static ImageSource open(String text) throws ImageException {
    int colon = text.indexOf(':');
    String kind = colon < 0 ? text : text.substring(0, colon);
    String rest = colon < 0 ? "" : text.substring(colon + 1);
    if (rest.isEmpty()) {
      throw new ImageException(
          Kind.BAD_REFERENCE, "no path: '" + text + "'; write " + kind + ":PATH");
    }
    Path path = Path.of(rest);
    Optional<String> selector = Optional.empty();
    // A tag may have colons itself: the first split that leaves something that exists is meant.
    int split = Files.exists(path) ? -1 : rest.indexOf(':');
    while (split > 0) {
      path = Path.of(rest.substring(0, split));
      selector = Optional.of(rest.substring(split + 1));
      int next = rest.indexOf(':', split + 1);
      split = Files.exists(path) ? -1 : next;
    }
    try {
      return switch (kind) {
        case "oci" -> {
          if (!Files.isDirectory(path)) {
            throw new NoSuchFileException(path.toString());
          }
          yield new OciLayout(text, new DirectoryFiles(path), selector);
        }
        case "oci-archive" -> new OciLayout(text, new ArchiveFiles(path), selector);
        case "docker-archive" -> new DockerArchive(text, new ArchiveFiles(path), selector);
        default ->
            throw new ImageException(
                Kind.BAD_REFERENCE,
                "not a kind of archive: '"
                    + kind
                    + "'; there are oci, oci-archive and docker-archive");
      };
    } catch (IOException e) {
      throw failure(text, e);
    }
  }

  /** All images of a file, whether it is OCI's or Docker's. */
  public static List<ImageSource> openAll(Path file) throws ImageException {
    List<ImageSource> sources = new ArrayList<>();
    try {
      boolean oci;
      int count;
      try (ArchiveFiles files = new ArchiveFiles(file)) {
        oci = files.has(OciLayout.VERSION);
        count = oci ? OciLayout.count(files) : DockerArchive.count(files);
      }
      for (int i = 0; i < count; i++) {
        Optional<String> selector = Optional.of("@" + i);
        sources.add(
            oci
                ? new OciLayout(file.toString(), new ArchiveFiles(file), selector)
                : new DockerArchive(file.toString(), new ArchiveFiles(file), selector));
      }
      return sources;
    } catch (IOException e) {
      sources.forEach(ImageSource::close);
      throw failure(file.toString(), e);
    }
  }

  /** What it means that an archive cannot be read. */
  static ImageException failure(String name, IOException e) {
    if (e instanceof NoSuchFileException) {
      return new ImageException(
          Kind.NOT_FOUND,
          "no such file: " + e.getMessage() + " for " + name + "; check the path",
          e);
    }
    if (e instanceof BadDocumentException
        || e instanceof dev.vivarium.image.tar.BadArchiveException
        || e instanceof java.io.EOFException) {
      return new ImageException(
          Kind.BAD_IMAGE,
          "not an image archive, or a damaged one: "
              + name
              + ": "
              + e.getMessage()
              + "; make it again",
          e);
    }
    return new ImageException(
        Kind.STORE, "cannot read: " + name + ": " + e.getMessage() + "; check its permissions", e);
  }
}
