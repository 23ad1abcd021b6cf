package dev.vivarium.sentry.vfs.proc;

/** Names as /proc shows them in lines of fields. */
final class Octal {
  private Octal() {}

  /** Replaces the characters of {@code special} by octal escapes. */
  static String escape(String name, String special) {
    StringBuilder b = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (special.indexOf(c) >= 0) {
        b.append('\\').append((char) ('0' + (c >> 6))).append((char) ('0' + (c >> 3 & 7)));
        b.append((char) ('0' + (c & 7)));
      } else {
        b.append(c);
      }
    }
    return b.toString();
  }
}
