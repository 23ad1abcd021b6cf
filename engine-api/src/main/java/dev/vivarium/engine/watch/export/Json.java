package dev.vivarium.engine.watch.export;

/** JSON, written by hand where there are millions of lines of it. */
final class Json {
  private Json() {}

  /** A text; what is not printable ASCII is escaped, so that no terminal is told anything. */
  static void string(StringBuilder out, String text) {
    out.append('"');
    escape(out, text, 0, text.length());
    out.append('"');
  }

  /** What stands within the quotes; what needs no escape is copied in one go. */
  static void escape(StringBuilder out, String text, int from, int to) {
    int plain = from;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
        continue;
      }
      out.append(text, plain, i);
      plain = i + 1;
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else {
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
          out.append(Character.forDigit(c >> shift & 15, 16));
        }
      }
    }
    out.append(text, plain, to);
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
