package dev.vivarium.engine.compare;

/**
 * One run, seen from outside.
 *
 * @param wallNanos from the start of the command to its end
 * @param cpuNanos of all processes that were part of it and have been waited for, the engine's own
 *     among them
 * @param peakBytes the most memory that they had at once, shared memory counted once (PSS), as far
 *     as looks every tenth of a second saw it; 0 if it was over before
 * @param diskBytes what those of {@code cpuNanos} read from disks and wrote for disks: what was in
 *     the page cache already, or went to a file system in memory, is not among it
 * @param exitCode how it ended
 */
public record Measurement(
    long wallNanos, long cpuNanos, long peakBytes, long diskBytes, int exitCode) {}
