package dev.vivarium.sentry.memory;

import java.lang.foreign.MemorySegment;

/** The image's read-only layer blobs as the sentry has them mapped. */
@FunctionalInterface
public interface BlobSegments {
  /** The whole of blob {@code space} (from 1, as in {@link Mappable.Extent#space}), read-only. */
  MemorySegment blob(int space);
}
