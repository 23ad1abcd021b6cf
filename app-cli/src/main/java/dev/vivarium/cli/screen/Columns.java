package dev.vivarium.cli.screen;

import dev.vivarium.cli.output.Text;
import java.util.ArrayList;
import java.util.List;
import org.jline.utils.WCWidth;

/** Cells in columns: the first at the left, numbers at the right. */
public final class Columns {
  private static final int GAP = 2;

  private final List<String[]> rows = new ArrayList<>();

  /** Begins with the columns' names. */
  public Columns(String... names) {
    rows.add(names);
  }

  /** Adds a row of as many cells. */
  public void add(String... cells) {
    String[] printable = new String[cells.length];
    for (int i = 0; i < cells.length; i++) {
      printable[i] = Text.printable(cells[i]);
    }
    rows.add(printable);
  }

  /** The lines, the names' first. */
  public List<String> lines() {
    int count = rows.getFirst().length;
    int[] widths = new int[count];
    for (String[] row : rows) {
      for (int i = 0; i < count; i++) {
        widths[i] = Math.max(widths[i], width(row[i]));
      }
    }
    List<String> lines = new ArrayList<>(rows.size());
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < count; i++) {
        String space = " ".repeat(widths[i] - width(row[i]));
        line.append(i == 0 ? row[i] + space : space + row[i]);
        line.append(" ".repeat(i + 1 < count ? GAP : 0));
      }
      lines.add(line.toString());
    }
    return lines;
  }

  /** How many cells of a terminal a text takes. */
  static int width(String text) {
    return text.codePoints().map(c -> Math.max(0, WCWidth.wcwidth(c))).sum();
  }
}
