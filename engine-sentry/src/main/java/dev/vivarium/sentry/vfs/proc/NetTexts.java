package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.net.InetSocket;
import dev.vivarium.sentry.net.LocalSocket;
import dev.vivarium.sentry.net.UnixSocket;
import dev.vivarium.sentry.net.outside.Outside;
import dev.vivarium.sentry.vfs.StaticDirectory;

/** /proc/PID/net: the sandbox's one network namespace. */
final class NetTexts {
  private NetTexts() {}

  static StaticDirectory directory(ProcFs fs) {
    StaticDirectory d = new StaticDirectory(fs, fs.nextIno(), 0555);
    fs.text(
        d,
        "arp",
        t -> "IP address       HW type     Flags       HW address            Mask     Device\n");
    fs.text(d, "dev", t -> DEV + device(t, false) + (hasEth(t) ? device(t, true) : ""));
    fs.text(d, "if_inet6", t -> V6_LO + (hasV6(t) ? V6_ETH : "") + member(t, V6_MEMBER));
    fs.text(d, "ipv6_route", t -> (hasV6(t) ? V6_ROUTES : "") + member(t, V6_MEMBERS));
    fs.text(
        d,
        "netlink",
        t ->
            "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops   "
                + " Inode\n");
    fs.text(d, "packet", t -> "sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n");
    fs.text(d, "protocols", t -> "protocol  size sockets  memory press maxhdr  slab module\n");
    fs.text(
        d,
        "route",
        t ->
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow"
                + "\tIRTT\n"
                + (hasEth(t) ? ROUTES : "")
                + member(t, MEMBERS));
    fs.text(d, "snmp", t -> snmp(t));
    fs.text(d, "netstat", t -> "");
    fs.text(d, "psched", t -> "000003e8 00000040 000f4240 3b9aca00\n"); // clocks, in ns
    fs.text(d, "sockstat", t -> sockstat(t, Sockets.AF_INET, ""));
    fs.text(d, "sockstat6", t -> sockstat(t, Sockets.AF_INET6, "6"));
    fs.text(d, "tcp", t -> TCP + inet(t, Sockets.AF_INET, true));
    fs.text(d, "tcp6", t -> TCP6 + inet(t, Sockets.AF_INET6, true));
    fs.text(d, "udp", t -> UDP + inet(t, Sockets.AF_INET, false));
    fs.text(d, "udp6", t -> UDP6 + inet(t, Sockets.AF_INET6, false));
    for (String none : new String[] {"icmp", "raw", "udplite"}) {
      fs.text(d, none, t -> UDP);
      fs.text(d, none + "6", t -> UDP6);
    }
    fs.text(d, "unix", NetTexts::unix);
    return d;
  }

  /** What went by an interface, as net/core/net-procfs.c writes it. */
  private static String device(Task reader, boolean eth) {
    long[] traffic = reader.kernel().network().traffic(eth);
    return "%6s: %7d %7d    0    0    0     0          0         0 %8d %7d    0    0    0     0       0          0\n"
        .formatted(eth ? "eth0" : "lo", traffic[0], traffic[1], traffic[2], traffic[3]);
  }

  private static boolean hasEth(Task reader) {
    return reader.kernel().network().outside() != null;
  }

  private static boolean hasV6(Task reader) {
    Outside outside = reader.kernel().network().outside();
    return outside != null && outside.hasV6();
  }

  /** A line that those in a private network have, with their number in it. */
  private static String member(Task reader, String line) {
    int address = reader.kernel().network().memberAddress();
    return address == 0 ? "" : line.formatted(address & 0xff);
  }

  private static String inet(Task reader, int domain, boolean stream) {
    StringBuilder b = new StringBuilder();
    int number = 0;
    for (LocalSocket each : reader.kernel().network().sockets()) {
      if (each instanceof InetSocket s
          && s.domain == domain
          && s.isListed()
          && (s.type == Sockets.SOCK_STREAM) == stream) {
        b.append(s.describe(number++));
      }
    }
    return b.toString();
  }

  private static String unix(Task reader) {
    StringBuilder b = new StringBuilder();
    b.append("Num       RefCount Protocol Flags    Type St Inode Path\n");
    for (LocalSocket each : reader.kernel().network().sockets()) {
      if (each instanceof UnixSocket s) {
        b.append(s.describe());
      }
    }
    return b.toString();
  }

  private static String sockstat(Task reader, int domain, String suffix) {
    int all = 0;
    int tcp = 0;
    int tcpInUse = 0;
    int udp = 0;
    for (LocalSocket each : reader.kernel().network().sockets()) {
      all++;
      if (each instanceof InetSocket s && s.domain == domain) {
        boolean stream = s.type == Sockets.SOCK_STREAM;
        tcp += stream ? 1 : 0;
        tcpInUse += stream && s.isListed() ? 1 : 0;
        udp += !stream && s.isListed() ? 1 : 0;
      }
    }
    StringBuilder b = new StringBuilder();
    boolean v4 = suffix.isEmpty();
    b.append(v4 ? "sockets: used " + all + "\n" : "");
    b.append("TCP").append(suffix).append(": inuse ").append(tcpInUse);
    b.append(v4 ? " orphan 0 tw 0 alloc " + tcp + " mem 0" : "");
    b.append("\nUDP").append(suffix).append(": inuse ").append(udp).append(v4 ? " mem 0" : "");
    b.append("\nUDPLITE").append(suffix).append(": inuse 0\nRAW").append(suffix);
    b.append(": inuse 0\nFRAG").append(suffix).append(": inuse 0 memory 0\n");
    return b.toString();
  }

  /**
   * Packets are not counted, for there are none: what is sent is at once in the receiver's queue.
   */
  private static String snmp(Task reader) {
    int established = 0;
    for (LocalSocket each : reader.kernel().network().sockets()) {
      established += each instanceof InetSocket s && s.isEstablished() ? 1 : 0;
    }
    return SNMP.formatted(established);
  }

  private static final String SNMP =
      """
      Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos \
      InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs \
      ReasmFails FragOKs FragFails FragCreates
      Ip: 2 64 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
      Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets \
      CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
      Tcp: 1 200 120000 -1 0 0 0 0 %d 0 0 0 0 0 0
      Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors \
      IgnoredMulti MemErrors
      Udp: 0 0 0 0 0 0 0 0 0
      """;

  private static final String DEV =
      """
      Inter-|   Receive                                                |  Transmit
       face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
      """;

  private static final String V6_LO = "00000000000000000000000000000001 01 80 10 80       lo\n";
  private static final String V6_ETH = "fd860000000000000000000000000002 02 40 00 80     eth0\n";

  private static final String V6_MEMBER =
      "fd8700000000000000000000000000%02x 02 40 00 80     eth0\n";

  private static final String V6_MEMBERS =
      "fd870000000000000000000000000000 40 00000000000000000000000000000000 00"
          + " 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n";

  private static final String MEMBERS =
      "eth0\t0000570A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

  private static final String ROUTES =
      "eth0\t00000000\t0100560A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
          + "eth0\t0000560A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

  private static final String V6_ROUTES =
      "fd860000000000000000000000000000 40 00000000000000000000000000000000 00"
          + " 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
          + "00000000000000000000000000000000 00 00000000000000000000000000000000 00"
          + " fd860000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n";

  private static final String TCP =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
          + " inode\n";

  private static final String TCP6 =
      "  sl  local_address                         remote_address                        st"
          + " tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

  private static final String UDP =
      "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
          + " inode ref pointer drops\n";

  private static final String UDP6 =
      "  sl  local_address                         remote_address                        st"
          + " tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";
}
