package dev.vivarium.engine.watch.calls;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.profiles.network.IpAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** A {@code struct sockaddr}, as bytes of the guest's. */
public final class SocketAddress {
  private static final int AF_UNIX = 1;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int AF_NETLINK = 16;

  /**
   * One of the internet's.
   *
   * @param address numeric
   */
  public record Inet(String address, int port) {}

  private SocketAddress() {}

  private static int family(byte[] bytes) {
    return bytes.length < 2 ? -1 : (bytes[0] & 0xff) | (bytes[1] & 0xff) << 8;
  }

  /** The address and port, if it is one of IPv4 or IPv6. */
  public static Optional<Inet> inet(byte[] bytes) {
    int family = family(bytes);
    if (family == AF_INET && bytes.length >= 8) {
      return Optional.of(new Inet(numeric(Arrays.copyOfRange(bytes, 4, 8)), port(bytes)));
    }
    if (family == AF_INET6 && bytes.length >= 24) {
      return Optional.of(new Inet(numeric(Arrays.copyOfRange(bytes, 8, 24)), port(bytes)));
    }
    return Optional.empty();
  }

  /** The path, if it is one of a socket in the file system; "@" and the name of an abstract one. */
  public static Optional<String> unix(byte[] bytes) {
    if (family(bytes) != AF_UNIX || bytes.length <= 2) {
      return Optional.empty();
    }
    if (bytes[2] == 0) {
      return Optional.of("@" + new String(bytes, 3, bytes.length - 3, StandardCharsets.ISO_8859_1));
    }
    int end = 2;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return Optional.of(new String(bytes, 2, end - 2, StandardCharsets.ISO_8859_1));
  }

  private static int port(byte[] bytes) {
    return (bytes[2] & 0xff) << 8 | bytes[3] & 0xff;
  }

  private static String numeric(byte[] address) {
    IpAddress a =
        address.length == 4
            ? IpAddress.v4(ByteBuffer.wrap(address).getInt())
            : IpAddress.of(address);
    return a.toString();
  }

  static String show(byte[] bytes) {
    Optional<Inet> inet = inet(bytes);
    if (inet.isPresent()) {
      boolean six = family(bytes) == AF_INET6;
      return six
          ? "{sa_family=AF_INET6, sin6_port=htons("
              + inet.get().port
              + "), sin6_addr=\""
              + (inet.get().address.indexOf('.') > 0 ? "::ffff:" : "")
              + inet.get().address
              + "\"}"
          : "{sa_family=AF_INET, sin_port=htons("
              + inet.get().port
              + "), sin_addr=inet_addr(\""
              + inet.get().address
              + "\")}";
    }
    int family = family(bytes);
    Optional<String> unix = unix(bytes);
    if (unix.isPresent()) {
      boolean abstractName = unix.get().startsWith("@") && bytes[2] == 0;
      return "{sa_family=AF_UNIX, sun_path="
          + (abstractName
              ? "@" + Escape.quoted(unix.get().substring(1))
              : Escape.quoted(unix.get()))
          + "}";
    }
    return switch (family) {
      case AF_UNIX -> "{sa_family=AF_UNIX}";
      case AF_NETLINK ->
          bytes.length >= 12
              ? "{sa_family=AF_NETLINK, nl_pid="
                  + ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(4)
                  + ", nl_groups="
                  + ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(8)
                  + "}"
              : "{sa_family=AF_NETLINK}";
      case 0 -> "{sa_family=AF_UNSPEC}";
      default ->
          "{sa_family="
              + family
              + ", sa_data="
              + Escape.quoted(
                  new String(
                      bytes,
                      Math.min(2, bytes.length),
                      Math.max(0, bytes.length - 2),
                      StandardCharsets.ISO_8859_1))
              + "}";
    };
  }
}
