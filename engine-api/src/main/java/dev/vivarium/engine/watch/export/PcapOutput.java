package dev.vivarium.engine.watch.export;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.Packet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Packets in pcap's classic form with times in nanoseconds, each beginning with its IP header; what
 * tcpdump and Wireshark open. Headers and their sums are made here. Chars that are written are
 * bytes. What a sandbox can make it write is bounded: from then on packets are only counted.
 */
public final class PcapOutput implements EventOutput {
  private static final int MAGIC_NANOS = 0xa1b23c4d;
  private static final int LINKTYPE_RAW = 101;
  private static final int SNAP = 65_535;
  private static final int FILE_HEADER = 24;
  private static final int RECORD_HEADER = 16;
  private static final int IP4 = 20;
  private static final int IP6 = 40;
  private static final int TCP_HEADER = 20;
  private static final int UDP_HEADER = 8;
  private static final int HOPS = 64;
  private static final int WINDOW = 0xffff;
  private static final long MOST_BYTES = 1L << 30;

  private final Appendable out;
  private final long epochNanos;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(RECORD_HEADER + IP6 + TCP_HEADER + Packet.MOST);
  private long written;
  private int identification;

  /**
   * Begins.
   *
   * @param out takes bytes as chars
   * @param epochNanos the wall clock at the sandbox's start
   */
  public PcapOutput(Appendable out, long epochNanos) throws IOException {
    this.out = out;
    this.epochNanos = epochNanos;
    ByteBuffer head = ByteBuffer.allocate(FILE_HEADER).order(ByteOrder.LITTLE_ENDIAN);
    head.putInt(MAGIC_NANOS).putShort((short) 2).putShort((short) 4).putInt(0).putInt(0);
    head.putInt(SNAP).putInt(LINKTYPE_RAW);
    append(head.flip());
  }

  @Override
  public void accept(Event e) throws IOException {
    Optional<Packet> packet = e.kind() == EventKind.PACKET ? Packet.of(e) : Optional.empty();
    if (packet.isEmpty() || written > MOST_BYTES) {
      return;
    }
    Packet p = packet.get();
    buffer.clear().position(RECORD_HEADER);
    buffer.order(ByteOrder.BIG_ENDIAN);
    int header = p.protocol() == Packet.TCP ? TCP_HEADER : UDP_HEADER;
    boolean v6 = p.from().length == 16;
    ip(p, v6, header + p.length());
    int transport = buffer.position();
    transport(p);
    buffer.put(p.data());
    sum(p, transport, header);
    int captured = buffer.position() - RECORD_HEADER;
    buffer.flip();
    long at = epochNanos + e.timeNanos();
    buffer.order(ByteOrder.LITTLE_ENDIAN);
    buffer.putInt(0, (int) (at / 1_000_000_000)).putInt(4, (int) (at % 1_000_000_000));
    buffer.putInt(8, captured).putInt(12, captured + p.length() - p.data().length);
    append(buffer);
  }

  private void ip(Packet p, boolean v6, int length) {
    int start = buffer.position();
    if (v6) {
      buffer.putInt(6 << 28).putShort((short) length).put((byte) p.protocol()).put((byte) HOPS);
      buffer.put(p.from()).put(p.to());
      return;
    }
    buffer.put((byte) 0x45).put((byte) 0).putShort((short) (IP4 + length));
    buffer.putShort((short) identification++).putShort((short) 0x4000); // not to be cut
    buffer.put((byte) HOPS).put((byte) p.protocol()).putShort((short) 0);
    buffer.put(p.from()).put(p.to());
    buffer.putShort(start + 10, (short) ~fold(add(0, start, start + IP4)));
  }

  private void transport(Packet p) {
    buffer.putShort((short) p.fromPort()).putShort((short) p.toPort());
    if (p.protocol() == Packet.UDP) {
      buffer.putShort((short) (UDP_HEADER + p.length())).putShort((short) 0);
      return;
    }
    buffer.putInt(p.sequence()).putInt(p.acknowledged());
    buffer.put((byte) (TCP_HEADER / 4 << 4)).put((byte) p.flags());
    buffer.putShort((short) WINDOW).putShort((short) 0).putShort((short) 0);
  }

  /** Of a packet that is not here as a whole there is none: 0 says so of UDP. */
  private void sum(Packet p, int transport, int header) {
    if (p.length() != p.data().length) {
      return;
    }
    int pseudo = p.protocol() + header + p.length();
    for (int i = 0; i < p.from().length; i += 2) {
      pseudo += (p.from()[i] & 0xff) << 8 | p.from()[i + 1] & 0xff;
      pseudo += (p.to()[i] & 0xff) << 8 | p.to()[i + 1] & 0xff;
    }
    int sum = ~fold(add(pseudo, transport, buffer.position())) & 0xffff;
    boolean udp = p.protocol() == Packet.UDP;
    buffer.putShort(transport + (udp ? 6 : 16), (short) (udp && sum == 0 ? 0xffff : sum));
  }

  private int add(int before, int from, int to) {
    int sum = before;
    int at = from;
    for (; at + 1 < to; at += 2) {
      sum += buffer.getShort(at) & 0xffff;
    }
    return at < to ? sum + ((buffer.get(at) & 0xff) << 8) : sum;
  }

  private static int fold(int sum) {
    int once = (sum & 0xffff) + (sum >>> 16);
    return (once & 0xffff) + (once >>> 16);
  }

  private void append(ByteBuffer bytes) throws IOException {
    StringBuilder chars = new StringBuilder(bytes.remaining());
    for (int i = 0; i < bytes.limit(); i++) {
      chars.append((char) (bytes.get(i) & 0xff));
    }
    written += bytes.limit();
    out.append(chars);
  }

  /** A file of packets has no place to say so; the sequence numbers show what is missing. */
  @Override
  public void dropped(long count) {}

  @Override
  public void flush() throws IOException {
    Json.flush(out);
  }

  @Override
  public void close() throws IOException {
    flush();
    if (out instanceof java.io.Closeable c) {
      c.close();
    }
  }
}
