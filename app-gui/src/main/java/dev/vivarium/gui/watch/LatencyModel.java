package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Statistics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * What the views of latency show, out of the figures of one moment and the one before. No control
 * and no thread of its own.
 */
final class LatencyModel {
  /** Rows of the heat map: ten to a power of ten, from 100 ns to 10 s. */
  static final int BUCKETS = 80;

  static final int COLUMNS = 240;
  private static final double LEAST = 2;
  private static final double PER_DECADE = 10;

  /** Calls whose time is what they were asked to wait, not what they took. */
  private static final Set<String> WAITING =
      Set.of(
          "futex",
          "poll",
          "ppoll",
          "select",
          "pselect6",
          "epoll_wait",
          "epoll_pwait",
          "epoll_pwait2",
          "nanosleep",
          "clock_nanosleep",
          "wait4",
          "waitid",
          "pause",
          "rt_sigsuspend",
          "rt_sigtimedwait",
          "accept",
          "accept4",
          "sigsuspend");

  /** One call's share of the time. */
  record Row(
      String name,
      long calls,
      long failures,
      long total,
      long inside,
      long blocked,
      long disk,
      LatencyHistogram latency) {}

  private final int[][] heat = new int[COLUMNS][BUCKETS];
  private int columns;
  private int most = 1;
  private long[] before = new long[BUCKETS];
  private boolean any;
  private List<Row> rows = List.of();
  private LatencyHistogram whole = new LatencyHistogram();
  private boolean waiting;

  /** Whether calls that wait are shown; else they own every view. */
  void setWaiting(boolean shown) {
    if (waiting != shown) {
      waiting = shown;
      any = false;
    }
  }

  /** Takes the figures of the next moment. */
  void add(Statistics now) {
    List<Row> next = new ArrayList<>();
    LatencyHistogram all = new LatencyHistogram();
    for (Statistics.Calls c : now.calls()) {
      if (!waiting && WAITING.contains(c.name())) {
        continue;
      }
      all.add(c.latency());
      next.add(
          new Row(
              c.name(),
              c.latency().count(),
              c.failures(),
              c.latency().sum(),
              c.insideNanos(),
              c.blocked().sum() + c.handOver().sum(),
              c.disk().sum(),
              c.latency()));
    }
    next.sort(Comparator.comparingLong((Row r) -> -r.total));
    rows = next;
    whole = all;
    long[] counts = counts(all);
    if (any) {
      int[] column = heat[columns % COLUMNS];
      for (int i = 0; i < BUCKETS; i++) {
        column[i] = Math.clamp(counts[i] - before[i], 0, Integer.MAX_VALUE);
        most = Math.max(most, column[i]);
      }
      columns++;
    }
    any = true;
    before = counts;
  }

  private static long[] counts(LatencyHistogram h) {
    long[] counts = new long[BUCKETS];
    if (h.count() == 0) {
      return counts;
    }
    for (int i = 0; i < BUCKETS; i++) {
      long from = i == 0 ? 0 : edge(i);
      long to = i == BUCKETS - 1 ? Long.MAX_VALUE : edge(i + 1) - 1;
      counts[i] = h.max() < from || h.min() > to ? 0 : h.countBetween(from, to);
    }
    return counts;
  }

  /** Where a row begins, in nanoseconds. */
  static long edge(int bucket) {
    return Math.round(Math.pow(10, LEAST + bucket / PER_DECADE));
  }

  /** Where a latency lies among the rows, 0 to 1. */
  static double place(double nanos) {
    return (Math.log10(Math.max(1, nanos)) - LEAST) / (BUCKETS / PER_DECADE);
  }

  /** Rows as lines of a table; the first is all calls together. Times in nanoseconds. */
  static String csv(List<Row> rows, LatencyHistogram whole) {
    StringBuilder out =
        new StringBuilder("call,count,failures,total,blocked,disk,p50,p90,p99,p99.9,max\n");
    long failures = rows.stream().mapToLong(Row::failures).sum();
    long blocked = rows.stream().mapToLong(Row::blocked).sum();
    long disk = rows.stream().mapToLong(Row::disk).sum();
    long total = rows.stream().mapToLong(Row::total).sum();
    line(out, new Row("all", whole.count(), failures, total, 0, blocked, disk, whole));
    rows.forEach(r -> line(out, r));
    return out.toString();
  }

  private static void line(StringBuilder out, Row r) {
    LatencyHistogram h = r.latency;
    out.append(r.name).append(',').append(r.calls).append(',').append(r.failures);
    out.append(',').append(r.total).append(',').append(r.blocked).append(',').append(r.disk);
    for (double percent : new double[] {50, 90, 99, 99.9}) {
      out.append(',').append(h.count() == 0 ? 0 : h.percentile(percent));
    }
    out.append(',').append(h.count() == 0 ? 0 : h.max()).append('\n');
  }

  List<Row> rows() {
    return rows;
  }

  LatencyHistogram whole() {
    return whole;
  }

  /** How many columns there have been. */
  int columns() {
    return columns;
  }

  /** One of the last {@link #COLUMNS} of them. */
  int[] column(int number) {
    return heat[number % COLUMNS];
  }

  /** The greatest count of a cell so far. */
  int most() {
    return most;
  }
}
