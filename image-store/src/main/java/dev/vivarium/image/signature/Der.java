package dev.vivarium.image.signature;

import dev.vivarium.image.oci.BadDocumentException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** As much of ASN.1's DER as certificates need that the JDK does not take apart itself. */
final class Der {
  static final int OCTET_STRING = 0x04;
  static final int OBJECT_IDENTIFIER = 0x06;
  static final int UTF8_STRING = 0x0c;
  static final int SEQUENCE = 0x30;

  private Der() {}

  /**
   * One value.
   *
   * @param whole tag and length included
   */
  record Value(int tag, byte[] content, byte[] whole) {}

  /** The values that stand one behind the other. */
  static List<Value> values(byte[] der) throws BadDocumentException {
    List<Value> values = new ArrayList<>();
    int at = 0;
    while (at < der.length) {
      int start = at;
      int tag = der[at++] & 0xff;
      if ((tag & 0x1f) == 0x1f || at == der.length) {
        throw bad();
      }
      int length = der[at++] & 0xff;
      if (length > 0x80) {
        int bytes = length & 0x7f;
        if (bytes > 3 || der.length - at < bytes) {
          throw bad();
        }
        length = 0;
        for (int i = 0; i < bytes; i++) {
          length = length << 8 | der[at++] & 0xff;
        }
      } else if (length == 0x80) {
        throw bad();
      }
      if (length > der.length - at) {
        throw bad();
      }
      int end = at + length;
      values.add(
          new Value(tag, Arrays.copyOfRange(der, at, end), Arrays.copyOfRange(der, start, end)));
      at = end;
    }
    return values;
  }

  /** The content of the one value that the bytes are. */
  static byte[] content(byte[] der, int tag) throws BadDocumentException {
    List<Value> values = values(der);
    if (values.size() != 1 || values.getFirst().tag != tag) {
      throw bad();
    }
    return values.getFirst().content;
  }

  static byte[] encode(int tag, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    int length = content.length;
    if (length < 0x80) {
      out.write(length);
    } else {
      int bytes = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
      out.write(0x80 | bytes);
      for (int i = bytes - 1; i >= 0; i--) {
        out.write(length >>> 8 * i);
      }
    }
    out.writeBytes(content);
    return out.toByteArray();
  }

  private static BadDocumentException bad() {
    return new BadDocumentException("a certificate that cannot be read");
  }
}
