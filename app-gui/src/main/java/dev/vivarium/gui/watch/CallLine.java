package dev.vivarium.gui.watch;

/** Texts of the fields of one row. */
final class CallLine {
  private CallLine() {}

  /** With one letter less than there is room for, so that columns keep apart. */
  static String cut(String text, int most) {
    return text.length() < most ? text : text.substring(0, Math.max(0, most - 2)) + "…";
  }

  /** To the microsecond. */
  static String seconds(long nanos) {
    long micros = (nanos + 500) / 1000;
    String rest = Long.toString(1_000_000 + micros % 1_000_000);
    return micros / 1_000_000 + "." + rest.substring(1);
  }
}
