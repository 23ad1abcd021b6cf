package dev.vivarium.cli.screen;

import java.util.Comparator;
import java.util.List;

/**
 * What rows are sorted by, which the keys {@code <}, {@code >} and {@code r} change.
 *
 * @param <T> the rows
 */
public final class Order<T> {
  /**
   * One column to sort by.
   *
   * @param name its name in the heading
   * @param by the order that it begins with
   */
  public record Column<T>(String name, Comparator<T> by) {}

  private final List<Column<T>> columns;
  private int at;
  private boolean reversed;

  /** Begins with one of the columns. */
  public Order(List<Column<T>> columns, int first) {
    this.columns = List.copyOf(columns);
    this.at = first;
  }

  /** Changes, if the key is one of those; else returns false. */
  public boolean change(Key key) {
    if (key.is('<') || key.is('>')) {
      at = Math.floorMod(at + (key.is('<') ? -1 : 1), columns.size());
      reversed = false;
      return true;
    }
    if (key.is('r')) {
      reversed = !reversed;
      return true;
    }
    return false;
  }

  /** Sorts them. */
  public void sort(List<T> rows) {
    Comparator<T> by = columns.get(at).by();
    rows.sort(reversed ? by.reversed() : by);
  }

  /** For the heading. */
  public String text() {
    return "by " + columns.get(at).name() + (reversed ? " (reversed)" : "");
  }
}
