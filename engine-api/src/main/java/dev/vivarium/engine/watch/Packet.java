package dev.vivarium.engine.watch;

import java.util.Optional;

/**
 * A packet as it would have been seen on a wire. There is no wire in a sandbox: the kernel hands
 * data on, and says what its segments and datagrams would have been. In the ring: {@code number} is
 * the protocol, the arguments are the ports, the sequence numbers and the flags, and the items are
 * the two addresses (4 or 16 bytes) and the data.
 *
 * @param protocol {@link #TCP} or {@link #UDP}
 * @param sequence of TCP, modulo 2^32
 * @param acknowledged of TCP, modulo 2^32
 * @param flags of TCP
 * @param length of all data, of which {@code data} may be the first part
 */
public record Packet(
    int protocol,
    byte[] from,
    int fromPort,
    byte[] to,
    int toPort,
    int sequence,
    int acknowledged,
    int flags,
    int length,
    byte[] data) {
  public static final int TCP = 6;
  public static final int UDP = 17;

  public static final int FIN = 1;
  public static final int SYN = 2;
  public static final int RST = 4;
  public static final int PSH = 8;
  public static final int ACK = 16;

  /** The longest data of one that is told of. */
  public static final int MOST = 4096;

  private static final int MOST_LENGTH = 65_507;

  /** What an event tells of; empty if it tells of none. */
  public static Optional<Packet> of(Event e) {
    Optional<Event.Item> from = e.item(0, Payload.BYTES);
    Optional<Event.Item> to = e.item(1, Payload.BYTES);
    if (e.kind() != EventKind.PACKET
        || e.number() != TCP && e.number() != UDP
        || from.isEmpty()
        || to.isEmpty()
        || from.get().bytes().length != to.get().bytes().length
        || from.get().bytes().length != 4 && from.get().bytes().length != 16) {
      return Optional.empty();
    }
    byte[] data = e.item(2, Payload.BYTES).map(Event.Item::bytes).orElse(new byte[0]);
    if (data.length > MOST || e.result() < data.length || e.result() > MOST_LENGTH) {
      return Optional.empty();
    }
    long ports = e.arguments()[0];
    return Optional.of(
        new Packet(
            e.number(),
            from.get().bytes(),
            (int) (ports >> 16) & 0xffff,
            to.get().bytes(),
            (int) ports & 0xffff,
            (int) (e.arguments()[1] >> 32),
            (int) e.arguments()[1],
            (int) e.arguments()[2] & 0xff,
            (int) e.result(),
            data));
  }

  /** Writes one into the ring. */
  public void write(EventWriter to, Payload payload) {
    payload.clear();
    payload.add(0, Payload.BYTES, from, 0, from.length);
    payload.add(1, Payload.BYTES, this.to, 0, this.to.length);
    payload.add(2, Payload.BYTES, data, 0, data.length);
    to.event(
        EventKind.PACKET,
        0,
        0,
        protocol,
        (long) fromPort << 16 | toPort,
        (long) sequence << 32 | Integer.toUnsignedLong(acknowledged),
        flags,
        length,
        0,
        payload);
  }
}
