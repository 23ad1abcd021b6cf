package dev.vivarium.engine.watch.report;

/** Amounts as people read them. */
final class Amounts {
  private Amounts() {}

  /** For example "1.5 ms". */
  static String time(long nanos) {
    if (nanos < 1000) {
      return nanos + " ns";
    }
    String[] units = {"µs", "ms", "s"};
    double value = nanos / 1000.0;
    int unit = 0;
    while (value >= 999.5 && unit < 2) {
      value /= 1000;
      unit++;
    }
    return short1(value) + " " + units[unit];
  }

  /** For example "1.5 MB". */
  static String bytes(long bytes) {
    String[] units = {"B", "kB", "MB", "GB", "TB"};
    double value = bytes;
    int unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return (unit == 0 ? Long.toString(bytes) : short1(value)) + " " + units[unit];
  }

  private static String short1(double value) {
    long tenths = Math.round(value * 10);
    return value >= 99.5 ? Long.toString(Math.round(value)) : tenths / 10 + "." + tenths % 10;
  }

  /** For example "3 files". */
  static String count(long n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }
}
