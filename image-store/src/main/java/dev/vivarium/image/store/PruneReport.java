package dev.vivarium.image.store;

import java.util.List;

/**
 * What was cleared out, or would be.
 *
 * @param bytes of disk space given back
 * @param strayFiles files that belonged to nothing, left by processes that died
 */
public record PruneReport(
    List<ImageRecord> images, List<String> layers, long bytes, int strayFiles) {
  public PruneReport {
    images = List.copyOf(images);
    layers = List.copyOf(layers);
  }
}
