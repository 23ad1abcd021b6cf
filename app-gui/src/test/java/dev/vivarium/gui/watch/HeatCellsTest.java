package dev.vivarium.gui.watch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HeatCellsTest {
  private static final int NONE = LatencyModel.COLUMNS;

  @Test
  void theNewestColumnIsAtTheRightAndWhatWasNotLookedAtYetIsEmpty() {
    int[] columns = new int[12];
    HeatCells.place(12, 4, 2, columns, new int[12]);
    assertArrayEquals(new int[] {NONE, NONE, NONE, NONE, 0, 0, 0, 0, 1, 1, 1, 1}, columns);
  }

  @Test
  void aPixelOnABoundaryIsOfBothColumnsAsFarAsTheyReachIntoIt() {
    int[] columns = new int[12];
    int[] shares = new int[12];
    HeatCells.place(12.25, 4, 9, columns, shares);
    assertArrayEquals(new int[] {5, 6, 6, 6, 6, 7, 7, 7, 7, 8, 8, 8}, columns);
    int most = Math.round(0.75f * 255);
    assertArrayEquals(new int[] {most, 0, 0, 0, most, 0, 0, 0, most, 0, 0, 0}, shares);
  }

  @Test
  void columnsGoRoundAndNoneIsShownTwice() {
    int width = LatencyModel.COLUMNS * 4;
    int[] columns = new int[width];
    HeatCells.place(width, 4, 1000, columns, new int[width]);
    for (int x = 4; x < width; x++) {
      assertEquals((columns[x - 4] + 1) % NONE, columns[x], "at " + x);
      assertTrue(columns[x] < NONE, "all have been looked at");
    }
  }
}
