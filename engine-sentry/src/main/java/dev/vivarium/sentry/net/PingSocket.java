package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.net.outside.Outside;
import dev.vivarium.sentry.vfs.Inode;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * ICMP echo to this sandbox's own addresses, as a datagram socket or, for who may have one, a raw
 * one. Nothing of it leaves: an answer is made here from the request.
 */
public final class PingSocket extends SocketFile {
  private static final int SIZE = 16;
  private static final int SIZE_6 = 28;
  private static final int MIN_SIZE_6 = 24;
  private static final int HEADER = 8;
  private static final int IP_HEADER = 20;
  private static final int MAX_LENGTH = 65_507;
  private static final int REQUEST = 8;
  private static final int REPLY = 0;
  private static final int REQUEST_6 = 128;
  private static final int REPLY_6 = 129;
  static final int SOL_RAW = 255;
  private static final int ICMP_FILTER = 1;
  private static final int MSG_ERRQUEUE = 0x2000;
  private static final int HOPS = 64;

  private final Network network;
  private final ReceiveQueue received = new ReceiveQueue();

  /** What echoes of a datagram socket carry, and come back by. */
  private int identifier;

  private byte @Nullable [] bound;
  private byte @Nullable [] peer;
  private boolean receiveShut;

  public PingSocket(Network network, Inode inode, int flags, int domain, int type, int protocol) {
    super(inode, flags, domain, type, protocol);
    this.network = network;
  }

  private boolean isV6() {
    return domain == Sockets.AF_INET6;
  }

  private boolean isRaw() {
    return type == Sockets.SOCK_RAW;
  }

  private int size() {
    return isV6() ? SIZE_6 : SIZE;
  }

  private long check(byte[] a) {
    return a.length < (isV6() ? MIN_SIZE_6 : SIZE)
        ? -Errno.EINVAL
        : a[0] == domain && a[1] == 0 ? 0 : -Errno.EAFNOSUPPORT;
  }

  private byte[] name(byte @Nullable [] address, int port) {
    byte[] b = address == null ? new byte[size()] : Arrays.copyOf(address, size());
    b[0] = (byte) domain;
    b[1] = 0;
    b[2] = (byte) (port >> 8);
    b[3] = (byte) port;
    return b;
  }

  /** Sixteen bytes of the address of a name; IPv4 mapped. */
  private byte[] wide(byte[] name) {
    if (isV6()) {
      return Arrays.copyOfRange(name, 8, 24);
    }
    byte[] b = new byte[16];
    b[10] = (byte) 0xff;
    b[11] = (byte) 0xff;
    System.arraycopy(name, 4, b, 12, 4);
    return b;
  }

  /** Whether an address is one of this sandbox's, which answers; all zeros are its loopback. */
  private boolean isOwn(byte[] name) {
    byte[] a = wide(name);
    if (isV6()) {
      for (int i = 0; i < 15; i++) {
        if (a[i] != 0) {
          return network.outside() != null
              && (Arrays.equals(a, InetSocket.v6Own())
                  || network.memberAddress() != 0 && Arrays.equals(a, network.v6Member()));
        }
      }
      return a[15] == 1 || a[15] == 0;
    }
    int v4 = (a[12] & 0xff) << 24 | (a[13] & 0xff) << 16 | (a[14] & 0xff) << 8 | a[15] & 0xff;
    return v4 == 0
        || v4 >>> 24 == 127
        || network.outside() != null && (v4 == InetSocket.OWN || network.isOwnAsMember(v4));
  }

  @Override
  public long bind(Task t, byte[] a) {
    long r = check(a);
    if (r < 0) {
      return r;
    }
    if (!isOwn(a)) {
      return -Errno.EADDRNOTAVAIL;
    }
    bound = a.clone();
    int wanted = (a[2] & 0xff) << 8 | a[3] & 0xff;
    identifier = wanted != 0 ? wanted : identifier();
    return 0;
  }

  private int identifier() {
    if (identifier == 0) {
      identifier = network.nextPingIdentifier();
    }
    return identifier;
  }

  @Override
  public long connect(Task t, byte[] a) {
    if (a.length >= 2 && a[0] == 0 && a[1] == 0) {
      peer = null;
      return 0;
    }
    long r = check(a);
    if (r == 0) {
      r = reach(t, a);
    }
    if (r == 0) {
      peer = a.clone();
      identifier();
    }
    return r;
  }

  /** 0 for what is here; nothing else can be pinged, and where there is a network it is told. */
  private long reach(Task t, byte[] a) {
    if (isOwn(a)) {
      return 0;
    }
    Outside outside = network.outside();
    if (outside == null) {
      t.kernel().tellUnreachable(t, "icmp", wide(a), 0);
      return -Errno.ENETUNREACH;
    }
    outside.observer().refused(t.group.pid(), "icmp", wide(a));
    return -Errno.EACCES;
  }

  @Override
  public long listen(Task t, int backlog) {
    return -Errno.EOPNOTSUPP;
  }

  @Override
  public long accept(Task t, SocketFile[] out) {
    return -Errno.EOPNOTSUPP;
  }

  @Override
  public byte[] localName() {
    byte[] from = bound != null ? bound : peer; // everything own answers as itself
    return name(from, isRaw() ? protocol : identifier);
  }

  @Override
  public byte @Nullable [] peerName() {
    byte[] p = peer;
    return p == null ? null : name(p, isRaw() ? 0 : (p[2] & 0xff) << 8 | p[3] & 0xff);
  }

  @Override
  public long shutdown(Task t, int how) {
    if (how < Sockets.SHUT_RD || how > Sockets.SHUT_RDWR) {
      return -Errno.EINVAL;
    }
    if (peer == null) {
      return -Errno.ENOTCONN;
    }
    receiveShut |= how != Sockets.SHUT_WR;
    queue.wake(0);
    return 0;
  }

  @Override
  public long send(Task t, Uio src, SocketMessage m) {
    m.rights.forEach(f -> f.drop(t));
    m.rights = java.util.List.of();
    byte[] to = m.address != null && m.address.length > 0 ? m.address : peer;
    if (to == null) {
      return -Errno.EDESTADDRREQ;
    }
    long r = check(to);
    if (r < 0) {
      return r;
    }
    int length = (int) Math.min(src.remaining(), MAX_LENGTH + 1L);
    if (length > MAX_LENGTH) {
      return -Errno.EMSGSIZE;
    }
    if (length < HEADER) {
      return -Errno.EINVAL;
    }
    byte[] data = new byte[length];
    if (src.take(data, 0, length) < length) {
      return -Errno.EFAULT;
    }
    int request = isV6() ? REQUEST_6 : REQUEST;
    boolean isEcho = (data[0] & 0xff) == request && data[1] == 0;
    if (!isRaw() && !isEcho) {
      return -Errno.EINVAL;
    }
    r = reach(t, to);
    if (r < 0) {
      return r;
    }
    if (isRaw()) {
      arrive(data.clone(), to); // who listens to everything hears himself too
    } else {
      data[4] = (byte) (identifier() >> 8);
      data[5] = (byte) identifier;
    }
    if (isEcho) {
      data[0] = (byte) (isV6() ? REPLY_6 : REPLY);
      data[2] = 0;
      data[3] = 0;
      if (!isV6()) {
        int sum = checksum(data, data.length);
        data[2] = (byte) (sum >> 8);
        data[3] = (byte) sum;
      }
      arrive(data, to);
    }
    return length;
  }

  private void arrive(byte[] icmp, byte[] from) {
    int filter = isRaw() && !isV6() ? options.kept(SOL_RAW, ICMP_FILTER, 0) : 0;
    if ((icmp[0] & 0xe0) == 0 && (filter >>> icmp[0] & 1) != 0) {
      return;
    }
    byte[] name = name(from, 0);
    boolean any = true;
    for (int i = isV6() ? 8 : 4; i < (isV6() ? 24 : 8); i++) {
      any &= name[i] == 0;
    }
    if (any) { // all zeros were its loopback
      name[isV6() ? 23 : 7] = 1;
      name[4] = (byte) (isV6() ? 0 : 127);
    }
    byte[] whole = isRaw() && !isV6() ? withHeader(icmp, name) : icmp;
    if (!receiveShut && received.hasRoom(whole.length)) {
      byte[] own = isV6() ? Arrays.copyOfRange(name, 8, 24) : Arrays.copyOfRange(name, 4, 8);
      ReceiveQueue.Message made =
          new ReceiveQueue.Message(
              whole,
              PeerCredentials.NOBODY,
              null,
              java.util.List.of(),
              new PacketInfo(own, HOPS, 0));
      made.from = name;
      received.add(made);
      network.countLoopback(whole.length);
      queue.wake(Poll.IN | Poll.RDNORM);
    }
  }

  private static byte[] withHeader(byte[] icmp, byte[] name) {
    byte[] b = new byte[IP_HEADER + icmp.length];
    b[0] = 0x45;
    b[2] = (byte) (b.length >> 8);
    b[3] = (byte) b.length;
    b[8] = HOPS;
    b[9] = Sockets.IPPROTO_ICMP;
    System.arraycopy(name, 4, b, 12, 4);
    System.arraycopy(name, 4, b, 16, 4);
    int sum = checksum(b, IP_HEADER);
    b[10] = (byte) (sum >> 8);
    b[11] = (byte) sum;
    System.arraycopy(icmp, 0, b, IP_HEADER, icmp.length);
    return b;
  }

  /** RFC 1071. */
  private static int checksum(byte[] b, int length) {
    int sum = 0;
    for (int i = 0; i < length; i += 2) {
      sum += (b[i] & 0xff) << 8 | (i + 1 < length ? b[i + 1] & 0xff : 0);
    }
    while (sum >>> 16 != 0) {
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return ~sum & 0xffff;
  }

  @Override
  public long receive(Task t, Uio dst, SocketMessage m) {
    if ((m.flags & MSG_ERRQUEUE) != 0) {
      return -Errno.EAGAIN; // errors are told at once
    }
    long deadline = deadline(options.receiveTimeoutNanos);
    while (received.isEmpty()) {
      if (receiveShut) {
        return 0;
      }
      long w = dontWait(m) ? -Errno.EAGAIN : await(t, queue, deadline);
      if (w < 0) {
        return w;
      }
    }
    if (dst.remaining() > 0 && dst.peek(true) < 0) {
      return -Errno.EFAULT;
    }
    ReceiveQueue.Message first = received.first();
    if (first == null) {
      return -Errno.EAGAIN; // another thread was quicker
    }
    if ((m.flags & Sockets.MSG_PEEK) == 0) {
      received.removeFirst();
    }
    m.address = first.from;
    m.fullLength = first.data.length;
    m.packet = first.packet;
    int n = (int) Math.min(first.data.length, dst.remaining());
    if (n < first.data.length) {
      m.resultFlags |= Sockets.MSG_TRUNC;
    }
    long r = n == 0 ? 0 : dst.put(first.data, 0, n);
    return r < 0 ? r : (m.flags & Sockets.MSG_TRUNC) != 0 ? first.data.length : r;
  }

  @Override
  protected void receiveBufferChanged(int bytes) {
    received.limit = bytes;
  }

  @Override
  public int poll() {
    int events = Poll.OUT | Poll.WRNORM;
    return received.isEmpty() && !receiveShut ? events : events | Poll.IN | Poll.RDNORM;
  }

  @Override
  public long ioctl(Task t, int command, long argument) {
    return InterfaceIoctls.ioctl(t, command, argument);
  }
}
