package dev.vivarium.sentry.kernel;

/** Processor time used, and what else getrusage(2) counts. */
public final class CpuTimes {
  public long userNanos;
  public long systemNanos;
  public long minorFaults;
  public long majorFaults;
  public long voluntarySwitches;
  public long maxRssKiB;

  /** Bytes moved by read(2), write(2) and the like, and how many such calls there were. */
  public long bytesRead;

  public long bytesWritten;
  public long reads;
  public long writes;

  public long totalNanos() {
    return userNanos + systemNanos;
  }

  public void add(CpuTimes other) {
    userNanos += other.userNanos;
    systemNanos += other.systemNanos;
    minorFaults += other.minorFaults;
    majorFaults += other.majorFaults;
    voluntarySwitches += other.voluntarySwitches;
    bytesRead += other.bytesRead;
    bytesWritten += other.bytesWritten;
    reads += other.reads;
    writes += other.writes;
    maxRssKiB = Math.max(maxRssKiB, other.maxRssKiB);
  }
}
