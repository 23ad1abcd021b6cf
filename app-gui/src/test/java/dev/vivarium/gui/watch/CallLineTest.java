package dev.vivarium.gui.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import javafx.scene.paint.Color;
import org.junit.jupiter.api.Test;

class CallLineTest {
  @Test
  void whatIsLongerThanItsFieldIsCut() {
    assertEquals("3, 0x7fff,…", CallLine.cut("3, 0x7fff, 4096", 12));
    assertEquals("4096", CallLine.cut("4096", 5));
    assertEquals("…", CallLine.cut("4096", 2));
  }

  @Test
  void secondsAreWrittenAsBefore() {
    for (long nanos : new long[] {0, 1, 999_499, 1_000_000, 59_999_999_999L, 3_600_000_123_456L}) {
      assertEquals(String.format(Locale.ROOT, "%.6f", nanos / 1e9), CallLine.seconds(nanos));
    }
  }

  @Test
  void columnsFillTheRowAndNoneVanishes() {
    for (int all : new int[] {10, 60, 120, 300}) {
      int[] places = CallRows.places(all);
      for (int i = 1; i < places.length; i++) {
        assertTrue(places[i] - places[i - 1] >= 4);
      }
    }
    int[] places = CallRows.places(120);
    assertEquals(119, places[places.length - 1]);
  }

  @Test
  void coloursAreMixedAsTheyAreElsewhere() {
    PixelGrid grid = new PixelGrid();
    grid.begin(4, 3);
    grid.fill(0, 0, 4, 3, 0xff0d1117);
    grid.fill(1, 1, 9, 1, PixelGrid.argb(Color.web("#58a6ff", 0.25)));
    Color mixed = Color.web("#0d1117").interpolate(Color.web("#58a6ff"), 64 / 255.0);
    assertEquals(PixelGrid.argb(mixed), grid.pixel(1, 1));
    assertEquals(PixelGrid.argb(mixed), grid.pixel(3, 1));
    for (int[] other : new int[][] {{0, 1}, {1, 0}, {1, 2}}) {
      assertEquals(0xff0d1117, grid.pixel(other[0], other[1]));
    }
    for (int much = 0; much < 256; much++) {
      int[] mixtures = PixelGrid.Ink.of(Color.WHITE, Color.BLACK).mixtures();
      assertEquals(0xff000000 | much * 0x10101, mixtures[much]);
    }
    grid.fill(-5, -5, 2, 2, 0xffffffff);
    grid.fill(5, 5, 2, 2, 0xffffffff);
    assertEquals(0xff0d1117, grid.pixel(0, 0));
  }
}
