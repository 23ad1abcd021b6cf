package dev.vivarium.image.store;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * What to clear out. Images in use stay in any case.
 *
 * @param all images with names too, not only those that lost theirs
 * @param olderThan only images that came longer ago than this
 * @param downTo only until the store is no larger than this many bytes; the oldest go first
 * @param inUse ids of images that sandboxes run
 * @param dryRun say what would go, and remove nothing
 */
public record PruneOptions(
    boolean all,
    Optional<Duration> olderThan,
    Optional<Long> downTo,
    Set<String> inUse,
    boolean dryRun) {
  public static final PruneOptions UNNAMED =
      new PruneOptions(false, Optional.empty(), Optional.empty(), Set.of(), false);

  public PruneOptions {
    inUse = Set.copyOf(inUse);
  }
}
