package dev.vivarium.profiles.network;

import java.util.Optional;

/**
 * Addresses that begin alike.
 *
 * @param base the first of them
 * @param prefix how many of an IPv6 address's 128 bits they share; 96 more than IPv4 writes
 */
public record AddressRange(IpAddress base, int prefix) {
  private static final int BITS = 128;
  private static final int MAPPED = 96;

  public AddressRange {
    if (prefix < 0 || prefix > BITS) {
      throw new IllegalArgumentException("prefix " + prefix);
    }
    base = new IpAddress(base.high() & mask(prefix), base.low() & mask(prefix - 64));
  }

  private static long mask(int bits) {
    return bits <= 0 ? 0 : bits >= 64 ? -1 : -1L << 64 - bits;
  }

  /** Reads {@code ADDRESS} or {@code ADDRESS/BITS}; empty if it is neither. */
  public static Optional<AddressRange> parse(String text) {
    int slash = text.indexOf('/');
    Optional<IpAddress> base = IpAddress.parse(slash < 0 ? text : text.substring(0, slash));
    if (base.isEmpty()) {
      return Optional.empty();
    }
    boolean v4 = text.indexOf(':') < 0;
    int most = v4 ? BITS - MAPPED : BITS;
    int bits = most;
    if (slash >= 0) {
      String digits = text.substring(slash + 1);
      if (digits.isEmpty()
          || digits.length() > 3
          || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return Optional.empty();
      }
      bits = Integer.parseInt(digits);
      if (bits > most) {
        return Optional.empty();
      }
    }
    return Optional.of(new AddressRange(base.get(), v4 ? bits + MAPPED : bits));
  }

  /** The last of them. */
  public IpAddress last() {
    return new IpAddress(base.high() | ~mask(prefix), base.low() | ~mask(prefix - 64));
  }

  /** Whether an address is one of them; a range of IPv6 has no IPv4 addresses in it. */
  public boolean contains(IpAddress a) {
    return (!a.isV4() || prefix >= MAPPED)
        && (a.high() & mask(prefix)) == base.high()
        && (a.low() & mask(prefix - 64)) == base.low();
  }

  /** Whether it is one address alone. */
  public boolean isSingle() {
    return prefix == BITS;
  }

  /** IPv4's own way of writing for what is IPv4's. */
  @Override
  public String toString() {
    boolean v4 = base.isV4() && prefix >= MAPPED;
    return isSingle() ? base.toString() : base + "/" + (v4 ? prefix - MAPPED : prefix);
  }
}
