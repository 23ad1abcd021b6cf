package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.net.InetSocket;
import dev.vivarium.sentry.net.NetlinkSocket;
import dev.vivarium.sentry.net.PingSocket;
import dev.vivarium.sentry.net.SocketFile;
import dev.vivarium.sentry.net.SocketOptionCalls;
import dev.vivarium.sentry.net.UnixSocket;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;

/** The socket calls but those that move data, which are in {@link SysSocketData}. */
final class SysSocket {
  private static final int MAX_ADDRESS = 128;
  private static final int MAX_OPTION = 4096;

  // linux/net.h, linux/in.h
  private static final int NPROTO = 46;
  private static final int SOCK_MAX = 11;
  private static final int IPPROTO_ICMP = 1;
  private static final int IPPROTO_ICMPV6 = 58;
  private static final int IPPROTO_MAX = 263;

  private SysSocket() {}

  static void register(SyscallTable.Builder b) {
    String families =
        "Unix sockets, TCP and UDP inside the sandbox and to what its network lets through, and"
            + " what netlink tells of interfaces, routes and sockets; no raw sockets, and urgent"
            + " data (MSG_OOB) within the sandbox goes in line.";
    b.partial(Sys.SOCKET, "socket", SysSocket::socket, families);
    b.full(Sys.SOCKETPAIR, "socketpair", SysSocket::socketpair);
    b.full(Sys.BIND, "bind", SysSocket::bind);
    b.full(Sys.CONNECT, "connect", SysSocket::connect);
    b.full(Sys.LISTEN, "listen", SysSocket::listen);
    b.full(Sys.ACCEPT, "accept", SysSocket::accept);
    b.full(Sys.ACCEPT4, "accept4", SysSocket::accept4);
    b.full(Sys.GETSOCKNAME, "getsockname", SysSocket::getsockname);
    b.full(Sys.GETPEERNAME, "getpeername", SysSocket::getpeername);
    b.full(Sys.SHUTDOWN, "shutdown", SysSocket::shutdown);
    String options = "Options that tune a real network are kept and have no effect.";
    b.partial(Sys.SETSOCKOPT, "setsockopt", SysSocket::setsockopt, options);
    b.partial(Sys.GETSOCKOPT, "getsockopt", SysSocket::getsockopt, options);
  }

  /** The socket behind a descriptor; null and an errno in {@code error[0]} if there is none. */
  static @org.jspecify.annotations.Nullable SocketFile find(Task t, long fd, long[] error) {
    File f = t.fds.get((int) fd);
    if (f instanceof SocketFile s) {
      return s;
    }
    error[0] = f == null || (f.flags & Fcntl.O_PATH) != 0 ? -Errno.EBADF : -Errno.ENOTSOCK;
    return null;
  }

  /** Copies a {@code sockaddr} in; null and an errno in {@code error[0]} if that fails. */
  static byte @org.jspecify.annotations.Nullable [] readAddress(
      Task t, long address, long length, long[] error) {
    int n = (int) length;
    if (n < 0 || n > MAX_ADDRESS) {
      error[0] = -Errno.EINVAL;
      return null;
    }
    byte[] b = new byte[n];
    if (n > 0 && t.mm.copyIn(address, b, 0, n) < 0) {
      error[0] = -Errno.EFAULT;
      return null;
    }
    return b;
  }

  /** Copies a {@code sockaddr} out, cut to the room that the guest gives; 0 or an errno. */
  static long writeAddress(Task t, byte[] name, long address, long lengthAddress) {
    int room = t.mm.readInt(lengthAddress);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if (room < 0) {
      return -Errno.EINVAL;
    }
    int n = Math.min(room, name.length);
    if (n > 0 && t.mm.copyOut(address, name, 0, n) < 0) {
      return -Errno.EFAULT;
    }
    return t.mm.writeInt(lengthAddress, name.length);
  }

  private static @org.jspecify.annotations.Nullable SocketFile make(
      Task t, int domain, int typeAndFlags, int protocol, long[] error) {
    int type = typeAndFlags & Sockets.SOCK_TYPE_MASK;
    int extra = typeAndFlags & ~Sockets.SOCK_TYPE_MASK;
    if ((extra & ~(Sockets.SOCK_NONBLOCK | Sockets.SOCK_CLOEXEC)) != 0) {
      error[0] = -Errno.EINVAL;
      return null;
    }
    if (domain < 0 || domain >= NPROTO) {
      error[0] = -Errno.EAFNOSUPPORT;
      return null;
    }
    if (type >= SOCK_MAX) {
      error[0] = -Errno.EINVAL;
      return null;
    }
    int flags = Fcntl.O_RDWR | extra & Sockets.SOCK_NONBLOCK;
    Inode inode =
        t.kernel().anonFileSystems().sockets().newInode(t, Stat.S_IFSOCK | 0777, "socket:[%d]");
    switch (domain) {
      case Sockets.AF_UNIX -> {
        if (protocol != 0 && protocol != Sockets.AF_UNIX) {
          error[0] = -Errno.EPROTONOSUPPORT;
          return null;
        }
        int effective = type == Sockets.SOCK_RAW ? Sockets.SOCK_DGRAM : type;
        if (effective != Sockets.SOCK_STREAM
            && effective != Sockets.SOCK_DGRAM
            && effective != Sockets.SOCK_SEQPACKET) {
          error[0] = -Errno.ESOCKTNOSUPPORT;
          return null;
        }
        return UnixSocket.open(t.kernel().network(), inode, flags, effective);
      }
      case Sockets.AF_INET, Sockets.AF_INET6 -> {
        if (protocol < 0 || protocol >= IPPROTO_MAX) {
          error[0] = -Errno.EINVAL;
          return null;
        }
        boolean v6 = domain == Sockets.AF_INET6;
        boolean echoes = protocol == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
        boolean mayBeRaw = t.creds.capable(Capability.CAP_NET_RAW);
        if (echoes && (type == Sockets.SOCK_DGRAM || type == Sockets.SOCK_RAW && mayBeRaw)) {
          return new PingSocket(t.kernel().network(), inode, flags, domain, type, protocol);
        }
        int wanted =
            switch (type) {
              case Sockets.SOCK_STREAM -> Sockets.IPPROTO_TCP;
              case Sockets.SOCK_DGRAM -> Sockets.IPPROTO_UDP;
              default -> -1;
            };
        if (wanted < 0) {
          error[0] = type == Sockets.SOCK_RAW ? -Errno.EPERM : -Errno.ESOCKTNOSUPPORT;
          return null;
        }
        if (protocol != 0 && protocol != wanted) {
          error[0] = -Errno.EPROTONOSUPPORT;
          return null;
        }
        return InetSocket.open(t.kernel().network(), inode, flags, domain, type, wanted);
      }
      case Sockets.AF_NETLINK -> {
        if (type != Sockets.SOCK_RAW && type != Sockets.SOCK_DGRAM) {
          error[0] = -Errno.ESOCKTNOSUPPORT;
          return null;
        }
        if (protocol != NetlinkSocket.NETLINK_ROUTE
            && protocol != NetlinkSocket.NETLINK_SOCK_DIAG) {
          error[0] = -Errno.EPROTONOSUPPORT;
          return null;
        }
        return new NetlinkSocket(t.kernel().network(), inode, flags, type, protocol);
      }
      default -> {
        error[0] = -Errno.EAFNOSUPPORT;
        return null;
      }
    }
  }

  static long socket(Task t, long domain, long type, long protocol, long a3, long a4, long a5) {
    long[] error = {0};
    SocketFile s = make(t, (int) domain, (int) type, (int) protocol, error);
    return s == null ? error[0] : SysEventfd.install(t, s, (type & Sockets.SOCK_CLOEXEC) != 0);
  }

  static long socketpair(
      Task t, long domain, long type, long protocol, long fds, long a4, long a5) {
    int extra = (int) type & ~Sockets.SOCK_TYPE_MASK;
    if ((extra & ~(Sockets.SOCK_NONBLOCK | Sockets.SOCK_CLOEXEC)) != 0) {
      return -Errno.EINVAL;
    }
    // Where the descriptors go must be writable, whatever else is wrong.
    long there = t.mm.readLong(fds);
    if (t.mm.writeLong(fds, there) != 0) {
      return -Errno.EFAULT;
    }
    long[] error = {0};
    SocketFile a = make(t, (int) domain, (int) type, (int) protocol, error);
    SocketFile b = a == null ? null : make(t, (int) domain, (int) type, (int) protocol, error);
    if (!(a instanceof UnixSocket first) || !(b instanceof UnixSocket second)) {
      return a != null ? -Errno.EOPNOTSUPP : error[0];
    }
    UnixSocket.pair(t, first, second);
    return FdPairs.install(t, fds, first, second, (type & Sockets.SOCK_CLOEXEC) != 0);
  }

  static long bind(Task t, long fd, long address, long length, long a3, long a4, long a5) {
    long[] error = {0};
    SocketFile s = find(t, fd, error);
    byte[] name = s == null ? null : readAddress(t, address, length, error);
    return s == null || name == null ? error[0] : s.bind(t, name);
  }

  static long connect(Task t, long fd, long address, long length, long a3, long a4, long a5) {
    if (t.fds.get((int) fd) == null) {
      return -Errno.EBADF;
    }
    long[] error = {0};
    byte[] name = readAddress(t, address, length, error);
    SocketFile s = name == null ? null : find(t, fd, error);
    if (s == null || name == null) {
      return error[0];
    }
    s.acquire();
    try {
      return s.connect(t, name);
    } finally {
      s.drop(t);
    }
  }

  static long listen(Task t, long fd, long backlog, long a2, long a3, long a4, long a5) {
    long[] error = {0};
    SocketFile s = find(t, fd, error);
    return s == null ? error[0] : s.listen(t, (int) backlog);
  }

  static long accept(Task t, long fd, long address, long length, long a3, long a4, long a5) {
    return accept4(t, fd, address, length, 0, 0, 0);
  }

  static long accept4(Task t, long fd, long address, long length, long flags, long a4, long a5) {
    if (t.fds.get((int) fd) == null) {
      return -Errno.EBADF;
    }
    if (((int) flags & ~(Sockets.SOCK_NONBLOCK | Sockets.SOCK_CLOEXEC)) != 0) {
      return -Errno.EINVAL;
    }
    long[] error = {0};
    SocketFile s = find(t, fd, error);
    if (s == null) {
      return error[0];
    }
    if (!t.fds.hasRoom()) {
      return -Errno.EMFILE; // before a connection is taken for which there is no place
    }
    SocketFile[] out = new SocketFile[1];
    s.acquire();
    long r;
    try {
      r = s.accept(t, out);
    } finally {
      s.drop(t);
    }
    SocketFile accepted = out[0];
    if (r < 0 || accepted == null) {
      return r;
    }
    accepted.flags |= (int) flags & Sockets.SOCK_NONBLOCK;
    if (address != 0) {
      byte[] peer = accepted.peerName();
      byte[] shown = peer != null ? peer : new byte[] {(byte) accepted.domain, 0};
      r = writeAddress(t, shown, address, length);
      if (r < 0) {
        accepted.drop(t);
        return r;
      }
    }
    return SysEventfd.install(t, accepted, (flags & Sockets.SOCK_CLOEXEC) != 0);
  }

  static long getsockname(Task t, long fd, long address, long length, long a3, long a4, long a5) {
    long[] error = {0};
    SocketFile s = find(t, fd, error);
    return s == null ? error[0] : writeAddress(t, s.localName(), address, length);
  }

  static long getpeername(Task t, long fd, long address, long length, long a3, long a4, long a5) {
    long[] error = {0};
    SocketFile s = find(t, fd, error);
    if (s == null) {
      return error[0];
    }
    byte[] name = s.peerName();
    return name == null ? -Errno.ENOTCONN : writeAddress(t, name, address, length);
  }

  static long shutdown(Task t, long fd, long how, long a2, long a3, long a4, long a5) {
    long[] error = {0};
    SocketFile s = find(t, fd, error);
    return s == null ? error[0] : s.shutdown(t, (int) how);
  }

  static long setsockopt(
      Task t, long fd, long level, long option, long address, long length, long a5) {
    long[] error = {0};
    SocketFile s = find(t, fd, error);
    if (s == null) {
      return error[0];
    }
    int n = (int) length;
    if (n < 0) {
      return -Errno.EINVAL;
    }
    if (s.domain == Sockets.AF_UNIX && (int) level != Sockets.SOL_SOCKET) {
      return -Errno.EOPNOTSUPP;
    }
    int size = SocketOptionCalls.size((int) level, (int) option);
    if (size > 0 && n < 4) {
      return -Errno.EINVAL;
    }
    byte[] value = new byte[Math.min(n, size > 0 ? size : MAX_OPTION)];
    if (t.mm.copyIn(address, value, 0, value.length) < 0) {
      return -Errno.EFAULT;
    }
    if (!t.creds.capable(Capability.CAP_NET_ADMIN)) {
      int rc = SocketOptionCalls.forbidden((int) level, (int) option, value);
      if (rc < 0) {
        return rc;
      }
    }
    return SocketOptionCalls.set(s, (int) level, (int) option, value);
  }

  static long getsockopt(
      Task t, long fd, long level, long option, long address, long length, long a5) {
    long[] error = {0};
    SocketFile s = find(t, fd, error);
    if (s == null) {
      return error[0];
    }
    if (s.domain == Sockets.AF_UNIX && (int) level != Sockets.SOL_SOCKET) {
      return -Errno.EOPNOTSUPP;
    }
    int room = t.mm.readInt(length);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if (room < 0) {
      return -Errno.EINVAL;
    }
    byte[] value = SocketOptionCalls.get(s, (int) level, (int) option);
    if (value == null) {
      return -Errno.ENOPROTOOPT;
    }
    if ((int) level == Sockets.SOL_SOCKET
        && (int) option == SocketOptionCalls.SO_COOKIE
        && room < value.length) {
      return -Errno.EINVAL;
    }
    int n = Math.min(room, value.length);
    if (t.mm.copyOut(address, value, 0, n) < 0) {
      return -Errno.EFAULT;
    }
    return t.mm.writeInt(length, n);
  }
}
