package dev.vivarium.sentry.trace;

import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.Packet;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.net.PacketTap;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Says as which packets data would have gone over a wire: with a handshake, sequence numbers that
 * follow one another, and an end. Connections that were there before somebody looked begin in the
 * midst, as they do for who listens at a wire.
 */
final class PacketEvents implements PacketTap {
  /** As many connections are known at a time; one that was forgotten begins in the midst. */
  private static final int MOST = 4096;

  private static final byte[] NONE = {};

  /** One end of a connection. */
  private record Place(long high, long low, int port) {
    static Place of(byte[] address, int port) {
      long high = 0;
      long low = 0;
      for (int i = 0; i < address.length; i++) {
        high = high << 8 | low >>> 56;
        low = low << 8 | address[i] & 0xff;
      }
      return new Place(high, low, port);
    }
  }

  private record Way(Place from, Place to) {
    Way back() {
      return new Way(to, from);
    }
  }

  /** What one side has sent. */
  private static final class Side {
    int sequence;
    boolean over;

    Side(Way way) {
      sequence = way.hashCode() * 0x9e3779b9;
    }
  }

  private final EventWriter writer;
  private final Payload payload = new Payload();
  private final Map<Way, Side> sides =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Way, Side> eldest) {
          return size() > 2 * MOST;
        }
      };

  PacketEvents(EventWriter writer) {
    this.writer = writer;
  }

  /** An address without its port: four bytes, also of one that is mapped into IPv6; or sixteen. */
  private static byte[] address(byte[] name) {
    if (name[0] != Sockets.AF_INET6) {
      return Arrays.copyOfRange(name, 4, 8);
    }
    for (int i = 8; i < 18; i++) {
      if (name[i] != 0) {
        return Arrays.copyOfRange(name, 8, 24);
      }
    }
    boolean mapped = name[18] == (byte) 0xff && name[19] == (byte) 0xff;
    return mapped ? Arrays.copyOfRange(name, 20, 24) : Arrays.copyOfRange(name, 8, 24);
  }

  private static int port(byte[] name) {
    return (name[2] & 0xff) << 8 | name[3] & 0xff;
  }

  private static Way way(byte[] from, byte[] to) {
    return new Way(Place.of(address(from), port(from)), Place.of(address(to), port(to)));
  }

  private void segment(byte[] from, byte[] to, int flags, byte[] data) {
    Way way = way(from, to);
    Side mine = sides.computeIfAbsent(way, Side::new);
    Side other = sides.computeIfAbsent(way.back(), Side::new);
    boolean acknowledges = (flags & Packet.ACK) != 0;
    packet(Packet.TCP, from, to, mine.sequence, acknowledges ? other.sequence : 0, flags, data);
    mine.sequence += data.length + ((flags & (Packet.SYN | Packet.FIN)) != 0 ? 1 : 0);
  }

  private void packet(
      int protocol,
      byte[] from,
      byte[] to,
      int sequence,
      int acknowledged,
      int flags,
      byte[] data) {
    byte[] source = address(from);
    byte[] target = address(to);
    if (source.length != target.length) {
      // From ::1 or :: to an IPv4 address: there is no such packet, and nearly no such connection.
      source = source.length == 4 ? wide(source) : source;
      target = target.length == 4 ? wide(target) : target;
    }
    int kept = Math.min(data.length, Packet.MOST);
    new Packet(
            protocol,
            source,
            port(from),
            target,
            port(to),
            sequence,
            acknowledged,
            flags,
            data.length,
            kept == data.length ? data : Arrays.copyOf(data, kept))
        .write(writer, payload);
  }

  private static byte[] wide(byte[] v4) {
    byte[] wide = new byte[16];
    wide[10] = (byte) 0xff;
    wide[11] = (byte) 0xff;
    System.arraycopy(v4, 0, wide, 12, 4);
    return wide;
  }

  @Override
  public void opened(byte[] client, byte[] server) {
    Way way = way(client, server);
    sides.put(way, new Side(way));
    sides.put(way.back(), new Side(way.back()));
    segment(client, server, Packet.SYN, NONE);
    segment(server, client, Packet.SYN | Packet.ACK, NONE);
    segment(client, server, Packet.ACK, NONE);
  }

  @Override
  public void refused(byte[] client, byte[] server, boolean answered) {
    Way way = way(client, server);
    segment(client, server, Packet.SYN, NONE);
    if (answered) {
      sides.put(way.back(), new Side(way.back()));
      segment(server, client, Packet.RST | Packet.ACK, NONE);
    }
    forget(way);
  }

  private void forget(Way way) {
    sides.remove(way);
    sides.remove(way.back());
  }

  @Override
  public void data(byte[] from, byte[] to, MemorySegment segment, long offset, long length) {
    for (long done = 0; done < length; done += Packet.MOST) {
      int n = (int) Math.min(length - done, Packet.MOST);
      byte[] data = segment.asSlice(offset + done, n).toArray(ValueLayout.JAVA_BYTE);
      segment(from, to, Packet.ACK | (done + n == length ? Packet.PSH : 0), data);
    }
  }

  @Override
  public void ended(byte[] from, byte[] to, boolean reset) {
    Way way = way(from, to);
    Side mine = sides.get(way);
    if (mine == null || mine.over) {
      return; // told already, or never seen
    }
    segment(from, to, (reset ? Packet.RST : Packet.FIN) | Packet.ACK, NONE);
    mine.over = true;
    Side other = sides.get(way.back());
    if (reset) {
      if (other != null) {
        other.over = true;
      }
    } else if (other != null && other.over) {
      segment(to, from, Packet.ACK, NONE);
    }
  }

  @Override
  public void datagram(byte[] from, byte[] to, byte[] data) {
    packet(Packet.UDP, from, to, 0, 0, 0, data);
  }
}
