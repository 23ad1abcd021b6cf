package dev.vivarium.profiles;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sizes, times and numbers as people write them, in flags and in profiles alike. What is none of
 * them is an {@link IllegalArgumentException} whose message says what would be.
 */
public final class Quantity {
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,15})([kmgt]?)(i?b)?");
  private static final Pattern DURATION =
      Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,3})?)(ms|s|m|h)?");
  private static final Pattern RATE =
      Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,3})?)([kmg]?)(?:bit|bps|bit/s)");
  private static final Pattern SHARE = Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,4})?)%");
  private static final double LEAST_RATE = 8000;
  private static final double MOST_RATE = 1e12;
  private static final double MAX_PROCESSORS = 4096;

  private Quantity() {}

  private static IllegalArgumentException not(String what) {
    return new IllegalArgumentException(what);
  }

  /** Bytes: a number with k, m, g or t, in powers of 1024 as everywhere for memory. */
  public static long bytes(String text) {
    Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw not("a size such as 512m");
    }
    int shift = matcher.group(2).isEmpty() ? 0 : 10 * ("kmgt".indexOf(matcher.group(2)) + 1);
    long number = Long.parseLong(matcher.group(1));
    if (number == 0 || number > Long.MAX_VALUE >> shift) {
      throw not("a size that a machine has");
    }
    return number << shift;
  }

  /** Seconds unless another unit is given: ms, s, m or h. */
  public static Duration duration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw not("a time such as 30s, 1.5m or 500ms");
    }
    double number = Double.parseDouble(matcher.group(1));
    String unit = matcher.group(2) == null ? "s" : matcher.group(2);
    double millis =
        number
            * switch (unit) {
              case "ms" -> 1;
              case "m" -> 60_000;
              case "h" -> 3_600_000;
              default -> 1000;
            };
    if (millis < 1) {
      throw not("longer than nothing");
    }
    return Duration.ofMillis(Math.round(millis));
  }

  /** Bits per second: a number with kbit, mbit or gbit, in powers of 1000 as for lines. */
  public static long bitsPerSecond(String text) {
    Matcher matcher = RATE.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw not("a rate such as 10mbit");
    }
    double unit =
        switch (matcher.group(2)) {
          case "g" -> 1e9;
          case "m" -> 1e6;
          case "k" -> 1e3;
          default -> 1;
        };
    double bits = Double.parseDouble(matcher.group(1)) * unit;
    if (bits < LEAST_RATE || bits > MOST_RATE) {
      throw not("a rate from 8kbit to 1000gbit");
    }
    return Math.round(bits);
  }

  /** A share of everything, in percent, as parts of a million. */
  public static int perMillion(String text) {
    Matcher matcher = SHARE.matcher(text);
    double percent = matcher.matches() ? Double.parseDouble(matcher.group(1)) : -1;
    if (percent <= 0 || percent > 100) {
      throw not("a share such as 1% or 0.5%");
    }
    return (int) Math.max(1, Math.round(percent * 10_000));
  }

  /** A number of processors, fractions allowed. */
  public static double processors(String text) {
    try {
      double number = Double.parseDouble(text);
      if (number > 0 && number <= MAX_PROCESSORS) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw not("a number of processors such as 1.5");
  }

  /** A count of at least one. */
  public static int count(String text) {
    try {
      int number = Integer.parseInt(text);
      if (number > 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw not("a whole number of at least 1");
  }
}
