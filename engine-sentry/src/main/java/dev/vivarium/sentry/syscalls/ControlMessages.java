package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.net.PacketInfo;
import dev.vivarium.sentry.net.PeerCredentials;
import dev.vivarium.sentry.net.SocketFile;
import dev.vivarium.sentry.net.SocketMessage;
import dev.vivarium.sentry.vfs.File;
import java.util.ArrayList;
import java.util.List;

/** The control messages of sendmsg and recvmsg: files (SCM_RIGHTS) and credentials. */
final class ControlMessages {
  private static final int HEADER = 16;
  private static final int MAX_CONTROL = 20_480;

  private ControlMessages() {}

  private static int align(int n) {
    return n + 7 & ~7;
  }

  /** Reads what is to be sent along; on failure the message owns nothing. */
  static long read(Task t, SocketFile s, long address, long length, SocketMessage m) {
    if (length <= 0 || address == 0) {
      return 0;
    }
    if (length > MAX_CONTROL) {
      return -Errno.ENOBUFS;
    }
    byte[] b = new byte[(int) length];
    if (t.mm.copyIn(address, b, 0, b.length) < 0) {
      return -Errno.EFAULT;
    }
    List<File> files = new ArrayList<>();
    long r = 0;
    for (int at = 0; r == 0 && at + HEADER <= b.length; ) {
      long size = Bytes.getLong(b, at);
      if (size < HEADER || size > b.length - at) {
        r = -Errno.EINVAL;
        break;
      }
      int level = Bytes.getInt(b, at + 8);
      int type = Bytes.getInt(b, at + 12);
      if (level == Sockets.SOL_SOCKET) {
        r = one(t, s, type, b, at + HEADER, (int) size - HEADER, files, m);
      } else if (s.domain == Sockets.AF_INET && level == Sockets.IPPROTO_IP
          || s.domain == Sockets.AF_INET6 && level == Sockets.IPPROTO_IPV6) {
        r = header(level, type, b, at + HEADER, (int) size - HEADER, m);
      }
      at += align((int) size);
    }
    if (r < 0) {
      files.forEach(f -> f.drop(t));
      return r;
    }
    m.rights = files;
    return 0;
  }

  private static long one(
      Task t,
      SocketFile s,
      int type,
      byte[] b,
      int at,
      int size,
      List<File> files,
      SocketMessage m) {
    switch (type) {
      case Sockets.SCM_RIGHTS -> {
        if (s.domain != Sockets.AF_UNIX || files.size() + size / 4 > Sockets.SCM_MAX_FD) {
          return -Errno.EINVAL;
        }
        for (int i = 0; i + 4 <= size; i += 4) {
          File f = t.fds.get(Bytes.getInt(b, at + i));
          if (f == null || (f.flags & Fcntl.O_PATH) != 0) {
            return -Errno.EBADF;
          }
          files.add(f.acquire());
        }
        return 0;
      }
      case Sockets.SCM_CREDENTIALS -> {
        if (size != PeerCredentials.SIZE) {
          return -Errno.EINVAL;
        }
        PeerCredentials claimed =
            new PeerCredentials(
                Bytes.getInt(b, at), Bytes.getInt(b, at + 4), Bytes.getInt(b, at + 8));
        if (!mayClaim(t, claimed)) {
          return -Errno.EPERM;
        }
        m.credentials = claimed;
        return 0;
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
  }

  /** What one datagram's header shall say. */
  private static long header(int level, int type, byte[] b, int at, int size, SocketMessage m) {
    boolean v6 = level == Sockets.IPPROTO_IPV6;
    boolean hops = type == (v6 ? Sockets.IPV6_HOPLIMIT : Sockets.IP_TTL);
    boolean service = type == (v6 ? Sockets.IPV6_TCLASS : Sockets.IP_TOS);
    if (!hops && !service) {
      return type == (v6 ? Sockets.IPV6_PKTINFO : Sockets.IP_PKTINFO) ? 0 : -Errno.EINVAL;
    }
    if (size != 4 && !(size == 1 && service && !v6)) {
      return -Errno.EINVAL;
    }
    int value = size == 1 ? b[at] & 0xff : Bytes.getInt(b, at);
    if (value < (v6 ? -1 : hops ? 1 : 0) || value > 255) {
      return -Errno.EINVAL;
    }
    if (hops) {
      m.hops = value;
    } else {
      m.trafficClass = value;
    }
    return 0;
  }

  private static boolean mayClaim(Task t, PeerCredentials c) {
    var own = t.creds;
    return (c.pid() == t.group.pid() || own.capable(Capability.CAP_SYS_ADMIN))
        && (c.uid() == own.ruid
            || c.uid() == own.euid
            || c.uid() == own.suid
            || own.capable(Capability.CAP_SETUID))
        && (c.gid() == own.rgid
            || c.gid() == own.egid
            || c.gid() == own.sgid
            || own.capable(Capability.CAP_SETGID));
  }

  /** Writes what came along; returns the bytes used, or a negative errno. Takes the files over. */
  static long write(Task t, SocketFile s, long address, long length, SocketMessage m) {
    int room = (int) Math.max(0, Math.min(length, MAX_CONTROL));
    int used = 0;
    PeerCredentials sender = m.credentials;
    if (s.passesCredentials()) {
      byte[] body = (sender == null ? new PeerCredentials(0, 65534, 65534) : sender).encode();
      used = put(t, address, used, room, Sockets.SOL_SOCKET, Sockets.SCM_CREDENTIALS, body, m);
      if (used < 0) {
        drop(t, m);
        return used;
      }
    }
    if (m.packet != null) {
      List<PacketInfo.Control> asked = new ArrayList<>();
      m.packet.tell(s, asked::add);
      for (PacketInfo.Control c : asked) {
        used = put(t, address, used, room, c.level(), c.type(), c.body(), m);
        if (used < 0) {
          drop(t, m);
          return used;
        }
      }
    }
    if (m.rights.isEmpty()) {
      return used;
    }
    int fit = Math.max(0, (room - used - HEADER) / 4);
    boolean cloexec = (m.flags & Sockets.MSG_CMSG_CLOEXEC) != 0;
    List<Integer> fds = new ArrayList<>();
    for (File f : m.rights) {
      int fd = fds.size() < fit ? t.fds.install(f, cloexec, 0) : -1;
      if (fd < 0) {
        f.drop(t);
        m.resultFlags |= Sockets.MSG_CTRUNC;
      } else {
        fds.add(fd);
      }
    }
    m.rights = List.of();
    if (fds.isEmpty()) {
      return used;
    }
    byte[] body = new byte[4 * fds.size()];
    for (int i = 0; i < fds.size(); i++) {
      Bytes.putInt(body, 4 * i, fds.get(i));
    }
    return put(t, address, used, room, Sockets.SOL_SOCKET, Sockets.SCM_RIGHTS, body, m);
  }

  private static void drop(Task t, SocketMessage m) {
    m.rights.forEach(f -> f.drop(t));
    m.rights = List.of();
  }

  private static int put(
      Task t, long address, int at, int room, int level, int type, byte[] body, SocketMessage m) {
    if (room - at < HEADER) {
      m.resultFlags |= Sockets.MSG_CTRUNC;
      return at;
    }
    byte[] message = new byte[HEADER + body.length];
    Bytes.putLong(message, 0, message.length);
    Bytes.putInt(message, 8, level);
    Bytes.putInt(message, 12, type);
    System.arraycopy(body, 0, message, HEADER, body.length);
    int n = Math.min(message.length, room - at);
    if (n < message.length) {
      Bytes.putLong(message, 0, n);
      m.resultFlags |= Sockets.MSG_CTRUNC;
    }
    if (t.mm.copyOut(address + at, message, 0, n) < 0) {
      return -Errno.EFAULT;
    }
    return Math.min(room, at + align(n));
  }
}
