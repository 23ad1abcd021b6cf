package dev.vivarium.engine.watch.export;

/** JSON, written by hand where there are millions of lines of it. */
final class Json {
  private Json() {}

  /** A text; what is not printable ASCII is escaped, so that no terminal is told anything. */
  static void string(StringBuilder out, String text) {
    if (isPlain(text)) {
      out.append('"').append(text).append('"');
      return;
    }
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20 || c >= 0x7f) {
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
          out.append(Character.forDigit(c >> shift & 15, 16));
        }
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  private static boolean isPlain(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\' || c < 0x20 || c >= 0x7f) {
        return false;
      }
    }
    return true;
  }

  static void member(StringBuilder out, String name, String text) {
    out.append(",\"").append(name).append("\":");
    string(out, text);
  }

  static void member(StringBuilder out, String name, long value) {
    out.append(",\"").append(name).append("\":").append(value);
  }

  static void flush(Appendable to) throws java.io.IOException {
    if (to instanceof java.io.Flushable f) {
      f.flush();
    }
  }
}
