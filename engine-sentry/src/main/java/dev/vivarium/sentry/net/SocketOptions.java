package dev.vivarium.sentry.net;

import java.util.HashMap;
import java.util.Map;

/** What setsockopt(2) set. Options without an effect here are kept and given back. */
final class SocketOptions {
  long receiveTimeoutNanos;
  long sendTimeoutNanos;
  boolean passCredentials;
  boolean reuseAddress;
  boolean reusePort;
  boolean lingers;
  int lingerSeconds;
  int sendBuffer = ReceiveQueue.DEFAULT_LIMIT;
  int receiveBuffer = ReceiveQueue.DEFAULT_LIMIT;

  /** Level and option to value. */
  private final Map<Long, Integer> kept = new HashMap<>(2);

  void keep(int level, int option, int value) {
    kept.put((long) level << 32 | option, value);
  }

  int kept(int level, int option, int otherwise) {
    return kept.getOrDefault((long) level << 32 | option, otherwise);
  }
}
