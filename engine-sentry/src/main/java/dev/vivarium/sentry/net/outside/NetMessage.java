package dev.vivarium.sentry.net.outside;

import dev.vivarium.sentry.host.HostBuffer;
import java.util.Arrays;

/**
 * One message of the network gofer, copied and checked.
 *
 * @param fd a descriptor that came with it, or -1
 * @param payload data, or the bytes of a name
 */
record NetMessage(
    int sequence,
    int event,
    int index,
    int error,
    int rule,
    int value,
    int kind,
    int protocol,
    int port,
    byte[] address,
    int localPort,
    byte[] payload,
    int fd) {

  static NetMessage read(HostBuffer m, int at, int length, int fd) {
    // Neighbours come together: where this is interpreted, each access costs.
    int what = m.getInt(at + NetWire.MESSAGE_EVENT);
    int whom = m.getInt(at + NetWire.MESSAGE_KIND);
    return new NetMessage(
        m.getInt(at + NetWire.MESSAGE_SEQUENCE),
        what & 0xffff,
        what >>> 16,
        m.getInt(at + NetWire.MESSAGE_ERROR),
        m.getInt(at + NetWire.MESSAGE_RULE),
        m.getInt(at + NetWire.MESSAGE_VALUE),
        whom & 0xff,
        whom >> 8 & 0xff,
        port(whom >>> 16),
        m.bytes(at + NetWire.MESSAGE_ADDRESS, 16),
        port(m.getInt(at + NetWire.MESSAGE_LOCAL_PORT)),
        m.bytes(at + NetWire.MESSAGE_SIZE, Math.max(0, length - NetWire.MESSAGE_SIZE)),
        fd);
  }

  /** Of the two bytes in network order. */
  private static int port(int bytes) {
    return (bytes & 0xff) << 8 | bytes >> 8 & 0xff;
  }

  /** The name in the payload, with everything that is no part of host names shown as '?'. */
  String name() {
    if (payload.length == 0) {
      return "";
    }
    StringBuilder b = new StringBuilder();
    for (byte c : Arrays.copyOf(payload, Math.min(payload.length, 253))) {
      boolean plain =
          c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.';
      b.append(plain ? (char) c : '?');
    }
    return b.toString();
  }
}
