package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.net.InetSocket;
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
    fs.text(d, "dev", t -> DEV);
    fs.text(d, "if_inet6", t -> "");
    fs.text(d, "ipv6_route", t -> "");
    fs.text(
        d,
        "netlink",
        t ->
            "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n");
    fs.text(d, "packet", t -> "sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n");
    fs.text(d, "protocols", t -> "protocol  size sockets  memory press maxhdr  slab module\n");
    fs.text(
        d,
        "route",
        t ->
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
    fs.text(d, "snmp", t -> "");
    fs.text(d, "netstat", t -> "");
    fs.text(d, "tcp", t -> TCP + sockets(t, true));
    fs.text(d, "tcp6", t -> TCP);
    fs.text(d, "udp", t -> UDP + sockets(t, false));
    fs.text(d, "udp6", t -> UDP);
    fs.text(d, "unix", t -> "Num       RefCount Protocol Flags    Type St Inode Path\n");
    return d;
  }

  /** The IPv4 sockets that have a port of their own. */
  private static String sockets(Task reader, boolean stream) {
    StringBuilder b = new StringBuilder();
    int number = 0;
    for (InetSocket s : reader.kernel().network().inetSockets(stream)) {
      if (s.domain == Sockets.AF_INET) {
        b.append(String.format("%4d: %s 1 0 0 0\n", number++, s.describe()));
      }
    }
    return b.toString();
  }

  private static final String DEV =
      """
      Inter-|   Receive                                                |  Transmit
       face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
          lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
      """;

  private static final String TCP =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
          + " inode\n";

  private static final String UDP =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
          + " inode ref pointer drops\n";
}
