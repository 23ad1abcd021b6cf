package dev.vivarium.image.tar;

import dev.vivarium.image.tar.TarReader.PaxRecords;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Decodes the 512-byte header block. */
final class HeaderParser {
  private static final int CHECKSUM = 148;
  private static final long MAX_SIZE = 1L << 43;

  private HeaderParser() {}

  static void verifyChecksum(byte[] header) throws BadArchiveException {
    long unsigned = 0;
    long signed = 0;
    for (int i = 0; i < header.length; i++) {
      byte b = i >= CHECKSUM && i < CHECKSUM + 8 ? (byte) ' ' : header[i];
      unsigned += b & 0xff;
      signed += b;
    }
    long stored;
    try {
      stored = number(header, CHECKSUM, 8, "checksum");
    } catch (BadArchiveException e) {
      stored = -1; // text, say: no sum is below zero
    }
    if (stored < 0 || stored != unsigned && stored != signed) {
      throw new BadArchiveException(
          "a header with a wrong checksum; this is not a tar archive or it is damaged");
    }
  }

  static TarEntry entry(
      byte[] header,
      char rawType,
      PaxRecords pax,
      @Nullable String longName,
      @Nullable String longLink)
      throws BadArchiveException {
    Map<String, String> fields = pax.fields();
    String name = fields.get("path");
    if (name == null) {
      name = longName != null ? longName : name(header);
    }
    String link = fields.get("linkpath");
    if (link == null) {
      link = longLink != null ? longLink : text(header, 157, 100);
    }
    char type =
        switch (rawType) {
          case '\0', '0', '7' -> name.endsWith("/") ? TarEntry.TYPE_DIRECTORY : TarEntry.TYPE_FILE;
          case '1', '2', '3', '4', '5', '6' -> rawType;
          case 'S' ->
              throw new BadArchiveException(
                  "a sparse file, which layers must not have: " + shown(name));
          default ->
              throw new BadArchiveException(
                  "an entry of unknown type 0x"
                      + Integer.toHexString(rawType)
                      + ": "
                      + shown(name));
        };
    long size = 0;
    if (type == TarEntry.TYPE_FILE) {
      size =
          fields.containsKey("size")
              ? decimal(fields.get("size"), "size")
              : number(header, 124, 12, "size");
      if (size < 0 || size > MAX_SIZE) {
        throw new BadArchiveException("a file of impossible size: " + shown(name));
      }
    }
    long seconds = number(header, 136, 12, "mtime");
    int nanos = 0;
    String mtime = fields.get("mtime");
    if (mtime != null) {
      long[] time = time(mtime);
      seconds = time[0];
      nanos = (int) time[1];
    }
    return new TarEntry(
        name,
        type,
        (int) number(header, 100, 8, "mode") & 07777,
        id(fields.get("uid"), header, 108, "uid"),
        id(fields.get("gid"), header, 116, "gid"),
        size,
        seconds,
        nanos,
        type == TarEntry.TYPE_HARD_LINK || type == TarEntry.TYPE_SYMLINK ? link : "",
        device(fields.get("SCHILY.devmajor"), header, type, 329, 12),
        device(fields.get("SCHILY.devminor"), header, type, 337, 20),
        pax.xattrs());
  }

  private static String name(byte[] header) {
    String name = text(header, 0, 100);
    boolean posix = header[257] == 'u' && header[261] == 'r' && header[262] == 0;
    if (posix && header[345] != 0) {
      return text(header, 345, 155) + "/" + name;
    }
    return name;
  }

  private static int id(@Nullable String pax, byte[] header, int offset, String what)
      throws BadArchiveException {
    long id = pax != null ? decimal(pax, what) : number(header, offset, 8, what);
    if (id < 0 || id > 0xffff_ffffL) {
      throw new BadArchiveException("a " + what + " that does not fit 32 bits: " + id);
    }
    return (int) id;
  }

  private static int device(@Nullable String pax, byte[] header, char type, int offset, int bits)
      throws BadArchiveException {
    if (type != TarEntry.TYPE_CHAR_DEVICE && type != TarEntry.TYPE_BLOCK_DEVICE) {
      return 0;
    }
    long number = pax != null ? decimal(pax, "device") : number(header, offset, 8, "device");
    if (number < 0 || number >= 1L << bits) {
      throw new BadArchiveException("a device number that Linux does not have: " + number);
    }
    return (int) number;
  }

  private static String text(byte[] header, int offset, int length) {
    int end = offset;
    while (end < offset + length && header[end] != 0) {
      end++;
    }
    return new String(header, offset, end - offset, StandardCharsets.ISO_8859_1);
  }

  /** A number in octal digits, or, with the top bit set, in base 256. */
  static long number(byte[] header, int offset, int length, String what)
      throws BadArchiveException {
    if ((header[offset] & 0x80) != 0) {
      boolean negative = (header[offset] & 0x40) != 0;
      long value = negative ? -1 : 0;
      for (int i = 0; i < length; i++) {
        int b = header[offset + i] & 0xff;
        if (i == 0) {
          b = negative ? b | 0x80 : b & 0x7f;
        }
        long next = value << 8 | b;
        if (next >> 8 != value) {
          throw new BadArchiveException("a number out of range: " + what);
        }
        value = next;
      }
      return value;
    }
    int at = offset;
    int end = offset + length;
    while (at < end && (header[at] == ' ' || header[at] == 0)) {
      at++;
    }
    long value = 0;
    while (at < end && header[at] >= '0' && header[at] <= '7') {
      value = value << 3 | (header[at++] - '0');
    }
    while (at < end) {
      if (header[at] != 0 && header[at] != ' ') {
        throw new BadArchiveException("a header whose " + what + " is not a number");
      }
      at++;
    }
    return value;
  }

  private static long decimal(String text, String what) throws BadArchiveException {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new BadArchiveException("a PAX record whose " + what + " is not a number");
    }
  }

  /** Decimal seconds with a fraction, to seconds rounded down and nanoseconds. */
  private static long[] time(String text) throws BadArchiveException {
    int dot = text.indexOf('.');
    long seconds = decimal(dot < 0 ? text : text.substring(0, dot), "mtime");
    int nanos = 0;
    if (dot >= 0) {
      String fraction = text.substring(dot + 1);
      for (int i = 0; i < 9; i++) {
        char c = i < fraction.length() ? fraction.charAt(i) : '0';
        if (c < '0' || c > '9') {
          throw new BadArchiveException("a PAX record whose mtime is not a number");
        }
        nanos = nanos * 10 + (c - '0');
      }
      if (text.charAt(0) == '-' && nanos != 0) {
        seconds--;
        nanos = 1_000_000_000 - nanos;
      }
    }
    return new long[] {seconds, nanos};
  }

  private static String shown(String name) {
    return name.length() > 100 ? name.substring(0, 100) + "…" : name;
  }
}
