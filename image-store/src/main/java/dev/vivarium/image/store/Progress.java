package dev.vivarium.image.store;

import java.util.List;

/** Hears how far a pull, an import or a push is. Called by one thread at a time. */
public interface Progress {
  /** Hears nothing. */
  Progress NONE = new Progress() {};

  /**
   * The image is known; its layers follow.
   *
   * @param name what is being fetched
   * @param layers lowest first
   */
  default void started(String name, List<Layer> layers) {}

  /**
   * More of a layer has come.
   *
   * @param digest as in {@link Layer}
   * @param bytes of the compressed layer so far
   */
  default void advanced(String digest, long bytes) {}

  /** A layer is in the store. */
  default void finished(String digest) {}

  /**
   * One layer to fetch.
   *
   * @param digest of the compressed blob, or the diff id where the source has no such blob
   * @param size of the compressed blob in bytes, 0 if not known
   * @param present whether the store has it already, so that nothing will be fetched
   */
  record Layer(String digest, long size, boolean present) {}
}
