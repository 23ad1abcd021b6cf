package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.net.outside.HostSocket;
import dev.vivarium.sentry.net.outside.Outside;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The outside of a TCP socket: its connection is the host's, and so are all its semantics. What the
 * host says is what the guest hears.
 */
final class OutsideStream {
  /** Options that tune one connection, and nothing else. */
  private static final int[] TCP_OPTIONS = {
    1 /* NODELAY */,
    3 /* CORK */,
    4 /* KEEPIDLE */,
    5,
    6 /* KEEPCNT */,
    12 /* QUICKACK */,
    18 /* USER_TIMEOUT */,
    25 /* NOTSENT_LOWAT */
  };

  private static final int SO_KEEPALIVE = 9;
  private static final int SO_OOBINLINE = 10;
  private static final int UNKNOWN = Integer.MIN_VALUE;

  private final InetSocket socket;
  private final Outside outside;
  private final HostSocket host;

  /** The peer's address as the guest gave it, or sees it: sixteen bytes, and its name. */
  private final byte[] address;

  private final int port;
  private final byte[] peerName;

  /** The published port that it came by, while it counts as waiting there; else -1. */
  private int waitingAt = -1;

  /** An error that followed data, and was not told yet. */
  private int failure;

  /** When the guest asked for it; 0 if it has been told how long that took. */
  private long begun;

  private boolean connecting;
  private boolean established;
  private boolean arrived;

  /** Whether who looks on has yet to be told that the connection is there. */
  private boolean unseen;

  private OutsideStream(
      InetSocket socket, Outside outside, HostSocket host, byte[] address, int port, byte[] name) {
    this.socket = socket;
    this.outside = outside;
    this.host = host;
    this.address = address;
    this.port = port;
    this.peerName = name;
    this.unseen = socket.tap() != null;
    host.setCopies(
        new HostSocket.Copies() {
          @Override
          public void sent(MemorySegment from, long offset, long length) {
            PacketTap tap = seen();
            if (tap != null) {
              tap.data(socket.localName(), peerName, from, offset, length);
            }
          }

          @Override
          public void received(MemorySegment to, long offset, long length) {
            PacketTap tap = seen();
            if (tap != null) {
              tap.data(peerName, socket.localName(), to, offset, length);
            }
          }
        });
    SocketOptions o = socket.options;
    if (o.keepsNothing()) {
      return;
    }
    for (int option : TCP_OPTIONS) {
      apply(Sockets.IPPROTO_TCP, option, o.kept(Sockets.IPPROTO_TCP, option, UNKNOWN));
    }
    apply(Sockets.SOL_SOCKET, SO_KEEPALIVE, o.kept(Sockets.SOL_SOCKET, SO_KEEPALIVE, UNKNOWN));
    apply(Sockets.SOL_SOCKET, SO_OOBINLINE, o.kept(Sockets.SOL_SOCKET, SO_OOBINLINE, UNKNOWN));
  }

  /** Begins a connection; null and a negative errno in {@code error[0]} if that failed at once. */
  static @Nullable OutsideStream begin(
      Task t,
      InetSocket socket,
      Outside outside,
      byte[] address,
      int port,
      byte[] name,
      long[] error) {
    HostSocket[] made = new HostSocket[1];
    long begun = System.nanoTime();
    error[0] =
        outside.open(
            t, true, address, port, socket.localPort(), socket.pollQueue(), () -> {}, made);
    HostSocket host = made[0];
    if (host == null) {
      return null;
    }
    OutsideStream s = new OutsideStream(socket, outside, host, address, port, name);
    s.connecting = true;
    s.begun = begun;
    return s;
  }

  /** A connection that has come to a published port. */
  static OutsideStream arrived(
      InetSocket socket,
      Outside outside,
      int fd,
      int published,
      byte[] address,
      int port,
      byte[] name) {
    HostSocket host = outside.accepted(fd, socket.pollQueue());
    OutsideStream s = new OutsideStream(socket, outside, host, address, port, name);
    s.established = true;
    s.arrived = true;
    s.waitingAt = published;
    return s;
  }

  /** Who looks on, having been told of the connection; null if nobody does. */
  private @Nullable PacketTap seen() {
    PacketTap tap = socket.tap();
    if (tap != null && unseen) {
      unseen = false;
      if (arrived) {
        tap.opened(peerName, socket.localName());
      } else {
        tap.opened(socket.localName(), peerName);
      }
    }
    return tap;
  }

  /** The guest has it now: another may come in its place. */
  void taken() {
    if (waitingAt >= 0) {
      outside.credit(waitingAt);
      waitingAt = -1;
    }
  }

  byte[] peerName() {
    return peerName.clone();
  }

  /** Whether there is a peer; also found out here, for nobody has to ask what came of it. */
  boolean isEstablished() {
    if (!established && connecting && host.isConnected()) {
      established = true;
      tellConnected();
    }
    return established;
  }

  private void tellConnected() {
    if (begun != 0) {
      outside.observer().connected(address, port, System.nanoTime() - begun);
      begun = 0;
    }
  }

  /** Looks what has become of the connection: 0, -EINPROGRESS, or why it failed. */
  long progress() {
    if (!connecting) {
      return established ? -Errno.EISCONN : -Errno.ECONNABORTED;
    }
    HostSocket.Progress progress = host.progress();
    if (progress == HostSocket.Progress.UNDECIDED) {
      return -Errno.EINPROGRESS;
    }
    int error = 0;
    if (progress != HostSocket.Progress.CONNECTED) {
      error = host.takeError();
      if (error == 0 && !host.isConnected()) {
        error = Errno.ECONNABORTED; // and the guest has taken the reason already
      }
    }
    connecting = false;
    established = error == 0;
    if (established) {
      tellConnected();
    }
    PacketTap tap = established ? seen() : socket.tap();
    if (tap != null && !established) {
      tap.refused(socket.localName(), peerName, error == Errno.ECONNREFUSED);
    }
    return -error;
  }

  /** Waits until the connection is there or has failed. */
  long await(Task t, long deadline) {
    for (; ; ) {
      long r = progress();
      if (r != -Errno.EINPROGRESS) {
        return r;
      }
      host.arm(Poll.OUT);
      long w = socket.await(t, socket.pollQueue(), deadline);
      if (w < 0) {
        return w == -Errno.EAGAIN ? -Errno.EINPROGRESS : w;
      }
    }
  }

  long send(Task t, Uio src, SocketMessage m, long deadline) {
    long done = 0;
    while (src.remaining() > 0) {
      long n = host.send(src, m.flags);
      if (n > 0) {
        done += n;
        continue;
      }
      if (!HostSocket.mustWait(n)) {
        return done > 0 ? done : n == 0 ? -Errno.EIO : n;
      }
      if (socket.dontWait(m)) {
        watch(Poll.OUT);
        return done > 0 ? done : -Errno.EAGAIN;
      }
      host.arm(Poll.OUT);
      long w = socket.await(t, socket.pollQueue(), deadline);
      if (w < 0) {
        return done > 0 ? done : w;
      }
    }
    return done;
  }

  long receive(Task t, Uio dst, SocketMessage m, long deadline) {
    long done = 0;
    boolean peek = (m.flags & Sockets.MSG_PEEK) != 0;
    boolean all = (m.flags & Sockets.MSG_WAITALL) != 0 && !peek;
    if (dst.remaining() == 0) {
      return 0;
    }
    if (failure != 0) {
      return -takeError();
    }
    for (; ; ) {
      long n = host.receive(dst, m.flags);
      if (n > 0) {
        done += n;
        if (peek || dst.remaining() == 0) {
          return done;
        }
        if (!host.isDrained()) {
          continue; // the guest's buffer lies in pieces
        }
      }
      if (n < 0 && !HostSocket.mustWait(n) && done > 0) {
        failure = (int) -n; // the host tells it once; the guest hears of it with its next call
        return done;
      }
      if (n == 0 || n < 0 && !HostSocket.mustWait(n)) {
        PacketTap tap = seen();
        if (tap != null) {
          tap.ended(peerName, socket.localName(), n < 0);
        }
        return done > 0 ? done : n;
      }
      watch(Poll.IN | Poll.RDHUP);
      if (done > 0 && !all) {
        return done;
      }
      if (socket.dontWait(m)) {
        return done > 0 ? done : -Errno.EAGAIN;
      }
      host.arm(Poll.IN | Poll.RDHUP);
      long w = socket.await(t, socket.pollQueue(), deadline);
      if (w < 0) {
        return done > 0 ? done : w;
      }
    }
  }

  /** Somebody who watches (epoll above all) is to be told of the next change. */
  private void watch(int events) {
    if (!socket.pollQueue().isEmpty()) {
      host.arm(events);
    }
  }

  int poll() {
    return host.poll();
  }

  long shutdown(int how) {
    PacketTap tap = how == Sockets.SHUT_RD ? null : seen();
    if (tap != null) {
      tap.ended(socket.localName(), peerName, false);
    }
    return host.shutdown(how);
  }

  int takeError() {
    int e = failure != 0 ? failure : host.takeError();
    failure = 0;
    return e;
  }

  int queued(int request) {
    return host.queued(request);
  }

  /** TCP_INFO, as the host has it. */
  byte[] info() {
    return host.option(Sockets.IPPROTO_TCP, Sockets.TCP_INFO);
  }

  /** An option was set. */
  void optionChanged(int level, int option, int value) {
    boolean known =
        level == Sockets.SOL_SOCKET && (option == SO_KEEPALIVE || option == SO_OOBINLINE);
    for (int each : TCP_OPTIONS) {
      known |= level == Sockets.IPPROTO_TCP && option == each;
    }
    if (known) {
      host.setOption(level, option, value);
    }
  }

  private void apply(int level, int option, int value) {
    if (value != UNKNOWN) {
      host.setOption(level, option, value);
    }
  }

  void close(boolean reset) {
    taken();
    PacketTap tap = isEstablished() ? seen() : null;
    if (tap != null) {
      tap.ended(socket.localName(), peerName, reset);
    }
    host.close(reset);
    if (!host.isRefused()) {
      outside.observer().closed(true, address, port, host.sent(), host.received());
    }
  }
}
