package dev.vivarium.engine.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LatencyHistogramTest {
  private static LatencyHistogram of(long... values) {
    LatencyHistogram h = new LatencyHistogram();
    for (long value : values) {
      h.record(value);
    }
    return h;
  }

  @Test
  void countsAndSumsAreExact() {
    LatencyHistogram h = of(0, 1, 255, 256, 1000, 123_456_789, 3_000_000_000L);
    assertEquals(7, h.count());
    assertEquals(3_123_458_301L, h.sum());
    assertEquals(0, h.min());
    assertEquals(3_000_000_000L, h.max());
  }

  @Test
  void percentilesAreLessThanOnePercentOff() {
    Random random = new Random(1);
    long[] values = new long[20_000];
    LatencyHistogram h = new LatencyHistogram();
    for (int i = 0; i < values.length; i++) {
      values[i] = (long) Math.exp(random.nextDouble() * 20);
      h.record(values[i]);
    }
    Arrays.sort(values);
    for (double p : new double[] {1, 10, 50, 90, 99, 99.9, 100}) {
      long exact = values[(int) Math.ceil(p / 100 * values.length) - 1];
      assertTrue(Math.abs(h.percentile(p) - exact) <= exact / 100 + 1, p + ": " + h.percentile(p));
    }
  }

  @Test
  void valuesOutOfRangeCountAtItsEnds() {
    LatencyHistogram h = of(-5, Long.MAX_VALUE);
    assertEquals(2, h.count());
    assertEquals(0, h.min());
    assertEquals((1L << 42) - 1, h.max());
    assertEquals(h.max(), h.percentile(100));
  }

  @Test
  void itSurvivesItsEncoding() throws IOException {
    for (LatencyHistogram h :
        new LatencyHistogram[] {of(), of(0), of(5, 5, 5, 1 << 20), of(Long.MAX_VALUE)}) {
      LatencyHistogram back = LatencyHistogram.decode(h.encode());
      assertEquals(h.count(), back.count());
      for (double p : new double[] {0, 50, 99, 100}) {
        assertTrue(Math.abs(h.percentile(p) - back.percentile(p)) <= h.percentile(p) / 100);
      }
    }
  }

  /** What HdrHistogram 2.2.2 makes of the same values with two digits and the same highest one. */
  @Test
  void theEncodingIsHdrHistograms() throws IOException {
    LatencyHistogram theirs =
        LatencyHistogram.decode(
            Base64.getDecoder()
                .decode("HISTFAAAACd4nJNpmSzMwMDAwwABTFCakYGB+T8I2H+AybC8ZWf6KAxCAN6ECos="));
    LatencyHistogram ours = of(1, 2, 2, 1000, 1_000_000, 1_000_000_000L);
    assertEquals(6, theirs.count());
    for (double p : new double[] {1, 20, 50, 66}) {
      assertEquals(ours.percentile(p), theirs.percentile(p));
    }
  }

  @Test
  void rubbishIsRefused() {
    byte[] good = of(1, 2, 3).encode();
    for (int i = 0; i < good.length; i++) {
      byte[] part = Arrays.copyOf(good, i);
      assertThrows(IOException.class, () -> LatencyHistogram.decode(part));
    }
  }

  @Test
  void theDistributionEndsWithEverything() {
    String text = of(1000, 2000, 3000).distribution();
    assertTrue(text.contains("#[Max     =        3.000, Total count    =            3]"), text);
    assertTrue(text.lines().anyMatch(l -> l.startsWith("       3.000 1.0000")), text);
  }
}
