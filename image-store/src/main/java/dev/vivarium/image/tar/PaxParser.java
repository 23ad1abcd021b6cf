package dev.vivarium.image.tar;

import dev.vivarium.image.tar.TarReader.PaxRecords;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Reads the body of a PAX extended header: records {@code "LENGTH KEY=VALUE\n"}. */
final class PaxParser {
  private static final String XATTR = "SCHILY.xattr.";
  private static final Set<String> FIELDS =
      Set.of(
          "path", "linkpath", "size", "uid", "gid", "mtime", "SCHILY.devmajor", "SCHILY.devminor");

  private PaxParser() {}

  static PaxRecords parse(byte[] body) throws BadArchiveException {
    Map<String, String> fields = new HashMap<>();
    Map<String, byte[]> xattrs = new TreeMap<>();
    int at = 0;
    while (at < body.length) {
      int length = 0;
      int digits = at;
      while (digits < body.length
          && body[digits] >= '0'
          && body[digits] <= '9'
          && digits - at < 8) {
        length = length * 10 + (body[digits++] - '0');
      }
      int end = at + length;
      if (digits == at
          || digits >= body.length
          || body[digits] != ' '
          || end > body.length
          || end <= digits + 1) {
        throw new BadArchiveException("a PAX record with a wrong length");
      }
      if (body[end - 1] != '\n') {
        throw new BadArchiveException("a PAX record without its end of line");
      }
      int equals = digits + 1;
      while (equals < end - 1 && body[equals] != '=') {
        equals++;
      }
      if (equals == end - 1 || equals == digits + 1) {
        throw new BadArchiveException("a PAX record without a key");
      }
      String key = new String(body, digits + 1, equals - digits - 1, StandardCharsets.ISO_8859_1);
      byte[] value = Arrays.copyOfRange(body, equals + 1, end - 1);
      if (key.startsWith(XATTR)) {
        // An empty value takes an attribute away, as for every other key.
        if (value.length == 0) {
          xattrs.remove(key.substring(XATTR.length()));
        } else {
          xattrs.put(key.substring(XATTR.length()), value);
        }
      } else if (key.startsWith("GNU.sparse.")) {
        throw new BadArchiveException("a sparse file, which layers must not have");
      } else if (FIELDS.contains(key)) {
        String text = new String(value, StandardCharsets.ISO_8859_1);
        if (text.indexOf('\0') >= 0) {
          throw new BadArchiveException("a NUL in the PAX record '" + key + "'");
        }
        if (text.isEmpty()) {
          fields.remove(key);
        } else {
          fields.put(key, text);
        }
      }
      at = end;
    }
    return new PaxRecords(fields, xattrs);
  }
}
