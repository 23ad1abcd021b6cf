package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.frame.Exports;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Plot;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javafx.scene.Node;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.control.CheckBox;
import javafx.scene.control.Label;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.VBox;
import javafx.scene.paint.Color;
import javafx.scene.text.TextAlignment;
import org.jspecify.annotations.Nullable;

/** How long calls take: over time, as percentiles, and which of them the time went to. */
public final class LatencyView {
  private static final int STEPS = 120;
  private static final double[] MARKS = {0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999};
  private static final double AXIS = HeatMap.AXIS;
  private static final double FOOT = HeatMap.FOOT;

  private final Workbench bench;
  private final LatencyModel model = new LatencyModel();
  private final HeatMap heat;
  private final Plot curvePlot = new Plot("latency.curve.title");
  private final Plot rankPlot = new Plot("latency.rank.title");
  private final CheckBox waiting = new CheckBox(Messages.text("latency.waiting"));
  private final Label figures = Ui.label("", "muted", "small");
  private final VBox node;
  private @Nullable String only;
  private boolean visible;

  /** Without figures yet. */
  public LatencyView(Workbench bench) {
    this.bench = bench;
    heat = new HeatMap(model, bench.colors());
    GridPane grid = new GridPane(12, 12);
    grid.add(titled("latency.heat.title", heat.plot()), 0, 0, 2, 1);
    grid.add(titled("latency.rank.title", rankPlot), 0, 1);
    grid.add(titled("latency.curve.title", curvePlot), 1, 1);
    for (int i = 0; i < 2; i++) {
      var column = new javafx.scene.layout.ColumnConstraints();
      column.setPercentWidth(50);
      grid.getColumnConstraints().add(column);
      var row = new javafx.scene.layout.RowConstraints();
      row.setPercentHeight(i == 0 ? 48 : 52);
      grid.getRowConstraints().add(row);
    }
    waiting.setOnAction(e -> model.setWaiting(waiting.isSelected()));
    rankPlot.setOnMousePressed(e -> choose(e.getY()));
    node =
        Ui.column(
            10,
            Ui.row(
                12,
                waiting,
                Ui.spacer(),
                figures,
                Ui.iconButton(Icons.EXPORT, Messages.text("latency.export"), this::export)),
            Ui.grow(grid));
    node.getStyleClass().add("tab-content");
    bench.colors().addListener((o, before, now) -> drawAll());
    curvePlot.onResized(this::drawCurve);
    rankPlot.onResized(this::drawRank);
  }

  private static Node titled(String key, Node plot) {
    return Ui.column(6, Ui.label(Messages.text(key), "section"), Ui.grow(plot));
  }

  public Node node() {
    return node;
  }

  /** Draws from now on. */
  public void shown() {
    visible = true;
    heat.start();
    drawAll();
  }

  /** Does nothing any more. */
  public void hidden() {
    visible = false;
    heat.stop();
  }

  /** Writes what is known of each call, one in a line, and of all together. */
  public void export() {
    List<LatencyModel.Row> rows = List.copyOf(model.rows());
    LatencyHistogram whole = model.whole();
    Exports.save(
        bench,
        node,
        Messages.text("latency.export"),
        "latency.csv",
        file -> LatencyModel.csv(rows, whole).getBytes(StandardCharsets.UTF_8));
  }

  /** How many frames of the heat map were drawn in all. */
  public int frames() {
    return heat.frames();
  }

  /** Takes the next figures. */
  public void add(Statistics now) {
    heat.looked();
    model.add(now);
    figures.setText(
        Messages.text(
            "latency.figures",
            Format.count(model.whole().count()),
            Format.nanos(now.countedNanos())));
    if (visible) {
      drawCurve();
      drawRank();
    }
  }

  private void drawAll() {
    drawCurve();
    drawRank();
  }

  // ---- percentiles ----

  private Optional<LatencyModel.Row> chosen() {
    return model.rows().stream().filter(r -> r.name().equals(only)).findFirst();
  }

  private void drawCurve() {
    Colors c = bench.colors().get();
    GraphicsContext g = curvePlot.graphics();
    double w = curvePlot.width() - AXIS - 24;
    double h = curvePlot.height() - FOOT - 6;
    g.setFill(c.background());
    g.fillRect(0, 0, curvePlot.width(), curvePlot.height());
    if (w < 50 || h < 40) {
      return;
    }
    HeatMap.drawLatencies(g, c, h, w);
    g.setTextAlign(TextAlignment.CENTER);
    for (double mark : MARKS) {
      double x = AXIS + across(mark) * w;
      g.setStroke(c.line().deriveColor(0, 1, 1, 0.6));
      g.strokeLine(Math.round(x) + 0.5, 4, Math.round(x) + 0.5, 4 + h);
      g.setFill(c.muted());
      String text = mark == (long) mark ? String.valueOf((long) mark) : String.valueOf(mark);
      g.fillText(text, Math.clamp(x, AXIS + 6, AXIS + w - 8), h + FOOT - 2);
    }
    g.setTextAlign(TextAlignment.LEFT);
    curve(g, model.whole(), w, h, only == null ? c.accent() : c.muted());
    Optional<LatencyModel.Row> row = chosen();
    row.ifPresent(r -> curve(g, r.latency(), w, h, c.accent()));
    LatencyHistogram shown = row.map(LatencyModel.Row::latency).orElse(model.whole());
    if (shown.count() > 0) {
      g.setFill(c.text());
      // At the lower right, where no curve comes: they only rise.
      g.setTextAlign(TextAlignment.RIGHT);
      g.fillText(
          Messages.text(
              "latency.legend",
              row.map(LatencyModel.Row::name).orElse(Messages.text("latency.all")),
              Format.nanos(shown.percentile(50)),
              Format.nanos(shown.percentile(99)),
              Format.nanos(shown.max())),
          AXIS + w - 10,
          h - 6);
      g.setTextAlign(TextAlignment.LEFT);
    }
  }

  /** Where a percentile lies, 0 to 1: each nine takes the same room. */
  private static double across(double percent) {
    return -Math.log10(Math.max(1e-6, 1 - percent / 100)) / 6;
  }

  private static void curve(
      GraphicsContext g, LatencyHistogram h, double width, double height, Color colour) {
    if (h.count() == 0) {
      return;
    }
    g.setStroke(colour);
    g.setLineWidth(1.8);
    g.beginPath();
    boolean begun = false;
    for (int i = 0; i <= STEPS; i++) {
      double percent = 100 * (1 - Math.pow(10, -6.0 * i / STEPS));
      // Beyond what the number of values can tell there is nothing to draw.
      if (percent > 50 && h.count() * (1 - percent / 100) < 1) {
        break;
      }
      double x = AXIS + across(percent) * width;
      double y = 4 + height - LatencyModel.place(h.percentile(percent)) * height;
      y = Math.clamp(y, 4, 4 + height);
      if (begun) {
        g.lineTo(x, y);
      } else {
        g.moveTo(x, y);
        begun = true;
      }
    }
    g.stroke();
    g.setLineWidth(1);
  }

  // ---- which calls the time went to ----

  private static final double RANK_ROW = 24;

  private void choose(double y) {
    int at = (int) ((y - 4) / RANK_ROW);
    if (at >= 0 && at < model.rows().size()) {
      String name = model.rows().get(at).name();
      only = name.equals(only) ? null : name;
      drawAll();
    }
  }

  private void drawRank() {
    Colors c = bench.colors().get();
    GraphicsContext g = rankPlot.graphics();
    double w = rankPlot.width();
    g.setFill(c.background());
    g.fillRect(0, 0, w, rankPlot.height());
    if (model.rows().isEmpty()) {
      g.setFill(c.muted());
      g.fillText(Messages.text("latency.none"), 14, 30);
      return;
    }
    double most = Math.max(1, model.rows().getFirst().total());
    double total = Math.max(1, model.rows().stream().mapToLong(LatencyModel.Row::total).sum());
    double barLeft = 130;
    double barWidth = Math.max(20, w - barLeft - 210);
    int shown = (int) ((rankPlot.height() - 8) / RANK_ROW);
    for (int i = 0; i < shown && i < model.rows().size(); i++) {
      LatencyModel.Row r = model.rows().get(i);
      double y = 4 + i * RANK_ROW;
      if (r.name().equals(only)) {
        g.setFill(c.selection());
        g.fillRect(0, y, w, RANK_ROW);
      }
      g.setFill(c.text());
      g.fillText(r.name().length() > 17 ? r.name().substring(0, 16) + "…" : r.name(), 10, y + 16);
      double x = barLeft;
      long rest = Math.max(0, r.total() - r.inside() - r.disk() - r.blocked());
      double scale = barWidth / most;
      x = piece(g, c.accent(), x, y, (r.inside() + rest) * scale);
      x = piece(g, c.third(), x, y, r.disk() * scale);
      piece(g, c.muted(), x, y, r.blocked() * scale);
      g.setFill(c.muted());
      String calls =
          r.calls() == 1
              ? Messages.text("latency.count.one")
              : Messages.text("latency.count", Format.count(r.calls()));
      double right = barLeft + barWidth + 56;
      g.setTextAlign(TextAlignment.RIGHT);
      g.fillText(String.format(Locale.ROOT, "%.1f %%", 100.0 * r.total() / total), right, y + 16);
      g.fillText(Format.nanos(r.total()), right + 64, y + 16);
      g.fillText(calls, right + 148, y + 16);
      g.setTextAlign(TextAlignment.LEFT);
    }
  }

  private static double piece(GraphicsContext g, Color c, double x, double y, double width) {
    if (width >= 0.5) {
      g.setFill(c.deriveColor(0, 1, 1, 0.75));
      g.fillRect(x, y + 5, width, RANK_ROW - 10);
    }
    return x + width;
  }
}
