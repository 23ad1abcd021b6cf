package dev.vivarium.image.tar;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** Writes a layer's tar: ustar headers, and PAX records for what does not fit them. */
public final class LayerTarWriter {
  private static final int BLOCK = 512;
  private static final int MAX_NAME = 100;
  private static final long MAX_SIZE = 077777777777L;
  private static final int MAX_ID = 07777777;

  private final OutputStream out;

  public LayerTarWriter(OutputStream out) {
    this.out = out;
  }

  /** Writes an entry without content. */
  public void entry(TarEntry entry) throws IOException {
    if (entry.size() != 0) {
      throw new IllegalArgumentException("the content of " + entry.name() + " is missing");
    }
    headers(entry);
  }

  /** Writes a regular file; a stream that is shorter than the entry says is an error. */
  public void entry(TarEntry entry, InputStream content) throws IOException {
    headers(entry);
    byte[] buffer = new byte[64 << 10];
    long left = entry.size();
    while (left > 0) {
      int n = content.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (n < 0) {
        throw new IOException("a file became shorter while it was read: " + entry.name());
      }
      out.write(buffer, 0, n);
      left -= n;
    }
    out.write(new byte[(int) (-entry.size() & (BLOCK - 1))]);
  }

  /** The end mark. */
  public void end() throws IOException {
    out.write(new byte[2 * BLOCK]);
    out.flush();
  }

  private void headers(TarEntry entry) throws IOException {
    Map<String, byte[]> pax = new TreeMap<>();
    if (!plain(entry.name())) {
      pax.put("path", latin1(entry.name()));
    }
    if (!plain(entry.linkName())) {
      pax.put("linkpath", latin1(entry.linkName()));
    }
    if (entry.size() > MAX_SIZE) {
      pax.put("size", latin1(Long.toString(entry.size())));
    }
    if (Integer.compareUnsigned(entry.uid(), MAX_ID) > 0) {
      pax.put("uid", latin1(Integer.toUnsignedString(entry.uid())));
    }
    if (Integer.compareUnsigned(entry.gid(), MAX_ID) > 0) {
      pax.put("gid", latin1(Integer.toUnsignedString(entry.gid())));
    }
    boolean plainTime =
        entry.mtimeNanos() == 0 && entry.mtimeSeconds() >= 0 && entry.mtimeSeconds() <= MAX_SIZE;
    if (!plainTime) {
      pax.put("mtime", latin1(time(entry.mtimeSeconds(), entry.mtimeNanos())));
    }
    entry.xattrs().forEach((name, value) -> pax.put("SCHILY.xattr." + name, value));
    if (!pax.isEmpty()) {
      ByteArrayOutputStream records = new ByteArrayOutputStream();
      pax.forEach((key, value) -> record(records, key, value));
      byte[] header = new byte[BLOCK];
      put(header, 0, MAX_NAME, "PaxHeaders/entry");
      octal(header, 100, 8, 0644);
      octal(header, 124, 12, records.size());
      finish(header, 'x');
      out.write(header);
      out.write(records.toByteArray());
      out.write(new byte[-records.size() & (BLOCK - 1)]);
    }
    byte[] header = new byte[BLOCK];
    put(header, 0, MAX_NAME, entry.name());
    octal(header, 100, 8, entry.mode());
    octal(header, 108, 8, pax.containsKey("uid") ? 0 : entry.uid());
    octal(header, 116, 8, pax.containsKey("gid") ? 0 : entry.gid());
    octal(header, 124, 12, pax.containsKey("size") ? 0 : entry.size());
    octal(header, 136, 12, plainTime ? entry.mtimeSeconds() : 0);
    put(header, 157, MAX_NAME, entry.linkName());
    octal(header, 329, 8, entry.devMajor());
    octal(header, 337, 8, entry.devMinor());
    finish(header, entry.type());
    out.write(header);
  }

  private static void finish(byte[] header, char type) {
    put(header, 148, 8, "        ");
    header[156] = (byte) type;
    put(header, 257, 8, "ustar\00000");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put(header, 148, 8, String.format("%06o\0 ", sum));
  }

  private static void octal(byte[] header, int offset, int length, long value) {
    String digits = Long.toOctalString(value);
    put(header, offset, length, "0".repeat(length - 1 - digits.length()) + digits);
  }

  private static void put(byte[] header, int offset, int length, String text) {
    byte[] bytes = latin1(text);
    System.arraycopy(bytes, 0, header, offset, Math.min(length, bytes.length));
  }

  private static void record(ByteArrayOutputStream out, String key, byte[] value) {
    byte[] name = latin1(key);
    int rest = 1 + name.length + 1 + value.length + 1;
    int length = rest + Integer.toString(rest).length();
    if (rest + Integer.toString(length).length() != length) {
      length = rest + Integer.toString(length).length();
    }
    out.writeBytes(latin1(length + " "));
    out.writeBytes(name);
    out.write('=');
    out.writeBytes(value);
    out.write('\n');
  }

  /** Decimal seconds; the fraction of a time before the epoch counts away from it. */
  private static String time(long seconds, int nanos) {
    if (nanos == 0) {
      return Long.toString(seconds);
    }
    if (seconds >= 0) {
      return seconds + "." + String.format("%09d", nanos);
    }
    return "-" + -(seconds + 1) + "." + String.format("%09d", 1_000_000_000 - nanos);
  }

  private static boolean plain(String name) {
    if (name.length() > MAX_NAME) {
      return false;
    }
    return name.chars().allMatch(c -> c < 0x80);
  }

  private static byte[] latin1(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
