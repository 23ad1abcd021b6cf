package dev.vivarium.cli.screen;

import java.util.ArrayList;
import java.util.List;

/** The row of a list that is chosen, and the part of the list that is seen. */
public final class Choice {
  private int chosen;
  private int top;
  private int page = 1;
  private int count;

  /** Moves, if the key is one that moves; else returns false. */
  public boolean move(Key key) {
    int to =
        switch (key.name()) {
          case UP -> chosen - 1;
          case DOWN -> chosen + 1;
          case PAGE_UP -> chosen - page;
          case PAGE_DOWN -> chosen + page;
          case HOME -> 0;
          case END -> count - 1;
          default -> -2;
        };
    if (to == -2) {
      return false;
    }
    chosen = Math.clamp(to, 0, Math.max(0, count - 1));
    return true;
  }

  /** Which row it is. */
  public int row() {
    return chosen;
  }

  /** The rows that are seen, of all, with the chosen one inverse. */
  public List<Line> seen(List<Line> all, int rows) {
    count = all.size();
    page = Math.max(1, rows);
    chosen = Math.clamp(chosen, 0, Math.max(0, count - 1));
    top = Math.clamp(top, Math.max(0, chosen - page + 1), Math.max(0, chosen));
    top = Math.clamp(top, 0, Math.max(0, count - page));
    List<Line> seen = new ArrayList<>();
    for (int i = top; i < Math.min(count, top + page); i++) {
      seen.add(i == chosen ? new Line(all.get(i).text(), Line.Look.INVERSE) : all.get(i));
    }
    return seen;
  }
}
