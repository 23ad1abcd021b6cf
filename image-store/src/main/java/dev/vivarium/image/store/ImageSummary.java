package dev.vivarium.image.store;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a list of images shows of one.
 *
 * @param id digest of its configuration
 * @param manifestDigest digest of the manifest it was fetched with
 * @param tags complete names
 * @param created when it was built, as it says itself
 * @param pulled when it came into the store
 * @param size bytes its layers take on this disk, shared ones included
 * @param shared of these, bytes of layers that other images have too
 * @param layers diff ids, lowest first
 * @param artifactType what it is if it is no container image
 */
public record ImageSummary(
    String id,
    String manifestDigest,
    List<String> tags,
    Optional<Instant> created,
    Instant pulled,
    long size,
    long shared,
    List<String> layers,
    Optional<String> artifactType) {
  public ImageSummary {
    tags = List.copyOf(tags);
    layers = List.copyOf(layers);
  }

  /** The first 12 hex digits of the id. */
  public String shortId() {
    int colon = id.indexOf(':');
    return id.substring(colon + 1, Math.min(id.length(), colon + 13));
  }
}
