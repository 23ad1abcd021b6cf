package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.net.outside.Outside;
import dev.vivarium.sentry.vfs.Inode;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A TCP or UDP socket: on the sandbox's loopback, and on the network outside where there is one.
 *
 * <p>Addresses are IPv4 addresses as ints. IPv6 has four of its own here: {@code ::}, which is 0,
 * {@code ::1}, which is {@link #V6_LOOPBACK}, and those of this sandbox, {@link #V6_OWN} and {@link
 * #V6_MEMBER}: no IPv4 addresses of this network. All others are mapped IPv4 addresses.
 */
public final class InetSocket extends LocalSocket {
  static final int LOOPBACK = 0x7f000001;
  static final int V6_LOOPBACK = 1;

  /** This sandbox's own addresses where it has a network; the IPv6 one has no IPv4 twin either. */
  static final int OWN = 10 << 24 | 86 << 16 | 2;

  static final int V6_OWN = 2;

  /** In a private network. */
  static final int V6_MEMBER = 3;

  private static final byte[] V6_OWN_BYTES = {
    (byte) 0xfd, (byte) 0x86, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
  };

  /** What this machine's own loopback address is called inside: the name server's. */
  static final int GATEWAY = 10 << 24 | 86 << 16 | 1;

  /** Stands for every IPv6 address that is not of this machine. */
  private static final int FOREIGN = 0x0a000001;

  static final int TCP_ESTABLISHED = 1;
  private static final int TCP_FIN_WAIT2 = 5;
  static final int TCP_CLOSE = 7;
  private static final int TCP_CLOSE_WAIT = 8;
  private static final int TCP_LAST_ACK = 9;
  static final int TCP_LISTEN = 10;

  /** The timers and windows of a fresh TCP socket, at the end of its line in /proc/net. */
  private static final String LISTENER = "100 0 0 10 0";

  private static final String CONNECTION = "20 4 30 10 -1";

  private static final int SIZE = 16;
  private static final int SIZE_6 = 28;
  private static final int MIN_SIZE_6 = 24;
  private static final int MAX_UDP = 65_507;
  private static final int DEFAULT_HOPS = 64;

  private int localAddress;
  private int localPort;
  private boolean hasPort;

  /** A server side shares its listener's port and does not own it. */
  private boolean ownsPort;

  /** A datagram socket that was connected. */
  private boolean hasDefault;

  /** Where it is connected to if that is outside: datagrams. */
  private byte @Nullable [] outsideDefault;

  private @Nullable OutsideFlows flows;

  /** What it was bound to, for a namespace; any address unless it was. */
  private byte @Nullable [] boundAddress;

  /** The network gofer's number of it, if it listens in a namespace. */
  private int listensAs = -1;

  private int peerAddress;
  private int peerPort;

  private InetSocket(Network network, Inode inode, int flags, int domain, int type, int protocol) {
    super(network, inode, flags, domain, type, protocol);
  }

  /** A new socket, known to its network. */
  public static InetSocket open(
      Network network, Inode inode, int flags, int domain, int type, int protocol) {
    InetSocket s = new InetSocket(network, inode, flags, domain, type, protocol);
    network.opened(s);
    return s;
  }

  /** This sandbox's IPv6 address where it has one. */
  static byte[] v6Own() {
    return V6_OWN_BYTES.clone();
  }

  public int localAddress() {
    return localAddress;
  }

  public int localPort() {
    return localPort;
  }

  void bound(int address, int port) {
    localAddress = address;
    localPort = port;
    hasPort = true;
    ownsPort = true;
  }

  // ---- /proc/net ----

  /** Whether /proc/net shows it: only sockets that can be reached are on Linux's lists. */
  public boolean isListed() {
    return hasPort && (!isStream() || isListening() || isConnected());
  }

  /** TCP_* of net/tcp_states.h. */
  int state() {
    if (isListening()) {
      return TCP_LISTEN;
    }
    if (!isStream()) {
      return hasDefault ? TCP_ESTABLISHED : TCP_CLOSE;
    }
    if (hasSendEnded()) {
      return hasReceiveEnded() ? TCP_LAST_ACK : TCP_FIN_WAIT2;
    }
    return hasReceiveEnded() ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
  }

  /** Whether it is a TCP connection that is whole. */
  public boolean isEstablished() {
    return isStream() && isListed() && state() == TCP_ESTABLISHED;
  }

  /** One line of /proc/net/tcp, udp, tcp6 or udp6. */
  public String describe(int number) {
    int state = state();
    boolean known = isConnected() || hasDefault;
    byte[] far = known ? outsidePeer() : null;
    String line =
        String.format(
            "%s:%04X %s:%04X %02X %08X:%08X 00:00000000 00000000 %5d        0 %d %d %016x",
            hex(localAddress),
            localPort,
            far != null ? hex(far) : hex(known ? peerAddress : 0),
            far != null ? portOf(far) : known ? peerPort : 0,
            state,
            isListening() ? backlog() : 0,
            waiting(),
            inode.uid,
            inode.ino,
            isStream() ? 1 : 2,
            0);
    if (!isStream()) {
      return String.format("%5d: %s 0\n", number, line);
    }
    return String.format("%4d: %s %s\n", number, line, isListening() ? LISTENER : CONNECTION);
  }

  /** Four or sixteen bytes, as words of this machine. */
  private String hex(int address) {
    String word = String.format("%08X", Integer.reverseBytes(address));
    if (!isV6()) {
      return word;
    }
    if (address == V6_OWN || address == V6_MEMBER) {
      return hex(encode(address, 0));
    }
    boolean own = address == 0 || address == V6_LOOPBACK;
    return "0000000000000000" + (own ? "00000000" : "FFFF0000") + word;
  }

  private String hex(byte[] name) {
    StringBuilder b = new StringBuilder();
    for (int at = isV6() ? 8 : 4; at < (isV6() ? 24 : 8); at += 4) {
      b.append(String.format("%08X", Integer.reverseBytes(word(name, at))));
    }
    return b.toString();
  }

  private byte @Nullable [] outsidePeer() {
    OutsideStream o = outside();
    return o != null ? o.peerName() : outsideDefault;
  }

  private boolean isV6() {
    return domain == Sockets.AF_INET6;
  }

  private boolean isV6Only() {
    return isV6() && options.kept(Sockets.IPPROTO_IPV6, Sockets.IPV6_V6ONLY, 0) != 0;
  }

  /** Whether a socket bound to every address hears what goes to this one. */
  boolean hears(int address) {
    return hasNoTwin(address) ? isV6() : !isV6Only();
  }

  /** Whether it stands for an IPv6 address that maps no IPv4 address. */
  private static boolean hasNoTwin(int address) {
    return address == V6_LOOPBACK || address == V6_OWN || address == V6_MEMBER;
  }

  /** Whether another socket that wants this one's port at {@code address} has to be refused. */
  boolean conflictsWith(InetSocket other, int address) {
    if (localAddress != 0 && address != 0 && localAddress != address) {
      return false;
    }
    if (localAddress == 0 && address != 0 && !hears(address)
        || address == 0 && localAddress != 0 && !other.hears(localAddress)
        || isV6() != other.isV6() && (isV6Only() || other.isV6Only())) {
      return false;
    }
    if (options.reusePort && other.options.reusePort) {
      return false;
    }
    return !(options.reuseAddress && other.options.reuseAddress && !isListening());
  }

  /** Whether datagrams of this sender are for this socket: a connected one hears its peer only. */
  boolean accepts(@Nullable InetSocket sender) {
    return !hasDefault
        || sender != null
            && sender.localPort == peerPort
            && (sender.localAddress == 0 || sender.localAddress == peerAddress);
  }

  // ---- who looks on ----

  @Override
  protected void showOpened() {
    PacketTap tap = network.tap();
    if (tap != null) {
      tap.opened(localName(), encode(peerAddress, peerPort));
    }
  }

  @Override
  protected void showRefused(byte[] address) {
    PacketTap tap = network.tap();
    if (tap != null && isStream()) {
      // It was given no port yet, if it was given none by bind(2).
      int at = localAddress != 0 ? localAddress : loopbackLike(addressOf(address));
      tap.refused(encode(at, localPort), address, true);
    }
  }

  @Override
  protected void showData(byte[] data) {
    PacketTap tap = network.tap();
    if (tap != null) {
      byte[] to = encode(peerAddress, peerPort);
      tap.data(localName(), to, MemorySegment.ofArray(data), 0, data.length);
    }
  }

  @Override
  protected void showEnded(boolean reset) {
    PacketTap tap = network.tap();
    if (tap != null) {
      tap.ended(localName(), encode(peerAddress, peerPort), reset);
    }
  }

  @Override
  protected void showDatagram(LocalSocket to, byte[] data) {
    PacketTap tap = network.tap();
    if (tap != null) {
      InetSocket receiver = (InetSocket) to;
      int at = receiver.localAddress != 0 ? receiver.localAddress : loopbackLike(localAddress);
      tap.datagram(nameFor(to), receiver.encode(at, receiver.localPort), data);
    }
  }

  @Override
  protected boolean sendsByAddress() {
    return !isStream();
  }

  @Override
  protected long connectByAddress(Task t, byte[] a) {
    long r = check(a);
    if (r < 0) {
      return r;
    }
    int address = addressOf(a);
    if (address == 0) {
      address = isV6() ? V6_LOOPBACK : LOOPBACK;
    }
    boolean far = goesOutside(a);
    if (!far && !isLocal(address)) {
      return unreachable(t, a);
    }
    r = autobind(t);
    if (r < 0) {
      return r;
    }
    if (localAddress == 0) {
      localAddress = far ? ownFor(a) : loopbackLike(address);
    }
    outsideDefault = far ? Arrays.copyOf(a, isV6() ? SIZE_6 : SIZE) : null;
    peerAddress = address;
    peerPort = portOf(a);
    hasDefault = true;
    return 0;
  }

  @Override
  protected void forgetAddress() {
    hasDefault = false;
    outsideDefault = null;
  }

  @Override
  protected byte @Nullable [] defaultAddress() {
    return !hasDefault
        ? null
        : outsideDefault != null ? outsideDefault : encode(peerAddress, peerPort);
  }

  private byte[] encode(int address, int port) {
    byte[] b = new byte[isV6() ? SIZE_6 : SIZE];
    b[0] = (byte) domain;
    b[2] = (byte) (port >> 8);
    b[3] = (byte) port;
    int at = 4;
    if (isV6()) {
      if (address == V6_OWN || address == V6_MEMBER) {
        System.arraycopy(address == V6_OWN ? V6_OWN_BYTES : network.v6Member(), 0, b, 8, 16);
        return b;
      }
      at = 20;
      if (address != 0 && address != V6_LOOPBACK) {
        b[18] = (byte) 0xff;
        b[19] = (byte) 0xff;
      }
    }
    b[at] = (byte) (address >> 24);
    b[at + 1] = (byte) (address >> 16);
    b[at + 2] = (byte) (address >> 8);
    b[at + 3] = (byte) address;
    return b;
  }

  private static int word(byte[] a, int at) {
    return (a[at] & 0xff) << 24
        | (a[at + 1] & 0xff) << 16
        | (a[at + 2] & 0xff) << 8
        | a[at + 3] & 0xff;
  }

  private int addressOf(byte[] a) {
    if (!isV6()) {
      int address = word(a, 4);
      return hasNoTwin(address) ? FOREIGN : address;
    }
    if (network.outside() != null && Arrays.equals(a, 8, 24, V6_OWN_BYTES, 0, 16)) {
      return V6_OWN;
    }
    if (network.memberAddress() != 0 && Arrays.equals(a, 8, 24, network.v6Member(), 0, 16)) {
      return V6_MEMBER;
    }
    int last = word(a, 20);
    if (word(a, 8) != 0 || word(a, 12) != 0) {
      return FOREIGN;
    }
    return switch (word(a, 16)) {
      case 0 -> last == 0 || last == V6_LOOPBACK ? last : FOREIGN;
      case 0xffff -> isV6Only() || hasNoTwin(last) ? FOREIGN : last;
      default -> FOREIGN;
    };
  }

  private static int portOf(byte[] a) {
    return (a[2] & 0xff) << 8 | a[3] & 0xff;
  }

  private long check(byte[] a) {
    if (a.length < (isV6() ? MIN_SIZE_6 : SIZE)) {
      return -Errno.EINVAL;
    }
    return a[0] == domain && a[1] == 0 ? 0 : -Errno.EAFNOSUPPORT;
  }

  private boolean isLocal(int address) {
    return address >>> 24 == 127
        || address == V6_LOOPBACK
        || network.outside() != null
            && (address == OWN
                || address == V6_OWN
                || address == V6_MEMBER
                || network.isOwnAsMember(address));
  }

  // ---- the network outside ----

  /** Sixteen bytes of an address; IPv4 mapped. */
  private byte[] wide(byte[] a) {
    if (isV6()) {
      return Arrays.copyOfRange(a, 8, 24);
    }
    byte[] b = new byte[16];
    b[10] = (byte) 0xff;
    b[11] = (byte) 0xff;
    System.arraycopy(a, 4, b, 12, 4);
    return b;
  }

  /** The error of an address that is not here, where there is no network to find it in. */
  private long unreachable(Task t, byte[] a) {
    if (network.outside() == null) {
      t.kernel().tellUnreachable(t, isStream() ? "tcp" : "udp", wide(a), portOf(a));
    }
    return -Errno.ENETUNREACH;
  }

  /** Where it is, as sixteen bytes. */
  public byte[] wideName() {
    return wide(localName());
  }

  public int port() {
    return localPort;
  }

  static boolean isMapped(byte[] wide) {
    for (int i = 0; i < 10; i++) {
      if (wide[i] != 0) {
        return false;
      }
    }
    return wide[10] == (byte) 0xff && wide[11] == (byte) 0xff;
  }

  private int ownFor(byte[] a) {
    byte[] wide = wide(a);
    return network.isMember(wide)
        ? isMapped(wide) ? network.memberAddress() : V6_MEMBER
        : isMapped(wide) ? OWN : V6_OWN;
  }

  @Override
  protected boolean goesOutside(byte[] a) {
    Outside outside = network.outside();
    if (outside == null || check(a) < 0) {
      return false;
    }
    int address = addressOf(a);
    byte[] wide = wide(a);
    boolean v4 = isMapped(wide);
    if (network.isInNamespace() && (address >>> 24 == 127 || address == V6_LOOPBACK)) {
      // Another sandbox in the namespace may be meant.
      return network.find(isStream(), address, portOf(a), null) == null;
    }
    return address != 0
        && !isLocal(address)
        && (v4 ? !isV6Only() : outside.hasV6() || network.isMember(wide));
  }

  /** Bound to loopback, nothing leads outside. */
  private boolean isKeptInside() {
    if (network.isInNamespace()) {
      return false;
    }
    return localAddress >>> 24 == 127 || localAddress == V6_LOOPBACK;
  }

  @Override
  protected @Nullable OutsideStream beginOutside(Task t, byte[] a, long[] error) {
    Outside outside = network.outside();
    if (outside == null || isKeptInside()) {
      error[0] = outside == null ? -Errno.ENETUNREACH : -Errno.EINVAL;
      return null;
    }
    byte[] name = Arrays.copyOf(a, isV6() ? SIZE_6 : SIZE);
    if (localAddress == 0) {
      peerAddress = ownFor(a);
    }
    error[0] = autobind(t);
    if (error[0] < 0) {
      return null;
    }
    if (localAddress == 0 || isKeptInside()) {
      localAddress = ownFor(a);
    }
    peerAddress = addressOf(a);
    peerPort = portOf(a);
    return OutsideStream.begin(t, this, outside, wide(a), peerPort, name, error);
  }

  @Override
  protected long sendOutside(Task t, byte[] a, byte[] data, SocketMessage m) {
    Outside outside = network.outside();
    if (outside == null) {
      return -Errno.ENETUNREACH;
    }
    if (isKeptInside()) {
      return -Errno.EINVAL;
    }
    byte[] address = wide(a);
    int port = portOf(a);
    PacketTap tap = network.tap();
    if (tap != null) {
      tap.datagram(encode(ownFor(a), localPort), a, data);
    }
    if (network.isMember(address)) {
      outside.sendToMember(address, port, localPort, data);
      return data.length;
    }
    Network.Way back = network.wayBack(localPort, address, port);
    if (back != null) {
      outside.reply(back.published(), back.peer(), port, data);
      return data.length;
    }
    OutsideFlows f = flows;
    if (f == null) {
      f = new OutsideFlows(this, outside);
      flows = f;
    }
    byte[] name = Arrays.copyOf(a, isV6() ? SIZE_6 : SIZE);
    return f.send(t, address, port, name, data, dontWait(m));
  }

  @Override
  protected boolean drainOutside() {
    OutsideFlows f = flows;
    return f != null && f.drain();
  }

  @Override
  protected void closeOutside() {
    OutsideFlows f = flows;
    if (f != null) {
      f.close();
    }
    if (listensAs >= 0) {
      network.unlistenOutside(listensAs);
      listensAs = -1;
    }
  }

  void setListensAs(int index) {
    listensAs = index;
  }

  @Override
  protected long listenOutside(Task t) {
    if (!network.isInNamespace()) {
      return 0;
    }
    byte[] at = boundAddress;
    return network.listenOutside(t, this, at != null ? at : wide(encode(0, 0)));
  }

  boolean hasDefaultDestination() {
    return hasDefault;
  }

  /** A datagram has come back from where one went. */
  void arriveFromOutside(byte[] data, byte[] from) {
    arriveFromOutside(data, from, OWN);
  }

  /** A datagram has come to one of this sandbox's own addresses. */
  void arriveFromOutside(byte[] data, byte[] from, int to) {
    if (hasDefault && !Arrays.equals(from, outsideDefault)) {
      return; // a connected socket hears its peer only
    }
    PacketTap tap = network.tap();
    if (tap != null) {
      tap.datagram(from, encode(ownFor(from), localPort), data);
    }
    PacketInfo packet =
        new PacketInfo(
            !isV6()
                ? Arrays.copyOfRange(encode(to, 0), 4, 8)
                : to == V6_MEMBER ? network.v6Member() : V6_OWN_BYTES.clone(),
            DEFAULT_HOPS,
            0);
    ReceiveQueue.Message m =
        new ReceiveQueue.Message(data, PeerCredentials.NOBODY, null, List.of(), packet);
    m.from = from;
    arriveFromOutside(m);
  }

  /** What a datagram met on its way (ICMP): told to who is connected. */
  void outsideFailed(int errno, byte[] name) {
    if (hasDefault && Arrays.equals(name, outsideDefault)) {
      error = errno;
      queue.wake(Poll.IN | Poll.OUT | Poll.ERR);
    }
  }

  /** Until when a datagram may wait for a way. */
  long sendDeadline() {
    return deadline(options.sendTimeoutNanos);
  }

  /** The name of somebody outside, as this socket shows addresses. */
  byte[] nameOf(byte[] wide, int port) {
    byte[] name = encode(0, port);
    if (isV6()) {
      System.arraycopy(wide, 0, name, 8, 16);
    } else if (isMapped(wide)) {
      System.arraycopy(wide, 12, name, 4, 4);
    } else {
      name = encode(GATEWAY, port); // an IPv6 address, of which IPv4 has no way to speak
    }
    return name;
  }

  /** A connection to a published port has come to this listener. */
  void acceptFromOutside(
      Task t, Outside outside, int fd, int published, byte[] peer, int port, int own) {
    Inode made = t.kernel().anonFileSystems().sockets().newInode(t, inode.mode, "socket:[%d]");
    InetSocket server = open(network, made, Fcntl.O_RDWR, domain, type, protocol);
    server.localAddress =
        localAddress != 0
            ? localAddress
            : isMapped(peer) || !isV6() || own == V6_MEMBER ? own : V6_OWN;
    server.localPort = localPort;
    server.hasPort = true;
    server.peerAddress = FOREIGN;
    server.peerPort = port;
    server.options.inherit(options);
    byte[] name = server.nameOf(peer, port);
    arriveFromOutside(
        server, OutsideStream.arrived(server, outside, fd, published, peer, port, name));
  }

  /** The loopback address of the kind that {@code other} is of. */
  private int loopbackLike(int other) {
    return hasNoTwin(other) || other == OWN || network.isOwnAsMember(other) ? other : LOOPBACK;
  }

  /** Who looks on at what goes outside. */
  @Nullable PacketTap tap() {
    return network.tap();
  }

  @Override
  public byte[] localName() {
    return encode(localAddress, localPort);
  }

  @Override
  protected byte[] nameFor(LocalSocket receiver) {
    InetSocket to = (InetSocket) receiver;
    int address = localAddress != 0 ? localAddress : loopbackLike(to.localAddress);
    return to.encode(address, localPort);
  }

  @Override
  public byte @Nullable [] peerName() {
    byte[] far = outsidePeer();
    if (far != null) {
      OutsideStream o = outside();
      return o == null || o.isEstablished() ? far.clone() : null;
    }
    return peer() == null && !hasDefault ? null : encode(peerAddress, peerPort);
  }

  @Override
  public long bind(Task t, byte[] a) {
    long r = check(a);
    if (r == -Errno.EAFNOSUPPORT && !isV6() && a[0] == 0 && a[1] == 0 && addressOf(a) == 0) {
      r = 0; // AF_UNSPEC, as long as the address is none either
    }
    if (r < 0) {
      return r;
    }
    if (hasPort) {
      return -Errno.EINVAL;
    }
    int address = addressOf(a);
    int port = portOf(a);
    boolean shared = network.isInNamespace();
    if (address != 0 && !isLocal(address) && (!shared || address == FOREIGN)) {
      return -Errno.EADDRNOTAVAIL;
    }
    if (port != 0
        && port < network.firstUnprivilegedPort()
        && !t.creds.capable(Capability.CAP_NET_BIND_SERVICE)) {
      return -Errno.EACCES;
    }
    r = network.bindPort(this, address, port);
    if (r == 0 && shared) {
      boundAddress = wide(a);
      if (isStream()) {
        return 0;
      }
      r = listenOutside(t);
      if (r < 0) {
        network.releasePort(this, localPort);
        hasPort = false;
        ownsPort = false;
        localAddress = 0;
        localPort = 0;
      }
    }
    return r;
  }

  @Override
  protected void unbind() {
    if (ownsPort) {
      network.releasePort(this, localPort);
    }
  }

  @Override
  protected long checkDestination(byte[] a) {
    long r = check(a);
    if (r == -Errno.EAFNOSUPPORT && !isV6() && a[0] == 0 && a[1] == 0) {
      r = 0; // AF_UNSPEC is taken for AF_INET
    }
    return r < 0 ? r : portOf(a) == 0 ? -Errno.EINVAL : 0;
  }

  @Override
  protected long find(Task t, byte[] a, LocalSocket[] out) {
    long r = check(a);
    if (r < 0) {
      return r;
    }
    int address = addressOf(a);
    if (address == 0) {
      address = isV6() ? V6_LOOPBACK : LOOPBACK;
    }
    if (!isLocal(address)) {
      return unreachable(t, a);
    }
    InetSocket found = network.find(isStream(), address, portOf(a), this);
    if (found == null) {
      return -Errno.ECONNREFUSED;
    }
    if (isStream() && peer() == null) {
      peerAddress = address;
      peerPort = portOf(a);
    }
    out[0] = found;
    return 0;
  }

  @Override
  protected LocalSocket newServerSide(Task t, LocalSocket client, byte[] address) {
    Inode made = t.kernel().anonFileSystems().sockets().newInode(t, inode.mode, "socket:[%d]");
    InetSocket server = open(network, made, Fcntl.O_RDWR, domain, type, protocol);
    InetSocket c = (InetSocket) client;
    if (c.localAddress == 0) {
      c.localAddress = loopbackLike(c.peerAddress);
    }
    server.localAddress = c.peerAddress;
    server.localPort = localPort;
    server.hasPort = true;
    server.peerAddress = c.localAddress;
    server.peerPort = c.localPort;
    server.options.inherit(options);
    server.receiveBufferChanged(options.receiveBuffer);
    return server;
  }

  @Override
  protected long autobind(Task t) {
    return hasPort ? 0 : network.bindPort(this, isStream() ? loopbackLike(peerAddress) : 0, 0);
  }

  @Override
  protected long listenNamed(Task t) {
    return hasPort ? 0 : network.bindPort(this, 0, 0);
  }

  @Override
  protected @Nullable PacketInfo packetFor(
      LocalSocket receiver, byte @Nullable [] to, SocketMessage m) {
    InetSocket r = (InetSocket) receiver;
    int address = to == null ? 0 : addressOf(to);
    if (address == 0) {
      address = isV6() ? V6_LOOPBACK : LOOPBACK;
    }
    byte[] name = r.encode(address, 0);
    byte[] shown = r.isV6() ? Arrays.copyOfRange(name, 8, 24) : Arrays.copyOfRange(name, 4, 8);
    int hops = m.hops;
    int trafficClass = m.trafficClass;
    if (isV6()) {
      hops = hops >= 0 ? hops : options.kept(Sockets.IPPROTO_IPV6, Sockets.IPV6_UNICAST_HOPS, -1);
      trafficClass =
          trafficClass >= 0
              ? trafficClass
              : options.kept(Sockets.IPPROTO_IPV6, Sockets.IPV6_TCLASS, 0);
    } else {
      hops = hops >= 0 ? hops : options.kept(Sockets.IPPROTO_IP, Sockets.IP_TTL, -1);
      trafficClass =
          trafficClass >= 0 ? trafficClass : options.kept(Sockets.IPPROTO_IP, Sockets.IP_TOS, 0);
    }
    return new PacketInfo(shown, hops < 0 ? DEFAULT_HOPS : hops, Math.max(0, trafficClass));
  }

  @Override
  protected boolean dropsWhenFull() {
    return !isStream();
  }

  @Override
  protected int noPeer() {
    return -Errno.EDESTADDRREQ;
  }

  @Override
  protected int maxDatagram() {
    return MAX_UDP;
  }
}
