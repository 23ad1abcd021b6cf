package dev.vivarium.cli.watch;

import dev.vivarium.engine.watch.LatencyHistogram;

/** Latencies as pictures made of characters. */
final class Curve {
  private static final String BLOCKS = " ▁▂▃▄▅▆▇█";
  private static final double FROM = Math.log10(100);
  private static final double DECADES = 7;
  private static final int HEIGHT = 12;
  private static final int WIDTH = 64;

  /** How many lines {@link #draw} makes. */
  static final int LINES = HEIGHT + 4;

  private static final double[] PERCENTILES = {
    0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9, 99.99, 100
  };

  private Curve() {}

  /** For example "1.5 ms". */
  static String time(long nanos) {
    if (nanos < 1000) {
      return nanos + " ns";
    }
    String[] units = {"us", "ms", "s"};
    double value = nanos / 1000.0;
    int unit = 0;
    while (value >= 999.5 && unit < 2) {
      value /= 1000;
      unit++;
    }
    long tenths = Math.round(value * 10);
    return (value >= 99.5 ? Long.toString(Math.round(value)) : tenths / 10 + "." + tenths % 10)
        + " "
        + units[unit];
  }

  /** How many there were of each length, from 100 ns to 1000 s, on a logarithmic scale. */
  static String spark(LatencyHistogram h, int width) {
    long[] columns = new long[width];
    long most = 1;
    for (int i = 0; i < width; i++) {
      long from = i == 0 ? 0 : edge(i, width);
      long to = i == width - 1 ? Long.MAX_VALUE : edge(i + 1, width) - 1;
      columns[i] = h.countBetween(from, to);
      most = Math.max(most, columns[i]);
    }
    StringBuilder out = new StringBuilder();
    for (long n : columns) {
      // Few are seen too: the height goes by the logarithm.
      int height = n == 0 ? 0 : (int) Math.round(1 + 7 * Math.log1p(n) / Math.log1p(most));
      out.append(BLOCKS.charAt(Math.min(8, height)));
    }
    return out.toString().stripTrailing();
  }

  private static long edge(int column, int width) {
    return (long) Math.pow(10, FROM + DECADES * column / width);
  }

  /** Latency over percentiles, on a logarithmic scale. */
  static String draw(LatencyHistogram h) {
    if (h.count() == 0) {
      return "";
    }
    double low = Math.log10(Math.max(1, h.min()));
    double high = Math.max(low + 0.5, Math.log10(Math.max(2, h.max())));
    StringBuilder out = new StringBuilder("\n");
    for (int row = HEIGHT; row >= 0; row--) {
      double level = low + (high - low) * row / HEIGHT;
      out.append(String.format(java.util.Locale.ROOT, "%9s ┤", time((long) Math.pow(10, level))));
      for (int column = 0; column <= WIDTH; column++) {
        double value = Math.log10(Math.max(1, h.percentile(percentileAt(column))));
        double cell = (value - low) / (high - low) * HEIGHT;
        out.append(Math.round(cell) == row ? '•' : ' ');
      }
      out.setLength(out.toString().stripTrailing().length());
      out.append('\n');
    }
    out.append("          └").append("─".repeat(WIDTH + 1)).append("\n           ");
    StringBuilder axis = new StringBuilder(" ".repeat(WIDTH + 8));
    for (int i = 0; i < PERCENTILES.length; i += 1) {
      int at = WIDTH * i / (PERCENTILES.length - 1);
      if (i % 2 == 0 || i > 8) {
        String label =
            PERCENTILES[i] == Math.rint(PERCENTILES[i])
                ? "" + (int) PERCENTILES[i]
                : "" + PERCENTILES[i];
        int start = i == PERCENTILES.length - 1 ? at + 1 : at;
        axis.replace(start, start + label.length(), label);
      }
    }
    return out.append(axis.toString().stripTrailing()).append(" %\n").toString();
  }

  private static double percentileAt(int column) {
    double place = (double) column * (PERCENTILES.length - 1) / WIDTH;
    int i = Math.min(PERCENTILES.length - 2, (int) place);
    return PERCENTILES[i] + (PERCENTILES[i + 1] - PERCENTILES[i]) * (place - i);
  }
}
