package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * An image in the store.
 *
 * @param id digest of its configuration, {@code sha256:…}, as Docker and Podman count
 * @param manifestDigest digest of the manifest it was fetched with
 * @param tags complete names, such as {@code docker.io/library/debian:12}
 * @param created when it was built, as it says itself
 * @param pulled when it came into the store
 * @param size bytes its layers take on this disk, shared ones included
 * @param layers lowest first; of an artifact its blobs, its configuration's first
 * @param artifactType what it is if it is no container image
 */
public record ImageRecord(
    String id,
    String manifestDigest,
    List<String> tags,
    Optional<Instant> created,
    Instant pulled,
    long size,
    List<LayerRecord> layers,
    ImageConfig config,
    Optional<String> artifactType) {
  public ImageRecord {
    tags = List.copyOf(tags);
    layers = List.copyOf(layers);
  }

  /**
   * Refuses what is no container image.
   *
   * @param name as the user named it
   */
  public void needImage(String name) throws ImageException {
    if (artifactType.isPresent()) {
      throw notAnImage(artifactType.get(), name);
    }
  }

  static ImageException notAnImage(String artifactType, String name) {
    return new ImageException(
        ImageException.Kind.UNSUPPORTED,
        "not a container image but an artifact of type "
            + artifactType
            + ": "
            + name
            + "; it can be pulled, inspected and pushed, but not run");
  }

  /** The first 12 hex digits of the id. */
  public String shortId() {
    int colon = id.indexOf(':');
    return id.substring(colon + 1, Math.min(id.length(), colon + 13));
  }
}
