package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.archive.Archives;
import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.layer.DirectoryTar;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.ImageSource;
import dev.vivarium.image.oci.Manifest;
import dev.vivarium.image.registry.Mirrors;
import dev.vivarium.image.registry.RegistrySource;
import dev.vivarium.image.signature.SignedSource;
import dev.vivarium.image.signature.VerifiedSignature;
import dev.vivarium.image.view.RootNode;
import dev.vivarium.image.view.RootView;
import dev.vivarium.image.view.RootViews;
import java.io.IOException;
import java.nio.file.Files;
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

  /**
   * The list of images, the latest pulled first, without opening the index where that is possible.
   */
  public static List<ImageSummary> summaries(Path root) throws ImageException {
    return new Summaries(root)
        .get(() -> {
          try (ImageStore store = open(root)) {
            return store.database.read(Summaries::query);
          }
        });
  }

  /** Where {@link #open()} looks. */
  public static Path defaultRoot() {
    String own = System.getenv("VIVARIUM_STORE");
    if (own != null && !own.isEmpty()) {
      return Path.of(own).toAbsolutePath();
    }
    String data = System.getenv("XDG_DATA_HOME");
    if (data != null && data.startsWith("/")) {
      return Path.of(data, "vivarium");
    }
    String home = System.getenv("HOME");
    return Path.of(
        home != null && home.startsWith("/") ? home : System.getProperty("user.home"),
        ".local/share/vivarium");
  }

  /** Whether the text names an archive for {@link #importArchive} and not an image by name. */
  public static boolean isArchive(String text) {
    return text.startsWith("oci:")
        || text.startsWith("oci-archive:")
        || text.startsWith("docker-archive:");
  }

  /**
   * Fetches an image from a mirror of its registry or from the registry; what the store has already
   * is not fetched again.
   */
  public ImageRecord pull(ImageReference reference, PullOptions options, Progress progress)
      throws ImageException {
    for (Mirrors.Mirror mirror : Mirrors.of(reference, options.mirrors())) {
      try {
        return pull(
            mirror.image(),
            reference,
            options.withPlainHttp(options.plainHttp() || mirror.plainHttp()),
            progress);
      } catch (ImageException e) {
        if (e.kind() == Kind.STORE || e.kind() == Kind.CONFLICT) {
          throw e;
        }
        // A mirror that has it not, lies, or is away: the next, and at last the registry.
      }
    }
    return pull(reference, reference, options, progress);
  }

  private ImageRecord pull(
      ImageReference from, ImageReference name, PullOptions options, Progress progress)
      throws ImageException {
    RegistrySource registry = new RegistrySource(from, options.plainHttp(), options.authFile());
    try (ImageSource source =
        options.trusted().isEmpty() ? registry : new SignedSource(registry, options.trusted())) {
      return ingest(
          source, options.architecture(), Optional.of(name), false, options.artifacts(), progress);
    }
  }

  /**
   * Takes in {@code oci:DIR[:TAG]}, {@code oci-archive:FILE[:TAG]} or {@code docker-archive:FILE}.
   *
   * @param keepNames whether the names written in the archive become tags, and artifacts are taken
   *     too; without, the image can be found by its id alone
   */
  public ImageRecord importArchive(String source, boolean keepNames, Progress progress)
      throws ImageException {
    return importArchive(source, keepNames, PullOptions.DEFAULT.architecture(), progress);
  }

  /** The same, of an archive with images for several machines the one for this architecture. */
  public ImageRecord importArchive(
      String source, boolean keepNames, String architecture, Progress progress)
      throws ImageException {
    try (ImageSource archive = Archives.open(source)) {
      return ingest(archive, architecture, Optional.empty(), keepNames, keepNames, progress);
    }
  }

  /** Takes in all images of an archive file, in OCI's form or Docker's, with their names. */
  public List<ImageRecord> load(Path file, Progress progress) throws ImageException {
    List<ImageRecord> images = new ArrayList<>();
    List<ImageSource> sources = Archives.openAll(file);
    try {
      for (ImageSource source : sources) {
        images.add(
            ingest(
                source,
                PullOptions.DEFAULT.architecture(),
                Optional.empty(),
                true,
                true,
                progress));
      }
    } finally {
      sources.forEach(ImageSource::close);
    }
    return images;
  }

  /** Makes an image of a directory, or of a tar file, compressed or not. */
  public ImageRecord importTree(Path source, ImageReference name, ConfigChange change)
      throws ImageException {
    if (!Files.isDirectory(source) && !Files.isRegularFile(source)) {
      throw new ImageException(
          Kind.NOT_FOUND, "no such directory or tar file: " + source + "; check the path");
    }
    LayerContent content =
        Files.isDirectory(source)
            ? tar -> DirectoryTar.write(source, tar)
            : tar -> Files.copy(source, tar);
    return commit(Optional.empty(), content, name, change);
  }

  /**
   * Makes an image of another, or of nothing, and one layer more.
   *
   * @param layer written on another thread
   */
  public ImageRecord commit(
      Optional<ImageRecord> base, LayerContent layer, ImageReference name, ConfigChange change)
      throws ImageException {
    if (base.isPresent()) {
      base.get().needImage(base.get().shortId());
    }
    String id = new Builder(this, database, files).build(base, layer, name, change);
    return find(id).orElseThrow(() -> missing(id));
  }

  /** The image with this name, digest, id, or unique beginning of an id. */
  public Optional<ImageRecord> find(String reference) throws ImageException {
    return database.read(transaction -> {
      Catalog catalog = new Catalog(transaction);
      Optional<String> id = catalog.resolve(reference);
      return id.isEmpty() ? Optional.empty() : catalog.image(id.get());
    });
  }

  /**
   * The image that has exactly these layer files, lowest first.
   *
   * @param preferred which to take if there are several: this name or id
   */
  public Optional<ImageRecord> withLayers(List<Path> layers, String preferred)
      throws ImageException {
    Optional<ImageRecord> named = isArchive(preferred) ? Optional.empty() : find(preferred);
    if (named.isPresent()
        && named.get().artifactType().isEmpty()
        && layers(named.get()).equals(layers)) {
      return named;
    }
    return list().stream()
        .filter(image -> image.artifactType().isEmpty() && layers(image).equals(layers))
        .findFirst();
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
    new Cleaner(database, files).collect();
    return removed;
  }

  /** The EROFS files of an image, lowest first; an artifact has none. */
  public List<Path> layers(ImageRecord image) {
    if (image.artifactType().isPresent()) {
      return List.of();
    }
    return image.layers().stream().map(layer -> files.erofs(layer.diffId())).toList();
  }

  /** The blobs of an artifact as its manifest lists them, its configuration's first. */
  public List<ArtifactBlob> blobs(ImageRecord artifact) throws ImageException {
    List<ArtifactBlob> blobs = new ArrayList<>();
    try {
      if (Manifest.parse(manifest(artifact), "") instanceof Manifest.Image manifest) {
        blobs.add(blob(manifest.config()));
        manifest.layers().forEach(layer -> blobs.add(blob(layer)));
      }
      return blobs;
    } catch (BadDocumentException e) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "a manifest that cannot be read: "
              + artifact.id()
              + ": "
              + e.getMessage()
              + "; pull it again",
          e);
    }
  }

  private ArtifactBlob blob(Descriptor blob) {
    return new ArtifactBlob(
        blob.mediaType(),
        blob.digest(),
        blob.size(),
        Optional.ofNullable(blob.annotations().get("org.opencontainers.image.title")),
        files.blob(LayerFiles.blobKey(blob.digest())));
  }

  /** Gives an image another name; an image that had the name before loses it. */
  public ImageRecord tag(String source, String name) throws ImageException {
    ImageReference target = ImageReference.parse(name);
    if (target.digest().isPresent()) {
      throw new ImageException(
          Kind.BAD_REFERENCE, "a digest cannot be given: '" + name + "'; write NAME:TAG");
    }
    return database.write(transaction -> {
      Catalog catalog = new Catalog(transaction);
      String id = catalog.resolve(source).orElseThrow(() -> missing(source));
      transaction.update("INSERT OR REPLACE INTO tags VALUES (?, ?)", target.toString(), id);
      return catalog.image(id).orElseThrow();
    });
  }

  /** What made the image, the first step first. */
  public List<HistoryEntry> history(ImageRecord image) throws ImageException {
    image.needImage(image.shortId());
    try {
      return new ConfigReader(config(image.id())).history(image.layers());
    } catch (BadDocumentException e) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "a history that cannot be read: "
              + image.id()
              + ": "
              + e.getMessage()
              + "; pull the image again",
          e);
    }
  }

  /** The signatures of an image that were checked when it came. */
  public List<VerifiedSignature> signatures(String id) throws ImageException {
    return database.read(transaction ->
        transaction.query(
            "SELECT digest, key, format, reference, identity, issuer FROM verified_signatures"
                + " WHERE image_id = ? ORDER BY 1, 2, 5",
            row ->
                new VerifiedSignature(
                    row.getString(1),
                    row.getString(2),
                    row.getString(3),
                    row.getString(4),
                    row.getString(5),
                    row.getString(6)),
            id));
  }

  /** The configuration document, as it came. */
  public byte[] config(String id) throws ImageException {
    return document("SELECT content FROM documents WHERE digest = ?", id);
  }

  /** The manifest document, as it came. */
  public byte[] manifest(ImageRecord image) throws ImageException {
    return document("SELECT content FROM documents WHERE digest = ?", image.manifestDigest());
  }

  /** Writes images into one file, which appears when it is complete. */
  public void save(List<ImageRecord> images, SaveFormat format, Path file, Progress progress)
      throws ImageException {
    new Export(this, files).save(images, format, file, progress);
  }

  /**
   * Brings an image to a registry.
   *
   * @return the digest of its manifest there
   */
  public String push(
      ImageRecord image, ImageReference target, PullOptions options, Progress progress)
      throws ImageException {
    return new Pusher(this, database, files).run(image, target, options, progress);
  }

  /** Removes what is not needed. */
  public PruneReport prune(PruneOptions options) throws ImageException {
    return new Cleaner(database, files).prune(options);
  }

  /** Where the space goes. */
  public DiskUse diskUse() throws ImageException {
    return new Cleaner(database, files).use();
  }

  /**
   * Looks at every byte of the store.
   *
   * @param repair how to pull again what is damaged; empty to only say what is
   */
  public Verification verify(Optional<PullOptions> repair, Progress progress)
      throws ImageException {
    return new Verifier(database, files).run(repair, progress);
  }

  /**
   * The images that have something at this absolute path, the latest pulled first. The layers' own
   * directories are the index: a name is found in them by halving.
   */
  public List<ImageSummary> havingPath(String path) throws ImageException {
    List<ImageSummary> found = new ArrayList<>();
    for (ImageSummary image : database.read(Summaries::query)) {
      if (has(image, List.of(List.of(path)))) {
        found.add(image);
      }
    }
    return found;
  }

  /**
   * The image pulled last that has something at one path at least of each of these lists.
   *
   * @param wanted lists of absolute paths
   */
  public Optional<ImageSummary> latestWith(List<List<String>> wanted) throws ImageException {
    for (ImageSummary image : database.read(Summaries::query)) {
      if (has(image, wanted)) {
        return Optional.of(image);
      }
    }
    return Optional.empty();
  }

  private boolean has(ImageSummary image, List<List<String>> wanted) {
    if (image.artifactType().isPresent()) {
      return false;
    }
    List<Path> layers = image.layers().stream().map(files::erofs).toList();
    try (RootView view = RootViews.open(layers)) {
      for (List<String> ways : wanted) {
        boolean any = false;
        for (String path : ways) {
          any |= isThere(view, path);
        }
        if (!any) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      // removed since it was listed, or damaged: verify tells
      return false;
    }
  }

  private static boolean isThere(RootView view, String path) throws IOException {
    RootNode node = view.root();
    for (String name : path.split("/")) {
      if (node != null && !name.isEmpty() && !name.equals(".")) {
        node = (node.mode() & 0170000) == 0040000 ? node.lookup(name) : null;
      }
    }
    return node != null;
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
      boolean artifacts,
      Progress progress)
      throws ImageException {
    String id =
        new Ingest(database, files, LayerLimits.standard())
            .run(source, architecture, tag, keepNames, artifacts, progress);
    return database
        .read(transaction -> new Catalog(transaction).image(id))
        .orElseThrow(() ->
            new ImageException(
                Kind.CONFLICT,
                "removed by somebody while it came: " + source.name() + "; try again"));
  }

  private byte[] document(String sql, String digest) throws ImageException {
    return database.read(transaction ->
        transaction.query(sql, row -> row.getBytes(1), digest).stream()
            .findFirst()
            .orElseThrow(() -> missing(digest)));
  }

  private static ImageException missing(String reference) {
    return new ImageException(
        Kind.NOT_FOUND, "no such image: " + reference + "; viv images lists what there is");
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
