package dev.vivarium.image.oci;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Follows a document to the image for one platform. */
public final class Resolver {
  private static final int MAX_INDEXES = 3;

  private Resolver() {}

  /** Fetches the manifest or index that a descriptor names, digest checked. */
  public interface Fetcher {
    byte[] fetch(Descriptor manifest) throws ImageException;
  }

  /**
   * From a first document, already checked, through indexes to a manifest, and to its configuration
   * if it is a container image's.
   *
   * @param names complete tags that the source itself gives the image
   */
  public static ImageSource.Resolved resolve(
      ImageSource source,
      byte[] first,
      String firstType,
      String firstDigest,
      String architecture,
      List<String> names,
      Fetcher fetcher)
      throws ImageException {
    List<String> digests = new ArrayList<>(List.of(firstDigest));
    byte[] document = first;
    String type = firstType;
    for (int indexes = 0; ; indexes++) {
      Manifest manifest;
      try {
        manifest = Manifest.parse(document, type);
      } catch (BadDocumentException e) {
        throw new ImageException(
            Kind.BAD_IMAGE,
            "a manifest that cannot be read: "
                + source.name()
                + ": "
                + e.getMessage()
                + "; the image is broken",
            e);
      }
      switch (manifest) {
        case Manifest.Index index -> {
          if (indexes == MAX_INDEXES) {
            throw new ImageException(
                Kind.BAD_IMAGE,
                "indexes of indexes without end: " + source.name() + "; the image is broken");
          }
          Descriptor chosen = Selection.platform(source.name(), index, architecture);
          document = fetcher.fetch(chosen);
          type = chosen.mediaType();
          digests.add(chosen.digest());
        }
        case Manifest.Image image -> {
          Optional<String> artifact = Selection.artifactType(image);
          if (artifact.isPresent()) {
            List<Descriptor> blobs = new ArrayList<>(List.of(image.config()));
            blobs.addAll(image.layers());
            return new ImageSource.Resolved(
                digests,
                document,
                image.mediaType(),
                document,
                digests.getLast(),
                blobs,
                names,
                artifact);
          }
          Selection.check(source.name(), image);
          byte[] config = Blobs.read(source, image.config(), Blobs.MAX_CONFIG);
          return new ImageSource.Resolved(
              digests,
              document,
              image.mediaType(),
              config,
              image.config().digest(),
              image.layers(),
              names);
        }
      }
    }
  }
}
