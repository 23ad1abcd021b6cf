package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.net.outside.Outside;
import dev.vivarium.sentry.vfs.Inode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;

/**
 * A netlink socket. One for routing (rtnetlink(7)) tells of the interfaces, lo and where there is a
 * network eth0, their addresses and routes; nothing can be changed through it. One for diagnostics
 * tells of sockets.
 */
public final class NetlinkSocket extends SocketFile {
  public static final int NETLINK_ROUTE = 0;
  public static final int NETLINK_SOCK_DIAG = 4;

  private static final int HEADER = 16;
  private static final int MAX_REQUEST = 64 * 1024;
  private static final int MAX_ANSWERS = 64;
  private static final int NLMSG_ERROR = 2;
  private static final int NLMSG_DONE = 3;
  private static final int NLM_F_MULTI = 2;
  private static final int NLM_F_ACK = 4;
  private static final int NLM_F_DUMP = 0x300;
  private static final int RTM_NEWLINK = 16;
  private static final int RTM_GETLINK = 18;
  private static final int RTM_NEWADDR = 20;
  private static final int RTM_GETADDR = 22;
  private static final int RTM_NEWROUTE = 24;
  private static final int RTM_GETROUTE = 26;

  /** The numbers of the interfaces. */
  private static final int LO = 1;

  private static final int ETH = 2;
  private static final int IFLA_IFNAME = 3;
  private static final int IFLA_ALT_IFNAME = 53;

  /** Bytes of {@code struct ifinfomsg}. */
  private static final int IFINFO = 16;

  /** Counters of {@code struct rtnl_link_stats}. */
  private static final int STATISTICS = 24;

  private final ArrayDeque<byte[]> answers = new ArrayDeque<>();
  private final SocketDiagnostics diagnostics;
  private final Network network;
  private int portId;

  public NetlinkSocket(Network network, Inode inode, int flags, int type, int protocol) {
    super(inode, flags, Sockets.AF_NETLINK, type, protocol);
    this.network = network;
    this.diagnostics = new SocketDiagnostics(network, answers);
  }

  /** Puts in a message of the kernel's own (mq_notify); lost if nobody reads, as on Linux. */
  public void deliver(byte[] message) {
    if (answers.size() < MAX_ANSWERS) {
      answers.add(message);
      queue.wake(Poll.IN | Poll.RDNORM);
    }
  }

  private static byte[] name(int portId) {
    byte[] b = new byte[12];
    b[0] = Sockets.AF_NETLINK;
    Bytes.putInt(b, 4, portId);
    return b;
  }

  @Override
  public long bind(Task t, byte[] address) {
    if (address.length < 12) {
      return -Errno.EINVAL;
    }
    if (address[0] != Sockets.AF_NETLINK) {
      return -Errno.EINVAL;
    }
    int wanted = Bytes.getInt(address, 4);
    portId = wanted != 0 ? wanted : t.group.pid();
    return 0;
  }

  @Override
  public long connect(Task t, byte[] address) {
    if (portId == 0) {
      portId = t.group.pid();
    }
    return 0;
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
    return name(portId);
  }

  @Override
  public byte[] peerName() {
    return name(0);
  }

  @Override
  public long shutdown(Task t, int how) {
    return -Errno.EOPNOTSUPP;
  }

  @Override
  public long send(Task t, Uio src, SocketMessage m) {
    if (src.remaining() > MAX_REQUEST) {
      return -Errno.EMSGSIZE;
    }
    if (portId == 0) {
      portId = t.group.pid();
    }
    byte[] b = new byte[(int) src.remaining()];
    long n = src.take(b, 0, b.length);
    if (n < 0) {
      return n;
    }
    int at = 0;
    while (at + HEADER <= b.length && answers.size() < MAX_ANSWERS) {
      int length = Bytes.getInt(b, at);
      if (length < HEADER || length > b.length - at) {
        break;
      }
      if (protocol == NETLINK_SOCK_DIAG) {
        diagnose(b, at, length);
      } else {
        answer(b, at, length);
      }
      at += length + 3 & ~3;
    }
    queue.wake(Poll.IN | Poll.RDNORM);
    return n;
  }

  private void diagnose(byte[] request, int at, int length) {
    int sequence = Bytes.getInt(request, at + 8);
    int errno = diagnostics.answer(request, at, length, portId);
    answers.add(errno == 0 ? done(sequence) : error(request, at, sequence, errno));
  }

  private void answer(byte[] request, int at, int length) {
    int type = Bytes.getShort(request, at + 4) & 0xffff;
    int flags = Bytes.getShort(request, at + 6);
    int sequence = Bytes.getInt(request, at + 8);
    int family = length > HEADER ? request[at + HEADER] & 0xff : 0;
    boolean dump = (flags & NLM_F_DUMP) != 0 && (type & 3) == 2; // of RTM_GET* only
    switch (type) {
      case RTM_GETLINK -> {
        int asked = dump ? 0 : askedFor(request, at, length);
        if (asked < 0) {
          answers.add(error(request, at, sequence, Errno.ENODEV));
          return;
        }
        if (asked != ETH) {
          answers.add(link(sequence, dump));
        }
        if (asked != LO && hasEth()) {
          answers.add(ethLink(sequence, dump));
        }
        if (dump) {
          answers.add(done(sequence));
        }
      }
      case RTM_GETADDR -> {
        if (family == 0 || family == Sockets.AF_INET) {
          answers.add(address(sequence, Sockets.AF_INET));
          if (hasEth()) {
            answers.add(ethAddress(sequence, InetSocket.OWN, bytes(InetSocket.OWN)));
            if (network.memberAddress() != 0) {
              int member = network.memberAddress();
              answers.add(ethAddress(sequence, member, bytes(member)));
            }
          }
        }
        if (family == 0 || family == Sockets.AF_INET6) {
          answers.add(address(sequence, Sockets.AF_INET6));
          if (hasV6()) {
            answers.add(ethAddress(sequence, 0, InetSocket.v6Own()));
          }
          if (network.memberAddress() != 0) {
            answers.add(ethAddress(sequence, 0, network.v6Member()));
          }
        }
        answers.add(done(sequence));
      }
      case RTM_GETROUTE -> {
        if (hasEth() && (family == 0 || family == Sockets.AF_INET)) {
          answers.add(route(sequence, dump, Sockets.AF_INET, true));
          if (dump) {
            answers.add(route(sequence, true, Sockets.AF_INET, false));
            if (network.memberAddress() != 0) {
              int member = network.memberAddress();
              answers.add(memberRoute(sequence, bytes(member & ~0xff), bytes(member)));
            }
          }
        } else if (!dump) {
          answers.add(error(request, at, sequence, Errno.ENETUNREACH));
        }
        if (dump && hasV6() && (family == 0 || family == Sockets.AF_INET6)) {
          answers.add(route(sequence, true, Sockets.AF_INET6, true));
          answers.add(route(sequence, true, Sockets.AF_INET6, false));
        }
        if (dump && network.memberAddress() != 0 && (family == 0 || family == Sockets.AF_INET6)) {
          byte[] members = network.v6Member();
          members[15] = 0;
          answers.add(memberRoute(sequence, members, new byte[0]));
        }
        if (dump) {
          answers.add(done(sequence));
        }
      }
      default -> {
        if (dump) {
          answers.add(done(sequence)); // neighbours, rules …: there are none
        } else if (type >= RTM_NEWLINK || (flags & NLM_F_ACK) != 0) {
          answers.add(error(request, at, sequence, Errno.EPERM));
        }
      }
    }
  }

  private boolean hasEth() {
    return network.outside() != null;
  }

  private boolean hasV6() {
    Outside outside = network.outside();
    return outside != null && outside.hasV6();
  }

  /** Which interface RTM_GETLINK asks for, by its number or its name; -1 if there is none such. */
  private int askedFor(byte[] request, int at, int length) {
    int index = length < HEADER + IFINFO ? 0 : Bytes.getInt(request, at + HEADER + 4);
    if (index != 0) {
      return index == LO || index == ETH && hasEth() ? index : -1;
    }
    int i = HEADER + IFINFO;
    while (i + 4 <= length) {
      int size = Bytes.getShort(request, at + i) & 0xffff;
      int type = Bytes.getShort(request, at + i + 2) & 0x3fff;
      if (size < 4 || i + size > length) {
        return -1;
      }
      if (type == IFLA_IFNAME || type == IFLA_ALT_IFNAME) {
        String name = new String(request, at + i + 4, size - 4, StandardCharsets.ISO_8859_1);
        int end = name.indexOf(0);
        return switch (end < 0 ? name : name.substring(0, end)) {
          case "lo" -> LO;
          case "eth0" -> hasEth() ? ETH : -1;
          default -> -1;
        };
      }
      i += size + 3 & ~3;
    }
    return -1;
  }

  /** One netlink message in the making. */
  private final class Builder {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Builder(int type, int flags, int sequence) {
      int32(0);
      int32(type | flags << 16);
      int32(sequence);
      int32(portId);
    }

    Builder int32(int value) {
      byte[] b = new byte[4];
      Bytes.putInt(b, 0, value);
      out.writeBytes(b);
      return this;
    }

    Builder attribute(int type, byte[] value) {
      int32(4 + value.length | type << 16);
      out.writeBytes(value);
      out.writeBytes(new byte[-value.length & 3]);
      return this;
    }

    Builder attribute(int type, int value) {
      byte[] b = new byte[4];
      Bytes.putInt(b, 0, value);
      return attribute(type, b);
    }

    byte[] done() {
      byte[] b = out.toByteArray();
      Bytes.putInt(b, 0, b.length);
      return b;
    }
  }

  private byte[] link(int sequence, boolean multi) {
    int loopback = 772; // ARPHRD_LOOPBACK
    int upRunning = 0x10049; // IFF_UP, LOOPBACK, RUNNING, LOWER_UP
    return new Builder(RTM_NEWLINK, multi ? NLM_F_MULTI : 0, sequence)
        .int32(loopback << 16)
        .int32(1)
        .int32(upRunning)
        .int32(0)
        .attribute(IFLA_IFNAME, new byte[] {'l', 'o', 0})
        .attribute(13, 1000) // IFLA_TXQLEN
        .attribute(16, new byte[] {0}) // IFLA_OPERSTATE
        .attribute(17, new byte[] {0}) // IFLA_LINKMODE
        .attribute(4, 65_536) // IFLA_MTU
        .attribute(27, 0) // IFLA_GROUP
        .attribute(30, 0) // IFLA_PROMISCUITY
        .attribute(31, 1) // IFLA_NUM_TX_QUEUES
        .attribute(32, 1) // IFLA_NUM_RX_QUEUES
        .attribute(33, new byte[] {1}) // IFLA_CARRIER
        .attribute(1, new byte[6]) // IFLA_ADDRESS
        .attribute(2, new byte[6]) // IFLA_BROADCAST
        .attribute(23, statistics(false, 8)) // IFLA_STATS64
        .attribute(7, statistics(false, 4)) // IFLA_STATS
        .attribute(6, new byte[] {'n', 'o', 'q', 'u', 'e', 'u', 'e', 0}) // IFLA_QDISC
        .done();
  }

  /** Packets and bytes that went by; nothing else is counted, for it does not happen. */
  private byte[] statistics(boolean eth, int width) {
    long[] traffic = network.traffic(eth);
    byte[] b = new byte[STATISTICS * width];
    long[] first = {traffic[1], traffic[3], traffic[0], traffic[2]}; // packets, then bytes
    for (int i = 0; i < first.length; i++) {
      if (width == 8) {
        Bytes.putLong(b, i * width, first[i]);
      } else {
        Bytes.putInt(b, i * width, (int) first[i]);
      }
    }
    return b;
  }

  private byte[] address(int sequence, int family) {
    boolean v6 = family == Sockets.AF_INET6;
    byte[] value = v6 ? new byte[16] : new byte[] {127, 0, 0, 1};
    value[value.length - 1] = 1;
    int prefix = v6 ? 128 : 8;
    int permanent = 0x80; // IFA_F_PERMANENT
    int host = 254; // RT_SCOPE_HOST
    Builder b =
        new Builder(RTM_NEWADDR, NLM_F_MULTI, sequence)
            .int32(family | prefix << 8 | permanent << 16 | host << 24)
            .int32(1)
            .attribute(1, value); // IFA_ADDRESS
    if (!v6) {
      b.attribute(2, value).attribute(3, new byte[] {'l', 'o', 0}); // IFA_LOCAL, IFA_LABEL
    }
    byte[] forever = new byte[16]; // struct ifa_cacheinfo: valid and preferred for ever
    Bytes.putLong(forever, 0, -1);
    return b.attribute(8, permanent).attribute(6, forever).done(); // IFA_FLAGS, IFA_CACHEINFO
  }

  private byte[] ethLink(int sequence, boolean multi) {
    int ethernet = 1; // ARPHRD_ETHER
    int upRunning = 0x11043; // IFF_UP, BROADCAST, RUNNING, MULTICAST, LOWER_UP
    return new Builder(RTM_NEWLINK, multi ? NLM_F_MULTI : 0, sequence)
        .int32(ethernet << 16)
        .int32(ETH)
        .int32(upRunning)
        .int32(0)
        .attribute(IFLA_IFNAME, new byte[] {'e', 't', 'h', '0', 0})
        .attribute(13, 1000) // IFLA_TXQLEN
        .attribute(16, new byte[] {6}) // IFLA_OPERSTATE: up
        .attribute(17, new byte[] {0}) // IFLA_LINKMODE
        .attribute(4, InterfaceIoctls.ETH_MTU) // IFLA_MTU
        .attribute(27, 0) // IFLA_GROUP
        .attribute(30, 0) // IFLA_PROMISCUITY
        .attribute(31, 1) // IFLA_NUM_TX_QUEUES
        .attribute(32, 1) // IFLA_NUM_RX_QUEUES
        .attribute(33, new byte[] {1}) // IFLA_CARRIER
        .attribute(1, InterfaceIoctls.ETH_HARDWARE.clone()) // IFLA_ADDRESS
        .attribute(2, new byte[] {-1, -1, -1, -1, -1, -1}) // IFLA_BROADCAST
        .attribute(23, statistics(true, 8)) // IFLA_STATS64
        .attribute(7, statistics(true, 4)) // IFLA_STATS
        .attribute(6, new byte[] {'n', 'o', 'q', 'u', 'e', 'u', 'e', 0}) // IFLA_QDISC
        .done();
  }

  private static byte[] bytes(int address) {
    return new byte[] {
      (byte) (address >> 24), (byte) (address >> 16), (byte) (address >> 8), (byte) address
    };
  }

  private byte[] ethAddress(int sequence, int v4, byte[] value) {
    boolean v6 = value.length == 16;
    int family = v6 ? Sockets.AF_INET6 : Sockets.AF_INET;
    int permanent = 0x80; // IFA_F_PERMANENT
    Builder b =
        new Builder(RTM_NEWADDR, NLM_F_MULTI, sequence)
            .int32(family | (v6 ? 64 : 24) << 8 | permanent << 16)
            .int32(ETH)
            .attribute(1, value); // IFA_ADDRESS
    if (!v6) {
      b.attribute(2, value) // IFA_LOCAL
          .attribute(4, bytes(v4 | 0xff)) // IFA_BROADCAST
          .attribute(3, new byte[] {'e', 't', 'h', '0', 0}); // IFA_LABEL
    }
    byte[] forever = new byte[16];
    Bytes.putLong(forever, 0, -1);
    return b.attribute(8, permanent).attribute(6, forever).done();
  }

  /** The default route by the gateway, or that to the gateway's network. */
  private byte[] route(int sequence, boolean multi, int family, boolean byGateway) {
    boolean v6 = family == Sockets.AF_INET6;
    int bits = byGateway ? 0 : v6 ? 64 : 24;
    int protocol = byGateway ? 3 : 2; // RTPROT_BOOT, RTPROT_KERNEL
    int scope = byGateway || v6 ? 0 : 253; // RT_SCOPE_LINK
    int main = 254; // RT_TABLE_MAIN
    Builder b =
        new Builder(RTM_NEWROUTE, multi ? NLM_F_MULTI : 0, sequence)
            .int32(family | bits << 8)
            .int32(main | protocol << 8 | scope << 16 | 1 << 24) // RTN_UNICAST
            .int32(0)
            .attribute(15, main); // RTA_TABLE
    byte[] gateway = v6 ? InetSocket.v6Own() : new byte[] {10, 86, 0, 1};
    if (v6) {
      gateway[15] = 1;
    }
    if (byGateway) {
      b.attribute(5, gateway); // RTA_GATEWAY
    } else {
      gateway[gateway.length - 1] = 0;
      b.attribute(1, gateway); // RTA_DST
      if (!v6) {
        b.attribute(7, new byte[] {10, 86, 0, 2}); // RTA_PREFSRC
      }
    }
    return b.attribute(4, ETH).done(); // RTA_OIF
  }

  /** The route to the private network. */
  private byte[] memberRoute(int sequence, byte[] to, byte[] preferred) {
    boolean v6 = to.length == 16;
    int scope = v6 ? 0 : 253; // RT_SCOPE_LINK
    int main = 254; // RT_TABLE_MAIN
    Builder b =
        new Builder(RTM_NEWROUTE, NLM_F_MULTI, sequence)
            .int32(v6 ? Sockets.AF_INET6 | 64 << 8 : Sockets.AF_INET | 24 << 8)
            .int32(main | 2 << 8 | scope << 16 | 1 << 24) // RTPROT_KERNEL, RTN_UNICAST
            .int32(0)
            .attribute(15, main) // RTA_TABLE
            .attribute(1, to); // RTA_DST
    if (preferred.length > 0) {
      b.attribute(7, preferred); // RTA_PREFSRC
    }
    return b.attribute(4, ETH).done(); // RTA_OIF
  }

  private byte[] done(int sequence) {
    return new Builder(NLMSG_DONE, NLM_F_MULTI, sequence).int32(0).done();
  }

  private byte[] error(byte[] request, int at, int sequence, int errno) {
    Builder b = new Builder(NLMSG_ERROR, 0, sequence).int32(-errno);
    b.out.write(request, at, HEADER);
    return b.done();
  }

  @Override
  public long receive(Task t, Uio dst, SocketMessage m) {
    long deadline = deadline(options.receiveTimeoutNanos);
    while (answers.isEmpty()) {
      long w = dontWait(m) ? -Errno.EAGAIN : await(t, queue, deadline);
      if (w < 0) {
        return w;
      }
    }
    if (dst.remaining() > 0 && dst.peek(true) < 0) {
      return -Errno.EFAULT;
    }
    byte[] first = (m.flags & Sockets.MSG_PEEK) != 0 ? answers.peekFirst() : answers.pollFirst();
    if (first == null) {
      return -Errno.EAGAIN;
    }
    m.address = name(0);
    m.fullLength = first.length;
    int n = (int) Math.min(first.length, dst.remaining());
    if (n < first.length) {
      m.resultFlags |= Sockets.MSG_TRUNC;
    }
    long r = n == 0 ? 0 : dst.put(first, 0, n);
    return r < 0 ? r : (m.flags & Sockets.MSG_TRUNC) != 0 ? first.length : r;
  }

  @Override
  public int poll() {
    int events = Poll.OUT | Poll.WRNORM;
    return answers.isEmpty() ? events : events | Poll.IN | Poll.RDNORM;
  }

  @Override
  public long ioctl(Task t, int command, long argument) {
    return InterfaceIoctls.ioctl(t, command, argument);
  }
}
