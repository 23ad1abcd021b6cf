package dev.vivarium.profiles.network;

import java.util.Locale;

/**
 * What may be reached: {@code HOST[:PORT[-PORT]][/tcp|/udp]}.
 *
 * @param text as it was written
 * @param firstPort and {@code lastPort}: the ports, both included
 */
public record Rule(
    String text, Target target, int firstPort, int lastPort, boolean tcp, boolean udp) {
  private static final int LAST_PORT = 65_535;
  private static final String LOOPBACK_NAME = "host.vivarium.internal";

  /** Who may be reached. */
  public sealed interface Target {}

  /** Hosts of a name. */
  public record Name(HostPattern pattern) implements Target {}

  /** Hosts of an address. */
  public record Addresses(AddressRange range) implements Target {}

  /** Every public host, by whatever name. */
  public record Anyone() implements Target {}

  /** The loopback interface of this machine, which a sandbox calls host.vivarium.internal. */
  public record HostLoopback() implements Target {}

  /** The name by which a sandbox may reach servers on this machine's loopback address. */
  public static String hostName() {
    return LOOPBACK_NAME;
  }

  /**
   * Reads a rule.
   *
   * @throws IllegalArgumentException whose message says what is wrong, for people
   */
  public static Rule parse(String text) {
    if (text.contains("://")) {
      throw wrong("a rule is HOST[:PORT], without a scheme and a path", text);
    }
    String rest = text;
    boolean tcp = true;
    boolean udp = true;
    String lower = rest.toLowerCase(Locale.ROOT);
    if (lower.endsWith("/tcp") || lower.endsWith("/udp")) {
      tcp = lower.endsWith("/tcp");
      udp = !tcp;
      rest = rest.substring(0, rest.length() - 4);
    }
    String host = rest;
    String ports = "";
    if (rest.startsWith("[")) {
      int close = rest.indexOf(']');
      if (close < 0 || close + 1 < rest.length() && rest.charAt(close + 1) != ':') {
        throw wrong("an IPv6 address goes in [ ], and a port after it", text);
      }
      host = rest.substring(1, close);
      ports = close + 1 < rest.length() ? rest.substring(close + 2) : "";
      if (host.indexOf(':') < 0 || close + 2 == rest.length()) {
        throw wrong("[ ] is for IPv6 addresses", text);
      }
    } else if (rest.indexOf(':') >= 0 && rest.indexOf(':') == rest.lastIndexOf(':')) {
      host = rest.substring(0, rest.indexOf(':'));
      ports = rest.substring(rest.indexOf(':') + 1);
      if (ports.isEmpty()) {
        throw wrong("a port is missing after the colon", text);
      }
    }
    int first = 1;
    int last = LAST_PORT;
    if (!ports.isEmpty() && !ports.equals("*")) {
      int dash = ports.indexOf('-');
      first = port(dash < 0 ? ports : ports.substring(0, dash), text);
      last = dash < 0 ? first : port(ports.substring(dash + 1), text);
      if (last < first) {
        throw wrong("the last port is before the first", text);
      }
    }
    return new Rule(text, target(host, text), first, last, tcp, udp);
  }

  private static Target target(String host, String text) {
    if (host.equals("*")) {
      return new Anyone();
    }
    if (host.equalsIgnoreCase(LOOPBACK_NAME) || host.equalsIgnoreCase("localhost")) {
      return new HostLoopback();
    }
    boolean address = host.indexOf(':') >= 0 || host.indexOf('/') >= 0;
    if (address
        || !host.isEmpty() && host.chars().allMatch(c -> c == '.' || c >= '0' && c <= '9')) {
      AddressRange range =
          AddressRange.parse(host)
              .orElseThrow(() -> wrong("not an address or a range of them", text));
      if (AddressKind.of(range.base()) == AddressKind.LOOPBACK) {
        return new HostLoopback();
      }
      if ((range.base().isV4() ? range.prefix() > 96 : range.base().high() >>> 56 == 0xff)
          && AddressKind.of(range.base()) == AddressKind.MULTICAST
          && AddressKind.of(range.last()) == AddressKind.MULTICAST) {
        throw wrong("multicast and broadcast are not possible", text);
      }
      return new Addresses(range);
    }
    return new Name(
        HostPattern.parse(host)
            .orElseThrow(
                () -> wrong("not a host: a name, *.NAME, an address, a range or *", text)));
  }

  private static int port(String digits, String text) {
    int port = 0;
    boolean valid = !digits.isEmpty() && digits.length() <= 5;
    for (int i = 0; valid && i < digits.length(); i++) {
      char c = digits.charAt(i);
      valid = c >= '0' && c <= '9';
      port = port * 10 + c - '0';
    }
    if (!valid || port < 1 || port > LAST_PORT) {
      throw wrong("not a port from 1 to 65535: " + digits, text);
    }
    return port;
  }

  private static IllegalArgumentException wrong(String what, String text) {
    return new IllegalArgumentException(what + ": " + text);
  }

  /** Whether it is about every port and protocol. */
  boolean isForAllPorts() {
    return firstPort <= 1 && lastPort == LAST_PORT && tcp && udp;
  }

  boolean fits(boolean stream, int port) {
    return (stream ? tcp : udp) && port >= firstPort && port <= lastPort;
  }

  /**
   * Whether it asks for this address explicitly. Private networks open only to a range that lies
   * within one; a cloud's metadata and this machine only to a rule for that one address.
   */
  boolean asksFor(IpAddress address, AddressKind kind) {
    if (!(target instanceof Addresses a) || !a.range.contains(address)) {
      return false;
    }
    return switch (kind) {
      case PUBLIC -> true;
      case PRIVATE, LINK_LOCAL, RESERVED ->
          AddressKind.of(a.range.base()) == kind && AddressKind.of(a.range.last()) == kind;
      case METADATA, OWN -> a.range.isSingle();
      case LOOPBACK, MULTICAST -> false;
    };
  }

  /** One word for the network gofer: kind, value, ports, protocols. */
  String argument() {
    String value =
        switch (target) {
          case Name n -> "n," + n.pattern;
          case Addresses a -> "a," + a.range.base() + "/" + a.range.prefix();
          case Anyone any -> "*,*";
          case HostLoopback h -> "h,h";
        };
    return value + "," + firstPort + "," + lastPort + "," + ((tcp ? 1 : 0) | (udp ? 2 : 0));
  }

  @Override
  public String toString() {
    return text;
  }
}
