package dev.vivarium.gui.watch;

import dev.vivarium.gui.frame.Colors;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The colours of the heat map's cells, and how they come to lie on pixels. No control, so that it
 * is tested without a window.
 */
final class HeatCells {
  private static final int COLUMNS = LatencyModel.COLUMNS;
  private static final int ROWS = LatencyModel.BUCKETS;

  /** Beside the columns of the model one without a count, for what was not looked at yet. */
  private static final int STRIDE = COLUMNS + 1;

  /** Row by row, the shortest latencies first; a column of the model is at its number's rest. */
  private final int[] colours = new int[ROWS * STRIDE];

  private @Nullable Colors painted;
  private int paintedMost;
  private int paintedColumns;
  private int[] columns = {};
  private int[] shares = {};
  private int[] line = {};

  /** Paints what the model has more than when it was painted last; all, if that looks different. */
  void paint(LatencyModel model, Colors c) {
    int newest = model.columns();
    int from = paintedColumns;
    if (painted != c || paintedMost != model.most()) {
      from = 0;
      Arrays.fill(colours, PixelGrid.argb(c.background()));
    }
    double most = Math.log1p(model.most());
    for (int n = Math.max(from, newest - COLUMNS); n < newest; n++) {
      int[] counts = model.column(n);
      for (int row = 0; row < ROWS; row++) {
        int heat = (int) (Math.log1p(counts[row]) / most * (c.heat().length - 1));
        colours[row * STRIDE + n % COLUMNS] =
            PixelGrid.argb(counts[row] == 0 ? c.background() : c.heat()[heat]);
      }
    }
    painted = c;
    paintedMost = model.most();
    paintedColumns = newest;
  }

  /**
   * Draws them over all of a surface.
   *
   * @param right where the newest column ends, in pixels
   * @param cell how many pixels wide each is
   */
  void draw(PixelGrid grid, int width, int height, double right, double cell) {
    if (columns.length != width) {
      columns = new int[width];
      shares = new int[width];
      line = new int[width];
    }
    place(right, cell, paintedColumns, columns, shares);
    int top = 0;
    for (int row = ROWS - 1; row >= 0; row--) {
      int below = height * (ROWS - row) / ROWS;
      if (below > top) {
        int base = row * STRIDE;
        for (int x = 0; x < width; x++) {
          int colour = colours[base + columns[x]];
          if (shares[x] != 0) {
            // The pixel after it is all of the next column: columns are wider than pixels.
            int next = colours[base + columns[Math.min(x + 1, width - 1)]];
            colour = PixelGrid.mix(next, colour, 255 - shares[x]);
          }
          line[x] = colour;
        }
        grid.lines(line, top, below - top);
        top = below;
      }
    }
  }

  /**
   * Says for each pixel which column is at its left edge, and how much of it, of 255, is of the
   * next one. So columns move by less than a pixel, which the eye takes for even motion.
   *
   * @param newest how many columns there have been
   */
  static void place(double right, double cell, int newest, int[] columns, int[] shares) {
    for (int x = 0; x < columns.length; x++) {
      int age = (int) Math.ceil((right - x) / cell) - 1;
      columns[x] = age >= newest || age >= COLUMNS ? COLUMNS : (newest - 1 - age) % COLUMNS;
      double over = x + 1 - (right - age * cell);
      shares[x] = over <= 0 || age == 0 ? 0 : (int) Math.round(Math.min(1, over) * 255);
    }
  }
}
