package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.net.outside.Outside;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the sockets of a sandbox share: names, ports, and how much is on its way. */
public final class Network {
  /** Most files that may be on their way in messages. */
  private static final int MAX_IN_FLIGHT = 16_384;

  private static final int MAX_CORRESPONDENTS = 1024;
  private static final int MEMBER_BITS = 8;
  private static final int V6_PREFIX = 8;
  private static final byte[] V6_MEMBERS = {
    (byte) 0xfd, (byte) 0x87, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  };
  private static final int LOOPBACK_HEADER = 52;
  private static final byte[] GATEWAY_BYTES = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xff, (byte) 0xff, 10, 86, 0, 1
  };
  private static final int MAX_PORT = 65_535;

  private final Map<String, UnixSocket> abstractNames = new HashMap<>();
  private final Map<Integer, List<InetSocket>> tcpPorts = new HashMap<>();
  private final Map<Integer, List<InetSocket>> udpPorts = new HashMap<>();

  /** Every open socket but netlink's, in the order in which they were made. */
  private final Set<LocalSocket> sockets = new LinkedHashSet<>();

  private @Nullable Outside outside;

  /** Who listens, or is bound, in a namespace; by the network gofer's number of it. */
  private final Map<Integer, InetSocket> listeners = new HashMap<>();

  private int memberAddress;
  private @Nullable PacketTap tap;

  /** Who wrote to published ports, and by which; they are answered the same way. */
  private final Map<Correspondent, Way> correspondents =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Correspondent, Way> eldest) {
          return size() > MAX_CORRESPONDENTS;
        }
      };

  /** Who, as the guest sees him. */
  private record Correspondent(int guestPort, OutsideFlows.Destination from) {
    @Override
    public int hashCode() {
      return from.hashCode() * 31 + guestPort;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Correspondent c && c.guestPort == guestPort && c.from.equals(from);
    }
  }

  /** By which published port, and who he is outside. */
  record Way(int published, byte[] peer) {}

  private int firstEphemeral = 32_768;
  private int lastEphemeral = 60_999;
  private int nextEphemeral = firstEphemeral;
  private int firstUnprivileged = 1024;
  private int nextAutobind;
  private int inFlight;
  private int pingIdentifier;
  private long loopbackBytes;
  private long loopbackPackets;

  /** Who looks on; null if nobody does. */
  public @Nullable PacketTap tap() {
    return tap;
  }

  public void setTap(@Nullable PacketTap looking) {
    tap = looking;
  }

  // ---- /proc/sys/net/ipv4 ----

  /** The first port that anybody may bind to (ip_unprivileged_port_start). */
  public int firstUnprivilegedPort() {
    return firstUnprivileged;
  }

  /** 0, or EINVAL for what is no port. */
  public long setFirstUnprivilegedPort(int port) {
    if (port < 0 || port > MAX_PORT) {
      return -Errno.EINVAL;
    }
    firstUnprivileged = port;
    return 0;
  }

  public int firstEphemeralPort() {
    return firstEphemeral;
  }

  public int lastEphemeralPort() {
    return lastEphemeral;
  }

  /**
   * The ports that sockets get who ask for none (ip_local_port_range); EINVAL if there are none.
   */
  public long setEphemeralPorts(int first, int last) {
    if (first < 1 || last > MAX_PORT || first > last) {
      return -Errno.EINVAL;
    }
    firstEphemeral = first;
    lastEphemeral = last;
    nextEphemeral = first;
    return 0;
  }

  // ---- the network outside ----

  /** What leads outside; null if nothing does. */
  public @Nullable Outside outside() {
    return outside;
  }

  public void setOutside(Outside to) {
    outside = to;
    memberAddress = to.memberAddress();
  }

  /** This sandbox's address in its private network; 0 if it has joined none. */
  public int memberAddress() {
    return memberAddress;
  }

  boolean isOwnAsMember(int address) {
    return memberAddress != 0 && address == memberAddress;
  }

  /** Its IPv6 address there, fd87::N. */
  public byte[] v6Member() {
    byte[] a = V6_MEMBERS.clone();
    a[15] = (byte) memberAddress;
    return a;
  }

  /** Whether an address (IPv4 mapped) is one of the private network's. */
  boolean isMember(byte[] wide) {
    if (memberAddress == 0) {
      return false;
    }
    if (!InetSocket.isMapped(wide)) {
      return Arrays.equals(wide, 0, V6_PREFIX, V6_MEMBERS, 0, V6_PREFIX);
    }
    int v4 = (wide[12] & 0xff) << 24 | (wide[13] & 0xff) << 16 | (wide[14] & 0xff) << 8;
    return v4 >>> MEMBER_BITS == memberAddress >>> MEMBER_BITS;
  }

  /** Which of its addresses there a member means who comes from {@code peer}. */
  private int meantBy(byte[] peer) {
    return InetSocket.isMapped(peer) ? memberAddress : InetSocket.V6_MEMBER;
  }

  /** A connection of another member; false if nobody listens, and the descriptor is not taken. */
  public boolean arriveFromMember(
      Task t, Outside from, int guestPort, int fd, byte[] peer, int peerPort) {
    InetSocket listener = find(true, meantBy(peer), guestPort, null);
    if (listener == null || listener.waiting() >= Backlog.MAX) {
      return false;
    }
    listener.acceptFromOutside(t, from, fd, -1, peer, peerPort, meantBy(peer));
    return true;
  }

  /** A datagram of another member; lost if nobody is there for it. */
  public void arriveFromMember(int guestPort, byte[] peer, int peerPort, byte[] data) {
    InetSocket receiver = find(false, meantBy(peer), guestPort, null);
    if (receiver == null) {
      // A connected socket is its peer's alone.
      for (InetSocket s : udpPorts.getOrDefault(guestPort, List.of())) {
        receiver = s.hears(meantBy(peer)) ? s : receiver;
      }
    }
    if (receiver != null && receiver.hasRoomForDatagram()) {
      receiver.arriveFromOutside(data, receiver.nameOf(peer, peerPort), meantBy(peer));
    }
  }

  /** How to answer somebody who wrote to a published port; null if he has not. */
  @Nullable Way wayBack(int guestPort, byte[] address, int port) {
    return correspondents.isEmpty()
        ? null
        : correspondents.get(
            new Correspondent(guestPort, OutsideFlows.Destination.of(address, port)));
  }

  /** Who is to have what comes to a published port; a socket bound to loopback is not meant. */
  private @Nullable InetSocket published(boolean stream, int guestPort, boolean v4) {
    InetSocket s = find(stream, v4 ? InetSocket.OWN : InetSocket.V6_OWN, guestPort, null);
    return s != null || v4 ? s : find(stream, InetSocket.OWN, guestPort, null);
  }

  /** Who comes from this machine's own loopback must not look as if he came from the guest's. */
  private static byte[] seenInside(byte[] peer) {
    return OutsideFlows.Destination.of(peer, 0).isLoopback() ? GATEWAY_BYTES.clone() : peer;
  }

  /** A connection to a published port; false if nobody listens, and the descriptor is not taken. */
  public boolean arriveConnection(
      Task t, Outside from, int guestPort, int published, int fd, byte[] peer, int peerPort) {
    byte[] seen = seenInside(peer);
    boolean v4 = OutsideFlows.Destination.of(seen, 0).isV4();
    InetSocket listener = published(true, guestPort, v4);
    if (listener == null) {
      return false;
    }
    listener.acceptFromOutside(t, from, fd, published, seen, peerPort, InetSocket.OWN);
    return true;
  }

  /** A datagram to a published port. */
  public void arriveDatagram(int guestPort, int published, byte[] peer, int peerPort, byte[] data) {
    byte[] seen = seenInside(peer);
    boolean v4 = OutsideFlows.Destination.of(seen, 0).isV4();
    InetSocket receiver = published(false, guestPort, v4);
    if (receiver == null || !receiver.hasRoomForDatagram()) {
      return;
    }
    if (!v4 && receiver.domain == Sockets.AF_INET) {
      seen = GATEWAY_BYTES.clone();
    }
    OutsideFlows.Destination key = OutsideFlows.Destination.of(seen, peerPort);
    correspondents.put(new Correspondent(guestPort, key), new Way(published, peer));
    receiver.arriveFromOutside(data, receiver.nameOf(seen, peerPort));
  }

  // ---- a network namespace that is ours and others see too ----

  /** Whether every port of the guest's is one of a namespace's, its loopback included. */
  boolean isInNamespace() {
    return outside != null && outside.isInNamespace();
  }

  /** Binds a socket in the namespace as well; 0 or a negative errno. */
  long listenOutside(Task t, InetSocket socket, byte[] address) {
    Outside o = outside;
    if (o == null) {
      return 0;
    }
    int index = o.listen(t, socket.isStream(), address, socket.localPort());
    if (index >= 0) {
      listeners.put(index, socket);
      socket.setListensAs(index);
    }
    return Math.min(index, 0);
  }

  void unlistenOutside(int index) {
    listeners.remove(index);
    if (outside != null) {
      outside.unlisten(index);
    }
  }

  /** A connection to a listener in the namespace; false if there is none any more. */
  public boolean arriveAtListener(
      Task t, Outside from, int index, int fd, byte[] peer, int peerPort) {
    InetSocket listener = listeners.get(index);
    if (listener == null) {
      return false;
    }
    listener.acceptFromOutside(t, from, fd, index, peer, peerPort, InetSocket.OWN);
    return true;
  }

  /** A datagram to a socket that is bound in the namespace. */
  public void arriveAtListener(int index, byte[] peer, int peerPort, byte[] data) {
    InetSocket receiver = listeners.get(index);
    if (receiver != null && receiver.hasRoomForDatagram()) {
      OutsideFlows.Destination key = OutsideFlows.Destination.of(peer, peerPort);
      correspondents.put(new Correspondent(receiver.localPort(), key), new Way(index, peer));
      receiver.arriveFromOutside(data, receiver.nameOf(peer, peerPort));
    }
  }

  /** Counts files that go on their way; false if there are too many. */
  boolean launch(int count) {
    if (inFlight + count > MAX_IN_FLIGHT) {
      return false;
    }
    inFlight += count;
    return true;
  }

  void landed(int count) {
    inFlight -= count;
  }

  // ---- what went by ----

  /** A packet on loopback: it is sent and received at once. */
  void countLoopback(int payload) {
    loopbackBytes += payload + LOOPBACK_HEADER;
    loopbackPackets++;
  }

  /** Of an interface: bytes and packets received, and sent. */
  public long[] traffic(boolean eth) {
    Outside o = outside;
    return eth
        ? o == null ? new long[4] : o.traffic()
        : new long[] {loopbackBytes, loopbackPackets, loopbackBytes, loopbackPackets};
  }

  int nextPingIdentifier() {
    pingIdentifier = pingIdentifier % 0xffff + 1;
    return pingIdentifier;
  }

  // ---- abstract Unix names ----

  @Nullable UnixSocket abstractSocket(String name) {
    return abstractNames.get(name);
  }

  long bindAbstract(String name, UnixSocket socket) {
    return abstractNames.putIfAbsent(name, socket) == null ? 0 : -Errno.EADDRINUSE;
  }

  void unbindAbstract(String name, UnixSocket socket) {
    abstractNames.remove(name, socket);
  }

  /** A free abstract name of five hex digits. */
  String autobindName() {
    String name;
    do {
      name = String.format("%05x", nextAutobind++ & 0xfffff);
    } while (abstractNames.containsKey(name));
    return name;
  }

  // ---- ports ----

  private Map<Integer, List<InetSocket>> ports(InetSocket s) {
    return s.isStream() ? tcpPorts : udpPorts;
  }

  /** Gives a socket its port; 0 asks for any free one. */
  long bindPort(InetSocket socket, int address, int port) {
    if (port != 0) {
      for (InetSocket other : ports(socket).getOrDefault(port, List.of())) {
        if (other.conflictsWith(socket, address)) {
          return -Errno.EADDRINUSE;
        }
      }
      register(socket, address, port);
      return 0;
    }
    for (int tries = firstEphemeral; tries <= lastEphemeral; tries++) {
      int candidate = nextEphemeral;
      nextEphemeral = candidate == lastEphemeral ? firstEphemeral : candidate + 1;
      if (!ports(socket).containsKey(candidate)) {
        register(socket, address, candidate);
        return 0;
      }
    }
    return -Errno.EADDRINUSE;
  }

  private void register(InetSocket socket, int address, int port) {
    ports(socket).computeIfAbsent(port, p -> new ArrayList<>(1)).add(socket);
    socket.bound(address, port);
  }

  void releasePort(InetSocket socket, int port) {
    List<InetSocket> list = ports(socket).get(port);
    if (list != null && list.remove(socket) && list.isEmpty()) {
      ports(socket).remove(port);
    }
  }

  /** Who listens (TCP) or receives (UDP) at an address; an exact match before a wildcard. */
  @Nullable InetSocket find(boolean stream, int address, int port, @Nullable InetSocket sender) {
    InetSocket best = null;
    for (InetSocket s : (stream ? tcpPorts : udpPorts).getOrDefault(port, List.of())) {
      if (stream ? !s.isListening() : !s.accepts(sender)) {
        continue;
      }
      if (s.localAddress() == address) {
        return s;
      }
      if (s.localAddress() == 0 && s.hears(address)) {
        best = s;
      }
    }
    return best;
  }

  // ---- for /proc/net ----

  void opened(LocalSocket socket) {
    sockets.add(socket);
  }

  void closed(LocalSocket socket) {
    sockets.remove(socket);
  }

  /** Every open socket but netlink's. */
  public Set<LocalSocket> sockets() {
    return Collections.unmodifiableSet(sockets);
  }
}
