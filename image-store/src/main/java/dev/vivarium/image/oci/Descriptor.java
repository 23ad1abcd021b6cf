package dev.vivarium.image.oci;

import dev.vivarium.image.Digests;
import java.util.Map;
import java.util.Optional;

/**
 * A reference to content: what it is, its digest, its length.
 *
 * @param os of an index's manifest, empty if not said
 * @param architecture of an index's manifest, empty if not said
 * @param artifactType what the manifest of an artifact is, empty if not said
 */
public record Descriptor(
    String mediaType,
    String digest,
    long size,
    Optional<String> os,
    Optional<String> architecture,
    Optional<String> variant,
    Map<String, String> annotations,
    Optional<String> artifactType) {

  /** A reference to content that is no artifact. */
  public Descriptor(
      String mediaType,
      String digest,
      long size,
      Optional<String> os,
      Optional<String> architecture,
      Optional<String> variant,
      Map<String, String> annotations) {
    this(mediaType, digest, size, os, architecture, variant, annotations, Optional.empty());
  }

  static Descriptor of(JsonObject json) throws BadDocumentException {
    String digest = json.requiredString("digest");
    if (!Digests.valid(digest)) {
      throw new BadDocumentException("a digest of unknown form: " + digest);
    }
    long size = json.requiredLong("size");
    if (size < 0) {
      throw new BadDocumentException("a size below zero");
    }
    Optional<JsonObject> platform = json.object("platform");
    Optional<String> os = Optional.empty();
    Optional<String> architecture = Optional.empty();
    Optional<String> variant = Optional.empty();
    if (platform.isPresent()) {
      os = platform.get().string("os");
      architecture = platform.get().string("architecture");
      variant = platform.get().string("variant");
    }
    return new Descriptor(
        json.string("mediaType").orElse(""),
        digest,
        size,
        os,
        architecture,
        variant,
        json.stringMap("annotations"),
        json.string("artifactType"));
  }
}
