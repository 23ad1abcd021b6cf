package dev.vivarium.image.erofs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Extended attributes as they stand behind an inode: a header, then entries padded to 4 bytes. */
final class XattrCodec {
  private XattrCodec() {}

  /** Bytes that the attributes take behind their inode. */
  static int size(Map<String, byte[]> xattrs) {
    if (xattrs.isEmpty()) {
      return 0;
    }
    long size = ErofsFormat.XATTR_HEADER;
    for (Map.Entry<String, byte[]> xattr : xattrs.entrySet()) {
      size += entrySize(suffixLength(xattr.getKey()), xattr.getValue().length);
    }
    return Math.toIntExact(size);
  }

  /** What {@code i_xattr_icount} says for that many bytes. */
  static int count(int size) {
    return size == 0 ? 0 : (size - ErofsFormat.XATTR_HEADER) / 4 + 1;
  }

  static void write(Map<String, byte[]> xattrs, ByteBuffer out) throws IOException {
    if (xattrs.isEmpty()) {
      return;
    }
    out.put(new byte[ErofsFormat.XATTR_HEADER]);
    for (Map.Entry<String, byte[]> xattr : xattrs.entrySet()) {
      String name = xattr.getKey();
      byte[] value = xattr.getValue();
      int index = ErofsFormat.xattrIndex(name);
      byte[] suffix =
          name.substring(ErofsFormat.xattrPrefix(index).length())
              .getBytes(StandardCharsets.ISO_8859_1);
      out.put((byte) suffix.length).put((byte) index).putShort((short) value.length);
      out.put(suffix).put(value);
      for (int i = ErofsFormat.XATTR_ENTRY + suffix.length + value.length; (i & 3) != 0; i++) {
        out.put((byte) 0);
      }
    }
  }

  static int entrySize(int suffixLength, int valueLength) {
    return (ErofsFormat.XATTR_ENTRY + suffixLength + valueLength + 3) & ~3;
  }

  private static int suffixLength(String name) {
    return name.length() - ErofsFormat.xattrPrefix(ErofsFormat.xattrIndex(name)).length();
  }
}
