package dev.vivarium.image.store;

import java.util.List;

/**
 * Where the store's space goes.
 *
 * @param total bytes of all layers, each counted once
 * @param unused bytes of layers that no image has
 */
public record DiskUse(long total, long unused, List<Image> images) {
  public DiskUse {
    images = List.copyOf(images);
  }

  /**
   * One image.
   *
   * @param shared bytes of layers that other images have too
   * @param own bytes that removing it would give back
   */
  public record Image(ImageRecord image, long shared, long own) {}
}
