package dev.vivarium.sentry.abi;

/**
 * Address families, types, options and flags of sockets (asm-generic/socket.h, linux/socket.h,
 * linux/net.h, linux/tcp.h).
 */
public final class Sockets {
  public static final int AF_UNSPEC = 0x0;
  public static final int AF_UNIX = 0x1;
  public static final int AF_INET = 0x2;
  public static final int AF_INET6 = 0xa;
  public static final int AF_NETLINK = 0x10;
  public static final int AF_PACKET = 0x11;
  public static final int SOL_SOCKET = 0x1;
  public static final int SO_DEBUG = 0x1;
  public static final int SO_REUSEADDR = 0x2;
  public static final int SO_TYPE = 0x3;
  public static final int SO_ERROR = 0x4;
  public static final int SO_DONTROUTE = 0x5;
  public static final int SO_BROADCAST = 0x6;
  public static final int SO_SNDBUF = 0x7;
  public static final int SO_RCVBUF = 0x8;
  public static final int SO_SNDBUFFORCE = 0x20;
  public static final int SO_RCVBUFFORCE = 0x21;
  public static final int SO_KEEPALIVE = 0x9;
  public static final int SO_OOBINLINE = 0xa;
  public static final int SO_NO_CHECK = 0xb;
  public static final int SO_PRIORITY = 0xc;
  public static final int SO_LINGER = 0xd;
  public static final int SO_REUSEPORT = 0xf;
  public static final int SO_PASSCRED = 0x10;
  public static final int SO_PEERCRED = 0x11;
  public static final int SO_RCVLOWAT = 0x12;
  public static final int SO_SNDLOWAT = 0x13;
  public static final int SO_RCVTIMEO = 0x14;
  public static final int SO_SNDTIMEO = 0x15;
  public static final int SO_PEERNAME = 0x1c;
  public static final int SO_TIMESTAMP = 0x1d;
  public static final int SO_ACCEPTCONN = 0x1e;
  public static final int SO_PEERSEC = 0x1f;
  public static final int SO_PASSSEC = 0x22;
  public static final int SO_MARK = 0x24;
  public static final int SO_PROTOCOL = 0x26;
  public static final int SO_DOMAIN = 0x27;
  public static final int SO_PEERGROUPS = 0x3b;
  public static final int SO_BINDTODEVICE = 0x19;
  public static final int SO_ATTACH_FILTER = 0x1a;
  public static final int SO_DETACH_FILTER = 0x1b;
  public static final int SO_INCOMING_CPU = 0x31;
  public static final int SO_COOKIE = 0x39;
  public static final int SOMAXCONN = 0x1000;
  public static final int IPPROTO_IP = 0x0;
  public static final int IPPROTO_ICMP = 0x1;
  public static final int IPPROTO_TCP = 0x6;
  public static final int IPPROTO_UDP = 0x11;
  public static final int IPPROTO_IPV6 = 0x29;
  public static final int IPV6_UNICAST_HOPS = 0x10;
  public static final int IPV6_V6ONLY = 0x1a;
  public static final int IPV6_RECVPKTINFO = 0x31;
  public static final int IPV6_PKTINFO = 0x32;
  public static final int IPV6_RECVHOPLIMIT = 0x33;
  public static final int IPV6_HOPLIMIT = 0x34;
  public static final int IPV6_RECVTCLASS = 0x42;
  public static final int IPV6_TCLASS = 0x43;
  public static final int TCP_NODELAY = 0x1;
  public static final int TCP_MAXSEG = 0x2;
  public static final int TCP_CORK = 0x3;
  public static final int TCP_KEEPIDLE = 0x4;
  public static final int TCP_KEEPINTVL = 0x5;
  public static final int TCP_KEEPCNT = 0x6;
  public static final int TCP_SYNCNT = 0x7;
  public static final int TCP_LINGER2 = 0x8;
  public static final int TCP_DEFER_ACCEPT = 0x9;
  public static final int TCP_WINDOW_CLAMP = 0xa;
  public static final int TCP_INFO = 0xb;
  public static final int TCP_QUICKACK = 0xc;
  public static final int TCP_CONGESTION = 0xd;
  public static final int TCP_USER_TIMEOUT = 0x12;
  public static final int TCP_FASTOPEN = 0x17;
  public static final int IP_TOS = 0x1;
  public static final int IP_TTL = 0x2;
  public static final int IP_HDRINCL = 0x3;
  public static final int IP_OPTIONS = 0x4;
  public static final int IP_PKTINFO = 0x8;
  public static final int IP_RECVERR = 0xb;
  public static final int IP_MTU_DISCOVER = 0xa;
  public static final int IP_MTU = 0xe;
  public static final int IP_FREEBIND = 0xf;
  public static final int IP_MULTICAST_TTL = 0x21;
  public static final int IP_MULTICAST_LOOP = 0x22;
  public static final int IP_MULTICAST_IF = 0x20;
  public static final int IP_ADD_MEMBERSHIP = 0x23;
  public static final int IP_RECVTTL = 0xc;
  public static final int IP_RECVTOS = 0xd;
  public static final int IP_BIND_ADDRESS_NO_PORT = 0x18;

  public static final int SOCK_STREAM = 1;
  public static final int SOCK_DGRAM = 2;
  public static final int SOCK_RAW = 3;
  public static final int SOCK_SEQPACKET = 5;
  public static final int SOCK_TYPE_MASK = 0xf;
  public static final int SOCK_NONBLOCK = 0x800;
  public static final int SOCK_CLOEXEC = 0x80000;
  public static final int MSG_OOB = 1;
  public static final int MSG_PEEK = 2;
  public static final int MSG_DONTROUTE = 4;
  public static final int MSG_CTRUNC = 8;
  public static final int MSG_TRUNC = 0x20;
  public static final int MSG_DONTWAIT = 0x40;
  public static final int MSG_EOR = 0x80;
  public static final int MSG_WAITALL = 0x100;
  public static final int MSG_NOSIGNAL = 0x4000;
  public static final int MSG_MORE = 0x8000;
  public static final int MSG_WAITFORONE = 0x10000;
  public static final int MSG_ERRQUEUE = 0x2000;
  public static final int MSG_CMSG_CLOEXEC = 0x40000000;
  public static final int SCM_RIGHTS = 1;
  public static final int SCM_CREDENTIALS = 2;
  public static final int SHUT_RD = 0;
  public static final int SHUT_WR = 1;
  public static final int SHUT_RDWR = 2;

  /** Most descriptors that one message carries (net/scm.h). */
  public static final int SCM_MAX_FD = 253;

  /** Most messages of one sendmmsg or recvmmsg (linux/uio.h). */
  public static final int UIO_MAXIOV = 1024;

  private Sockets() {}
}
