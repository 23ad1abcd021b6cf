package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;

/** What a local socket receives, as a stream or as datagrams. */
final class LocalReceives {
  private LocalReceives() {}

  /** Bytes that were received, 0 at the end; else a negative errno. */
  static long receive(LocalSocket to, Task t, Uio dst, SocketMessage m) {
    long deadline = SocketFile.deadline(to.options.receiveTimeoutNanos);
    OutsideStream o = to.outside();
    if (o != null) {
      return o.receive(t, dst, m, deadline);
    }
    if (to.isStream() && (m.flags & Sockets.MSG_OOB) != 0) {
      return -Errno.EINVAL; // there is no urgent data
    }
    long done = 0;
    for (; ; ) {
      if (!to.received.isEmpty()) {
        if (!to.isStream()) {
          return receiveDatagram(to, dst, m);
        }
        long n = receiveStream(to, dst, m);
        if (n < 0) {
          return done > 0 ? done : n;
        }
        done += n;
        boolean enough =
            (m.flags & Sockets.MSG_WAITALL) == 0
                || (m.flags & Sockets.MSG_PEEK) != 0
                || dst.remaining() == 0
                || !m.rights.isEmpty();
        if (enough && (done > 0 || dst.remaining() == 0)) {
          return done;
        }
        continue;
      }
      if (to.error != 0 && !(to.receiveEnded && to.error == Errno.EPIPE)) {
        return done > 0 ? done : -to.takeError();
      }
      if (to.receiveEnded || to.receiveShut) {
        return done;
      }
      if (to.isConnectionOriented() && !to.wasConnected && to.joining == null) {
        return to.isStream() && to.domain == Sockets.AF_UNIX ? -Errno.EINVAL : -Errno.ENOTCONN;
      }
      if (to.drainOutside()) {
        continue;
      }
      long w = to.dontWait(m) ? -Errno.EAGAIN : to.await(t, to.queue, deadline);
      if (w < 0) {
        return done > 0 ? done : w;
      }
    }
  }

  private static long receiveStream(LocalSocket to, Uio dst, SocketMessage m) {
    boolean peek = (m.flags & Sockets.MSG_PEEK) != 0;
    long n = to.received.readStream(dst, peek, m);
    if (!peek) {
      to.network.landed(m.rights.size());
      to.wakeSender();
    }
    return n;
  }

  private static long receiveDatagram(LocalSocket to, Uio dst, SocketMessage m) {
    if (dst.remaining() > 0 && dst.peek(true) < 0) {
      return -Errno.EFAULT;
    }
    ReceiveQueue.Message first = to.received.first();
    if (first == null) {
      return -Errno.EAGAIN;
    }
    boolean peek = (m.flags & Sockets.MSG_PEEK) != 0;
    if (!peek) {
      to.received.removeFirst();
    }
    int length = first.data.length;
    m.fullLength = length;
    // As it is called now: it may have got its name after it sent.
    LocalSocket source = first.source;
    m.address = source == null ? first.from : source.nameFor(to);
    m.credentials = first.sender;
    m.packet = first.packet;
    if (!peek) {
      m.rights = first.rights;
      to.network.landed(m.rights.size());
      to.queue.wake(0);
      to.wakeSender();
      to.drainOutside(); // there is room again
    }
    int n = (int) Math.min(length, dst.remaining());
    if (n < length) {
      m.resultFlags |= Sockets.MSG_TRUNC;
    }
    long r = n == 0 ? 0 : dst.put(first.data, 0, n);
    return r < 0 ? r : (m.flags & Sockets.MSG_TRUNC) != 0 ? length : r;
  }
}
