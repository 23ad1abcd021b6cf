package dev.vivarium.gui.watch;

import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Plot;
import javafx.animation.AnimationTimer;
import javafx.beans.value.ObservableValue;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.image.ImageView;
import javafx.scene.text.TextAlignment;
import org.jspecify.annotations.Nullable;

/**
 * How long calls took, over time: a column for each look at the figures, which move on evenly
 * between two looks. The axes are drawn when they change, the cells in each frame.
 */
final class HeatMap {
  /** What is left free around the cells, for the axes. */
  static final double AXIS = 62;

  static final double FOOT = 22;
  private static final double TOP = 4;
  private static final double RIGHT = 8;

  private final LatencyModel model;
  private final ObservableValue<Colors> colors;
  private final Plot plot = new Plot("latency.heat.title");
  private final ImageView body = new ImageView();
  private final HeatCells cells = new HeatCells();
  private final PixelGrid grid = new PixelGrid();
  private final AnimationTimer timer =
      new AnimationTimer() {
        @Override
        public void handle(long now) {
          draw(now);
        }
      };
  private @Nullable Colors axesColors;
  private long axesSeconds;
  private long columnAt;
  private double columnNanos = 250_000_000;
  private int frames;

  HeatMap(LatencyModel model, ObservableValue<Colors> colors) {
    this.model = model;
    this.colors = colors;
    plot.setId("heat-map");
    plot.add(body, AXIS, TOP);
    plot.onResized(() -> axesColors = null);
  }

  Plot plot() {
    return plot;
  }

  void start() {
    timer.start();
  }

  void stop() {
    timer.stop();
  }

  /** How many frames were drawn in all. */
  int frames() {
    return frames;
  }

  /** The model is about to have another column. */
  void looked() {
    long now = System.nanoTime();
    if (columnAt != 0 && model.columns() > 1) {
      columnNanos = 0.8 * columnNanos + 0.2 * Math.min(2e9, now - columnAt);
    }
    columnAt = now;
  }

  private void draw(long now) {
    Colors c = colors.getValue();
    double scale = PixelGrid.scale(plot);
    int w = (int) Math.round((plot.width() - AXIS - RIGHT) * scale);
    int h = (int) Math.round((plot.height() - FOOT - TOP - 2) * scale);
    if (w < 50 || h < 40) {
      body.setImage(null);
      return;
    }
    drawAxes(c, w / scale, h / scale);
    cells.paint(model, c);
    double cell = (double) w / (LatencyModel.COLUMNS - 1);
    double part = Math.clamp((now - columnAt) / columnNanos, 0, 1);
    grid.begin(w, h);
    cells.draw(grid, w, h, w + (1 - part) * cell, cell);
    for (double nanos = 100; nanos <= 1e10; nanos *= 10) {
      double y = (1 - LatencyModel.place(nanos)) * h;
      grid.fill(0, (int) Math.round(y), w, (int) Math.round(scale), PixelGrid.argb(c.faintLine()));
    }
    body.setImage(grid.end());
    body.setFitWidth(w / scale);
    body.setFitHeight(h / scale);
    frames++;
  }

  private void drawAxes(Colors c, double w, double h) {
    long seconds = Math.round(LatencyModel.COLUMNS * columnNanos / 1e9);
    if (axesColors == c && axesSeconds == seconds) {
      return;
    }
    axesColors = c;
    axesSeconds = seconds;
    GraphicsContext g = plot.graphics();
    g.setFill(c.background());
    g.fillRect(0, 0, plot.width(), plot.height());
    drawLatencies(g, c, h, 0);
    g.setTextAlign(TextAlignment.RIGHT);
    g.fillText(Messages.text("latency.now"), AXIS + w, h + FOOT - 2);
    g.setTextAlign(TextAlignment.LEFT);
    g.fillText(Messages.text("latency.ago", seconds), AXIS, h + FOOT - 2);
  }

  /**
   * Draws an axis of latencies at the left, with a line for each power of ten.
   *
   * @param height of what is beside it
   * @param width of the lines
   */
  static void drawLatencies(GraphicsContext g, Colors c, double height, double width) {
    g.setTextAlign(TextAlignment.RIGHT);
    for (double nanos = 100; nanos <= 1e10; nanos *= 10) {
      double y = TOP + height - LatencyModel.place(nanos) * height;
      // A rectangle along the pixels: a line would be smoothed, which costs more than all the rest.
      g.setFill(c.faintLine());
      g.fillRect(AXIS, Math.round(y), width, 1);
      g.setFill(c.muted());
      g.fillText(Format.nanos(nanos), AXIS - 6, Math.clamp(y + 4, 12, height + 4));
    }
    g.setTextAlign(TextAlignment.LEFT);
  }
}
