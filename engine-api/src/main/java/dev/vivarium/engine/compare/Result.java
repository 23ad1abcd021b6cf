package dev.vivarium.engine.compare;

import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * What came of one engine.
 *
 * @param engine its name
 * @param runs one each; empty if it could not take part
 * @param watched what one run more, which was watched and is not among the others, shows of system
 *     calls
 * @param problem why it did not take part, or what was wrong; empty if nothing was
 */
public record Result(
    String engine, List<Measurement> runs, Optional<Calls> watched, String problem) {
  public Result {
    runs = List.copyOf(runs);
  }

  /**
   * System calls of a run.
   *
   * @param count of all
   * @param perSecond of the time that it ran
   * @param most the one that took the most time, and how long it took in half and in 99 of 100
   *     cases
   */
  public record Calls(
      long count, double perSecond, String most, long p50Nanos, long p99Nanos, long unsupported) {}

  /** The middle one of a figure; of an even number the lower of the two. */
  public long median(ToLongFunction<Measurement> figure) {
    return runs.isEmpty() ? 0 : sorted(figure)[(runs.size() - 1) / 2];
  }

  /** The least of a figure. */
  public long least(ToLongFunction<Measurement> figure) {
    return runs.isEmpty() ? 0 : sorted(figure)[0];
  }

  /** The greatest of a figure. */
  public long greatest(ToLongFunction<Measurement> figure) {
    return runs.isEmpty() ? 0 : sorted(figure)[runs.size() - 1];
  }

  private long[] sorted(ToLongFunction<Measurement> figure) {
    return runs.stream().mapToLong(figure).sorted().toArray();
  }
}
