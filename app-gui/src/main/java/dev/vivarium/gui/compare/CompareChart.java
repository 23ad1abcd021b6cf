package dev.vivarium.gui.compare;

import dev.vivarium.engine.compare.Measurement;
import dev.vivarium.engine.compare.Result;
import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Plot;
import java.util.List;
import java.util.Locale;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.paint.Color;

/**
 * A bar for each engine: as long as its figure, with each single run as a mark on it, and beside it
 * how many times the first engine's it is.
 */
final class CompareChart {
  private static final double ROW = 44;
  private static final double LEFT = 96;
  private static final double RIGHT = 190;

  private final ObservableValue<Colors> colors;
  private final Plot plot = new Plot("compare.chart");
  private List<Result> results = List.of();
  private Figure figure = Figure.WALL;

  CompareChart(ObservableValue<Colors> colors) {
    this.colors = colors;
    plot.setId("compare-chart");
    plot.onResized(this::draw);
    colors.addListener((o, before, now) -> draw());
    size(1);
  }

  Node node() {
    return plot;
  }

  void show(List<Result> shown, Figure of) {
    results = List.copyOf(shown);
    figure = of;
    size(Math.max(1, shown.size()));
    draw();
    StringBuilder spoken = new StringBuilder(Messages.text("compare.chart"));
    for (Result r : results) {
      spoken.append(". ").append(r.engine()).append(' ').append(text(r));
    }
    plot.setAccessibleText(spoken.toString());
  }

  private void size(int rows) {
    double height = rows * ROW + 14;
    plot.setMinHeight(height);
    plot.setPrefHeight(height);
    plot.setMaxHeight(height);
  }

  private String text(Result r) {
    if (r.runs().isEmpty()) {
      return r.problem().isEmpty() ? "" : Format.line(r.problem(), 120);
    }
    long first =
        results.stream()
            .filter(o -> !o.runs().isEmpty())
            .mapToLong(figure::value)
            .findFirst()
            .orElse(0);
    long value = figure.value(r);
    return figure.text(value)
        + (first > 0 && value > 0
            ? "   "
                + Messages.text(
                    "compare.times", String.format(Locale.ROOT, "%.2f", (double) value / first))
            : "");
  }

  private void draw() {
    Colors c = colors.getValue();
    GraphicsContext g = plot.graphics();
    g.setFill(c.background());
    g.fillRect(0, 0, plot.width(), plot.height());
    if (results.isEmpty()) {
      g.setFill(c.muted());
      g.fillText(Messages.text("compare.none"), 14, plot.height() / 2 + 4);
      return;
    }
    double width = Math.max(40, plot.width() - LEFT - RIGHT);
    double most =
        Math.max(1, results.stream().mapToLong(r -> r.greatest(figure.of())).max().orElse(1));
    for (int i = 0; i < results.size(); i++) {
      row(g, c, results.get(i), 6 + i * ROW, width, most);
    }
  }

  private void row(GraphicsContext g, Colors c, Result r, double y, double width, double most) {
    g.setFill(c.text());
    g.fillText(r.engine(), 14, y + ROW / 2 + 5);
    g.setFill(c.raised());
    g.fillRoundRect(LEFT, y + 8, width, ROW - 16, 6, 6);
    if (r.runs().isEmpty()) {
      g.setFill(r.problem().isEmpty() ? c.muted() : c.bad());
      g.fillText(text(r), LEFT + 12, y + ROW / 2 + 5, width + RIGHT - 24);
      return;
    }
    Color bar =
        switch (r.engine()) {
          case "native" -> c.muted();
          case "microvm" -> c.third();
          default -> c.accent();
        };
    g.setFill(bar.deriveColor(0, 1, 1, 0.7));
    g.fillRoundRect(LEFT, y + 8, Math.max(2, figure.value(r) / most * width), ROW - 16, 6, 6);
    // Each run by itself: whether they agree says more than their middle.
    g.setStroke(c.text());
    g.setLineWidth(1);
    for (Measurement m : r.runs()) {
      double x = Math.round(LEFT + figure.of().applyAsLong(m) / most * width) + 0.5;
      g.strokeLine(x, y + 11, x, y + ROW - 11);
    }
    g.setFill(c.text());
    g.fillText(text(r), LEFT + width + 12, y + ROW / 2 + 5, RIGHT - 20);
  }
}
