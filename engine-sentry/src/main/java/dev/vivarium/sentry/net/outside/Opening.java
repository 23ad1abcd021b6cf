package dev.vivarium.sentry.net.outside;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;

/** A connection that the network gofer was asked for. */
final class Opening {
  final int pid;
  final boolean stream;
  final long begun = System.nanoTime();
  private final WaitQueue queue = new WaitQueue();
  private boolean done;
  private boolean abandoned;
  private int error;
  private int fd = -1;

  /** Whether it is no connection, but somebody who wants to listen. */
  boolean listens;

  /** The descriptor's first byte says what became of the connection. */
  boolean hasVerdict;

  Opening(int pid, boolean stream) {
    this.pid = pid;
    this.stream = stream;
  }

  /** The answer. */
  void finish(int error, int fd) {
    done = true;
    this.error = error != 0 || fd >= 0 ? error : Errno.ENETDOWN;
    this.fd = fd;
    if (fd >= 0 && (abandoned || error != 0)) {
      Libc.close(fd);
      this.fd = -1;
    }
    queue.wake(0);
  }

  /** The answer to somebody who wants to listen: an index instead of a descriptor. */
  void finishListening(int error, int index) {
    done = true;
    this.error = error;
    this.fd = index;
    queue.wake(0);
  }

  /** Whether nobody waits for the answer any more. */
  boolean isAbandoned() {
    return abandoned;
  }

  boolean isDone() {
    return done;
  }

  /** Waits for the answer, which never takes long: a descriptor or a negative errno. */
  int await(Task t) {
    while (!done) {
      if (t.waitKillable(queue) < 0) {
        abandoned = true;
        return -Errno.EINTR;
      }
    }
    return error != 0 ? -error : fd;
  }
}
