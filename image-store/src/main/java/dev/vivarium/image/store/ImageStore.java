package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.archive.Archives;
import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.oci.ImageSource;
import dev.vivarium.image.registry.RegistrySource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The images on this machine. Several processes may use one store at once, and any of them may die
 * at any moment: an image is either whole or absent.
 */
public final class ImageStore implements AutoCloseable {
  private final Path root;
  private final LayerFiles files;
  private final Database database;

  private ImageStore(Path root, LayerFiles files, Database database) {
    this.root = root;
    this.files = files;
    this.database = database;
  }

  /**
   * The user's store: {@code $VIVARIUM_STORE}, else {@code $XDG_DATA_HOME/vivarium}, else {@code
   * ~/.local/share/vivarium}; made if it is not there.
   */
  public static ImageStore open() throws ImageException {
    return open(defaultRoot());
  }

  public static ImageStore open(Path root) throws ImageException {
    try {
      LayerFiles files = LayerFiles.create(root);
      SqliteLibrary.prepare(root);
      return new ImageStore(root, files, Database.open(root.resolve("index.db")));
    } catch (IOException e) {
      throw new ImageException(
          Kind.STORE,
          "cannot open the image store: "
              + root
              + ": "
              + e.getClass().getSimpleName()
              + ": "
              + e.getMessage()
              + "; make it writable, or set VIVARIUM_STORE to another directory",
          e);
    }
  }

  /** Where {@link #open()} looks. */
  public static Path defaultRoot() {
    String own = System.getenv("VIVARIUM_STORE");
    if (own != null && !own.isEmpty()) {
      return Path.of(own).toAbsolutePath();
    }
    String data = System.getenv("XDG_DATA_HOME");
    Path base =
        data != null && data.startsWith("/")
            ? Path.of(data)
            : Path.of(System.getProperty("user.home"), ".local", "share");
    return base.resolve("vivarium");
  }

  /** Whether the text names an archive for {@link #importArchive} and not an image by name. */
  public static boolean isArchive(String text) {
    return text.startsWith("oci:")
        || text.startsWith("oci-archive:")
        || text.startsWith("docker-archive:");
  }

  /** Fetches an image from its registry; what the store has already is not fetched again. */
  public ImageRecord pull(ImageReference reference, PullOptions options, Progress progress)
      throws ImageException {
    try (ImageSource source =
        new RegistrySource(reference, options.plainHttp(), options.authFile())) {
      return ingest(source, options.architecture(), Optional.of(reference), false, progress);
    }
  }

  /**
   * Takes in {@code oci:DIR[:TAG]}, {@code oci-archive:FILE[:TAG]} or {@code docker-archive:FILE}.
   *
   * @param keepNames whether the names written in the archive become tags; without, the image can
   *     be found by its id alone
   */
  public ImageRecord importArchive(String source, boolean keepNames, Progress progress)
      throws ImageException {
    try (ImageSource archive = Archives.open(source)) {
      return ingest(
          archive, PullOptions.DEFAULT.architecture(), Optional.empty(), keepNames, progress);
    }
  }

  /** The image with this name, digest, id, or unique beginning of an id. */
  public Optional<ImageRecord> find(String reference) throws ImageException {
    return database.read(transaction -> {
      Catalog catalog = new Catalog(transaction);
      Optional<String> id = catalog.resolve(reference);
      return id.isEmpty() ? Optional.empty() : catalog.image(id.get());
    });
  }

  /** All images, the latest pulled first. */
  public List<ImageRecord> list() throws ImageException {
    return database.read(transaction -> {
      Catalog catalog = new Catalog(transaction);
      List<ImageRecord> images = new ArrayList<>();
      for (String id : catalog.ids()) {
        catalog.image(id).ifPresent(images::add);
      }
      return images;
    });
  }

  /**
   * Takes a name away, and the image with it when that was its last name; an id takes away the
   * image with all its names.
   *
   * @return what was removed: names, then the image's id if it is gone
   */
  public List<String> remove(String reference) throws ImageException {
    List<String> removed =
        database.write(transaction -> {
          Catalog catalog = new Catalog(transaction);
          String id =
              catalog
                  .resolve(reference)
                  .orElseThrow(() ->
                      new ImageException(
                          Kind.NOT_FOUND,
                          "no such image: " + reference + "; viv images lists what there is"));
          List<String> names = catalog.tags(id);
          List<String> gone = new ArrayList<>();
          Optional<String> name = tagOf(reference, names);
          if (name.isPresent() && names.size() > 1) {
            transaction.update("DELETE FROM tags WHERE name = ?", name.get());
            gone.add(name.get());
          } else {
            transaction.update("DELETE FROM images WHERE id = ?", id);
            gone.addAll(names);
            gone.add(id);
          }
          return gone;
        });
    collect();
    return removed;
  }

  /** The EROFS files of an image, lowest first. */
  public List<Path> layers(ImageRecord image) {
    return image.layers().stream().map(layer -> files.erofs(layer.diffId())).toList();
  }

  public Path root() {
    return root;
  }

  @Override
  public void close() {
    database.close();
  }

  private ImageRecord ingest(
      ImageSource source,
      String architecture,
      Optional<ImageReference> tag,
      boolean keepNames,
      Progress progress)
      throws ImageException {
    String id =
        new Ingest(database, files, LayerLimits.standard())
            .run(source, architecture, tag, keepNames, progress);
    return database
        .read(transaction -> new Catalog(transaction).image(id))
        .orElseThrow(() ->
            new ImageException(
                Kind.CONFLICT,
                "removed by somebody while it came: " + source.name() + "; try again"));
  }

  /** Gives back the space of layers that nothing needs. */
  private void collect() throws ImageException {
    List<String> unused =
        database.write(transaction -> new Catalog(transaction).dropUnusedLayers());
    if (unused.isEmpty()) {
      return;
    }
    // Under the write lock again: whoever publishes one of them anew does so before or after.
    database.write(transaction -> {
      Catalog catalog = new Catalog(transaction);
      for (String diffId : unused) {
        if (!catalog.hasLayer(diffId)) {
          try {
            files.delete(diffId);
          } catch (IOException e) {
            throw new ImageException(
                Kind.STORE,
                "cannot delete a layer: " + e.getMessage() + "; check the store's permissions",
                e);
          }
        }
      }
      return null;
    });
  }

  private static Optional<String> tagOf(String reference, List<String> names) {
    try {
      String full = ImageReference.parse(reference).toString();
      return names.contains(full) ? Optional.of(full) : Optional.empty();
    } catch (ImageException e) {
      return Optional.empty();
    }
  }
}
