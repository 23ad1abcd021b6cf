package dev.vivarium.gui.watch;

/** Texts of one row side by side, each in a field of so many letters of the same width. */
final class CallLine {
  private static final int TIME = 12;
  private static final int PID = 7;
  private static final int CALL = 18;
  private static final int TOOK = 10;
  private static final int MOST_FIELDS = 3;

  private final StringBuilder line = new StringBuilder();
  private final String[] parts = new String[MOST_FIELDS];
  private int count;
  private boolean even = true;

  /** How many letters each column has in a row of so many. */
  static int[] widths(int all) {
    int left = all - TIME - PID - CALL - TOOK;
    int result = Math.clamp(left / 3, 8, 40);
    return new int[] {TIME, PID, CALL, Math.max(4, left - result), result, TOOK};
  }

  /** Nothing yet. */
  void begin() {
    line.setLength(0);
    count = 0;
    even = true;
  }

  /** One more field; what is longer than it is cut. */
  void add(String text, int width) {
    String fits = cut(text, width);
    parts[count++] = fits;
    for (int i = 0; i < fits.length(); i++) {
      char c = fits.charAt(i);
      even &= c >= ' ' && c < 0x7f || c == '…' || c == 'µ';
    }
    line.append(fits);
    line.repeat(' ', width - fits.length());
  }

  /** Whether all letters are known to be as wide as any, so that fields lie where they should. */
  boolean isEven() {
    return even;
  }

  /** One field by itself. */
  String part(int number) {
    return parts[number];
  }

  /** All fields in one text. */
  String end() {
    return line.toString();
  }

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
