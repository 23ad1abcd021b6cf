package dev.vivarium.microvm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventReader;
import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.Payload;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a guest says of its clock, its calls are of the time since somebody looks. */
class GuestCallWriterTest {
  private static final long ORIGIN = 1000;

  @TempDir Path directory;
  private long now = ORIGIN;

  @Test
  void timesOfAGuestAreWithinOurs() throws Exception {
    Path ring = directory.resolve("ring");
    List<String> seen = new ArrayList<>();
    EventWriter events = EventWriter.create(ring, 64, 1 << 14, ORIGIN);
    try (EventReader reader = new EventReader(ring, true)) {
      GuestCallWriter writer = new GuestCallWriter(events, () -> now);
      now = ORIGIN + 500;
      writer.some(70, 0);
      call(writer, 50, 15);
      call(writer, 50, Long.MAX_VALUE);
      call(writer, 50, -1);
      call(writer, Long.MIN_VALUE, 1);
      call(writer, Long.MAX_VALUE, 1);
      for (Optional<Event> e = reader.poll(); e.isPresent(); e = reader.poll()) {
        seen.add(e.get().timeNanos() + "+" + e.get().durationNanos());
      }
    }
    assertEquals("480+15", seen.getFirst());
    assertEquals(List.of("480+20", "480+0"), seen.subList(1, 3));
    for (String each : seen.subList(3, 5)) {
      long time = Long.parseLong(each.substring(0, each.indexOf('+')));
      assertEquals(time, Math.clamp(time, 0, 500), each);
    }
  }

  private static void call(GuestCallWriter writer, long begin, long duration) {
    writer.call(begin, duration, 1, 1, 39, new long[6], true, 0, new Payload());
  }
}
