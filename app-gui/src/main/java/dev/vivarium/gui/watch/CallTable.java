package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.PackedEvents;
import dev.vivarium.engine.watch.export.EventText;
import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.frame.Messages;
import java.util.Arrays;
import java.util.function.Consumer;
import javafx.animation.AnimationTimer;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Orientation;
import javafx.scene.AccessibleRole;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.control.ScrollBar;
import javafx.scene.image.ImageView;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.Region;
import javafx.scene.text.Font;
import org.jspecify.annotations.Nullable;

/**
 * A table of events that draws the rows in sight and no others, once per frame at most. It follows
 * the newest until the user scrolls or pauses; then it keeps still, whatever comes.
 */
public final class CallTable extends Region {
  private static final double ROW = 20;

  /** What is drawn anew in each frame keeps off the frame around it, which would be drawn too. */
  private static final double EDGE = 2;

  private static final double HEAD = 26;
  private static final double BASELINE = 14;
  private static final double BAR = 13;
  private static final double THUMB = 24;
  private static final String[] COLUMNS = {"time", "pid", "call", "arguments", "result", "took"};

  private final ObservableValue<Colors> colors;
  private final Consumer<@Nullable Event> selected;
  private final Canvas head = new Canvas();
  private final ImageView body = new ImageView();
  private final ScrollBar bar = new ScrollBar();
  private final Font font = Font.font("Monospaced", 12);
  private final Font headFont = Font.font(11.5);
  private final String[] headings = new String[COLUMNS.length];
  private final CallRows rows = new CallRows();
  private @Nullable Letters letters;
  private @Nullable Colors headColors;
  private int[] headPlaces = {};
  private @Nullable CallFeed feed;
  private @Nullable PackedEvents still;
  private @Nullable Event chosen;
  private @Nullable Event[] window = new Event[0];
  private boolean following = true;
  private boolean dirty = true;
  private long drawnMatches = -1;

  /** The number of the event in the topmost row. */
  private long first;

  /** Where the user has scrolled to, when it does not follow: a number, and parts of a row. */
  private double wanted;

  /** The number that the scroll bar's zero stands for. */
  private long origin;

  private boolean setting;
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
    bar.setOrientation(Orientation.VERTICAL);
    bar.setAccessibleText(Messages.text("calls.scroll"));
    getChildren().addAll(head, body, bar);
    getStyleClass().add("canvas-frame");
    setFocusTraversable(true);
    setAccessibleRole(AccessibleRole.TABLE_VIEW);
    setAccessibleText(Messages.text("calls.name"));
    setMinHeight(120);
    bar.valueProperty()
        .addListener((o, before, now) -> {
          if (!setting) {
            following = now.doubleValue() >= bar.getMax() - 0.5 && still == null;
            wanted = origin + now.doubleValue();
            dirty = true;
          }
        });
    setOnScroll(e -> scrollBy(-e.getDeltaY() / ROW));
    setOnMousePressed(e -> {
      requestFocus();
      e.consume(); // else the tabs around it take the focus
      choose(first + (long) ((e.getY() - HEAD - 1) / ROW));
    });
    setOnKeyPressed(this::pressed);
    for (int i = 0; i < COLUMNS.length; i++) {
      headings[i] = Messages.text("calls.column." + COLUMNS[i]);
    }
    colors.addListener((o, before, now) -> colour(now));
    colour(colors.getValue());
  }

  private void colour(Colors c) {
    rows.colour(c);
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
    wanted = Double.MAX_VALUE; // what came last
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
  public PackedEvents contents() {
    PackedEvents s = still;
    CallFeed f = feed;
    return s != null ? s : f == null ? new PackedEvents(0) : f.freeze();
  }

  /** What was in sight stays there: the rest moves on under a view that looks at numbers. */
  private void stopFollowing() {
    if (following && feed != null) {
      following = false;
      wanted = first;
    }
  }

  private void scrollBy(double rows) {
    stopFollowing();
    wanted = Math.clamp(wanted + rows, origin, origin + bar.getMax());
    dirty = true;
  }

  private int inSight() {
    return Math.max(1, (int) (bodyHeight() / ROW));
  }

  private void pressed(KeyEvent e) {
    switch (e.getCode()) {
      case DOWN -> move(1);
      case UP -> move(-1);
      case PAGE_DOWN -> scrollBy(inSight());
      case PAGE_UP -> scrollBy(-inSight());
      case END -> follow();
      case HOME -> {
        scrollBy(Double.NEGATIVE_INFINITY);
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
      if (isChosen(window[i])) {
        at = i + by;
      }
    }
    if (at < 0 || at >= inSight()) {
      scrollBy(by);
      at = Math.clamp(at, 0, inSight() - 1);
    }
    choose(first + at);
  }

  private boolean isChosen(@Nullable Event e) {
    Event c = chosen;
    return e != null && c != null && e.sequence() == c.sequence();
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
        ? rows.formatter().line(e)
        : e.kind().word() + ": " + EventText.describe(e);
  }

  @Override
  protected void layoutChildren() {
    head.setWidth(Math.max(0, getWidth() - EDGE - 1));
    head.setHeight(HEAD);
    head.relocate(EDGE, 1);
    body.relocate(EDGE, 1 + HEAD);
    bar.resizeRelocate(getWidth() - BAR - 1, 1 + HEAD, BAR, bodyHeight());
    headColors = null;
    dirty = true;
  }

  private void frame() {
    CallFeed f = feed;
    PackedEvents s = still;
    CallFeed.Extent extent =
        f == null
            ? new CallFeed.Extent(0, 0, 0, 0, true)
            : s == null ? f.extent() : new CallFeed.Extent(s.places(), s.places(), 0, 0, false);
    if (!dirty && extent.matches() == drawnMatches) {
      return;
    }
    if (!dirty && !following && s == null && first >= extent.first()) {
      drawnMatches = extent.matches();
      setBar(extent);
      return;
    }
    dirty = false;
    drawnMatches = extent.matches();
    int most = inSight() + 1;
    if (window.length != most) {
      window = new Event[most];
    }
    long last = Math.max(extent.first(), extent.matches() - inSight());
    wanted = following ? last : Math.clamp(wanted, extent.first(), last);
    first = (long) wanted;
    Arrays.fill(window, null);
    if (s != null) {
      for (int i = 0; i < most && first + i < s.places(); i++) {
        window[i] = s.get((int) first + i);
      }
    } else if (f != null) {
      f.copy(first, window);
    }
    setBar(extent);
    draw();
    frames++;
  }

  /** Only where it would be seen: each change of the bar lays it out and draws it anew. */
  private void setBar(CallFeed.Extent extent) {
    origin = extent.first();
    double max = Math.max(0, extent.matches() - inSight() - origin);
    double value = Math.clamp(first - origin, 0, max);
    // A thumb of a few pixels at least, however many rows there are.
    double amount =
        Math.max(
            Math.min(inSight(), Math.max(1, extent.matches() - origin)),
            max * THUMB / Math.max(THUMB, bar.getHeight()));
    double moved = Math.abs(value - bar.getValue()) / Math.max(1, max) * bar.getHeight();
    boolean atAnEnd = value == 0 || value == max;
    if (max == bar.getMax()
        && amount == bar.getVisibleAmount()
        && (atAnEnd ? moved == 0 : moved < 0.5)) {
      return;
    }
    setting = true;
    bar.setMax(max);
    bar.setVisibleAmount(amount);
    bar.setValue(value);
    setting = false;
  }

  private void draw() {
    double scale = PixelGrid.scale(this);
    Letters l = letters;
    if (l == null || l.scale() != scale) {
      l =
          new Letters(
              font, scale, (int) Math.round(ROW * scale), (int) Math.round(BASELINE * scale));
      letters = l;
    }
    int w = Math.max(1, (int) Math.round(bodyWidth() * scale));
    int h = Math.max(1, (int) Math.round(bodyHeight() * scale));
    int[] places = CallRows.places(w / l.width());
    drawHead(places, l.width() / scale);
    rows.begin(w, h);
    for (int i = 0; i < window.length; i++) {
      Event e = window[i];
      if (e != null) {
        rows.draw(e, isChosen(e), l, places, w, i * l.height());
      }
    }
    body.setImage(rows.grid().end());
    body.setFitWidth(w / scale);
    body.setFitHeight(h / scale);
  }

  /** Only when it has become another one. */
  private void drawHead(int[] places, double letter) {
    Colors c = colors.getValue();
    if (c == headColors && Arrays.equals(places, headPlaces)) {
      return;
    }
    headColors = c;
    headPlaces = places;
    GraphicsContext g = head.getGraphicsContext2D();
    g.setFill(c.raised());
    g.fillRect(0, 0, head.getWidth(), HEAD);
    g.setFill(c.line());
    g.fillRect(0, HEAD - 1, head.getWidth(), 1);
    g.setFont(headFont);
    g.setFill(c.muted());
    for (int i = 0; i < COLUMNS.length; i++) {
      g.fillText(headings[i], places[i] * letter, HEAD - 9);
    }
  }

  private double bodyWidth() {
    return Math.max(0, getWidth() - BAR - 1 - EDGE);
  }

  private double bodyHeight() {
    return Math.max(0, getHeight() - HEAD - 1 - EDGE);
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
