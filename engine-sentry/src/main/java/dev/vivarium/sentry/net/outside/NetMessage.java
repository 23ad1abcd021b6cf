package dev.vivarium.sentry.net.outside;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

  static NetMessage read(MemorySegment m, int length, int fd) {
    int payload = Math.max(0, length - NetWire.MESSAGE_SIZE);
    return new NetMessage(
        m.get(ValueLayout.JAVA_INT, NetWire.MESSAGE_SEQUENCE),
        u16(m, NetWire.MESSAGE_EVENT),
        u16(m, NetWire.MESSAGE_INDEX),
        m.get(ValueLayout.JAVA_INT, NetWire.MESSAGE_ERROR),
        m.get(ValueLayout.JAVA_INT, NetWire.MESSAGE_RULE),
        m.get(ValueLayout.JAVA_INT, NetWire.MESSAGE_VALUE),
        m.get(ValueLayout.JAVA_BYTE, NetWire.MESSAGE_KIND) & 0xff,
        m.get(ValueLayout.JAVA_BYTE, NetWire.MESSAGE_PROTOCOL) & 0xff,
        port(m, NetWire.MESSAGE_PORT),
        bytes(m, NetWire.MESSAGE_ADDRESS, 16),
        bytes(m, NetWire.MESSAGE_LOCAL_ADDRESS, 16),
        port(m, NetWire.MESSAGE_LOCAL_PORT),
        bytes(m, NetWire.MESSAGE_SIZE, payload),
        fd);
  }

  private static int u16(MemorySegment m, long at) {
    return m.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
  }

  private static int port(MemorySegment m, long at) {
    return Short.reverseBytes(m.get(ValueLayout.JAVA_SHORT_UNALIGNED, at)) & 0xffff;
  }

  private static byte[] bytes(MemorySegment m, long at, int count) {
    return m.asSlice(at, count).toArray(ValueLayout.JAVA_BYTE);
  }

  /** The name in the payload, with everything that is no part of host names shown as '?'. */
  String name() {
    StringBuilder b = new StringBuilder();
    for (byte c : Arrays.copyOf(payload, Math.min(payload.length, 253))) {
      boolean plain =
          c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.';
      b.append(plain ? (char) c : '?');
    }
    return b.toString();
  }
}
