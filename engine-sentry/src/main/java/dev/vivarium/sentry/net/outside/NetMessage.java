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
    byte[] localAddress,
    int localPort,
    byte[] payload,
    int fd) {

  static NetMessage read(HostBuffer m, int at, int length, int fd) {
    int payload = Math.max(0, length - NetWire.MESSAGE_SIZE);
    return new NetMessage(
        m.getInt(at + NetWire.MESSAGE_SEQUENCE),
        m.getShort(at + NetWire.MESSAGE_EVENT),
        m.getShort(at + NetWire.MESSAGE_INDEX),
        m.getInt(at + NetWire.MESSAGE_ERROR),
        m.getInt(at + NetWire.MESSAGE_RULE),
        m.getInt(at + NetWire.MESSAGE_VALUE),
        m.getByte(at + NetWire.MESSAGE_KIND),
        m.getByte(at + NetWire.MESSAGE_PROTOCOL),
        port(m, at + NetWire.MESSAGE_PORT),
        m.bytes(at + NetWire.MESSAGE_ADDRESS, 16),
        m.bytes(at + NetWire.MESSAGE_LOCAL_ADDRESS, 16),
        port(m, at + NetWire.MESSAGE_LOCAL_PORT),
        m.bytes(at + NetWire.MESSAGE_SIZE, payload),
        fd);
  }

  private static int port(HostBuffer m, int at) {
    return m.getByte(at) << 8 | m.getByte(at + 1);
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
