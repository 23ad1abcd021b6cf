package dev.vivarium.gui.frame;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Amounts and texts as people read them. */
public final class Format {
  private Format() {}

  /** For example "1.2 MB"; powers of ten. */
  public static String bytes(double bytes) {
    return scaled(bytes, "B", "kB", "MB", "GB", "TB", "PB");
  }

  /** For example "1.2 k"; powers of ten. */
  public static String count(double count) {
    if (count < 999.5) {
      return String.valueOf(Math.round(count));
    }
    String[] units = {"", " k", " M", " G"};
    int unit = 0;
    double value = count;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, value >= 99.5 ? "%.0f%s" : "%.1f%s", value, units[unit]);
  }

  /** For example "12.3 µs". */
  public static String nanos(double nanos) {
    return scaled(nanos, "ns", "µs", "ms", "s");
  }

  private static String scaled(double amount, String... units) {
    double value = Math.max(0, amount);
    int unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return (unit == 0 || value >= 99.5
            ? String.valueOf(Math.round(value))
            : String.format(Locale.ROOT, "%.1f", value))
        + " "
        + units[unit];
  }

  /** For example "5 min"; one unit. */
  public static String since(Instant then, Instant now) {
    long seconds = Math.max(0, Duration.between(then, now).toSeconds());
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return seconds / 60 + " min";
    }
    if (seconds < 2 * 86400) {
      return seconds / 3600 + " h";
    }
    return seconds / 86400 + " d";
  }

  /**
   * One line of something from a sandbox or an image: no controls, no turned direction, bounded.
   */
  public static String line(String text, int most) {
    StringBuilder out = new StringBuilder();
    int[] count = {0};
    text.codePoints()
        .limit(most + 1L)
        .forEach(c -> {
          if (count[0]++ < most) {
            out.appendCodePoint(isPlain(c) ? c : '\ufffd');
          }
        });
    return count[0] > most ? out + "…" : out.toString();
  }

  private static boolean isPlain(int c) {
    return !Character.isISOControl(c)
        && Character.getType(c) != Character.FORMAT
        && c != 0x2028
        && c != 0x2029;
  }

  /** Several lines of the same: line feeds and tabs stay. */
  public static String lines(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> {
          if (c == '\n' || c == '\t' || isPlain(c)) {
            out.appendCodePoint(c);
          } else if (c != '\r') {
            out.appendCodePoint('\ufffd');
          }
        });
    return out.toString();
  }
}
