package dev.vivarium.engine.watch;

/**
 * Shows bytes of a guest so that nothing in them means anything to who shows them: a terminal, a
 * JSON parser, a browser, a spreadsheet. Texts have one char per byte.
 */
public final class Escape {
  private Escape() {}

  /**
   * As C writes it and strace shows it, without quotes: all that is not printable ASCII as \ooo.
   */
  public static String c(String bytes) {
    if (isPlain(bytes)) {
      return bytes;
    }
    StringBuilder out = new StringBuilder(bytes.length() + 8);
    c(out, bytes, false);
    return out.toString();
  }

  /** The same, appended, as a string of JSON has it: with two backslashes for one. */
  public static void cInJson(StringBuilder out, String bytes) {
    c(out, bytes, true);
  }

  /** What needs no escape is copied in one go. */
  private static void c(StringBuilder out, String bytes, boolean inJson) {
    String backslash = inJson ? "\\\\" : "\\";
    int length = bytes.length();
    int plain = 0;
    for (int i = 0; i < length; i++) {
      char ch = bytes.charAt(i);
      if (isPlain(ch)) {
        continue;
      }
      out.append(bytes, plain, i);
      plain = i + 1;
      out.append(backslash);
      switch (ch) {
        case '"' -> out.append(inJson ? "\\\"" : "\"");
        case '\\' -> out.append(backslash);
        case '\n' -> out.append('n');
        case '\t' -> out.append('t');
        case '\r' -> out.append('r');
        case '\f' -> out.append('f');
        case 11 -> out.append('v');
        default -> octal(out, ch & 0xff, i + 1 < length ? bytes.charAt(i + 1) : ' ');
      }
    }
    out.append(bytes, plain, length);
  }

  private static boolean isPlain(char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
  }

  private static boolean isPlain(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (!isPlain(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /** What follows the backslash: as few digits as do not run into the next character. */
  private static void octal(StringBuilder out, int value, char next) {
    String digits = Integer.toOctalString(value);
    if (next >= '0' && next <= '9') {
      out.repeat('0', 3 - digits.length());
    }
    out.append(digits);
  }

  /** In double quotes. */
  public static String quoted(String bytes) {
    return '"' + c(bytes) + '"';
  }

  /** In double quotes, appended. */
  public static void quoted(StringBuilder out, String bytes) {
    out.append('"');
    c(out, bytes, false);
    out.append('"');
  }

  /** The same as a string of JSON has it. */
  public static void quotedInJson(StringBuilder out, String bytes) {
    out.append("\\\"");
    c(out, bytes, true);
    out.append("\\\"");
  }

  /** For HTML text and attributes in double quotes; control characters as in {@link #c}. */
  public static String html(String text) {
    StringBuilder out = new StringBuilder(text.length() + 8);
    for (int i = 0; i < text.length(); i++) {
      char ch = text.charAt(i);
      switch (ch) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        case '\'' -> out.append("&#39;");
        case '\n' -> out.append(ch);
        default -> {
          if (ch < 0x20 || ch == 0x7f || ch >= 0x80 && ch < 0xa0 || isDirection(ch)) {
            out.append("\\u").append(String.format(java.util.Locale.ROOT, "%04x", (int) ch));
          } else {
            out.append(ch);
          }
        }
      }
    }
    return out.toString();
  }

  /** Characters that turn the direction of the text around them, or cannot be seen. */
  private static boolean isDirection(char ch) {
    return ch >= 0x200b && ch <= 0x200f
        || ch >= 0x2028 && ch <= 0x202e
        || ch >= 0x2066 && ch <= 0x2069
        || ch == 0xfeff
        || Character.isSurrogate(ch);
  }

  /** For one field of a CSV file; what a spreadsheet would take for a formula is none. */
  public static String csv(String text) {
    String safe =
        !text.isEmpty() && "=+-@\t\r".indexOf(text.charAt(0)) >= 0 && !text.matches("-?[0-9.]+")
            ? "'" + text
            : text;
    return safe.matches("[A-Za-z0-9_./:+-]*") ? safe : '"' + safe.replace("\"", "\"\"") + '"';
  }
}
