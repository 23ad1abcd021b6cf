package dev.vivarium.cli.output;

import java.time.Duration;
import java.time.Instant;

/** Values as people read them. */
public final class Text {
  private Text() {}

  /** What a guest, an image or a registry named must not move the cursor or forge a line. */
  public static String printable(String text) {
    int plain = 0;
    while (plain < text.length() && text.charAt(plain) >= ' ' && text.charAt(plain) < 0x7f) {
      plain++;
    }
    if (plain == text.length()) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c ->
            out.appendCodePoint(
                Character.isISOControl(c)
                        || Character.getType(c) == Character.FORMAT
                        || c == 0x2028
                        || c == 0x2029
                    ? '?'
                    : c));
    return out.toString();
  }

  /** For example "512 MB"; powers of ten, as Docker shows image sizes. */
  public static String bytes(long bytes) {
    String[] units = {"B", "kB", "MB", "GB", "TB", "PB"};
    double value = bytes;
    int unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    if (unit == 0 || value >= 99.5) {
      return Math.round(value) + " " + units[unit];
    }
    // A formatter would load the data of a locale, which costs more than a whole listing.
    long tenths = Math.round(value * 10);
    return tenths / 10 + "." + tenths % 10 + " " + units[unit];
  }

  /** For example "5 minutes ago". */
  public static String ago(Instant then, Instant now) {
    return duration(Duration.between(then, now)) + " ago";
  }

  /** For example "5 minutes"; one unit only. */
  public static String duration(Duration duration) {
    long seconds = Math.max(0, duration.toSeconds());
    if (seconds < 60) {
      return count(seconds, "second");
    }
    if (seconds < 3600) {
      return count(seconds / 60, "minute");
    }
    if (seconds < 2 * 86400) {
      return count(seconds / 3600, "hour");
    }
    return count(seconds / 86400, "day");
  }

  private static String count(long number, String unit) {
    return number + " " + unit + (number == 1 ? "" : "s");
  }
}
