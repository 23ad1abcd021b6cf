package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Timers;

/**
 * A TCP socket that connects without waiting to a listener that has no room for it. Linux lets the
 * first packet be lost then and sends it again and again, for a bit more than two minutes; here who
 * is not there yet stands in a queue of the listener's, and comes when one was accepted. There are
 * never more of them than the sandbox has sockets.
 */
final class Joining extends Timers.Timer {
  /** As long as six times sending again takes. */
  private static final long PATIENCE_NANOS = 127_000_000_000L;

  final LocalSocket client;
  final LocalSocket target;
  final byte[] address;
  private final Timers timers;

  Joining(Timers timers, LocalSocket client, LocalSocket target, byte[] address) {
    this.timers = timers;
    this.client = client;
    this.target = target;
    this.address = address.clone();
    timers.schedule(this, System.nanoTime() + PATIENCE_NANOS);
  }

  /** It has come to an end, whichever. */
  void end() {
    timers.cancel(this);
  }

  @Override
  protected void fire() {
    target.forget(this);
    client.joinFailed(Errno.ETIMEDOUT);
  }
}
