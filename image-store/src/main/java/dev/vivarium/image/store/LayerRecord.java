package dev.vivarium.image.store;

/**
 * One layer of an image in the store.
 *
 * @param diffId digest of the layer's uncompressed tar
 * @param tarSize bytes of that tar
 * @param diskSize bytes of the layer's files in the store
 */
public record LayerRecord(String diffId, long tarSize, long diskSize) {}
