package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.watch.Statistics;

/**
 * What a list shows of one sandbox at one moment.
 *
 * @param cpuPercent of one processor
 * @param callsPerSecond since the look before
 */
public record Figures(
    double cpuPercent,
    long memoryBytes,
    long memoryLimit,
    int processes,
    int threads,
    double callsPerSecond,
    double readPerSecond,
    double writtenPerSecond) {
  public static final Figures NONE = new Figures(0, 0, 0, 0, 0, 0, 0, 0);

  static Figures between(Statistics before, Statistics now) {
    double seconds = Math.max(1e-3, (now.uptimeNanos() - before.uptimeNanos()) / 1e9);
    Statistics.Resources r = now.resources();
    Statistics.Resources b = before.resources();
    long cpu = r.userNanos() + r.systemNanos() - b.userNanos() - b.systemNanos();
    return new Figures(
        Math.max(0, cpu / seconds / 1e7),
        r.memoryBytes(),
        r.memoryLimit(),
        r.processes(),
        r.threads(),
        Math.max(0, (calls(now) - calls(before)) / seconds),
        Math.max(0, (r.bytesRead() - b.bytesRead()) / seconds),
        Math.max(0, (r.bytesWritten() - b.bytesWritten()) / seconds));
  }

  /** How many calls were made since counting began. */
  public static long calls(Statistics s) {
    return s.calls().stream().mapToLong(c -> c.latency().count()).sum();
  }
}
