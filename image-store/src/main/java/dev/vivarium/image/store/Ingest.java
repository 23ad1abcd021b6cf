package dev.vivarium.image.store;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.ImageSource;
import dev.vivarium.image.oci.ImageSource.Resolved;
import dev.vivarium.image.signature.VerifiedSignature;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;

/** Brings an image from a source into the store: its layers at once, then its rows together. */
final class Ingest {
  private final Database database;
  private final LayerFiles files;
  private final LayerLimits limits;

  Ingest(Database database, LayerFiles files, LayerLimits limits) {
    this.database = database;
    this.files = files;
    this.limits = limits;
  }

  /**
   * The image's id.
   *
   * @param tag under which it is stored besides the names that its source gives it
   * @param artifacts whether what is no container image is taken too
   */
  String run(
      ImageSource source,
      String architecture,
      Optional<ImageReference> tag,
      boolean keepNames,
      boolean artifacts,
      Progress progress)
      throws ImageException {
    Resolved image = source.resolve(architecture);
    if (image.artifactType().isPresent() && !artifacts) {
      throw ImageRecord.notAnImage(image.artifactType().get(), source.name());
    }
    List<String> diffIds =
        image.artifactType().isPresent()
            ? image.layers().stream().map(blob -> LayerFiles.blobKey(blob.digest())).toList()
            : check(source, image, architecture);
    Owner owner = Owner.create();
    Fetch fetch = new Fetch(database, files, owner, limits);
    try {
      files.sweep();
      layers(source, image, diffIds, fetch, new SerializedProgress(progress));
      record(image, diffIds, tag, keepNames, source.verified());
      return image.configDigest();
    } catch (IOException e) {
      throw new ImageException(
          Kind.STORE,
          "cannot write to the image store: " + e.getMessage() + "; check its permissions",
          e);
    } finally {
      fetch.release();
      try {
        LayerFiles.deleteWorkDirectory(files.workDirectory(owner));
      } catch (IOException e) {
        // the next to come sweeps it away
      }
    }
  }

  private static List<String> check(ImageSource source, Resolved image, String wanted)
      throws ImageException {
    int slash = wanted.indexOf('/');
    String architecture = slash < 0 ? wanted : wanted.substring(0, slash);
    try {
      ConfigReader config = new ConfigReader(image.config());
      List<String> diffIds = config.diffIds();
      if (diffIds.size() != image.layers().size()) {
        throw new BadDocumentException(
            diffIds.size() + " diff ids for " + image.layers().size() + " layers");
      }
      ImageConfig contents = config.config();
      if (!contents.os().isEmpty() && !contents.os().equals("linux")
          || !contents.architecture().isEmpty() && !contents.architecture().equals(architecture)) {
        throw new ImageException(
            Kind.UNSUPPORTED,
            "an image for "
                + contents.os()
                + "/"
                + contents.architecture()
                + ": "
                + source.name()
                + "; linux/"
                + architecture
                + " is needed");
      }
      return diffIds;
    } catch (BadDocumentException e) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "a configuration that cannot be read: "
              + source.name()
              + ": "
              + e.getMessage()
              + "; the image is broken",
          e);
    }
  }

  private void layers(
      ImageSource source,
      Resolved image,
      List<String> diffIds,
      Fetch fetch,
      SerializedProgress progress)
      throws ImageException {
    List<Progress.Layer> shown = new ArrayList<>();
    List<Integer> missing = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < diffIds.size(); i++) {
      Descriptor blob = image.layers().get(i);
      boolean present = fetch.hold(diffIds.get(i));
      shown.add(new Progress.Layer(blob.digest(), blob.size(), present));
      if (!present && seen.add(diffIds.get(i))) {
        missing.add(i);
      }
    }
    progress.started(source.name(), shown);
    if (missing.isEmpty()) {
      return;
    }
    List<Workers.Job> jobs = new ArrayList<>();
    for (int i : missing) {
      Descriptor blob = image.layers().get(i);
      String diffId = diffIds.get(i);
      LongConsumer advance = bytes -> progress.advanced(blob.digest(), bytes);
      jobs.add(() -> {
        fetch.layer(source, blob, diffId, advance);
        progress.finished(blob.digest());
      });
    }
    Workers.run(source.name(), jobs);
  }

  /** Makes the image appear, once all of its layers are held. */
  void record(
      Resolved image,
      List<String> diffIds,
      Optional<ImageReference> tag,
      boolean keepNames,
      List<VerifiedSignature> signatures)
      throws ImageException {
    String id = image.configDigest();
    String manifestDigest = Digests.of(image.manifest());
    database.write(transaction -> {
      String document = "INSERT OR IGNORE INTO documents VALUES (?, ?)";
      transaction.update(document, id, image.config());
      transaction.update(document, manifestDigest, image.manifest());
      Long created = null;
      try {
        created =
            image.artifactType().isPresent()
                ? null
                : new ConfigReader(image.config())
                    .created()
                    .map(Instant::toEpochMilli)
                    .orElse(null);
      } catch (BadDocumentException | ArithmeticException e) {
        // no time, then
      }
      if (!transaction
          .query(
              "SELECT 1 FROM images WHERE id = ? AND (artifact_type IS NULL) <> ?",
              row -> row.getInt(1),
              id,
              image.artifactType().isEmpty() ? 1 : 0)
          .isEmpty()) {
        throw new ImageException(
            Kind.CONFLICT,
            "an artifact and an image with one and the same id: " + id + "; neither can be right");
      }
      transaction.update(
          "INSERT INTO images (id, manifest_digest, manifest_type, created_millis, pulled_millis,"
              + " artifact_type) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
              + " manifest_digest = excluded.manifest_digest,"
              + " manifest_type = excluded.manifest_type,"
              + " pulled_millis = excluded.pulled_millis",
          id,
          manifestDigest,
          image.manifestType(),
          created,
          System.currentTimeMillis(),
          image.artifactType().orElse(null));
      for (int i = 0; i < diffIds.size(); i++) {
        transaction.update(
            "INSERT OR IGNORE INTO image_layers VALUES (?, ?, ?)", id, i, diffIds.get(i));
      }
      for (VerifiedSignature signature : signatures) {
        transaction.update(
            "INSERT OR REPLACE INTO verified_signatures VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            id,
            signature.digest(),
            signature.key(),
            signature.format(),
            signature.reference(),
            signature.identity(),
            signature.issuer(),
            System.currentTimeMillis());
      }
      List<String> names = new ArrayList<>(keepNames ? image.names() : List.of());
      if (tag.isPresent()) {
        ImageReference reference = tag.get();
        reference.tag().ifPresent(name -> names.add(reference.name() + ":" + name));
        for (String digest : image.digests()) {
          transaction.update(
              "INSERT OR REPLACE INTO repository_digests VALUES (?, ?, ?)",
              reference.name(),
              digest,
              id);
        }
      }
      for (String name : names) {
        transaction.update("INSERT OR REPLACE INTO tags VALUES (?, ?)", name, id);
      }
      return null;
    });
  }
}
