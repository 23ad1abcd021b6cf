package dev.vivarium.image.store;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.erofs.ErofsWriter;
import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.layer.TarSplit;
import dev.vivarium.image.oci.ImageSource;
import dev.vivarium.image.registry.RegistrySource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Re-checks every digest, and gets damaged layers from their registry again. */
final class Verifier {
  private final Database database;
  private final LayerFiles files;

  Verifier(Database database, LayerFiles files) {
    this.database = database;
    this.files = files;
  }

  private record Layer(
      String diffId, long tarBytes, long erofsBytes, long metadataOffset, String metadataDigest) {}

  Verification run(Optional<PullOptions> repair, Progress progress) throws ImageException {
    List<Layer> layers =
        database.read(transaction ->
            transaction.query(
                "SELECT diff_id, tar_bytes, erofs_bytes, metadata_offset,"
                    + " coalesce(metadata_digest, '') FROM layers",
                row ->
                    new Layer(
                        row.getString(1),
                        row.getLong(2),
                        row.getLong(3),
                        row.getLong(4),
                        row.getString(5))));
    progress.started(
        "the image store",
        layers.stream().map(l -> new Progress.Layer(l.diffId, l.tarBytes, false)).toList());
    List<Verification.Problem> problems = new ArrayList<>(documents());
    for (Layer layer : layers) {
      String problem = check(layer);
      if (problem != null && stillThere(layer.diffId)) {
        problems.add(handle(layer.diffId, problem, repair));
      }
      progress.advanced(layer.diffId, layer.tarBytes);
      progress.finished(layer.diffId);
    }
    return new Verification(layers.size(), problems);
  }

  private List<Verification.Problem> documents() throws ImageException {
    return database.read(transaction -> {
      List<Verification.Problem> problems = new ArrayList<>();
      record Document(String digest, byte[] content) {}
      for (Document document :
          transaction.query(
              "SELECT digest, content FROM documents",
              row -> new Document(row.getString(1), row.getBytes(2)))) {
        if (document.digest.startsWith("sha256:")
            && !Digests.of(document.content).equals(document.digest)) {
          problems.add(
              new Verification.Problem(
                  document.digest,
                  "a configuration or manifest with a wrong digest; remove the image and pull it"
                      + " again",
                  List.of(),
                  false));
        }
      }
      return problems;
    });
  }

  /** What is wrong with a layer's files, or null. */
  private @org.jspecify.annotations.Nullable String check(Layer layer) {
    if (LayerFiles.isBlob(layer.diffId)) {
      return checkBlob(layer);
    }
    try (FileChannel erofs = FileChannel.open(files.erofs(layer.diffId), StandardOpenOption.READ);
        InputStream split = Files.newInputStream(files.split(layer.diffId))) {
      if (erofs.size() != layer.erofsBytes) {
        return "its file has " + erofs.size() + " bytes, not " + layer.erofsBytes;
      }
      if (!layer.metadataDigest.isEmpty()
          && !ErofsWriter.metadataDigest(erofs, layer.metadataOffset)
              .equals(layer.metadataDigest)) {
        return "its directories or inodes have changed";
      }
      MessageDigest digest = Digests.sha256();
      TarSplit.join(split, erofs, new DigestOnly(digest));
      return Digests.finish(digest).equals(layer.diffId)
          ? null
          : "the content of its files has changed";
    } catch (NoSuchFileException e) {
      return "a file of it is missing";
    } catch (IOException e) {
      return "it cannot be read: " + e.getMessage();
    }
  }

  private @org.jspecify.annotations.Nullable String checkBlob(Layer blob) {
    MessageDigest digest = Digests.forDigest(LayerFiles.digest(blob.diffId));
    try (InputStream in = Files.newInputStream(files.blob(blob.diffId))) {
      in.transferTo(new DigestOnly(digest));
      return Digests.finish(digest).equals(LayerFiles.digest(blob.diffId))
          ? null
          : "the content of its file has changed";
    } catch (NoSuchFileException e) {
      return "its file is missing";
    } catch (IOException e) {
      return "it cannot be read: " + e.getMessage();
    }
  }

  /** Whether somebody has not just removed it. */
  private boolean stillThere(String diffId) throws ImageException {
    return database.read(transaction -> new Catalog(transaction).hasLayer(diffId));
  }

  private Verification.Problem handle(String diffId, String problem, Optional<PullOptions> repair)
      throws ImageException {
    record Origin(String image, String repository, String digest) {}
    List<Origin> origins =
        database.read(transaction ->
            transaction.query(
                "SELECT i.image_id, repository, digest FROM image_layers i"
                    + " LEFT JOIN repository_digests r ON r.image_id = i.image_id"
                    + " WHERE diff_id = ? GROUP BY 1, 2, 3",
                row -> new Origin(row.getString(1), row.getString(2), row.getString(3)),
                diffId));
    List<String> images = new ArrayList<>();
    for (String id : origins.stream().map(Origin::image).distinct().toList()) {
      List<String> tags = database.read(transaction -> new Catalog(transaction).tags(id));
      images.add(tags.isEmpty() ? id : tags.getFirst());
    }
    if (repair.isEmpty()) {
      return new Verification.Problem(diffId, problem, images, false);
    }
    String why = "it came from no registry";
    for (Origin origin : origins) {
      if (origin.repository == null) {
        continue;
      }
      try {
        refetch(
            ImageReference.parse(origin.repository + "@" + origin.digest), diffId, repair.get());
        return new Verification.Problem(diffId, problem, images, true);
      } catch (ImageException e) {
        why = e.getMessage();
      }
    }
    return new Verification.Problem(diffId, problem + "; not repaired: " + why, images, false);
  }

  private void refetch(ImageReference image, String diffId, PullOptions options)
      throws ImageException {
    Owner owner = Owner.create();
    Fetch fetch = new Fetch(database, files, owner, LayerLimits.standard());
    try (ImageSource source = new RegistrySource(image, options.plainHttp(), options.authFile())) {
      ImageSource.Resolved resolved = source.resolve(options.architecture());
      List<String> diffIds =
          resolved.artifactType().isPresent()
              ? resolved.layers().stream().map(b -> LayerFiles.blobKey(b.digest())).toList()
              : new ConfigReader(resolved.config()).diffIds();
      int position = diffIds.indexOf(diffId);
      if (position < 0 || position >= resolved.layers().size()) {
        throw new ImageException(
            ImageException.Kind.NOT_FOUND,
            "the image has this layer no more: " + image.familiar() + "; pull it again");
      }
      fetch.convert(source, resolved.layers().get(position), diffId, true, bytes -> {});
    } catch (IOException e) {
      throw new ImageException(
          ImageException.Kind.BAD_IMAGE,
          "cannot be read: " + image.familiar() + ": " + e.getMessage() + "; pull it again",
          e);
    } finally {
      fetch.release();
      try {
        LayerFiles.deleteWorkDirectory(files.workDirectory(owner));
      } catch (IOException e) {
        // swept away later
      }
    }
  }

  private static final class DigestOnly extends OutputStream {
    private final MessageDigest digest;

    DigestOnly(MessageDigest digest) {
      this.digest = digest;
    }

    @Override
    public void write(int b) {
      digest.update((byte) b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      digest.update(bytes, offset, length);
    }
  }
}
