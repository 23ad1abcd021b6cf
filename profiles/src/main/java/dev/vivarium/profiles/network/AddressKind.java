package dev.vivarium.profiles.network;

/**
 * What an address is. Only {@link #PUBLIC} ones can be reached by a rule for a name or for
 * everything; the order is that of {@code enum kind} in netgofer.h.
 */
public enum AddressKind {
  /** Of the open internet. */
  PUBLIC("a public address"),
  /** RFC 1918, RFC 6598 (behind a provider's NAT), unique local IPv6. */
  PRIVATE("a private address"),
  /** This machine, as it calls itself. */
  LOOPBACK("a loopback address"),
  /** 169.254.0.0/16 and fe80::/10. */
  LINK_LOCAL("a link-local address"),
  /** Where clouds hand their virtual machines passwords and user data. */
  METADATA("a cloud's metadata address"),
  /** One that an interface of this machine has. */
  OWN("an address of this machine"),
  /** Multicast and broadcast: never allowed. */
  MULTICAST("a multicast or broadcast address"),
  /** Set aside, and nobody's: documentation, benchmarks, translation, the future. */
  RESERVED("a reserved address");

  private final String description;

  AddressKind(String description) {
    this.description = description;
  }

  /** For people: "a private address". */
  public String description() {
    return description;
  }

  /** What an address is by itself; {@link #OWN} is for who knows this machine's interfaces. */
  public static AddressKind of(IpAddress a) {
    return a.isV4() ? ofV4((int) a.low()) : ofV6(a);
  }

  private static boolean in(int address, int base, int prefix) {
    return (address ^ base) >>> 32 - prefix == 0;
  }

  private static int v4(int a, int b, int c, int d) {
    return a << 24 | b << 16 | c << 8 | d;
  }

  private static AddressKind ofV4(int a) {
    if (a == v4(169, 254, 169, 254)
        || a == v4(169, 254, 170, 2)
        || a == v4(100, 100, 100, 200)
        || a == v4(168, 63, 129, 16)
        || a == v4(192, 0, 0, 192)) {
      return METADATA;
    }
    if (in(a, v4(127, 0, 0, 0), 8)) {
      return LOOPBACK;
    }
    if (in(a, v4(10, 0, 0, 0), 8)
        || in(a, v4(172, 16, 0, 0), 12)
        || in(a, v4(192, 168, 0, 0), 16)
        || in(a, v4(100, 64, 0, 0), 10)) {
      return PRIVATE;
    }
    if (in(a, v4(169, 254, 0, 0), 16)) {
      return LINK_LOCAL;
    }
    if (in(a, v4(224, 0, 0, 0), 4) || a == -1 || in(a, 0, 8)) {
      return MULTICAST;
    }
    if (in(a, v4(240, 0, 0, 0), 4)
        || in(a, v4(192, 0, 0, 0), 24)
        || in(a, v4(192, 0, 2, 0), 24)
        || in(a, v4(192, 88, 99, 0), 24)
        || in(a, v4(198, 18, 0, 0), 15)
        || in(a, v4(198, 51, 100, 0), 24)
        || in(a, v4(203, 0, 113, 0), 24)) {
      return RESERVED;
    }
    return PUBLIC;
  }

  private static AddressKind ofV6(IpAddress a) {
    long high = a.high();
    if (high == 0 && a.low() == 1) {
      return LOOPBACK;
    }
    if (high == 0 && a.low() == 0 || high >>> 56 == 0xff) {
      return MULTICAST;
    }
    if (high == 0xfd000ec200000000L && a.low() == 0x254
        || high == 0xfd20_0ce0_0000_0000L && a.low() == 0x254) {
      return METADATA;
    }
    if (high >>> 57 == 0xfc >> 1) { // fc00::/7
      return PRIVATE;
    }
    if (high >>> 54 == 0xfe80 >> 6) {
      return LINK_LOCAL;
    }
    if (high >>> 54 == 0xfec0 >> 6) { // site-local, of old
      return PRIVATE;
    }
    if (high == 0x0064ff9b00000000L && a.low() >>> 32 == 0) {
      return ofV4((int) a.low()); // NAT64 brings it there
    }
    if (high >>> 61 != 1) {
      return RESERVED; // not 2000::/3, which is all that was ever given out
    }
    if (high >>> 48 == 0x2002) { // 6to4: leads to an IPv4 address
      AddressKind inner = ofV4((int) (high >>> 16));
      return inner == PUBLIC ? RESERVED : inner;
    }
    if (high >>> 41 == 0x20010000L >> 9 // 2001::/23: Teredo and other protocols
        || high >>> 32 == 0x20010db8L
        || high >>> 44 == 0x3fff0) {
      return RESERVED;
    }
    return PUBLIC;
  }
}
