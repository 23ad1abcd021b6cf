package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.net.outside.HostSocket;
import dev.vivarium.sentry.net.outside.Outside;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The outside of a UDP socket: for every destination a socket of the host's that is connected to
 * it. So the policy is asked once for each, and nobody else can answer. Where a person is asked
 * too, who may wait for a way waits for the answer; what others send meanwhile is kept as far as
 * there is room, and they are told of a refusal as of what a datagram meets on its way.
 */
final class OutsideFlows {
  /** Ways that one socket has at a time; the one not used for longest goes. */
  private static final int MAX_FLOWS = 64;

  private final InetSocket socket;
  private final Outside outside;
  private final Map<Destination, Flow> flows = new LinkedHashMap<>(4, 0.75f, true);

  OutsideFlows(InetSocket socket, Outside outside) {
    this.socket = socket;
    this.outside = outside;
  }

  /** Where to: an address (IPv4 mapped) and a port. */
  record Destination(long high, long low, int port) {
    static Destination of(byte[] a, int port) {
      long high = 0;
      long low = 0;
      for (int i = 0; i < 8; i++) {
        high = high << 8 | a[i] & 0xff;
        low = low << 8 | a[8 + i] & 0xff;
      }
      return new Destination(high, low, port);
    }

    boolean isV4() {
      return high == 0 && low >>> 32 == 0xffff;
    }

    boolean isLoopback() {
      return isV4() ? (low >>> 24 & 0xff) == 127 : high == 0 && low == 1;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(high * 31 + low) * 31 + port;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Destination d && d.high == high && d.low == low && d.port == port;
    }
  }

  /** One way. */
  private final class Flow {
    private final byte[] address;
    private final int port;

    /** As the guest sees who is there. */
    private final byte[] name;

    private final WaitQueue writers = new WaitQueue();
    private @Nullable HostSocket host;

    /** Why there is no way any more. */
    private int refusal = Errno.ENETDOWN;

    Flow(byte[] address, int port, byte[] name) {
      this.address = address;
      this.port = port;
      this.name = name;
    }

    /** Takes what has come, as far as the guest has room. */
    boolean drain() {
      HostSocket h = host;
      boolean any = false;
      int[] error = new int[1];
      while (h != null && socket.hasRoomForDatagram()) {
        byte[] data = h.receiveDatagram(error);
        if (data == null) {
          if (h.isRefused()) {
            host = null;
            h.close(false);
            refusal = error[0];
            if (writers.isEmpty()) {
              socket.outsideFailed(refusal, name);
            }
          } else if (error[0] != Errno.EAGAIN) {
            socket.outsideFailed(error[0], name);
          } else {
            h.arm(Poll.IN);
          }
          return any;
        }
        any = true;
        socket.arriveFromOutside(data, name);
      }
      return any;
    }
  }

  /** Sends a datagram: its length, or a negative errno. */
  long send(Task t, byte[] address, int port, byte[] name, byte[] data, boolean dontWait) {
    Destination to = Destination.of(address, port);
    Flow flow = flows.get(to);
    if (flow == null || flow.host == null) {
      Flow fresh = new Flow(address, port, name);
      HostSocket[] made = new HostSocket[1];
      long r = outside.open(t, false, address, port, 0, fresh.writers, fresh::drain, made);
      if (r < 0) {
        return r;
      }
      fresh.host = made[0];
      Flow other = flows.put(to, fresh);
      if (other != null) {
        close(other); // somebody else sent there while this one waited
      }
      flow = fresh;
      limit();
    }
    HostSocket h = flow.host;
    boolean again = true;
    long deadline = socket.sendDeadline();
    while (h != null) {
      long n = h.sendDatagram(data, !dontWait);
      if (n >= 0) {
        if (!flow.drain()) {
          h.arm(Poll.IN);
        }
        return data.length;
      }
      if (n == -Errno.EAGAIN && !dontWait) {
        h.arm(Poll.OUT | Poll.IN);
        long w = socket.await(t, flow.writers, deadline);
        h = flow.host;
        if (h == null) {
          return -flow.refusal;
        }
        if (w < 0) {
          return w;
        }
        continue;
      }
      // What an earlier datagram met is told by this one; only who is connected hears of it.
      if (n == -Errno.ECONNREFUSED && again && !socket.hasDefaultDestination()) {
        again = false;
        continue;
      }
      if (n == -Errno.EPIPE || n == -Errno.ECONNRESET) {
        flows.remove(to);
        close(flow);
        return again ? send(t, address, port, name, data, dontWait) : n;
      }
      return n;
    }
    return -Errno.ENETDOWN;
  }

  private void limit() {
    Iterator<Flow> oldest = flows.values().iterator();
    while (flows.size() > MAX_FLOWS) {
      Flow f = oldest.next();
      oldest.remove();
      close(f);
    }
  }

  /** Takes what has come by any way; whether there was something. */
  boolean drain() {
    boolean any = false;
    for (Flow f : flows.values()) {
      any |= f.drain();
    }
    return any;
  }

  private void close(Flow f) {
    HostSocket h = f.host;
    f.host = null;
    if (h != null) {
      h.close(false);
      outside.observer().closed(false, f.address, f.port, h.sent(), h.received());
    }
  }

  void close() {
    flows.values().forEach(this::close);
    flows.clear();
  }
}
