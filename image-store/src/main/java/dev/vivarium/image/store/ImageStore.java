package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The images on this machine. Several processes may use one store at once, and any of them may die
 * at any moment: an image is either whole or absent.
 */
public final class ImageStore implements AutoCloseable {
  private final Path root;

  private ImageStore(Path root) {
    this.root = root;
  }

  /**
   * The user's store: {@code $VIVARIUM_STORE}, else {@code $XDG_DATA_HOME/vivarium}, else {@code
   * ~/.local/share/vivarium}; made if it is not there.
   */
  public static ImageStore open() throws ImageException {
    return open(defaultRoot());
  }

  public static ImageStore open(Path root) throws ImageException {
    return new ImageStore(root);
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
    throw new UnsupportedOperationException("pull");
  }

  /**
   * Takes in {@code oci:DIR[:TAG]}, {@code oci-archive:FILE[:TAG]} or {@code docker-archive:FILE}.
   *
   * @param keepNames whether the names written in the archive become tags; without, the image can
   *     be found by its id alone
   */
  public ImageRecord importArchive(String source, boolean keepNames, Progress progress)
      throws ImageException {
    throw new UnsupportedOperationException("importArchive");
  }

  /** The image with this name, digest, id, or unique beginning of an id. */
  public Optional<ImageRecord> find(String reference) throws ImageException {
    throw new UnsupportedOperationException("find");
  }

  /** All images, the latest pulled first. */
  public List<ImageRecord> list() throws ImageException {
    throw new UnsupportedOperationException("list");
  }

  /**
   * Takes a name away, and the image with it when that was its last name; an id takes away the
   * image with all its names.
   *
   * @return what was removed: names, then the image's id if it is gone
   */
  public List<String> remove(String reference) throws ImageException {
    throw new UnsupportedOperationException("remove");
  }

  /** The EROFS files of an image, lowest first. */
  public List<Path> layers(ImageRecord image) {
    throw new UnsupportedOperationException("layers");
  }

  public Path root() {
    return root;
  }

  @Override
  public void close() {}
}
