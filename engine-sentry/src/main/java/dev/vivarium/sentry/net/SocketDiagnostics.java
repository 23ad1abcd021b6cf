package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.ipc.Bytes;
import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * What a NETLINK_SOCK_DIAG socket tells of the sandbox's sockets (sock_diag(7)), as ss reads it.
 * Filters that it sends as byte code are not looked at, for it applies them itself too.
 */
final class SocketDiagnostics {
  // linux/sock_diag.h, linux/inet_diag.h, linux/unix_diag.h
  private static final int SOCK_DIAG_BY_FAMILY = 20;
  private static final int INET_DIAG_SHUTDOWN = 8;
  private static final int UNIX_DIAG_NAME = 0;
  private static final int UNIX_DIAG_PEER = 2;
  private static final int UNIX_DIAG_RQLEN = 4;

  private static final int HEADER = 16;
  private static final int INET_REQUEST = 56;
  private static final int UNIX_REQUEST = 24;
  private static final int INET_MESSAGE = 72;
  private static final int UNIX_MESSAGE = 16;
  private static final int NLM_F_MULTI = 2;
  private static final int NLM_F_DUMP = 0x300;

  /** Messages of one datagram take about this much; readers give 32 KiB of room. */
  private static final int DATAGRAM = 16 * 1024;

  /** How many datagrams may wait to be read: what is more is left out. */
  private static final int MAX_DATAGRAMS = 64;

  private final Network network;
  private final ArrayDeque<byte[]> answers;
  private final ByteArrayOutputStream datagram = new ByteArrayOutputStream();
  private int sequence;
  private int portId;

  SocketDiagnostics(Network network, ArrayDeque<byte[]> answers) {
    this.network = network;
    this.answers = answers;
  }

  /**
   * Answers one request.
   *
   * @return 0 if all was said but that it was all; else an errno for the reader
   */
  int answer(byte[] request, int at, int length, int portId) {
    int type = Bytes.getShort(request, at + 4) & 0xffff;
    int flags = Bytes.getShort(request, at + 6);
    if (type != SOCK_DIAG_BY_FAMILY || length < HEADER + 4) {
      return Errno.EINVAL;
    }
    if ((flags & NLM_F_DUMP) == 0) {
      return Errno.EOPNOTSUPP;
    }
    this.sequence = Bytes.getInt(request, at + 8);
    this.portId = portId;
    int body = at + HEADER;
    int family = request[body] & 0xff;
    switch (family) {
      case Sockets.AF_UNIX -> {
        if (length < HEADER + UNIX_REQUEST) {
          return Errno.EINVAL;
        }
        int states = Bytes.getInt(request, body + 4);
        for (LocalSocket each : network.sockets()) {
          if (each instanceof UnixSocket s && (states >> s.diagnosticState() & 1) != 0) {
            unix(s);
          }
        }
      }
      case Sockets.AF_INET, Sockets.AF_INET6 -> {
        if (length < HEADER + INET_REQUEST) {
          return Errno.EINVAL;
        }
        int protocol = request[body + 1] & 0xff;
        int states = Bytes.getInt(request, body + 4);
        for (LocalSocket each : network.sockets()) {
          if (each instanceof InetSocket s
              && s.domain == family
              && s.protocol == protocol
              && s.isListed()
              && (states >> s.state() & 1) != 0) {
            inet(s);
          }
        }
      }
      default -> {
        return Errno.ENOENT;
      }
    }
    flush();
    return 0;
  }

  private void flush() {
    if (datagram.size() > 0 && answers.size() < MAX_DATAGRAMS) {
      answers.add(datagram.toByteArray());
    }
    datagram.reset();
  }

  private void inet(InetSocket s) {
    byte[] b = new byte[INET_MESSAGE];
    b[0] = (byte) s.domain;
    b[1] = (byte) s.state();
    name(b, s.domain, 4, 8, s.localName());
    byte[] peer = s.peerName();
    if (peer != null) {
      name(b, s.domain, 6, 24, peer);
    }
    Bytes.putLong(b, 44, s.inode.ino); // the cookie
    Bytes.putInt(b, 56, s.waiting());
    Bytes.putInt(b, 60, s.isListening() ? s.backlog() : 0);
    Bytes.putInt(b, 64, s.inode.uid);
    Bytes.putInt(b, 68, (int) s.inode.ino);
    message(b, attribute(INET_DIAG_SHUTDOWN, new byte[] {0}));
  }

  /** Port and address from a {@code sockaddr}. */
  private static void name(byte[] b, int domain, int port, int address, byte[] from) {
    boolean v6 = domain == Sockets.AF_INET6;
    System.arraycopy(from, 2, b, port, 2);
    System.arraycopy(from, v6 ? 8 : 4, b, address, v6 ? 16 : 4);
  }

  private void unix(UnixSocket s) {
    byte[] b = new byte[UNIX_MESSAGE];
    b[0] = Sockets.AF_UNIX;
    b[1] = (byte) s.type;
    b[2] = (byte) s.diagnosticState();
    Bytes.putInt(b, 4, (int) s.inode.ino);
    Bytes.putLong(b, 8, s.inode.ino);
    byte[] name = s.localName();
    byte[] attributes =
        name.length > 2
            ? attribute(UNIX_DIAG_NAME, Arrays.copyOfRange(name, 2, name.length))
            : new byte[0];
    LocalSocket peer = s.peer();
    if (peer != null) {
      byte[] number = new byte[4];
      Bytes.putInt(number, 0, (int) peer.inode.ino);
      attributes = joined(attributes, attribute(UNIX_DIAG_PEER, number));
    }
    byte[] lengths = new byte[8];
    Bytes.putInt(lengths, 0, s.waiting());
    Bytes.putInt(lengths, 4, s.isListening() ? s.backlog() : 0);
    message(b, joined(attributes, attribute(UNIX_DIAG_RQLEN, lengths)));
  }

  private static byte[] joined(byte[] a, byte[] b) {
    byte[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static byte[] attribute(int type, byte[] value) {
    byte[] b = new byte[4 + value.length + 3 & ~3];
    Bytes.putShort(b, 0, 4 + value.length);
    Bytes.putShort(b, 2, type);
    System.arraycopy(value, 0, b, 4, value.length);
    return b;
  }

  private void message(byte[] body, byte[] attributes) {
    byte[] header = new byte[HEADER];
    Bytes.putInt(header, 0, HEADER + body.length + attributes.length);
    Bytes.putShort(header, 4, SOCK_DIAG_BY_FAMILY);
    Bytes.putShort(header, 6, NLM_F_MULTI);
    Bytes.putInt(header, 8, sequence);
    Bytes.putInt(header, 12, portId);
    datagram.writeBytes(header);
    datagram.writeBytes(body);
    datagram.writeBytes(attributes);
    if (datagram.size() > DATAGRAM) {
      flush();
    }
  }
}
