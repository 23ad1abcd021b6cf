package dev.vivarium.gui.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class CallLineTest {
  @Test
  void fieldsBeginWhereTheirColumnsDo() {
    CallLine line = new CallLine();
    line.begin();
    line.add("3, 0x7fff, 4096", 12);
    line.add("4096", 8);
    line.add("1.2 µs", 10);
    assertTrue(line.isEven());
    assertEquals("3, 0x7fff,… 4096    1.2 µs    ", line.end());
    line.begin();
    line.add("x", 4);
    assertEquals("x   ", line.end());
  }

  @Test
  void lettersOfOtherWidthsAreFoundAndDrawnByThemselves() {
    CallLine line = new CallLine();
    line.begin();
    line.add("\"/tmp/生\"", 20);
    line.add("3", 8);
    assertFalse(line.isEven());
    assertEquals("3", line.part(1));
    line.begin();
    assertTrue(line.isEven());
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
      assertTrue(Arrays.stream(CallLine.widths(all)).allMatch(w -> w >= 4));
    }
    assertEquals(120, Arrays.stream(CallLine.widths(120)).sum());
  }
}
