package dev.vivarium.sentry.kernel;

/** Processor time used, and what else getrusage(2) counts. */
public final class CpuTimes {
  public long userNanos;
  public long systemNanos;
  public long minorFaults;
  public long majorFaults;
  public long voluntarySwitches;
  public long maxRssKiB;

  public long totalNanos() {
    return userNanos + systemNanos;
  }

  public void add(CpuTimes other) {
    userNanos += other.userNanos;
    systemNanos += other.systemNanos;
    minorFaults += other.minorFaults;
    majorFaults += other.majorFaults;
    voluntarySwitches += other.voluntarySwitches;
    maxRssKiB = Math.max(maxRssKiB, other.maxRssKiB);
  }
}
