package dev.vivarium.gui.terminal;

import com.techsenger.jeditermfx.core.Color;
import com.techsenger.jeditermfx.core.TerminalColor;
import com.techsenger.jeditermfx.core.TextStyle;
import com.techsenger.jeditermfx.core.emulator.ColorPaletteImpl;
import com.techsenger.jeditermfx.core.model.TerminalLine;
import com.techsenger.jeditermfx.core.model.TerminalTextBuffer;
import com.techsenger.jeditermfx.core.util.CharUtils;
import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.frame.Messages;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import javafx.animation.AnimationTimer;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Orientation;
import javafx.scene.AccessibleRole;
import javafx.scene.Cursor;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.control.ScrollBar;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.layout.Region;
import javafx.scene.text.Font;
import javafx.scene.text.FontWeight;
import javafx.scene.text.Text;
import org.jspecify.annotations.Nullable;

/**
 * Draws the screen of an emulation and what scrolled out of it, takes keys, and selects. Lines are
 * numbered as the buffer does: 0 is the screen's first, those below 0 have scrolled out.
 */
final class TerminalScreen extends Region {
  private static final double PAD = 8;
  private static final Runnable NOBODY = () -> {};

  private final ObservableValue<Colors> colors;
  private final Consumer<byte[]> input;
  private final BiConsumer<Integer, Integer> resized;
  private final Consumer<String> followed;
  private final Emulation emulation;
  private final TerminalMouse mouse;
  private final Canvas canvas = new Canvas();
  private final ScrollBar bar = new ScrollBar();
  private final double size = 13.5;
  private final Font font = Font.font("Monospaced", size);
  private final Font bold = Font.font("Monospaced", FontWeight.BOLD, size);
  private final double glyph;
  private final double line;
  private int columns = 80;
  private int rows = 24;
  private int scrolled;
  private long drawn = -1;
  private boolean dirty = true;
  private boolean setting;
  private Runnable ready = NOBODY;
  // Of a selection: where it began and where it is, as line and column.
  private int @Nullable [] anchor;
  private int @Nullable [] head;
  private String search = "";
  private Links.@Nullable Link link;
  private int linkLine;
  private final AnimationTimer timer =
      new AnimationTimer() {
        @Override
        public void handle(long now) {
          if (dirty || emulation.changes() != drawn) {
            draw();
          }
        }
      };

  /**
   * @param input hears what is typed
   * @param resized hears rows and columns
   * @param followed hears of an address that the user points at to open it
   */
  TerminalScreen(
      ObservableValue<Colors> colors,
      Consumer<byte[]> input,
      BiConsumer<Integer, Integer> resized,
      Consumer<String> followed) {
    this.colors = colors;
    this.input = input;
    this.resized = resized;
    this.followed = followed;
    this.emulation = new Emulation(columns, rows, input);
    this.mouse = new TerminalMouse(emulation);
    Text one = new Text("MMMMMMMMMM");
    one.setFont(font);
    glyph = one.getLayoutBounds().getWidth() / 10;
    line = Math.ceil(one.getLayoutBounds().getHeight());
    bar.setOrientation(Orientation.VERTICAL);
    bar.setFocusTraversable(false);
    bar.valueProperty()
        .addListener((o, before, now) -> {
          if (!setting) {
            scrolled = (int) Math.round(bar.getMax() - now.doubleValue());
            dirty = true;
          }
        });
    getChildren().addAll(canvas, bar);
    getStyleClass().addAll("terminal", "canvas-frame");
    setFocusTraversable(true);
    setAccessibleRole(AccessibleRole.TEXT_AREA);
    setAccessibleText(Messages.text("terminal.name"));
    setOnMousePressed(this::mousePressed);
    setOnMouseDragged(e -> {
      if (mouse.isProgram(e.isShiftDown())) {
        mouse.dragged(e, cell(e.getX(), glyph, columns), cell(e.getY(), line, rows));
      } else {
        head = at(e);
        dirty = true;
      }
    });
    setOnMouseReleased(e -> {
      if (mouse.isProgram(e.isShiftDown())) {
        mouse.released(e, cell(e.getX(), glyph, columns), cell(e.getY(), line, rows));
      }
    });
    setOnMouseMoved(e -> {
      if (mouse.isProgram(e.isShiftDown())) {
        mouse.moved(e, cell(e.getX(), glyph, columns), cell(e.getY(), line, rows));
      }
      point(e);
    });
    setOnMouseExited(e -> point(null));
    setOnScroll(e -> {
      if (mouse.isProgram(e.isShiftDown())) {
        mouse.turned(e, cell(e.getX(), glyph, columns), cell(e.getY(), line, rows));
      } else {
        // With Shift held a wheel turns sideways.
        double turned = e.getDeltaY() == 0 ? e.getDeltaX() : e.getDeltaY();
        scrollTo(scrolled + (int) Math.round(turned / 40 * 3));
      }
      e.consume();
    });
    setOnKeyPressed(this::keyPressed);
    setOnKeyTyped(e -> Keys.typed(e).ifPresent(b -> type(b, e)));
    focusedProperty().addListener((o, a, b) -> dirty = true);
    colors.addListener((o, a, b) -> dirty = true);
  }

  Emulation emulation() {
    return emulation;
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  /**
   * Draws from now on.
   *
   * @param ready told once it has its place and its size, before which it can have no keys; never
   *     if it is stopped first
   */
  void start(Runnable ready) {
    this.ready = ready;
    timer.start();
    requestLayout();
  }

  /** Draws no more. */
  void stop() {
    ready = NOBODY;
    timer.stop();
  }

  private void tellReady() {
    Runnable told = ready;
    ready = NOBODY;
    told.run();
  }

  @Override
  protected void layoutChildren() {
    canvas.relocate(1, 1);
    canvas.setWidth(Math.max(0, getWidth() - 16));
    canvas.setHeight(Math.max(0, getHeight() - 2));
    bar.resizeRelocate(getWidth() - 14, 1, 13, Math.max(0, getHeight() - 2));
    int newColumns = Math.clamp((long) ((canvas.getWidth() - 2 * PAD) / glyph), 10, 500);
    int newRows = Math.clamp((long) ((canvas.getHeight() - 2 * PAD) / line), 3, 300);
    if (newColumns != columns || newRows != rows) {
      columns = newColumns;
      rows = newRows;
      emulation.resize(columns, rows);
      resized.accept(rows, columns);
    }
    dirty = true;
    if (ready != NOBODY && getWidth() > 0) {
      Background.later(this::tellReady);
    }
  }

  @Override
  protected double computePrefWidth(double height) {
    return 800;
  }

  @Override
  protected double computePrefHeight(double width) {
    return 460;
  }

  // ---- keys and the mouse ----

  private void type(byte[] bytes, KeyEvent e) {
    scrolled = 0;
    anchor = null;
    head = null;
    dirty = true;
    input.accept(bytes);
    e.consume();
  }

  private void keyPressed(KeyEvent e) {
    if (e.isControlDown() && e.isShiftDown()) {
      switch (e.getCode()) {
        case C -> copy();
        case V -> paste();
        default -> {
          return; // the window's
        }
      }
      e.consume();
      return;
    }
    if (e.isShiftDown() && (e.getCode() == KeyCode.PAGE_UP || e.getCode() == KeyCode.PAGE_DOWN)) {
      scrollTo(scrolled + (e.getCode() == KeyCode.PAGE_UP ? rows : -rows));
      e.consume();
      return;
    }
    Keys.pressed(e, emulation.terminal()).ifPresent(b -> type(b, e));
  }

  private void scrollTo(int lines) {
    scrolled = Math.clamp(lines, 0, emulation.buffer().getHistoryLinesCount());
    dirty = true;
  }

  private void mousePressed(MouseEvent e) {
    requestFocus();
    e.consume(); // else the tabs around it take the focus
    Links.Link pointed = link;
    if (pointed != null && e.isShortcutDown() && e.getButton() == MouseButton.PRIMARY) {
      followed.accept(pointed.address());
    } else if (mouse.isProgram(e.isShiftDown())) {
      mouse.pressed(e, cell(e.getX(), glyph, columns), cell(e.getY(), line, rows));
    } else if (e.getButton() == MouseButton.MIDDLE) {
      paste();
    } else if (e.getButton() == MouseButton.PRIMARY) {
      int[] where = at(e);
      if (e.getClickCount() == 2) {
        selectWord(where);
      } else {
        anchor = where;
        head = where;
      }
    }
    dirty = true;
  }

  private static int cell(double at, double size, int most) {
    return Math.clamp((long) Math.floor((at - PAD) / size), 0, most - 1);
  }

  /** Notes the address under the mouse, which is then underlined. */
  private void point(@Nullable MouseEvent e) {
    Links.Link before = link;
    link = null;
    if (e != null) {
      linkLine = cell(e.getY(), line, rows) - scrolled;
      link = Links.at(text(linkLine), cell(e.getX(), glyph, columns)).orElse(null);
    }
    if (!java.util.Objects.equals(before, link)) {
      setCursor(link == null ? Cursor.DEFAULT : Cursor.HAND);
      dirty = true;
    }
  }

  private int[] at(MouseEvent e) {
    int row = (int) Math.floor((e.getY() - PAD) / line);
    int column = (int) Math.round((e.getX() - PAD) / glyph);
    return new int[] {Math.clamp(row, 0, rows - 1) - scrolled, Math.clamp(column, 0, columns)};
  }

  private void selectWord(int[] where) {
    String text = text(where[0]);
    int from = Math.min(where[1], text.length());
    int to = from;
    while (from > 0 && !Character.isWhitespace(text.charAt(from - 1))) {
      from--;
    }
    while (to < text.length() && !Character.isWhitespace(text.charAt(to))) {
      to++;
    }
    anchor = new int[] {where[0], from};
    head = new int[] {where[0], to};
  }

  private String text(int number) {
    TerminalTextBuffer buffer = emulation.buffer();
    buffer.lock();
    try {
      return number >= buffer.getHeight() || number < -buffer.getHistoryLinesCount()
          ? ""
          : buffer.getLine(number).getText().replace(CharUtils.NUL_CHAR, ' ');
    } finally {
      buffer.unlock();
    }
  }

  private int @Nullable [] @Nullable [] selection() {
    int[] a = anchor;
    int[] b = head;
    if (a == null || b == null || a[0] == b[0] && a[1] == b[1]) {
      return null;
    }
    boolean forward = a[0] < b[0] || a[0] == b[0] && a[1] <= b[1];
    return forward ? new int[][] {a, b} : new int[][] {b, a};
  }

  /** What is selected; empty if nothing is. */
  String selected() {
    int[][] s = selection();
    if (s == null) {
      return "";
    }
    StringBuilder out = new StringBuilder();
    for (int n = s[0][0]; n <= s[1][0]; n++) {
      String text = text(n);
      int from = n == s[0][0] ? Math.min(s[0][1], text.length()) : 0;
      int to = n == s[1][0] ? Math.min(s[1][1], text.length()) : text.length();
      out.append(text.substring(from, Math.max(from, to)).stripTrailing());
      if (n < s[1][0]) {
        out.append('\n');
      }
    }
    return out.toString();
  }

  void copy() {
    String text = selected();
    if (!text.isEmpty()) {
      ClipboardContent content = new ClipboardContent();
      content.putString(text);
      Clipboard.getSystemClipboard().setContent(content);
    }
  }

  void paste() {
    String text = Clipboard.getSystemClipboard().getString();
    if (text == null || text.isEmpty()) {
      return;
    }
    // As typed: no escape sequence out of a clipboard reaches the program, nor ends the bracket.
    String typed = text.replace("\r\n", "\r").replace('\n', '\r').replace("\u001b", "");
    String all = emulation.display().bracketedPaste ? "\u001b[200~" + typed + "\u001b[201~" : typed;
    input.accept(all.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    scrolled = 0;
    requestFocus();
  }

  /**
   * Goes to the next place, upwards, that has this text.
   *
   * @return whether there is one
   */
  boolean find(String wanted) {
    search = wanted;
    dirty = true;
    if (wanted.isEmpty()) {
      return true;
    }
    int[] from = anchor;
    int last = emulation.buffer().getHeight() - 1;
    int start = from != null && !selected().isEmpty() ? from[0] - 1 : last;
    return findFrom(start, wanted) || findFrom(last, wanted);
  }

  private boolean findFrom(int start, String wanted) {
    String lower = wanted.toLowerCase(Locale.ROOT);
    for (int n = start; n >= -emulation.buffer().getHistoryLinesCount(); n--) {
      int at = text(n).toLowerCase(Locale.ROOT).lastIndexOf(lower);
      if (at >= 0) {
        anchor = new int[] {n, at};
        head = new int[] {n, at + wanted.length()};
        if (n < -scrolled || n >= rows - scrolled) {
          scrollTo(-n + rows / 2);
        }
        return true;
      }
    }
    return false;
  }

  // ---- drawing ----

  /** One piece of a line that looks the same throughout. */
  private record Piece(int column, String text, TextStyle style) {}

  private void draw() {
    dirty = false;
    drawn = emulation.changes();
    Colors c = colors.getValue();
    TerminalTextBuffer buffer = emulation.buffer();
    List<List<Piece>> lines = new ArrayList<>(rows);
    int history;
    buffer.lock();
    try {
      history = buffer.isUsingAlternateBuffer() ? 0 : buffer.getHistoryLinesCount();
      scrolled = Math.min(scrolled, history);
      for (int i = 0; i < rows; i++) {
        int number = i - scrolled;
        lines.add(number < buffer.getHeight() ? pieces(buffer.getLine(number)) : List.<Piece>of());
      }
    } finally {
      buffer.unlock();
    }
    setting = true;
    bar.setMax(history);
    bar.setVisibleAmount(history == 0 ? 1 : (double) rows * history / (rows + history));
    bar.setValue(history - scrolled);
    bar.setVisible(history > 0);
    setting = false;
    GraphicsContext g = canvas.getGraphicsContext2D();
    g.setFill(c.background());
    g.fillRect(0, 0, canvas.getWidth(), canvas.getHeight());
    for (int i = 0; i < lines.size(); i++) {
      drawLine(g, c, lines.get(i), i);
    }
    Links.Link pointed = link;
    if (pointed != null) {
      g.setFill(c.accent());
      g.fillRect(
          PAD + pointed.from() * glyph,
          PAD + (linkLine + scrolled + 1) * line - 2,
          (pointed.to() - pointed.from()) * glyph,
          1);
    }
    drawSelection(g, c);
    drawCursor(g, c);
  }

  private static List<Piece> pieces(TerminalLine of) {
    List<Piece> pieces = new ArrayList<>();
    int[] column = {0};
    of.forEachEntry(entry -> {
      String text = entry.getText().toString();
      pieces.add(new Piece(column[0], text, entry.getStyle()));
      column[0] += entry.getLength();
    });
    return pieces;
  }

  private void drawLine(GraphicsContext g, Colors c, List<Piece> pieces, int row) {
    double y = PAD + row * line;
    for (Piece piece : pieces) {
      TextStyle style = piece.style();
      javafx.scene.paint.Color front = color(style.getForeground(), c.text(), c);
      javafx.scene.paint.Color back = color(style.getBackground(), null, c);
      if (style.hasOption(TextStyle.Option.INVERSE)) {
        javafx.scene.paint.Color was = back == null ? c.background() : back;
        back = front;
        front = was;
      }
      double x = PAD + piece.column() * glyph;
      if (back != null) {
        g.setFill(back);
        g.fillRect(x, y, piece.text().length() * glyph + 0.5, line);
      }
      if (style.hasOption(TextStyle.Option.HIDDEN) || front == null) {
        continue;
      }
      g.setFill(style.hasOption(TextStyle.Option.DIM) ? front.deriveColor(0, 1, 1, 0.6) : front);
      g.setFont(style.hasOption(TextStyle.Option.BOLD) ? bold : font);
      drawText(g, piece.text(), x, y + line - 4);
      if (style.hasOption(TextStyle.Option.UNDERLINED)) {
        g.fillRect(x, y + line - 2, piece.text().length() * glyph, 1);
      }
    }
  }

  /** Plain text in one go; what may be wider or narrower than a cell, cell by cell. */
  private void drawText(GraphicsContext g, String text, double x, double y) {
    boolean plain = true;
    for (int i = 0; i < text.length() && plain; i++) {
      plain = text.charAt(i) >= ' ' && text.charAt(i) < 0x7f;
    }
    if (plain) {
      g.fillText(text, x, y);
      return;
    }
    for (int i = 0; i < text.length(); i++) {
      char ch = text.charAt(i);
      if (ch <= ' ' || ch == CharUtils.DWC) {
        continue;
      }
      boolean pair = Character.isHighSurrogate(ch) && i + 1 < text.length();
      g.fillText(text.substring(i, i + (pair ? 2 : 1)), x + i * glyph, y);
      i += pair ? 1 : 0;
    }
  }

  private static javafx.scene.paint.@Nullable Color color(
      @Nullable TerminalColor color, javafx.scene.paint.@Nullable Color otherwise, Colors c) {
    if (color == null || color == TerminalColor.WHITE || color == TerminalColor.BLACK) {
      return otherwise;
    }
    Color rgb =
        color.isIndexed() ? ColorPaletteImpl.XTERM_PALETTE.getForeground(color) : color.toColor();
    javafx.scene.paint.Color found =
        javafx.scene.paint.Color.rgb(rgb.getRed(), rgb.getGreen(), rgb.getBlue());
    // Letters in a theme's own light or dark must be read on the other's ground.
    return otherwise == null
        ? found
        : c.dark() && found.getBrightness() < 0.5
            ? found.deriveColor(0, 0.8, 1.8, 1).interpolate(c.text(), 0.35)
            : !c.dark() && found.getBrightness() > 0.8 ? found.deriveColor(0, 1.2, 0.6, 1) : found;
  }

  private void drawSelection(GraphicsContext g, Colors c) {
    int[][] s = selection();
    g.setFill(c.selection());
    if (s != null) {
      for (int n = s[0][0]; n <= s[1][0]; n++) {
        int from = n == s[0][0] ? s[0][1] : 0;
        int to = n == s[1][0] ? s[1][1] : columns;
        int row = n + scrolled;
        if (row >= 0 && row < rows) {
          g.fillRect(PAD + from * glyph, PAD + row * line, (to - from) * glyph, line);
        }
      }
    }
  }

  private void drawCursor(GraphicsContext g, Colors c) {
    Emulation.Display d = emulation.display();
    int row = d.cursorY - 1 + scrolled;
    if (!d.cursorVisible || row < 0 || row >= rows) {
      return;
    }
    double x = PAD + d.cursorX * glyph;
    double y = PAD + row * line;
    if (isFocused()) {
      g.setFill(c.text().deriveColor(0, 1, 1, 0.55));
      g.fillRect(x, y, glyph, line);
    } else {
      g.setStroke(c.muted());
      g.strokeRect(x + 0.5, y + 0.5, glyph - 1, line - 1);
    }
  }

  /** All that the screen says just now, for tests and screen readers. */
  String contents() {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      out.append(text(i).stripTrailing()).append('\n');
    }
    return out.toString();
  }

  Optional<String> searched() {
    return search.isEmpty() ? Optional.empty() : Optional.of(search);
  }
}
