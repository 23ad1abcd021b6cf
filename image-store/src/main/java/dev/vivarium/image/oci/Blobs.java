package dev.vivarium.image.oci;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;

/** Small blobs: manifests and configurations. */
public final class Blobs {
  /** No configuration is longer. */
  public static final int MAX_CONFIG = 8 << 20;

  private Blobs() {}

  /** Reads a small blob whole and checks its length and digest. */
  public static byte[] read(ImageSource source, Descriptor blob, int limit) throws ImageException {
    if (blob.size() > limit) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "a document of "
              + blob.size()
              + " bytes, at most "
              + limit
              + " are taken: "
              + source.name()
              + ", "
              + blob.digest()
              + "; the image is broken");
    }
    byte[] content;
    try (InputStream in = source.open(blob)) {
      content = in.readNBytes((int) blob.size() + 1);
    } catch (IOException e) {
      throw new ImageException(
          Kind.REGISTRY,
          "cannot read " + blob.digest() + ": " + source.name() + ": " + e.getMessage(),
          e);
    }
    check(source.name(), blob, content);
    return content;
  }

  /** Checks length and digest. */
  public static void check(String image, Descriptor blob, byte[] content) throws ImageException {
    if (content.length != blob.size()) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "wrong length: "
              + image
              + ", "
              + blob.digest()
              + " should have "
              + blob.size()
              + " bytes; the image is broken, or its source lies");
    }
    MessageDigest digest = Digests.forDigest(blob.digest());
    digest.update(content);
    String actual = Digests.finish(digest);
    if (!actual.equals(blob.digest())) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "wrong digest: "
              + image
              + ", "
              + blob.digest()
              + " came as "
              + actual
              + "; the image is broken, or its source lies");
    }
  }
}
