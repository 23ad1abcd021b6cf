package dev.vivarium.profiles.network;

import java.util.Optional;

/**
 * An IPv4 or IPv6 address. IPv4 is kept as the IPv6 address that maps it ({@code ::ffff:a.b.c.d}),
 * so that both ways to write it are one address.
 */
public record IpAddress(long high, long low) {
  private static final long MAPPED = 0xffffL << 32;

  /** From the four bytes of an IPv4 address. */
  public static IpAddress v4(int address) {
    return new IpAddress(0, MAPPED | address & 0xffffffffL);
  }

  /** From four or sixteen bytes. */
  public static IpAddress of(byte[] b) {
    long high = 0;
    long low = 0;
    if (b.length == 4) {
      return v4((b[0] & 0xff) << 24 | (b[1] & 0xff) << 16 | (b[2] & 0xff) << 8 | b[3] & 0xff);
    }
    if (b.length != 16) {
      throw new IllegalArgumentException("neither 4 nor 16 bytes: " + b.length);
    }
    for (int i = 0; i < 8; i++) {
      high = high << 8 | b[i] & 0xff;
      low = low << 8 | b[8 + i] & 0xff;
    }
    return new IpAddress(high, low);
  }

  public boolean isV4() {
    return high == 0 && low >>> 32 == 0xffff;
  }

  /** Sixteen bytes, as IPv6 has them. */
  public byte[] bytes() {
    byte[] b = new byte[16];
    for (int i = 0; i < 8; i++) {
      b[i] = (byte) (high >> 56 - 8 * i);
      b[8 + i] = (byte) (low >> 56 - 8 * i);
    }
    return b;
  }

  /**
   * Reads an address as inet_pton(3) does: no names, no octal, no short forms of IPv4, no zone.
   * Empty if it is none.
   */
  public static Optional<IpAddress> parse(String text) {
    return text.indexOf(':') >= 0 ? parseV6(text) : parseV4(text).map(IpAddress::v4);
  }

  private static Optional<Integer> parseV4(String text) {
    int value = 0;
    int parts = 0;
    int at = 0;
    while (parts < 4) {
      int start = at;
      int part = 0;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        part = part * 10 + text.charAt(at++) - '0';
        if (at - start > 3) {
          return Optional.empty();
        }
      }
      if (at == start || part > 255 || at - start > 1 && text.charAt(start) == '0') {
        return Optional.empty();
      }
      value = value << 8 | part;
      parts++;
      if (parts < 4 && (at >= text.length() || text.charAt(at++) != '.')) {
        return Optional.empty();
      }
    }
    return at == text.length() ? Optional.of(value) : Optional.empty();
  }

  private static Optional<IpAddress> parseV6(String text) {
    int[] words = new int[8];
    int count = 0;
    int gap = -1;
    int at = 0;
    if (text.startsWith("::")) {
      gap = 0;
      at = 2;
    } else if (text.startsWith(":")) {
      return Optional.empty();
    }
    while (at < text.length()) {
      if (count == 8) {
        return Optional.empty();
      }
      int end = text.indexOf(':', at);
      String part = text.substring(at, end < 0 ? text.length() : end);
      if (end < 0 && part.indexOf('.') >= 0) {
        Optional<Integer> v4 = parseV4(part);
        if (v4.isEmpty() || count > 6) {
          return Optional.empty();
        }
        words[count++] = v4.get() >>> 16;
        words[count++] = v4.get() & 0xffff;
        break;
      }
      if (part.isEmpty() || part.length() > 4 || !part.chars().allMatch(IpAddress::isHex)) {
        return Optional.empty();
      }
      words[count++] = Integer.parseInt(part, 16);
      if (end < 0) {
        break;
      }
      at = end + 1;
      if (at < text.length() && text.charAt(at) == ':') {
        if (gap >= 0) {
          return Optional.empty();
        }
        gap = count;
        at++;
      } else if (at == text.length()) {
        return Optional.empty(); // ends with a single colon
      }
    }
    if (gap < 0 ? count != 8 : count == 8) {
      return Optional.empty();
    }
    int[] whole = new int[8];
    int before = gap < 0 ? count : gap;
    System.arraycopy(words, 0, whole, 0, before);
    System.arraycopy(words, before, whole, 8 - (count - before), count - before);
    long high = 0;
    long low = 0;
    for (int i = 0; i < 4; i++) {
      high = high << 16 | whole[i];
      low = low << 16 | whole[4 + i];
    }
    return Optional.of(new IpAddress(high, low));
  }

  private static boolean isHex(int c) {
    return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
  }

  /** As people write it; IPv6 with its longest run of zeros left out. */
  @Override
  public String toString() {
    if (isV4()) {
      int a = (int) low;
      return (a >>> 24) + "." + (a >> 16 & 0xff) + "." + (a >> 8 & 0xff) + "." + (a & 0xff);
    }
    int[] words = new int[8];
    for (int i = 0; i < 4; i++) {
      words[i] = (int) (high >> 48 - 16 * i) & 0xffff;
      words[4 + i] = (int) (low >> 48 - 16 * i) & 0xffff;
    }
    int best = -1;
    int bestLength = 1;
    for (int i = 0; i < 8; i++) {
      int length = 0;
      while (i + length < 8 && words[i + length] == 0) {
        length++;
      }
      if (length > bestLength) {
        best = i;
        bestLength = length;
      }
    }
    StringBuilder b = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == best) {
        b.append("::");
        i += bestLength - 1;
        continue;
      }
      if (i > 0 && b.charAt(b.length() - 1) != ':') {
        b.append(':');
      }
      b.append(Integer.toHexString(words[i]));
    }
    return b.toString();
  }
}
