package dev.vivarium.microvm.agent;

import dev.vivarium.engine.watch.LatencyHistogram;

/**
 * One system call, as the guest's own kernel counted it: untrusted.
 *
 * @param latency of all that returned
 */
public record CallCount(int number, long failures, LatencyHistogram latency) {
  /** The kernel's side has so many steps to each doubling of a duration ({@code watch.h}). */
  private static final int STEPS = 16;

  private static final int STEP_BITS = 4;
  private static final int BUCKETS = 640;
  private static final int MAX_CALLS = 512;

  /** Reads one from a frame. */
  static CallCount read(FrameReader frame) throws AgentException {
    int number = frame.u32();
    frame.u64();
    long failures = frame.u64();
    long sum = frame.u64();
    long longest = frame.u64();
    int rows = frame.remaining() / 10;
    if (number < 0 || number >= MAX_CALLS || rows > BUCKETS) {
      throw new AgentException("the agent counted what there is not: call " + number);
    }
    long[] values = new long[rows];
    long[] times = new long[rows];
    for (int i = 0; i < rows; i++) {
      int bucket = frame.u16();
      values[i] = Math.min(middle(bucket), Math.max(0, longest));
      times[i] = Math.clamp(frame.u64(), 0, Long.MAX_VALUE >> 10);
    }
    return new CallCount(
        number,
        Math.max(0, failures),
        LatencyHistogram.of(values, times, Math.max(0, sum), Math.max(0, longest)));
  }

  /** The nanoseconds in the middle of a bucket. */
  static long middle(int bucket) {
    if (bucket < STEPS) {
      return bucket;
    }
    int shift = Math.min(bucket / STEPS - 1, Long.SIZE - STEP_BITS - 3);
    long least = (long) (STEPS + bucket % STEPS) << shift;
    return least + (1L << shift >> 1);
  }
}
