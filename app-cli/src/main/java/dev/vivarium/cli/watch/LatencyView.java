package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.screen.Choice;
import dev.vivarium.cli.screen.Columns;
import dev.vivarium.cli.screen.Key;
import dev.vivarium.cli.screen.Line;
import dev.vivarium.cli.screen.Order;
import dev.vivarium.cli.screen.View;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Statistics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How long things take in one sandbox: the chosen row's curve stands below the list. */
final class LatencyView implements View {
  private static final List<String> KINDS = List.of("syscall", "file", "host");
  private static final int SPARK = 21;
  private static final int LONGEST_NAME = 40;

  private final Context context;
  private final SandboxState sandbox;
  private final Choice choice = new Choice();
  private final Order<LatencyRow> order =
      new Order<>(
          List.of(
              new Order.Column<>("name", Comparator.comparing(LatencyRow::name)),
              byLongest("count", LatencyHistogram::count),
              byLongest("time", LatencyHistogram::sum),
              byLongest("p99", h -> h.percentile(99)),
              byLongest("longest", LatencyHistogram::max)),
          2);
  private String by;
  private @Nullable Watched watched;
  private @Nullable Statistics figures;
  private Map<String, Long> counts = new HashMap<>();
  private Map<String, Long> countsBefore = new HashMap<>();
  private double seconds = 1;

  private interface Measure {
    long of(LatencyHistogram h);
  }

  private static Order.Column<LatencyRow> byLongest(String name, Measure measure) {
    return new Order.Column<>(
        name,
        Comparator.comparingLong((LatencyRow r) -> measure.of(r.latency()))
            .reversed()
            .thenComparing(LatencyRow::name));
  }

  /**
   * Makes one.
   *
   * @param by syscall, file or host
   */
  LatencyView(Context context, SandboxState sandbox, String by) {
    this.context = context;
    this.sandbox = sandbox;
    this.by = by;
  }

  @Override
  public void update() throws CliException, EngineException, IOException, InterruptedException {
    Watched w = watched;
    if (w == null) {
      w = Watched.begin(context, sandbox);
      watched = w;
    }
    long before = figures == null ? 0 : figures.uptimeNanos();
    w.ask();
    w.figures().ifPresent(f -> figures = f);
    if (figures != null) {
      seconds = Math.max(1e-3, (figures.uptimeNanos() - before) / 1e9);
      countsBefore = counts;
      counts = new HashMap<>();
      for (LatencyRow row : LatencyRow.of(figures, by, sandbox.engine())) {
        counts.merge(row.name(), row.latency().count(), Long::sum);
      }
    }
  }

  @Override
  public List<Line> draw(int height, int columns) {
    List<Line> lines = new ArrayList<>();
    List<LatencyRow> rows =
        figures == null ? new ArrayList<>() : LatencyRow.of(figures, by, sandbox.engine());
    order.sort(rows);
    lines.add(
        new Line(
            sandbox.name()
                + ": latency per "
                + by
                + (by.equals("syscall") && !LatencyRow.hasParts(sandbox.engine())
                    ? ", seen inside the guest, "
                    : ", ")
                + order.text(),
            Line.Look.BOLD));
    lines.add(Line.of(""));
    Columns table =
        new Columns(
            by.toUpperCase(java.util.Locale.ROOT),
            "COUNT",
            "PER S",
            "TIME",
            "P50",
            "P90",
            "P99",
            "MAX",
            "100ns 10us  1ms   .1s");
    for (LatencyRow row : rows) {
      LatencyHistogram h = row.latency();
      String spark = Curve.spark(h, SPARK);
      table.add(
          shortened(row.name()),
          Long.toString(h.count()),
          rate(row),
          Curve.time(h.sum()),
          Curve.time(h.percentile(50)),
          Curve.time(h.percentile(90)),
          Curve.time(h.percentile(99)),
          Curve.time(h.max()),
          spark + " ".repeat(SPARK - spark.length()));
    }
    List<String> texts = table.lines();
    lines.add(new Line(texts.getFirst(), Line.Look.FAINT));
    List<Line> below = List.of();
    if (!rows.isEmpty() && height >= Curve.LINES + 8) {
      LatencyRow chosen = rows.get(Math.min(choice.row(), rows.size() - 1));
      below = Curve.draw(chosen.latency()).lines().map(Line::of).toList();
    }
    int room = Math.max(1, height - lines.size() - below.size());
    List<Line> seen =
        choice.seen(texts.subList(1, texts.size()).stream().map(Line::of).toList(), room);
    lines.addAll(seen);
    for (int i = seen.size(); i < room && !below.isEmpty(); i++) {
      lines.add(Line.of(""));
    }
    lines.addAll(below);
    return lines;
  }

  /** The end of a long path says more than its beginning. */
  private static String shortened(String name) {
    return name.length() <= LONGEST_NAME
        ? name
        : "…" + name.substring(name.length() - LONGEST_NAME + 1);
  }

  private String rate(LatencyRow row) {
    Long before = countsBefore.get(row.name());
    long now = counts.getOrDefault(row.name(), 0L);
    return Long.toString(
        Math.max(0, Math.round((now - (before == null ? now : before)) / seconds)));
  }

  @Override
  public String help() {
    return "b calls, files, hosts   < > r order";
  }

  @Override
  public void pressed(Key key) {
    if (key.is('b')) {
      by = KINDS.get((KINDS.indexOf(by) + 1) % KINDS.size());
      counts.clear();
    } else if (!order.change(key)) {
      choice.move(key);
    }
  }

  @Override
  public boolean isOver() {
    Watched w = watched;
    return w != null && w.hasEnded();
  }

  @Override
  public void close() {
    if (watched != null) {
      watched.close();
    }
  }
}
