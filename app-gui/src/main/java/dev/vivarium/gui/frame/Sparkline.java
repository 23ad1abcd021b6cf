package dev.vivarium.gui.frame;

import javafx.beans.value.ObservableValue;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;

/** A small curve of the last minute, without axes. */
public final class Sparkline extends Region {
  private static final int SLOTS = 60;

  private final Canvas canvas = new Canvas();
  private final ObservableValue<Colors> colors;
  private double[] values = new double[0];

  /** An empty one. */
  public Sparkline(ObservableValue<Colors> colors) {
    this.colors = colors;
    getChildren().add(canvas);
    setPrefSize(120, 22);
    setMinSize(40, 16);
  }

  /** Shows these, the newest last. They are not copied, and not changed afterwards. */
  public void show(double[] shown) {
    values = shown;
    draw();
  }

  @Override
  protected void layoutChildren() {
    canvas.setWidth(getWidth());
    canvas.setHeight(getHeight());
    draw();
  }

  private void draw() {
    double w = canvas.getWidth();
    double h = canvas.getHeight();
    GraphicsContext g = canvas.getGraphicsContext2D();
    g.clearRect(0, 0, w, h);
    if (values.length == 0 || w <= 0) {
      return;
    }
    double most = 1;
    for (double v : values) {
      most = Math.max(most, v);
    }
    // The newest at the right end, always: a short history fills a part.
    double step = w / (SLOTS - 1);
    double from = w - (values.length - 1) * step;
    Colors c = colors.getValue();
    g.beginPath();
    g.moveTo(from, h);
    for (int i = 0; i < values.length; i++) {
      g.lineTo(from + i * step, h - 1 - values[i] / most * (h - 3));
    }
    g.lineTo(w, h);
    g.closePath();
    g.setFill(c.accent().deriveColor(0, 1, 1, 0.18));
    g.fill();
    g.beginPath();
    for (int i = 0; i < values.length; i++) {
      double y = h - 1 - values[i] / most * (h - 3);
      if (i == 0) {
        g.moveTo(from, y);
      } else {
        g.lineTo(from + i * step, y);
      }
    }
    g.setStroke(c.accent());
    g.setLineWidth(1.3);
    g.stroke();
  }
}
