package dev.vivarium.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes tar streams for tests, wrong ones included. Names have one byte per char. */
public final class TestTar {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** What the header of the next entry says; reset after each. */
  private int mode = 0644;

  private int uid;
  private int gid;
  private String mtime = "1700000000";
  private int major;
  private int minor;
  private final Map<String, byte[]> pax = new LinkedHashMap<>();

  public TestTar mode(int value) {
    mode = value;
    return this;
  }

  public TestTar owner(int user, int group) {
    uid = user;
    gid = group;
    return this;
  }

  /** Decimal seconds; with a fraction or sign it goes into a PAX record. */
  public TestTar mtime(String value) {
    mtime = value;
    return this;
  }

  public TestTar pax(String key, String value) {
    pax.put(key, value.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  public TestTar xattr(String name, byte[] value) {
    pax.put("SCHILY.xattr." + name, value);
    return this;
  }

  public TestTar file(String name, byte[] content) {
    return entry(name, '0', "", content);
  }

  public TestTar file(String name, String content) {
    return file(name, content.getBytes(StandardCharsets.UTF_8));
  }

  public TestTar directory(String name) {
    if (mode == 0644) {
      mode = 0755;
    }
    return entry(name + "/", '5', "", new byte[0]);
  }

  public TestTar symlink(String name, String target) {
    return entry(name, '2', target, new byte[0]);
  }

  public TestTar link(String name, String target) {
    return entry(name, '1', target, new byte[0]);
  }

  public TestTar fifo(String name) {
    return entry(name, '6', "", new byte[0]);
  }

  public TestTar device(String name, char type, int majorNumber, int minorNumber) {
    major = majorNumber;
    minor = minorNumber;
    return entry(name, type, "", new byte[0]);
  }

  /** Any entry; what does not fit a header goes into a PAX record. */
  public TestTar entry(String name, char type, String link, byte[] content) {
    if (name.length() > 100) {
      pax.putIfAbsent("path", name.getBytes(StandardCharsets.ISO_8859_1));
    }
    if (link.length() > 100) {
      pax.putIfAbsent("linkpath", link.getBytes(StandardCharsets.ISO_8859_1));
    }
    if (uid > 07777777) {
      pax.put("uid", Integer.toString(uid).getBytes(StandardCharsets.US_ASCII));
    }
    if (gid > 07777777) {
      pax.put("gid", Integer.toString(gid).getBytes(StandardCharsets.US_ASCII));
    }
    if (mtime.indexOf('.') >= 0 || mtime.indexOf('-') >= 0) {
      pax.put("mtime", mtime.getBytes(StandardCharsets.US_ASCII));
    }
    if (!pax.isEmpty()) {
      ByteArrayOutputStream records = new ByteArrayOutputStream();
      pax.forEach((key, value) -> records.writeBytes(record(key, value)));
      header("PaxHeaders", 'x', "", records.size());
      padded(records.toByteArray());
    }
    header(name, type, link, content.length);
    padded(content);
    mode = 0644;
    uid = 0;
    gid = 0;
    mtime = "1700000000";
    major = 0;
    minor = 0;
    pax.clear();
    return this;
  }

  /** Bytes as they are. */
  public TestTar raw(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  /** The stream with its end mark, padded as tar does. */
  public byte[] end() {
    out.writeBytes(new byte[1024]);
    out.writeBytes(new byte[-out.size() & 10239]);
    return out.toByteArray();
  }

  /** The stream without an end mark. */
  public byte[] cut() {
    return out.toByteArray();
  }

  private void header(String name, char type, String link, long size) {
    byte[] header = new byte[512];
    put(header, 0, 100, name);
    put(header, 100, 8, String.format("%07o", mode));
    put(header, 108, 8, String.format("%07o", uid > 07777777 ? 0 : uid));
    put(header, 116, 8, String.format("%07o", gid > 07777777 ? 0 : gid));
    put(header, 124, 12, String.format("%011o", size));
    boolean plain = mtime.chars().allMatch(Character::isDigit);
    put(header, 136, 12, String.format("%011o", plain ? Long.parseLong(mtime) : 0));
    put(header, 148, 8, "        ");
    header[156] = (byte) type;
    put(header, 157, 100, link);
    put(header, 257, 8, "ustar\00000");
    put(header, 329, 8, String.format("%07o", major));
    put(header, 337, 8, String.format("%07o", minor));
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put(header, 148, 8, String.format("%06o\0 ", sum));
    out.writeBytes(header);
  }

  private static void put(byte[] header, int offset, int length, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, header, offset, Math.min(length, bytes.length));
  }

  private void padded(byte[] content) {
    out.writeBytes(content);
    out.writeBytes(new byte[-content.length & 511]);
  }

  private static byte[] record(String key, byte[] value) {
    int rest = 1 + key.length() + 1 + value.length + 1;
    int length = rest;
    while (Integer.toString(length).length() + rest != length) {
      length = Integer.toString(length).length() + rest;
    }
    ByteArrayOutputStream record = new ByteArrayOutputStream();
    try {
      record.write((length + " " + key + "=").getBytes(StandardCharsets.ISO_8859_1));
      record.write(value);
      record.write('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return record.toByteArray();
  }

  /** Content that is not all alike. */
  public static byte[] content(int length, int seed) {
    byte[] content = new byte[length];
    new java.util.Random(seed).nextBytes(content);
    return Arrays.copyOf(content, length);
  }
}
