package dev.vivarium.gui.watch;

import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Plot;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.LongConsumer;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.input.KeyEvent;
import javafx.scene.paint.Color;
import javafx.scene.text.TextAlignment;

/**
 * A line for each kind of activity, with bars as high as the logarithm of how much of it there was.
 * It follows the newest until it is dragged, or the cursor is moved.
 */
final class ActivityPlot {
  private static final double LEFT = 110;
  private static final double FOOT = 22;
  private static final double BAR = 4;
  private static final double[] STEPS = {
    0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 3600
  };

  private final ActivityModel model;
  private final ObservableValue<Colors> colors;
  private final LongConsumer looked;
  private final Plot plot = new Plot("activity.plot");
  private Set<ActivityModel.Lane> lanes = EnumSet.allOf(ActivityModel.Lane.class);
  private double seconds = 60;
  private boolean following = true;
  private double end;
  private double cursor = -1;
  private double draggedFrom;

  /**
   * Makes an empty one.
   *
   * @param looked told of the time that the user points at, in nanoseconds since the start
   */
  ActivityPlot(ActivityModel model, ObservableValue<Colors> colors, LongConsumer looked) {
    this.model = model;
    this.colors = colors;
    this.looked = looked;
    plot.setMinHeight(ActivityModel.Lane.values().length * 30 + FOOT + 6);
    plot.setMaxHeight(plot.getMinHeight());
    plot.setPrefHeight(plot.getMinHeight());
    plot.setFocusTraversable(true);
    plot.setId("activity-plot");
    plot.onResized(() -> draw(lanes));
    plot.setOnMousePressed(e -> {
      plot.requestFocus();
      draggedFrom = e.getX();
    });
    plot.setOnMouseClicked(e -> {
      if (e.isStillSincePress()) {
        point(begin() + (e.getX() - LEFT) / width() * seconds);
      }
    });
    plot.setOnMouseDragged(e -> {
      move((draggedFrom - e.getX()) / width() * seconds);
      draggedFrom = e.getX();
    });
    plot.setOnScroll(e -> {
      setSeconds(seconds * (e.getDeltaY() < 0 ? 1.25 : 0.8));
      e.consume();
    });
    plot.setOnKeyPressed(this::pressed);
    colors.addListener((o, before, now) -> draw(lanes));
  }

  Node node() {
    return plot;
  }

  private void pressed(KeyEvent e) {
    switch (e.getCode()) {
      case LEFT -> point((cursor < 0 ? end : cursor) - seconds / 60);
      case RIGHT -> point((cursor < 0 ? end : cursor) + seconds / 60);
      case PAGE_UP -> move(-seconds / 2);
      case PAGE_DOWN -> move(seconds / 2);
      case PLUS, EQUALS, ADD -> setSeconds(seconds * 0.8);
      case MINUS, SUBTRACT -> setSeconds(seconds * 1.25);
      default -> {
        return;
      }
    }
    e.consume();
  }

  private double width() {
    return Math.max(50, plot.width() - LEFT - 12);
  }

  private double begin() {
    return Math.max(0, end - seconds);
  }

  private double newest() {
    return Math.max(0, (model.newest() + 1) * ActivityModel.SLOT_NANOS / 1e9);
  }

  /** So much is shown at once. */
  void setSeconds(double wanted) {
    seconds = Math.clamp(wanted, 2, 3600);
    draw(lanes);
  }

  /** The newest again. */
  void follow() {
    following = true;
    cursor = -1;
  }

  private void move(double by) {
    following = false;
    end = Math.clamp(end + by, Math.min(seconds, newest()), Math.max(seconds, newest()));
    draw(lanes);
  }

  private void point(double at) {
    following = false;
    cursor = Math.clamp(at, 0, Math.max(0, newest()));
    if (cursor < begin() || cursor > Math.max(end, seconds)) {
      end = Math.max(seconds, cursor + seconds / 2);
    }
    draw(lanes);
    looked.accept((long) (cursor * 1e9));
  }

  void draw(Set<ActivityModel.Lane> shown) {
    lanes = shown;
    if (following) {
      end = newest();
    }
    Colors c = colors.getValue();
    GraphicsContext g = plot.graphics();
    g.setFill(c.background());
    g.fillRect(0, 0, plot.width(), plot.height());
    double w = width();
    ActivityModel.Lane[] all = ActivityModel.Lane.values();
    double row = (plot.height() - FOOT - 4) / all.length;
    drawTime(g, c, w, row * all.length + 2);
    int bars = (int) (w / BAR);
    long[] counts = new long[bars];
    double slotsPerSecond = 1e9 / ActivityModel.SLOT_NANOS;
    for (int i = 0; i < all.length; i++) {
      double top = 2 + i * row;
      boolean on = shown.contains(all[i]);
      g.setFill(on ? c.text() : c.muted());
      g.fillText(ActivityView.name(all[i]), 12, top + row / 2 + 4, LEFT - 18);
      g.setStroke(c.line());
      g.setLineWidth(1);
      double base = Math.round(top + row) - 0.5;
      g.strokeLine(LEFT, base, LEFT + w, base);
      model.counts(
          all[i], Math.round(begin() * slotsPerSecond), seconds * slotsPerSecond / bars, counts);
      g.setFill(on ? colour(c, all[i]) : c.line());
      for (int n = 0; n < bars; n++) {
        if (counts[n] > 0) {
          // One is seen; a thousand fill the line.
          double height = (row - 6) * Math.min(1, 0.25 + Math.log10(counts[n]) / 4);
          g.fillRect(LEFT + n * BAR, base - height, BAR - 1, height);
        }
      }
    }
    if (cursor >= begin() && cursor <= begin() + seconds) {
      double x = Math.round(LEFT + (cursor - begin()) / seconds * w) + 0.5;
      g.setStroke(c.accent());
      g.strokeLine(x, 2, x, 2 + row * all.length);
    }
  }

  private void drawTime(GraphicsContext g, Colors c, double w, double bottom) {
    double step = STEPS[STEPS.length - 1];
    for (double s : STEPS) {
      if (seconds / s <= w / 90) {
        step = s;
        break;
      }
    }
    g.setTextAlign(TextAlignment.CENTER);
    for (double at = Math.ceil(begin() / step) * step; at <= begin() + seconds; at += step) {
      double x = LEFT + (at - begin()) / seconds * w;
      g.setStroke(c.line().deriveColor(0, 1, 1, 0.6));
      g.setLineWidth(1);
      g.strokeLine(Math.round(x) + 0.5, 2, Math.round(x) + 0.5, bottom);
      g.setFill(c.muted());
      g.fillText(time(at, step), Math.clamp(x, LEFT + 10, LEFT + w - 14), bottom + FOOT - 7);
    }
    g.setTextAlign(TextAlignment.LEFT);
  }

  private static String time(double at, double step) {
    return at < 60 || step < 1
        ? String.format(Locale.ROOT, step < 1 ? "%.1f s" : "%.0f s", at)
        : String.format(Locale.ROOT, "%d:%02d", Math.round(at) / 60, Math.round(at) % 60);
  }

  private static Color colour(Colors c, ActivityModel.Lane lane) {
    return switch (lane) {
      case PROCESSES -> c.muted();
      case READ -> c.accent();
      case CHANGED -> c.third();
      case NETWORK -> c.second();
      case REFUSED -> c.bad();
    };
  }

  /** For those who do not see it. */
  void describe(String text) {
    plot.setAccessibleText(Messages.text("activity.plot") + ". " + text);
  }
}
