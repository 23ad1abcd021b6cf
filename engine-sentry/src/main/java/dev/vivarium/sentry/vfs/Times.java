package dev.vivarium.sentry.vfs;

import java.time.Instant;

/** Time stamps of inodes: nanoseconds since 1970. */
public final class Times {
  private Times() {}

  public static long now() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }
}
