package dev.vivarium.gui.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Statistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LatencyModelTest {
  private static final Statistics.Resources NOTHING =
      new Statistics.Resources(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  private static Statistics.Calls call(String name, long... nanos) {
    LatencyHistogram h = new LatencyHistogram();
    for (long n : nanos) {
      h.record(n);
    }
    LatencyHistogram none = new LatencyHistogram();
    return new Statistics.Calls(1, name, 0, h, none, none, none);
  }

  private static Statistics at(Statistics.Calls... calls) {
    return new Statistics(
        1, 1, NOTHING, new ArrayList<>(Arrays.asList(calls)), List.of(), List.of(), 0);
  }

  @Test
  void aColumnIsWhatCameSinceTheLookBefore() {
    LatencyModel model = new LatencyModel();
    model.add(at(call("read", 1000, 1000)));
    assertEquals(0, model.columns(), "the first look only says from where to count");
    model.add(at(call("read", 1000, 1000, 1000, 1_100_000)));
    assertEquals(1, model.columns());
    int[] column = model.column(0);
    assertEquals(2, Arrays.stream(column).sum());
    assertEquals(1, column[10]);
    assertEquals(1, column[40]);
  }

  @Test
  void theCallThatTookMostIsFirstAndWaitingIsLeftOut() {
    LatencyModel model = new LatencyModel();
    model.add(at(call("read", 5), call("write", 50_000), call("futex", 900_000_000)));
    assertEquals(
        List.of("write", "read"), model.rows().stream().map(LatencyModel.Row::name).toList());
    model.setWaiting(true);
    model.add(at(call("read", 5), call("futex", 900_000_000)));
    assertEquals("futex", model.rows().getFirst().name());
  }

  @Test
  void aTableHasALineForEachCallAndOneForAll() {
    LatencyModel model = new LatencyModel();
    model.add(at(call("read", 5, 5), call("write", 50_000)));
    List<String> lines = LatencyModel.csv(model.rows(), model.whole()).lines().toList();
    assertEquals(4, lines.size());
    assertTrue(lines.get(1).startsWith("all,3,0,50010,"), lines.get(1));
    assertTrue(lines.get(2).startsWith("write,1,0,50000,"), lines.get(2));
    assertEquals(11, lines.get(3).split(",").length);
  }

  @Test
  void placesGrowWithLatency() {
    assertEquals(0, LatencyModel.place(100), 1e-9);
    assertTrue(LatencyModel.place(1e6) > LatencyModel.place(1e5));
    assertEquals(100, LatencyModel.edge(0));
  }
}
