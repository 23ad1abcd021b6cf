package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.calls.CallFormatter;
import dev.vivarium.engine.watch.export.EventText;
import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Messages;
import java.util.function.Consumer;
import javafx.animation.AnimationTimer;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Orientation;
import javafx.scene.AccessibleRole;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.control.ScrollBar;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.text.Font;
import javafx.scene.text.Text;
import org.jspecify.annotations.Nullable;

/**
 * A table of events that draws the rows in sight and no others, once per frame at most. It follows
 * the newest until the user scrolls or pauses; then it keeps still, whatever comes.
 */
public final class CallTable extends Region {
  private static final double ROW = 20;
  private static final double HEAD = 26;
  private static final double LEFT = 10;
  private static final String[] COLUMNS = {"time", "pid", "call", "arguments", "result", "took"};

  private final CallFormatter formatter = new CallFormatter();
  private final ObservableValue<Colors> colors;
  private final Consumer<@Nullable Event> selected;
  private final Canvas canvas = new Canvas();
  private final ScrollBar bar = new ScrollBar();
  private final Font font = Font.font("Monospaced", 12);
  private final Font headFont = Font.font(11.5);
  private final double glyph;
  private final String[] headings = new String[COLUMNS.length];
  private final CallLine text = new CallLine();
  private Color faintAccent = Color.TRANSPARENT;
  private Color faintThird = Color.TRANSPARENT;
  private Color faintBad = Color.TRANSPARENT;
  private @Nullable CallFeed feed;
  private Event @Nullable [] still;
  private @Nullable Event chosen;
  private @Nullable Event[] window = new Event[0];
  private boolean following = true;
  private boolean dirty = true;
  private long drawnMatches = -1;
  private long first;
  private int frames;
  private final AnimationTimer timer =
      new AnimationTimer() {
        @Override
        public void handle(long now) {
          frame();
        }
      };

  /**
   * @param selected hears which event is chosen
   */
  public CallTable(ObservableValue<Colors> colors, Consumer<@Nullable Event> selected) {
    this.colors = colors;
    this.selected = selected;
    Text one = new Text("MMMMMMMMMM");
    one.setFont(font);
    glyph = one.getLayoutBounds().getWidth() / 10;
    bar.setOrientation(Orientation.VERTICAL);
    bar.setAccessibleText(Messages.text("calls.scroll"));
    getChildren().addAll(canvas, bar);
    getStyleClass().add("canvas-frame");
    setFocusTraversable(true);
    setAccessibleRole(AccessibleRole.TABLE_VIEW);
    setAccessibleText(Messages.text("calls.name"));
    setMinHeight(120);
    bar.valueProperty()
        .addListener((o, before, now) -> {
          if (!setting) {
            stopFollowing();
            if (now.doubleValue() >= bar.getMax() - 0.5 && still == null) {
              following = true;
            }
            dirty = true;
          }
        });
    setOnScroll(e -> scrollBy(-e.getDeltaY() / ROW));
    setOnMousePressed(e -> {
      requestFocus();
      e.consume(); // else the tabs around it take the focus
      choose(first + (long) ((e.getY() - HEAD) / ROW));
    });
    setOnKeyPressed(this::pressed);
    for (int i = 0; i < COLUMNS.length; i++) {
      headings[i] = Messages.text("calls.column." + COLUMNS[i]);
    }
    colors.addListener((o, before, now) -> colour(now));
    colour(colors.getValue());
  }

  private boolean setting;

  private void colour(Colors c) {
    faintAccent = c.accent().deriveColor(0, 1, 1, 0.25);
    faintThird = c.third().deriveColor(0, 1, 1, 0.25);
    faintBad = c.bad().deriveColor(0, 1, 1, 0.25);
    dirty = true;
  }

  /** Shows another feed, or none. */
  public void setFeed(@Nullable CallFeed shown) {
    feed = shown;
    still = null;
    chosen = null;
    following = true;
    dirty = true;
  }

  /** Draws from now on. */
  public void start() {
    timer.start();
  }

  /** Does nothing any more. */
  public void stop() {
    timer.stop();
  }

  /** Holds still, or goes on with what comes. */
  public void setPaused(boolean paused) {
    CallFeed f = feed;
    still = paused && f != null ? f.freeze() : null;
    following = !paused;
    dirty = true;
  }

  /** Goes to the newest, and stays there. */
  public void follow() {
    still = null;
    following = true;
    dirty = true;
  }

  public boolean isFollowing() {
    return following;
  }

  /** How many frames were drawn in all. */
  public int frames() {
    return frames;
  }

  /** Something else is let through. */
  public void filterChanged() {
    CallFeed f = feed;
    if (still != null && f != null) {
      still = f.freeze();
    }
    dirty = true;
  }

  /** What is there to be taken away: what stands still, or all that is kept. */
  public Event[] contents() {
    Event[] s = still;
    CallFeed f = feed;
    return s != null ? s : f == null ? new Event[0] : f.freeze();
  }

  private void stopFollowing() {
    CallFeed f = feed;
    if (following && f != null) {
      // What was in sight stays there: the rest moves on under a view that looks at numbers.
      following = false;
    }
  }

  private void scrollBy(double rows) {
    stopFollowing();
    bar.setValue(
        Math.clamp(bar.getValue() + rows, bar.getMin(), Math.max(bar.getMin(), bar.getMax())));
    dirty = true;
  }

  private int rows() {
    return Math.max(1, (int) ((getHeight() - HEAD) / ROW));
  }

  private void pressed(KeyEvent e) {
    switch (e.getCode()) {
      case DOWN -> move(1);
      case UP -> move(-1);
      case PAGE_DOWN -> scrollBy(rows());
      case PAGE_UP -> scrollBy(-rows());
      case END -> follow();
      case HOME -> {
        stopFollowing();
        bar.setValue(bar.getMin());
      }
      default -> {
        return;
      }
    }
    e.consume();
  }

  private void move(int by) {
    int at = 0;
    for (int i = 0; i < window.length; i++) {
      if (window[i] != null && window[i] == chosen) {
        at = i + by;
      }
    }
    if (at < 0 || at >= rows()) {
      scrollBy(by);
      at = Math.clamp(at, 0, rows() - 1);
    }
    choose(first + at);
  }

  private void choose(long number) {
    stopFollowing();
    int at = (int) (number - first);
    chosen = at >= 0 && at < window.length ? window[at] : null;
    if (chosen != null) {
      setAccessibleText(Messages.text("calls.name") + ": " + line(chosen));
    }
    selected.accept(chosen);
    dirty = true;
  }

  /** One event in one line. */
  public String line(Event e) {
    return e.kind() == EventKind.SYSCALL
        ? formatter.line(e)
        : e.kind().word() + ": " + EventText.describe(e);
  }

  @Override
  protected void layoutChildren() {
    double w = getWidth() - 14;
    canvas.setWidth(Math.max(0, w - 2));
    canvas.setHeight(Math.max(0, getHeight() - 2));
    canvas.relocate(1, 1);
    bar.resizeRelocate(w, HEAD, 13, Math.max(0, getHeight() - HEAD - 2));
    dirty = true;
  }

  private void frame() {
    CallFeed f = feed;
    Event[] s = still;
    CallFeed.Extent extent =
        f == null
            ? new CallFeed.Extent(0, 0, 0, 0, true)
            : s == null ? f.extent() : new CallFeed.Extent(s.length, s.length, 0, 0, false);
    if (!dirty && extent.matches() == drawnMatches) {
      return;
    }
    if (!dirty && !following && s == null && first >= extent.first()) {
      drawnMatches = extent.matches();
      setBar(extent, first);
      return;
    }
    dirty = false;
    drawnMatches = extent.matches();
    int rows = rows() + 1;
    if (window.length != rows) {
      window = new Event[rows];
    }
    long last = Math.max(extent.first(), extent.matches() - rows());
    first = following ? last : Math.clamp((long) bar.getValue(), extent.first(), last);
    java.util.Arrays.fill(window, null);
    if (s != null) {
      for (int i = 0; i < rows && first + i < s.length; i++) {
        window[i] = s[(int) first + i];
      }
    } else if (f != null) {
      f.copy(first, window);
    }
    setBar(extent, first);
    draw();
    frames++;
  }

  private void setBar(CallFeed.Extent extent, long at) {
    setting = true;
    bar.setMin(extent.first());
    bar.setMax(Math.max(extent.first(), extent.matches() - rows()));
    bar.setVisibleAmount(Math.min(rows(), Math.max(1, extent.matches() - extent.first())));
    bar.setValue(at);
    setting = false;
  }

  private void draw() {
    double w = canvas.getWidth();
    double h = canvas.getHeight();
    Colors c = colors.getValue();
    GraphicsContext g = canvas.getGraphicsContext2D();
    g.setFill(c.background());
    g.fillRect(0, 0, w, h);
    // Widths in glyphs, so that cutting a text needs no measuring.
    int[] widths = CallLine.widths((int) ((w - 2 * LEFT) / glyph));
    g.setFill(c.raised());
    g.fillRect(0, 0, w, HEAD);
    // Rectangles along the pixels alone: what has to be smoothed costs more than all text.
    g.setFill(c.line());
    g.fillRect(0, HEAD - 1, w, 1);
    g.setFont(headFont);
    g.setFill(c.muted());
    double x = LEFT;
    for (int i = 0; i < COLUMNS.length; i++) {
      g.fillText(headings[i], x, HEAD - 9);
      x += widths[i] * glyph;
    }
    g.setFont(font);
    for (int i = 0; i < window.length; i++) {
      Event e = window[i];
      double y = HEAD + i * ROW;
      if (e == null || y > h) {
        continue;
      }
      if (e == chosen) {
        g.setFill(c.selection());
        g.fillRect(0, y, w, ROW);
      }
      drawRow(g, c, e, widths, y);
    }
  }

  /** In as few pieces as there are colours: each text that is drawn is shaped anew. */
  private void drawRow(GraphicsContext g, Colors c, Event e, int[] widths, double top) {
    double x = LEFT;
    double y = top + 14;
    text.begin();
    text.add(CallLine.seconds(e.timeNanos()), widths[0]);
    text.add(Integer.toString(e.tid()), widths[1]);
    g.setFill(c.muted());
    g.fillText(text.end(), x, y);
    x += (widths[0] + widths[1]) * glyph;
    if (e.kind() != EventKind.SYSCALL) {
      g.setFill(c.second());
      text.begin();
      text.add(e.kind().word(), widths[2]);
      text.add(EventText.describe(e), widths[3] + widths[4]);
      g.fillText(text.end(), x, y);
      return;
    }
    g.setFill(c.accent());
    g.fillText(
        CallLine.cut(dev.vivarium.engine.watch.calls.CallTable.get().name(e.number()), widths[2]),
        x,
        y);
    x += widths[2] * glyph;
    String result = formatter.result(e);
    double tookAt = x + (widths[3] + widths[4]) * glyph;
    if (e.returned()) {
      long took = e.durationNanos();
      // A bar of a length by the order of magnitude: 100 ns to 1 s.
      double part = Math.clamp((Math.log10(Math.max(1, took)) - 2) / 7, 0.02, 1);
      g.setFill(took > 10_000_000 ? faintBad : took > 100_000 ? faintThird : faintAccent);
      g.fillRect(Math.round(tookAt) - 4, top + 3, Math.round(part * (widths[5] * glyph - 8)), 14);
    }
    text.begin();
    text.add(String.join(", ", formatter.arguments(e)), widths[3]);
    text.add(e.failed() ? "" : result, widths[4]);
    text.add(e.returned() ? Format.nanos(e.durationNanos()) : "", widths[5]);
    g.setFill(c.text());
    if (text.isEven()) {
      g.fillText(text.end(), x, y);
    } else {
      // Letters of other widths would push aside what comes after them.
      for (int i = 0; i < 3; i++) {
        g.fillText(text.part(i), x, y);
        x += widths[3 + i] * glyph;
      }
    }
    if (e.failed()) {
      g.setFill(c.bad());
      g.fillText(CallLine.cut(result, widths[4]), tookAt - widths[4] * glyph, y);
    }
  }

  @Override
  protected double computePrefHeight(double width) {
    return 400;
  }

  @Override
  protected double computePrefWidth(double height) {
    return 800;
  }
}
