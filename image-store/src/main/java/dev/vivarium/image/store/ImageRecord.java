package dev.vivarium.image.store;

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
 * @param layers lowest first
 */
public record ImageRecord(
    String id,
    String manifestDigest,
    List<String> tags,
    Optional<Instant> created,
    Instant pulled,
    long size,
    List<LayerRecord> layers,
    ImageConfig config) {
  public ImageRecord {
    tags = List.copyOf(tags);
    layers = List.copyOf(layers);
  }

  /** The first 12 hex digits of the id. */
  public String shortId() {
    int colon = id.indexOf(':');
    return id.substring(colon + 1, Math.min(id.length(), colon + 13));
  }
}
