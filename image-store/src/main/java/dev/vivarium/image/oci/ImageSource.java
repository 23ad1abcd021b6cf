package dev.vivarium.image.oci;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.signature.VerifiedSignature;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * Where an image comes from: a registry, a layout, an archive. Nothing that it gives is believed
 * before its digest is checked.
 */
public interface ImageSource extends AutoCloseable {
  /** For messages: the image as the user named it. */
  String name();

  /** The image that was asked for, its platform chosen. */
  Resolved resolve(String architecture) throws ImageException;

  /** The bytes of a blob, from its start; may be called by several threads at once. */
  InputStream open(Descriptor blob) throws IOException, ImageException;

  /** The signatures that {@link #resolve} checked and found good. */
  default List<VerifiedSignature> verified() {
    return List.of();
  }

  @Override
  void close();

  /**
   * An image at its source.
   *
   * @param digests of the documents that led here: an index, the manifest; the manifest's last
   * @param manifest as it was served
   * @param config as it was served, digest checked
   * @param configDigest the image's id
   * @param layers lowest first; the digest is that of the blob
   * @param names complete tags that the source itself gives the image
   * @param artifactType what it is if it is no container image; then its id is its manifest's
   *     digest, and its blobs, its configuration's first, stand in the place of layers
   */
  record Resolved(
      List<String> digests,
      byte[] manifest,
      String manifestType,
      byte[] config,
      String configDigest,
      List<Descriptor> layers,
      List<String> names,
      Optional<String> artifactType) {

    /** A container image. */
    public Resolved(
        List<String> digests,
        byte[] manifest,
        String manifestType,
        byte[] config,
        String configDigest,
        List<Descriptor> layers,
        List<String> names) {
      this(digests, manifest, manifestType, config, configDigest, layers, names, Optional.empty());
    }
  }
}
