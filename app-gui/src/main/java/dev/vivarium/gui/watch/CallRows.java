package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.calls.CallFormatter;
import dev.vivarium.engine.watch.calls.CallTable;
import dev.vivarium.engine.watch.export.EventText;
import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.watch.PixelGrid.Ink;
import javafx.scene.paint.Color;

/** Puts events into the rows of a surface, one below the other. */
final class CallRows {
  /** Space before the first column, in letters. */
  private static final int MARGIN = 1;

  private static final int TIME = 12;
  private static final int PID = 7;
  private static final int CALL = 18;
  private static final int TOOK = 10;
  private static final Ink NONE = Ink.of(Color.BLACK, Color.BLACK);

  private final CallFormatter formatter = new CallFormatter();
  private final PixelGrid grid = new PixelGrid();
  private int background;
  private int selection;
  private Ink text = NONE;
  private Ink muted = NONE;
  private Ink accent = NONE;
  private Ink other = NONE;
  private Ink bad = NONE;
  private int faintAccent;
  private int faintThird;
  private int faintBad;

  /** From now on in these colours. */
  void colour(Colors c) {
    background = PixelGrid.argb(c.background());
    selection = PixelGrid.argb(c.selection());
    text = Ink.of(c.text(), c.background());
    muted = Ink.of(c.muted(), c.background());
    accent = Ink.of(c.accent(), c.background());
    other = Ink.of(c.second(), c.background());
    bad = Ink.of(c.bad(), c.background());
    faintAccent = faint(c.accent());
    faintThird = faint(c.third());
    faintBad = faint(c.bad());
  }

  private static int faint(Color c) {
    return PixelGrid.argb(c.deriveColor(0, 1, 1, 0.25));
  }

  PixelGrid grid() {
    return grid;
  }

  /** How events are told of in one line. */
  CallFormatter formatter() {
    return formatter;
  }

  /** Where each column begins in a row of so many letters, and where the last one ends. */
  static int[] places(int letters) {
    int left = letters - 2 * MARGIN - TIME - PID - CALL - TOOK;
    int result = Math.clamp(left / 3, 8, 40);
    int[] widths = {TIME, PID, CALL, Math.max(4, left - result), result, TOOK};
    int[] places = new int[widths.length + 1];
    places[0] = MARGIN;
    for (int i = 0; i < widths.length; i++) {
      places[i + 1] = places[i] + widths[i];
    }
    return places;
  }

  /** Begins a surface. */
  void begin(int width, int height) {
    grid.begin(width, height);
    grid.fill(0, 0, width, height, background);
  }

  /**
   * Puts one event into a row.
   *
   * @param places of the columns, in letters
   */
  void draw(Event e, boolean chosen, Letters letters, int[] places, int width, int top) {
    if (chosen) {
      grid.fill(0, top, width, letters.height(), selection);
    }
    put(letters, places, 0, 1, CallLine.seconds(e.timeNanos()), top, muted);
    put(letters, places, 1, 2, Integer.toString(e.tid()), top, muted);
    if (e.kind() != EventKind.SYSCALL) {
      put(letters, places, 2, 3, e.kind().word(), top, other);
      put(letters, places, 3, 5, EventText.describe(e), top, other);
      return;
    }
    put(letters, places, 2, 3, CallTable.get().name(e.number()), top, accent);
    put(letters, places, 3, 4, String.join(", ", formatter.arguments(e)), top, text);
    put(letters, places, 4, 5, formatter.result(e), top, e.failed() ? bad : text);
    if (e.returned()) {
      bar(letters, places, e.durationNanos(), top);
      put(letters, places, 5, 6, Format.nanos(e.durationNanos()), top, text);
    }
  }

  /** Of a length by the order of magnitude: 100 ns to 1 s. */
  private void bar(Letters letters, int[] places, long took, int top) {
    double part = Math.clamp((Math.log10(Math.max(1, took)) - 2) / 7, 0.02, 1);
    int unit = (int) Math.round(letters.scale());
    int room = (places[6] - places[5]) * letters.width() - 8 * unit;
    grid.fill(
        places[5] * letters.width() - 4 * unit,
        top + 3 * unit,
        (int) Math.round(part * room),
        letters.height() - 6 * unit,
        took > 10_000_000 ? faintBad : took > 100_000 ? faintThird : faintAccent);
  }

  private void put(Letters letters, int[] places, int from, int to, String text, int top, Ink ink) {
    String fits = CallLine.cut(text, places[to] - places[from]);
    grid.text(letters, fits, places[from] * letters.width(), top, ink);
  }
}
