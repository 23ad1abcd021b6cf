package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.net.SocketFile;
import dev.vivarium.sentry.net.SocketMessage;
import dev.vivarium.sentry.vfs.File;

/** sendto, recvfrom, sendmsg, recvmsg, sendmmsg, recvmmsg. */
final class SysSocketData {
  /** {@code struct msghdr} (56 bytes) and {@code struct mmsghdr}. */
  private static final int NAME = 0;

  private static final int NAME_LENGTH = 8;
  private static final int IOV = 16;
  private static final int IOV_COUNT = 24;
  private static final int CONTROL = 32;
  private static final int CONTROL_LENGTH = 40;
  private static final int FLAGS = 48;
  private static final int MSGHDR_SIZE = 56;
  private static final int MMSGHDR_SIZE = 64;

  /** Only the kernel itself may say that a program is a 32-bit one. */
  private static final int MSG_CMSG_COMPAT = 1 << 31;

  private SysSocketData() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.SENDTO, "sendto", SysSocketData::sendto).fast();
    b.full(Sys.RECVFROM, "recvfrom", SysSocketData::recvfrom).fast();
    b.full(Sys.SENDMSG, "sendmsg", SysSocketData::sendmsg);
    b.full(Sys.RECVMSG, "recvmsg", SysSocketData::recvmsg);
    b.full(Sys.SENDMMSG, "sendmmsg", SysSocketData::sendmmsg);
    b.full(Sys.RECVMMSG, "recvmmsg", SysSocketData::recvmmsg);
  }

  static long sendto(
      Task t, long fd, long buffer, long length, long flags, long address, long addressLength) {
    long[] error = {0};
    SocketFile s = SysSocket.find(t, fd, error);
    if (s == null) {
      return error[0];
    }
    Uio src = t.mm.uio(buffer, length);
    boolean plain = address == 0 && ((int) flags & ~Sockets.MSG_NOSIGNAL) == 0;
    if (t.isAnsweredFast() && !(plain && s.writesAtOnce(src))) {
      return Task.NEEDS_COROUTINE;
    }
    SocketMessage m = new SocketMessage();
    m.flags = (int) flags;
    if (address != 0) {
      m.address = SysSocket.readAddress(t, address, addressLength, error);
      if (m.address == null) {
        return error[0];
      }
    }
    s.acquire();
    try {
      return s.send(t, src, m);
    } finally {
      s.drop(t);
    }
  }

  static long recvfrom(
      Task t, long fd, long buffer, long length, long flags, long address, long addressLength) {
    long[] error = {0};
    SocketFile s = SysSocket.find(t, fd, error);
    if (s == null) {
      return error[0];
    }
    Uio dst = t.mm.uio(buffer, length);
    boolean plain = address == 0 && (int) flags == 0;
    if (t.isAnsweredFast() && !(plain && s.readsAtOnce(dst))) {
      return Task.NEEDS_COROUTINE;
    }
    SocketMessage m = new SocketMessage();
    m.flags = (int) flags;
    s.acquire();
    long r;
    try {
      r = s.receive(t, dst, m);
    } finally {
      s.drop(t);
    }
    // Nobody asked for the files that came along.
    for (File f : m.rights) {
      f.drop(t);
    }
    if (r >= 0 && address != 0) {
      byte[] from = m.address;
      byte[] shown = from == null ? new byte[0] : from;
      long w = SysSocket.writeAddress(t, shown, address, addressLength);
      return w < 0 ? w : r;
    }
    return r;
  }

  static long sendmsg(Task t, long fd, long header, long flags, long a3, long a4, long a5) {
    long[] error = {0};
    SocketFile s = SysSocket.find(t, fd, error);
    return s == null ? error[0] : send(t, s, header, (int) flags);
  }

  static long recvmsg(Task t, long fd, long header, long flags, long a3, long a4, long a5) {
    long[] error = {0};
    SocketFile s = SysSocket.find(t, fd, error);
    return s == null ? error[0] : receive(t, s, header, (int) flags);
  }

  static long sendmmsg(Task t, long fd, long vector, long count, long flags, long a4, long a5) {
    long[] error = {0};
    SocketFile s = SysSocket.find(t, fd, error);
    if (s == null) {
      return error[0];
    }
    int n = (int) Math.min(count & 0xffffffffL, Sockets.UIO_MAXIOV);
    for (int i = 0; i < n; i++) {
      long header = vector + (long) i * MMSGHDR_SIZE;
      long r = send(t, s, header, (int) flags);
      if (r >= 0) {
        r = t.mm.writeInt(header + MSGHDR_SIZE, (int) r);
      }
      if (r < 0) {
        return i > 0 ? i : r;
      }
    }
    return n;
  }

  static long recvmmsg(
      Task t, long fd, long vector, long count, long flags, long timeout, long a5) {
    long deadline = Task.NO_DEADLINE;
    if (timeout != 0) {
      long nanos = Deadlines.readTimespec(t, timeout);
      if (nanos < 0) {
        return nanos;
      }
      deadline = Deadlines.after(nanos);
    }
    long[] error = {0};
    SocketFile s = SysSocket.find(t, fd, error);
    if (s == null) {
      return error[0];
    }
    int n = (int) Math.min(count & 0xffffffffL, Sockets.UIO_MAXIOV);
    int each = (int) flags & ~Sockets.MSG_WAITFORONE;
    for (int i = 0; i < n; i++) {
      long header = vector + (long) i * MMSGHDR_SIZE;
      long r = receive(t, s, header, each);
      if (r >= 0) {
        r = t.mm.writeInt(header + MSGHDR_SIZE, (int) r);
      }
      if (r < 0) {
        return i > 0 ? i : r;
      }
      if ((flags & Sockets.MSG_WAITFORONE) != 0) {
        each |= Sockets.MSG_DONTWAIT;
      }
      // As Linux has it, the time is looked at between messages only.
      if (deadline <= System.nanoTime()) {
        return i + 1;
      }
    }
    return n;
  }

  /** Copies a {@code msghdr} in and checks what holds for both ways. */
  private static long readHeader(Task t, long header, int flags, byte[] h) {
    if ((flags & MSG_CMSG_COMPAT) != 0) {
      return -Errno.EINVAL;
    }
    if (t.mm.copyIn(header, h, 0, MSGHDR_SIZE) < 0) {
      return -Errno.EFAULT;
    }
    if (Bytes.getLong(h, NAME) != 0 && Bytes.getInt(h, NAME_LENGTH) < 0) {
      return -Errno.EINVAL;
    }
    return Bytes.getLong(h, IOV_COUNT) < 0 || Bytes.getLong(h, IOV_COUNT) > Sockets.UIO_MAXIOV
        ? -Errno.EMSGSIZE
        : 0;
  }

  private static long send(Task t, SocketFile s, long header, int flags) {
    byte[] h = new byte[MSGHDR_SIZE];
    long rc = readHeader(t, header, flags, h);
    if (rc < 0) {
      return rc;
    }
    long[] error = {0};
    SocketMessage m = new SocketMessage();
    m.flags = flags;
    if (Bytes.getLong(h, NAME) != 0 && Bytes.getInt(h, NAME_LENGTH) != 0) {
      m.address =
          SysSocket.readAddress(t, Bytes.getLong(h, NAME), Bytes.getInt(h, NAME_LENGTH), error);
      if (m.address == null) {
        return error[0];
      }
    }
    Uio data = vector(t, h);
    if (data == null) {
      return t.mm.error();
    }
    long control = Bytes.getLong(h, CONTROL_LENGTH);
    if (control < 0 || control > Integer.MAX_VALUE) {
      return -Errno.ENOBUFS;
    }
    long r =
        ControlMessages.read(t, s, Bytes.getLong(h, CONTROL), Bytes.getLong(h, CONTROL_LENGTH), m);
    if (r < 0) {
      return r;
    }
    s.acquire();
    try {
      return s.send(t, data, m);
    } finally {
      s.drop(t);
    }
  }

  private static @org.jspecify.annotations.Nullable Uio vector(Task t, byte[] h) {
    long count = Bytes.getLong(h, IOV_COUNT);
    return t.mm.uioVector(
        Bytes.getLong(h, IOV), (int) Math.max(0, Math.min(count, Integer.MAX_VALUE)));
  }

  private static long receive(Task t, SocketFile s, long header, int flags) {
    byte[] h = new byte[MSGHDR_SIZE];
    long rc = readHeader(t, header, flags, h);
    if (rc < 0) {
      return rc;
    }
    Uio data = vector(t, h);
    if (data == null) {
      return t.mm.error();
    }
    SocketMessage m = new SocketMessage();
    m.flags = flags;
    s.acquire();
    long r;
    try {
      r = s.receive(t, data, m);
      if (r < 0) {
        return r;
      }
      long used =
          ControlMessages.write(
              t, s, Bytes.getLong(h, CONTROL), Bytes.getLong(h, CONTROL_LENGTH), m);
      if (used < 0) {
        return used;
      }
      long w = t.mm.writeLong(header + CONTROL_LENGTH, used);
      w |= t.mm.writeInt(header + FLAGS, m.resultFlags | flags & Sockets.MSG_CMSG_CLOEXEC);
      w |= writeName(t, h, header, m);
      return w < 0 ? -Errno.EFAULT : r;
    } finally {
      s.drop(t);
    }
  }

  private static long writeName(Task t, byte[] h, long header, SocketMessage m) {
    long address = Bytes.getLong(h, NAME);
    if (address == 0) {
      return 0;
    }
    byte[] from = m.address;
    if (from == null) {
      return t.mm.writeInt(header + NAME_LENGTH, 0);
    }
    return SysSocket.writeAddress(t, from, address, header + NAME_LENGTH);
  }
}
