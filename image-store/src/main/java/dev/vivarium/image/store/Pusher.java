package dev.vivarium.image.store;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.Manifest;
import dev.vivarium.image.oci.ManifestWriter;
import dev.vivarium.image.registry.RegistryTarget;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPOutputStream;

/**
 * Brings an image to a registry. A layer goes as the blob that it came as, if the registry has that
 * one; otherwise it is compressed anew. If all go as they came, so does the manifest.
 */
final class Pusher {
  private static final String GZIP_LAYER = Manifest.OCI_LAYER + "+gzip";

  private final Database database;
  private final LayerFiles files;
  private final ImageStore store;
  private final Export export;

  Pusher(ImageStore store, Database database, LayerFiles files) {
    this.store = store;
    this.database = database;
    this.files = files;
    this.export = new Export(store, files);
  }

  /** The manifest's digest at the registry. */
  String run(ImageRecord image, ImageReference target, PullOptions options, Progress listener)
      throws ImageException {
    Progress progress = new SerializedProgress(listener);
    Owner owner = Owner.create();
    Fetch holder =
        new Fetch(database, files, owner, dev.vivarium.image.erofs.LayerLimits.standard());
    try (RegistryTarget registry =
        new RegistryTarget(target, options.plainHttp(), options.authFile())) {
      List<LayerRecord> layers = image.layers().stream().distinct().toList();
      for (LayerRecord layer : layers) {
        if (!holder.hold(layer.diffId())) {
          throw new ImageException(
              Kind.CONFLICT, "removed by somebody: " + image.shortId() + "; pull it again");
        }
      }
      progress.started(
          target.familiar(),
          layers.stream()
              .map(layer -> new Progress.Layer(layer.diffId(), layer.tarSize(), false))
              .toList());
      if (image.artifactType().isPresent()) {
        return artifact(registry, image, progress);
      }
      Map<String, Descriptor> blobs = new ConcurrentHashMap<>();
      Path directory = files.workDirectory(owner);
      List<Workers.Job> jobs = new ArrayList<>();
      for (LayerRecord layer : layers) {
        jobs.add(() -> {
          blobs.put(layer.diffId(), blob(registry, layer, directory));
          progress.advanced(layer.diffId(), layer.tarSize());
          progress.finished(layer.diffId());
        });
      }
      Workers.run(target.familiar(), jobs);
      byte[] config = store.config(image.id());
      registry.putBlob(config);
      List<Descriptor> descriptors =
          image.layers().stream().map(layer -> blobs.get(layer.diffId())).toList();
      byte[] original = store.manifest(image);
      Optional<String> type = sameLayers(original, descriptors);
      return type.isPresent()
          ? registry.putManifest(original, type.get())
          : registry.putManifest(
              ManifestWriter.manifest(config, descriptors.stream().map(Pusher::asOci).toList()),
              Manifest.OCI_MANIFEST);
    } catch (IOException e) {
      throw failed(e);
    } finally {
      holder.release();
      try {
        LayerFiles.deleteWorkDirectory(files.workDirectory(owner));
      } catch (IOException e) {
        // swept away later
      }
    }
  }

  /** An artifact goes as it came. */
  private String artifact(RegistryTarget registry, ImageRecord artifact, Progress progress)
      throws ImageException {
    List<Workers.Job> jobs = new ArrayList<>();
    for (LayerRecord blob : artifact.layers().stream().distinct().toList()) {
      jobs.add(() -> {
        String digest = LayerFiles.digest(blob.diffId());
        if (!registry.hasBlob(digest, blob.tarSize())) {
          registry.putBlob(digest, files.blob(blob.diffId()));
        }
        progress.advanced(blob.diffId(), blob.tarSize());
        progress.finished(blob.diffId());
      });
    }
    Workers.run(artifact.shortId(), jobs);
    byte[] manifest = store.manifest(artifact);
    try {
      return registry.putManifest(manifest, Manifest.parse(manifest, "").mediaType());
    } catch (BadDocumentException e) {
      throw failed(e);
    }
  }

  /** The layer as a blob that the registry has; uploads one if it has none. */
  private Descriptor blob(RegistryTarget registry, LayerRecord layer, Path directory)
      throws ImageException {
    for (Descriptor known : knownBlobs(layer.diffId())) {
      if (registry.hasBlob(known.digest(), known.size())) {
        return known;
      }
    }
    Path file = directory.resolve(Digests.hex(layer.diffId()) + ".tar.gz");
    try {
      Descriptor blob = compress(layer.diffId(), file);
      if (!registry.hasBlob(blob.digest(), blob.size())) {
        registry.putBlob(blob.digest(), file);
      }
      database.write(transaction ->
          transaction.update(
              "INSERT OR REPLACE INTO layer_blobs SELECT ?, diff_id, ?, ? FROM layers WHERE diff_id"
                  + " = ?",
              blob.digest(),
              blob.size(),
              blob.mediaType(),
              layer.diffId()));
      return blob;
    } catch (IOException e) {
      throw failed(e);
    } finally {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        // goes with its directory
      }
    }
  }

  private Descriptor compress(String diffId, Path file) throws IOException {
    MessageDigest whole = Digests.sha256();
    MessageDigest tar = Digests.sha256();
    try (OutputStream out =
            new BufferedOutputStream(
                new DigestOutputStream(Files.newOutputStream(file), whole), 1 << 16);
        OutputStream gzip = new GZIPOutputStream(out, 1 << 16);
        OutputStream digesting = new DigestOutputStream(gzip, tar)) {
      export.tar(diffId, digesting);
    }
    if (!Digests.finish(tar).equals(diffId)) {
      throw new IOException("the layer " + diffId + " is damaged; viv verify --repair");
    }
    return descriptor(GZIP_LAYER, Digests.finish(whole), Files.size(file));
  }

  private List<Descriptor> knownBlobs(String diffId) throws ImageException {
    return database.read(transaction ->
        transaction.query(
            "SELECT media_type, digest, size FROM layer_blobs WHERE diff_id = ? ORDER BY digest",
            row -> descriptor(row.getString(1), row.getString(2), row.getLong(3)),
            diffId));
  }

  /** The type of a manifest that names exactly these layers. */
  private static Optional<String> sameLayers(byte[] manifest, List<Descriptor> layers) {
    try {
      if (Manifest.parse(manifest, "") instanceof Manifest.Image image
          && image.layers().stream()
              .map(Descriptor::digest)
              .toList()
              .equals(layers.stream().map(Descriptor::digest).toList())) {
        return Optional.of(image.mediaType());
      }
    } catch (BadDocumentException e) {
      // not one to send on, then
    }
    return Optional.empty();
  }

  /** An OCI manifest does not mix in Docker's words. */
  private static Descriptor asOci(Descriptor layer) {
    String type = layer.mediaType();
    if (type.startsWith("application/vnd.oci.")) {
      return layer;
    }
    String suffix = type.endsWith("gzip") ? "+gzip" : type.endsWith("zstd") ? "+zstd" : "";
    return descriptor(Manifest.OCI_LAYER + suffix, layer.digest(), layer.size());
  }

  private static Descriptor descriptor(String mediaType, String digest, long size) {
    return new Descriptor(
        mediaType, digest, size, Optional.empty(), Optional.empty(), Optional.empty(), Map.of());
  }

  private static ImageException failed(IOException e) {
    return new ImageException(
        Kind.STORE,
        "cannot prepare the image: "
            + e.getMessage()
            + "; check the store and the space on its disk",
        e);
  }
}
