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

  /** The options of a TCP listener go over to the connections that it accepts. */
  void inherit(SocketOptions from) {
    receiveTimeoutNanos = from.receiveTimeoutNanos;
    sendTimeoutNanos = from.sendTimeoutNanos;
    reuseAddress = from.reuseAddress;
    reusePort = from.reusePort;
    lingers = from.lingers;
    lingerSeconds = from.lingerSeconds;
    sendBuffer = from.sendBuffer;
    receiveBuffer = from.receiveBuffer;
    kept.putAll(from.kept);
  }

  /** Whether no option was set that is kept without an effect here. */
  boolean keepsNothing() {
    return kept.isEmpty();
  }

  int kept(int level, int option, int otherwise) {
    return kept.getOrDefault((long) level << 32 | option, otherwise);
  }
}
