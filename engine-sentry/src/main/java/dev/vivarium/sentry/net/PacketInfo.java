package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.ipc.Bytes;
import java.util.function.Consumer;

/**
 * What the header of a datagram would have said; a receiver that asked for it (IP_RECVTTL,
 * IPV6_RECVPKTINFO …) gets it as control messages.
 *
 * @param address where it was sent to: an IPv4 or IPv6 address, as the receiver's family has it
 * @param hops the time to live, or hop limit
 * @param trafficClass the type of service, or traffic class
 */
public record PacketInfo(byte[] address, int hops, int trafficClass) {
  private static final int LOOPBACK_INDEX = 1;

  /** One control message. */
  public record Control(int level, int type, byte[] body) {}

  /** Gives the messages that {@code s} asked for, in Linux's order. */
  public void tell(SocketFile s, Consumer<Control> out) {
    if (s.domain == Sockets.AF_INET6) {
      int level = Sockets.IPPROTO_IPV6;
      if (s.options.kept(level, Sockets.IPV6_RECVPKTINFO, 0) != 0) {
        byte[] b = new byte[20];
        System.arraycopy(address, 0, b, 0, 16);
        Bytes.putInt(b, 16, LOOPBACK_INDEX);
        out.accept(new Control(level, Sockets.IPV6_PKTINFO, b));
      }
      if (s.options.kept(level, Sockets.IPV6_RECVHOPLIMIT, 0) != 0) {
        out.accept(new Control(level, Sockets.IPV6_HOPLIMIT, number(hops)));
      }
      if (s.options.kept(level, Sockets.IPV6_RECVTCLASS, 0) != 0) {
        out.accept(new Control(level, Sockets.IPV6_TCLASS, number(trafficClass)));
      }
      return;
    }
    int level = Sockets.IPPROTO_IP;
    if (s.options.kept(level, Sockets.IP_PKTINFO, 0) != 0) {
      byte[] b = new byte[12];
      Bytes.putInt(b, 0, LOOPBACK_INDEX);
      System.arraycopy(address, 0, b, 4, 4);
      System.arraycopy(address, 0, b, 8, 4);
      out.accept(new Control(level, Sockets.IP_PKTINFO, b));
    }
    if (s.options.kept(level, Sockets.IP_RECVTTL, 0) != 0) {
      out.accept(new Control(level, Sockets.IP_TTL, number(hops)));
    }
    if (s.options.kept(level, Sockets.IP_RECVTOS, 0) != 0) {
      out.accept(new Control(level, Sockets.IP_TOS, new byte[] {(byte) trafficClass}));
    }
  }

  private static byte[] number(int value) {
    byte[] b = new byte[4];
    Bytes.putInt(b, 0, value);
    return b;
  }
}
