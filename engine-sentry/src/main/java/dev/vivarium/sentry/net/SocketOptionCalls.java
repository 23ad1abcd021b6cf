package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.ipc.Bytes;
import org.jspecify.annotations.Nullable;

/** setsockopt(2) and getsockopt(2). */
public final class SocketOptionCalls {
  private static final int MIN_BUFFER = 2304;
  private static final int MAX_BUFFER = 212_992;
  private static final long NANOS = 1_000_000_000L;

  // asm-generic/socket.h
  private static final int SO_DEBUG = 1;
  private static final int SO_PRIORITY = 12;
  private static final int SO_SNDLOWAT = 19;
  private static final int SO_PEERNAME = 28;
  private static final int SO_MARK = 36;
  private static final int SO_MEMINFO = 55;
  private static final int SO_INCOMING_NAPI_ID = 56;
  public static final int SO_COOKIE = 57;
  private static final int SO_ZEROCOPY = 60;
  private static final int LAST_OPTION = 77;
  private static final int MOST_PRIORITY = 6;

  // linux/tcp.h
  private static final int TCP_SYNCNT = 7;
  private static final int TCP_USER_TIMEOUT = 18;
  private static final int TCP_FASTOPEN = 23;
  private static final int LAST_TCP_OPTION = 38;
  private static final int MOST_PROBES = 127;
  private static final int MOST_SECONDS = 32_767;
  private static final int LEAST_SEGMENT = 88;
  private static final int MOST_SEGMENT = 32_767;

  private SocketOptionCalls() {}

  /** How many bytes of a value count; 0 if that depends on the option. */
  public static int size(int level, int option) {
    if (level != Sockets.SOL_SOCKET) {
      return 0;
    }
    return switch (option) {
      case Sockets.SO_BINDTODEVICE, Sockets.SO_ATTACH_FILTER -> 0;
      case Sockets.SO_LINGER -> 8;
      case Sockets.SO_RCVTIMEO, Sockets.SO_SNDTIMEO -> 16;
      default -> 4;
    };
  }

  /** Why who has no CAP_NET_ADMIN may not set an option to a value; 0 if he may. */
  public static int forbidden(int level, int option, byte[] value) {
    if (level != Sockets.SOL_SOCKET || value.length < 4) {
      return 0;
    }
    int v = Bytes.getInt(value, 0);
    return switch (option) {
      case SO_DEBUG -> v != 0 ? -Errno.EACCES : 0;
      case SO_PRIORITY -> v < 0 || v > MOST_PRIORITY ? -Errno.EPERM : 0;
      case Sockets.SO_SNDBUFFORCE, Sockets.SO_RCVBUFFORCE, SO_MARK -> -Errno.EPERM;
      default -> 0;
    };
  }

  /** Whether TCP takes a value; 0 or a negative errno. */
  private static int checkTcp(int option, byte[] value) {
    if (option == Sockets.TCP_INFO || option < 1 || option > LAST_TCP_OPTION) {
      return value.length < 4 ? -Errno.EINVAL : -Errno.ENOPROTOOPT;
    }
    if (option == Sockets.TCP_CONGESTION) {
      String name = new String(value, java.nio.charset.StandardCharsets.ISO_8859_1);
      int end = name.indexOf(0);
      String text = end < 0 ? name : name.substring(0, end);
      boolean known = text.equals("cubic") || text.equals("reno");
      return value.length == 0 ? -Errno.EINVAL : known ? 0 : -Errno.ENOENT;
    }
    if (value.length < 4) {
      return -Errno.EINVAL;
    }
    int v = Bytes.getInt(value, 0);
    boolean wrong =
        switch (option) {
          case Sockets.TCP_MAXSEG -> v != 0 && (v < LEAST_SEGMENT || v > MOST_SEGMENT);
          case Sockets.TCP_KEEPIDLE, Sockets.TCP_KEEPINTVL -> v < 1 || v > MOST_SECONDS;
          case Sockets.TCP_KEEPCNT, TCP_SYNCNT -> v < 1 || v > MOST_PROBES;
          case TCP_USER_TIMEOUT, TCP_FASTOPEN -> v < 0;
          default -> false;
        };
    return wrong ? -Errno.EINVAL : 0;
  }

  /** Sets an option from the bytes that the guest gave; 0 or a negative errno. */
  public static long set(SocketFile s, int level, int option, byte[] value) {
    SocketOptions o = s.options;
    if (level == Sockets.SOL_SOCKET) {
      switch (option) {
        case Sockets.SO_RCVTIMEO, Sockets.SO_SNDTIMEO -> {
          return timeout(o, option, value);
        }
        case Sockets.SO_LINGER -> {
          if (value.length < 8) {
            return -Errno.EINVAL;
          }
          o.lingers = Bytes.getInt(value, 0) != 0;
          o.lingerSeconds = Bytes.getInt(value, 4);
          return 0;
        }
        case Sockets.SO_BINDTODEVICE, Sockets.SO_ATTACH_FILTER, Sockets.SO_DETACH_FILTER -> {
          return 0;
        }
        case Sockets.SO_TYPE,
            Sockets.SO_ERROR,
            Sockets.SO_DOMAIN,
            Sockets.SO_PROTOCOL,
            Sockets.SO_ACCEPTCONN,
            Sockets.SO_PEERCRED,
            Sockets.SO_PEERSEC,
            Sockets.SO_PEERGROUPS,
            SO_SNDLOWAT,
            SO_PEERNAME,
            SO_MEMINFO,
            SO_INCOMING_NAPI_ID,
            SO_COOKIE -> {
          return -Errno.ENOPROTOOPT;
        }
        case SO_ZEROCOPY -> {
          if (s.domain == Sockets.AF_UNIX) {
            return -Errno.EOPNOTSUPP;
          }
        }
        default -> {
          if (option < 1 || option > LAST_OPTION) {
            return -Errno.ENOPROTOOPT;
          }
        }
      }
    } else if (s.domain == Sockets.AF_UNIX) {
      return -Errno.EOPNOTSUPP;
    } else if (!isInetLevel(s, level)) {
      return -Errno.ENOPROTOOPT;
    }
    if (level == Sockets.IPPROTO_TCP && s.type == Sockets.SOCK_STREAM) {
      int rc = checkTcp(option, value);
      if (rc < 0 || option == Sockets.TCP_CONGESTION) {
        return rc;
      }
    }
    if (level == Sockets.IPPROTO_IP && option == Sockets.IP_OPTIONS) {
      return value.length == 0 ? 0 : -Errno.EINVAL; // no packet here could carry them
    }
    if (value.length < 4) {
      return value.length > 0 && level == Sockets.IPPROTO_IP
          ? keepByte(o, level, option, value[0])
          : -Errno.EINVAL;
    }
    int v = Bytes.getInt(value, 0);
    if (level == Sockets.SOL_SOCKET) {
      switch (option) {
        case Sockets.SO_REUSEADDR -> o.reuseAddress = v != 0;
        case Sockets.SO_REUSEPORT -> o.reusePort = v != 0;
        case Sockets.SO_PASSCRED -> o.passCredentials = v != 0;
        case Sockets.SO_SNDBUF, Sockets.SO_SNDBUFFORCE -> o.sendBuffer = buffer(v);
        case Sockets.SO_RCVBUF, Sockets.SO_RCVBUFFORCE -> {
          o.receiveBuffer = buffer(v);
          s.receiveBufferChanged(o.receiveBuffer);
        }
        default -> {
          o.keep(level, option, v);
          s.optionChanged(level, option, v);
        }
      }
      return 0;
    }
    o.keep(level, option, v);
    s.optionChanged(level, option, v);
    return 0;
  }

  private static boolean isInetLevel(SocketFile s, int level) {
    return switch (level) {
      case Sockets.IPPROTO_IP, Sockets.IPPROTO_TCP, Sockets.IPPROTO_UDP -> true;
      case Sockets.IPPROTO_IPV6 -> s.domain == Sockets.AF_INET6;
      case PingSocket.SOL_RAW -> s instanceof PingSocket && s.type == Sockets.SOCK_RAW;
      default -> false;
    };
  }

  private static long keepByte(SocketOptions o, int level, int option, byte value) {
    o.keep(level, option, value & 0xff);
    return 0;
  }

  /** The kernel doubles what is asked for, as it counts its own overhead in. */
  private static int buffer(int wanted) {
    return Math.max(MIN_BUFFER, Math.min(Math.max(wanted, 0), MAX_BUFFER) * 2);
  }

  private static long timeout(SocketOptions o, int option, byte[] value) {
    if (value.length < 16) {
      return -Errno.EINVAL;
    }
    long seconds = Bytes.getLong(value, 0);
    long micros = Bytes.getLong(value, 8);
    if (micros < 0 || micros >= 1_000_000) {
      return -Errno.EDOM;
    }
    long nanos = seconds < 0 ? 0 : Math.min(seconds, 1L << 30) * NANOS + micros * 1000;
    if (option == Sockets.SO_RCVTIMEO) {
      o.receiveTimeoutNanos = nanos;
    } else {
      o.sendTimeoutNanos = nanos;
    }
    return 0;
  }

  /** The bytes of an option's value; null if there is no such option. */
  public static byte @Nullable [] get(SocketFile s, int level, int option) {
    SocketOptions o = s.options;
    if (level != Sockets.SOL_SOCKET) {
      return s.domain == Sockets.AF_UNIX ? null : inet(s, level, option);
    }
    return switch (option) {
      case Sockets.SO_TYPE -> number(s.type);
      case Sockets.SO_DOMAIN -> number(s.domain);
      case Sockets.SO_PROTOCOL -> number(s.protocol);
      case Sockets.SO_ERROR -> number(s.takeError());
      case Sockets.SO_ACCEPTCONN -> number(s.isListening() ? 1 : 0);
      case Sockets.SO_REUSEADDR -> number(o.reuseAddress ? 1 : 0);
      case Sockets.SO_REUSEPORT -> number(o.reusePort ? 1 : 0);
      case Sockets.SO_PASSCRED -> number(o.passCredentials ? 1 : 0);
      case Sockets.SO_SNDBUF -> number(o.sendBuffer);
      case Sockets.SO_RCVBUF -> number(o.receiveBuffer);
      case Sockets.SO_PEERCRED -> s.peerCredentials().encode();
      case Sockets.SO_PEERSEC, Sockets.SO_PEERGROUPS -> null;
      case Sockets.SO_BINDTODEVICE -> new byte[0];
      case Sockets.SO_RCVLOWAT, Sockets.SO_SNDLOWAT -> number(1);
      case Sockets.SO_LINGER -> {
        byte[] b = new byte[8];
        Bytes.putInt(b, 0, o.lingers ? 1 : 0);
        Bytes.putInt(b, 4, o.lingerSeconds);
        yield b;
      }
      case Sockets.SO_RCVTIMEO -> time(o.receiveTimeoutNanos);
      case Sockets.SO_SNDTIMEO -> time(o.sendTimeoutNanos);
      case SO_COOKIE -> Bytes.ofLong(System.identityHashCode(s));
      case Sockets.SO_SNDBUFFORCE, Sockets.SO_RCVBUFFORCE -> null;
      default -> option < 1 || option > LAST_OPTION ? null : number(o.kept(level, option, 0));
    };
  }

  private static byte @Nullable [] inet(SocketFile s, int level, int option) {
    if (level == Sockets.IPPROTO_TCP && s.type == Sockets.SOCK_STREAM) {
      return switch (option) {
        case Sockets.TCP_INFO -> {
          OutsideStream outside = s instanceof LocalSocket l ? l.outside() : null;
          if (outside != null) {
            yield outside.info();
          }
          byte[] info = new byte[104];
          info[0] = (byte) (s.isListening() ? 10 : s.peerName() != null ? 1 : 7);
          yield info;
        }
        case Sockets.TCP_MAXSEG -> number(s.options.kept(level, option, 65_483));
        case Sockets.TCP_CONGESTION ->
            "cubic\0".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        case Sockets.TCP_KEEPIDLE -> number(s.options.kept(level, option, 7200));
        case Sockets.TCP_KEEPINTVL -> number(s.options.kept(level, option, 75));
        case Sockets.TCP_KEEPCNT -> number(s.options.kept(level, option, 9));
        default ->
            option < 1 || option > LAST_TCP_OPTION
                ? null
                : number(s.options.kept(level, option, 0));
      };
    }
    if (level == Sockets.IPPROTO_IP && option == Sockets.IP_OPTIONS) {
      return new byte[0]; // sshd breaks off with whoever has options
    }
    if (level == Sockets.IPPROTO_IP) {
      int otherwise = option == Sockets.IP_TTL ? 64 : option == Sockets.IP_MTU ? 65_536 : 0;
      return number(s.options.kept(level, option, otherwise));
    }
    if (level == Sockets.IPPROTO_IPV6 && s.domain == Sockets.AF_INET6) {
      return number(s.options.kept(level, option, 0));
    }
    return null;
  }

  private static byte[] number(int value) {
    byte[] b = new byte[4];
    Bytes.putInt(b, 0, value);
    return b;
  }

  private static byte[] time(long nanos) {
    byte[] b = new byte[16];
    Bytes.putLong(b, 0, nanos / NANOS);
    Bytes.putLong(b, 8, nanos % NANOS / 1000);
    return b;
  }
}
