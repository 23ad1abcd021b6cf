package dev.vivarium.sentry.kernel;

import java.util.Locale;

/**
 * The load averages of 1, 5 and 15 minutes. Nothing ticks for them, so that an idle sandbox stays
 * idle: who asks has them carried on to now, with the processor time used since the last question
 * as how many tasks ran meanwhile. ({@link Task#times} counts a task that waits for a host
 * processor too, as a load must.)
 */
public final class LoadAverage {
  private static final double[] SECONDS = {60, 300, 900};

  /** How sysinfo(2) shows a load of 1. */
  private static final int SYSINFO_SHIFT = 16;

  private static final double NANOS = 1e9;

  private final Kernel kernel;
  private final double[] loads = new double[SECONDS.length];
  private long lastNanos = System.nanoTime();
  private long lastUsedNanos;

  LoadAverage(Kernel kernel) {
    this.kernel = kernel;
  }

  private void update() {
    long now = System.nanoTime();
    double elapsed = now - lastNanos;
    if (elapsed <= 0) {
      return;
    }
    long used = kernel.times().totalNanos();
    // Less than before: a process whose children were never waited for is gone.
    double active = Math.max(0, (used - lastUsedNanos) / elapsed);
    for (int i = 0; i < loads.length; i++) {
      double kept = Math.exp(-elapsed / NANOS / SECONDS[i]);
      loads[i] = loads[i] * kept + active * (1 - kept);
    }
    lastNanos = now;
    lastUsedNanos = used;
  }

  /** As in /proc/loadavg: "0.12 0.08 0.01". */
  public String text() {
    update();
    return String.format(Locale.ROOT, "%.2f %.2f %.2f", loads[0], loads[1], loads[2]);
  }

  /** One of the three as sysinfo(2) has them. */
  public long fixedPoint(int index) {
    if (index == 0) {
      update();
    }
    return (long) (loads[index] * (1 << SYSINFO_SHIFT));
  }
}
