package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a local socket sends, as a stream or as datagrams, and whom it reaches. */
final class LocalSends {
  /** Largest piece of a stream that is moved at a time. */
  private static final int STREAM_CHUNK = 64 * 1024;

  private LocalSends() {}

  /** Whether all of it goes to a peer in one piece, without waiting for anything. */
  static boolean hasRoom(@Nullable LocalSocket to, Uio src) {
    long length = src.remaining();
    return to != null
        && !to.closed
        && !to.receiveShut
        && length <= Math.min(STREAM_CHUNK, to.received.room())
        && src.peek(false) >= length;
  }

  /** Bytes that were sent, fewer where a later piece failed; else a negative errno. */
  static long stream(LocalSocket from, Task t, Uio src, SocketMessage m) {
    if ((m.flags & Sockets.MSG_OOB) != 0
        && from.domain == Sockets.AF_UNIX
        && src.remaining() == 0) {
      return -Errno.EOPNOTSUPP;
    }
    if (m.address != null && m.address.length > 0 && from.domain == Sockets.AF_UNIX) {
      return from.wasConnected ? -Errno.EISCONN : -Errno.EOPNOTSUPP; // TCP does not look at it
    }
    long deadline = SocketFile.deadline(from.options.sendTimeoutNanos);
    OutsideStream o = from.outside();
    if (o != null) {
      return o.send(t, src, m, deadline);
    }
    long done = 0;
    PeerCredentials sender = senderOf(t, m);
    do {
      LocalSocket to = from.peer;
      if (from.error != 0 && done == 0) {
        return -from.takeError();
      }
      if (from.joining != null) {
        long w = from.dontWait(m) ? -Errno.EAGAIN : from.await(t, from.queue, deadline);
        if (w < 0) {
          return w;
        }
        continue;
      }
      if (from.sendShut || from.reset || to == null && (from.wasConnected || from.isTcp())) {
        return done > 0 ? done : -Errno.EPIPE;
      }
      if (to == null) {
        return -Errno.ENOTCONN;
      }
      if (!from.isTcp() && (to.closed || to.receiveShut)) {
        return done > 0 ? done : -Errno.EPIPE;
      }
      // TCP learns that nobody is there from the answer to what it sends.
      boolean lost = to.closed;
      int room = lost ? STREAM_CHUNK : to.received.room();
      if (room <= 0) {
        long w = from.dontWait(m) ? -Errno.EAGAIN : from.await(t, from.queue, deadline);
        if (w < 0) {
          return done > 0 ? done : w;
        }
        continue;
      }
      long there = src.remaining() == 0 ? 0 : src.peek(false);
      if (there < 0) {
        return done > 0 ? done : there;
      }
      int n = (int) Math.min(Math.min(src.remaining(), STREAM_CHUNK), Math.max(1, room));
      if (src.remaining() == 0) {
        return done;
      }
      byte[] data = new byte[n];
      long got = src.take(data, 0, n);
      if (got < 0) {
        return done > 0 ? done : got;
      }
      if (got < n) {
        return done > 0 ? done : -Errno.EFAULT; // a piece goes as a whole or not at all
      }
      if (lost) {
        // The answer is there before more is sent.
        from.breakOff(Errno.EPIPE);
        return done + got;
      }
      byte[] exact = got == n ? data : Arrays.copyOf(data, (int) got);
      from.showData(exact);
      to.arrive(new ReceiveQueue.Message(exact, sender, null, m.rights, null));
      m.rights = List.of();
      done += got;
    } while (src.remaining() > 0);
    return done;
  }

  /** The length of the datagram, which went as a whole or was lost; else a negative errno. */
  static long datagram(LocalSocket from, Task t, Uio src, SocketMessage m) {
    if (from.sendShut) {
      return -Errno.EPIPE;
    }
    if (from.error != 0) {
      return -from.takeError();
    }
    LocalSocket to = from.peer;
    byte[] address = from.isConnectionOriented() ? null : m.address;
    if (address == null) {
      address = from.defaultAddress();
    }
    boolean unix = from.domain == Sockets.AF_UNIX;
    if (address != null && address.length == 0 && unix) {
      address = null;
    }
    if (!unix && src.remaining() > from.maxDatagram()) {
      return -Errno.EMSGSIZE;
    }
    if (!from.isConnectionOriented() && (m.flags & Sockets.MSG_OOB) != 0) {
      return -Errno.EOPNOTSUPP;
    }
    long valid = address == null ? 0 : from.checkDestination(address);
    if (valid < 0) {
      return valid;
    }
    if (address == null && to == null) {
      return from.wasConnected
          ? -Errno.EPIPE
          : from.isConnectionOriented() ? -Errno.ENOTCONN : from.noPeer();
    }
    if (src.remaining() > Math.min(from.options.sendBuffer, from.maxDatagram())) {
      return -Errno.EMSGSIZE;
    }
    // What cannot be read is an error even where nobody would get it.
    byte[] data = new byte[(int) src.remaining()];
    if (src.take(data, 0, data.length) < data.length) {
      return -Errno.EFAULT;
    }
    if (address != null && from.goesOutside(address)) {
      long r = from.autobind(t);
      return r < 0 ? r : from.sendOutside(t, address, data, m);
    }
    if (address != null) {
      LocalSocket[] found = new LocalSocket[1];
      long r = from.find(t, address, found);
      if (r == -Errno.ECONNREFUSED && from.sendsByAddress()) {
        // The datagram is gone; who is connected hears of it with the next call.
        from.error = from.defaultAddress() == null ? 0 : Errno.ECONNREFUSED;
        from.queue.wake(Poll.ERR);
        return data.length;
      }
      if (r < 0) {
        return r;
      }
      to = found[0];
      if (to.type != from.type) {
        return -Errno.EPROTOTYPE;
      }
    }
    if (to == null) {
      return -Errno.ENOTCONN;
    }
    long r = from.autobind(t);
    if (r < 0) {
      return r;
    }
    long deadline = SocketFile.deadline(from.options.sendTimeoutNanos);
    while (!to.closed && !to.receiveShut && !to.received.hasRoom(data.length)) {
      if (from.dropsWhenFull()) {
        return data.length;
      }
      long w = from.dontWait(m) ? -Errno.EAGAIN : from.await(t, to.queue, deadline);
      if (w < 0) {
        return w;
      }
    }
    if (to.closed || to.receiveShut) {
      return from.isConnectionOriented() ? -Errno.EPIPE : -Errno.ECONNREFUSED;
    }
    from.showDatagram(to, data);
    PacketInfo packet = from.packetFor(to, address, m);
    to.arrive(new ReceiveQueue.Message(data, senderOf(t, m), from, m.rights, packet));
    m.rights = List.of();
    return data.length;
  }

  private static PeerCredentials senderOf(Task t, SocketMessage m) {
    return m.credentials != null ? m.credentials : PeerCredentials.of(t);
  }
}
