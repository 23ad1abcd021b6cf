package dev.vivarium.sentry.kernel;

import java.util.function.LongSupplier;

/**
 * What a sandbox as a whole may use; 0 for as much as there is.
 *
 * @param cpus processors; may be a fraction
 * @param memoryUsed how many bytes its memory takes now
 */
public record Limits(long memoryBytes, double cpus, int pids, LongSupplier memoryUsed) {
  /** No limits, and nothing known of the use. */
  public static final Limits NONE = new Limits(0, 0, 0, () -> 0);
}
