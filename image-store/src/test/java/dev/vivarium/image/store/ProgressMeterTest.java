package dev.vivarium.image.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressMeterTest {
  private long now;
  private final ProgressMeter meter = new ProgressMeter(() -> now);

  @Test
  void bytesAndRatesArePerLayerAndOverAll() {
    meter.started(
        "image",
        List.of(
            new Progress.Layer("a", 1000, true),
            new Progress.Layer("b", 4000, false),
            new Progress.Layer("c", 6000, false)));
    for (int i = 1; i <= 20; i++) {
      now += 100_000_000;
      meter.advanced("b", i * 100);
      meter.advanced("c", i * 200);
    }
    ProgressMeter.Snapshot half = meter.snapshot();
    assertEquals(6000, half.bytes());
    assertEquals(10_000, half.total());
    assertEquals(3000, half.bytesPerSecond(), 300);
    assertEquals(1, half.layersDone());
    assertEquals(2000, half.layers().get(1).bytes());
    meter.finished("b");
    assertEquals(8000, meter.snapshot().bytes());
    assertEquals(2, meter.snapshot().layersDone());
    now += 10_000_000_000L;
    meter.advanced("c", 4000);
    assertEquals(0, meter.snapshot().bytesPerSecond(), 300, "a rate of long ago is none");
    meter.finished("c");
    assertEquals(10_000, meter.snapshot().bytes());
    assertEquals(3, meter.snapshot().layersDone());
  }
}
