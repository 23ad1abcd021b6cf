package dev.vivarium.gui.watch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.FileAction;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ActivityModelTest {
  private static Event event(
      long sequence, double seconds, EventKind kind, int number, long result) {
    return new Event(
        sequence,
        (long) (seconds * 1e9),
        1,
        1,
        kind,
        number,
        new long[6],
        true,
        result,
        0,
        0,
        0,
        List.of(),
        true);
  }

  private static Event read(long sequence, double seconds) {
    return event(sequence, seconds, EventKind.FILE, FileAction.READ.ordinal(), 0);
  }

  @Test
  void eachKindHasItsLine() {
    assertEquals(Optional.of(ActivityModel.Lane.READ), ActivityModel.lane(read(1, 0)));
    assertEquals(
        Optional.of(ActivityModel.Lane.CHANGED),
        ActivityModel.lane(event(1, 0, EventKind.FILE, FileAction.DELETE.ordinal(), 0)));
    assertEquals(
        Optional.of(ActivityModel.Lane.REFUSED),
        ActivityModel.lane(event(1, 0, EventKind.POLICY, 0, 0)));
    assertEquals(Optional.empty(), ActivityModel.lane(event(1, 0, EventKind.SYSCALL, 1, 0)));
    assertEquals(
        Optional.empty(), ActivityModel.lane(event(1, 0, EventKind.START, 7, 6)), "a thread");
  }

  @Test
  void countsAreByTimeAndTheOldestMakeRoom() {
    ActivityModel model = new ActivityModel();
    for (int i = 0; i < 30; i++) {
      model.accept(read(i, i / 10.0 + 0.01));
    }
    long[] counts = new long[4];
    model.counts(ActivityModel.Lane.READ, 0, 10, counts);
    assertArrayEquals(new long[] {10, 10, 10, 0}, counts);
    // An hour later nothing of the first is left, and its place is not taken for the new.
    model.accept(read(99, 3600 + 1.01));
    model.counts(ActivityModel.Lane.READ, 0, 10, counts);
    assertArrayEquals(new long[] {0, 9, 10, 0}, counts);
    assertEquals(31, model.total(ActivityModel.Lane.READ));
  }

  @Test
  void theLastEventsOfEachLineAreKeptInOrder() {
    ActivityModel model = new ActivityModel();
    model.accept(event(0, 0, EventKind.EXEC, 0, 0));
    for (int i = 1; i <= ActivityModel.KEEP + 5; i++) {
      model.accept(read(i, i));
    }
    List<Event> all = model.events(EnumSet.allOf(ActivityModel.Lane.class));
    assertEquals(ActivityModel.KEEP + 1, all.size());
    assertEquals(0, all.getFirst().sequence(), "the rare are not pushed out by the many");
    assertEquals(ActivityModel.KEEP + 5, all.getLast().sequence());
    assertEquals(List.of(), model.events(EnumSet.noneOf(ActivityModel.Lane.class)));
  }
}
