package dev.vivarium.image.store;

/**
 * One layer of an image in the store.
 *
 * @param diffId digest of the layer's uncompressed tar
 * @param tarSize bytes of that tar
 * @param diskSize bytes of the layer's files in the store
 */
public record LayerRecord(String diffId, long tarSize, long diskSize) {
  // Of its own: those that a record gets are classes made when first called, in each start of an
  // image's sandbox.

  @Override
  public int hashCode() {
    return diffId.hashCode();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LayerRecord l
        && l.diffId.equals(diffId)
        && l.tarSize == tarSize
        && l.diskSize == diskSize;
  }
}
