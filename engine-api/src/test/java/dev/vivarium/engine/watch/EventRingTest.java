package dev.vivarium.engine.watch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventRingTest {
  private static final int SLOTS = 64;
  private static final int PAYLOAD = 1 << 14;

  @TempDir Path directory;

  private EventWriter writer() throws IOException {
    return EventWriter.create(directory.resolve("ring"), SLOTS, PAYLOAD, System.nanoTime());
  }

  private EventReader reader() throws IOException {
    return new EventReader(directory.resolve("ring"), true);
  }

  private static void write(EventWriter writer, long n, Payload payload) {
    writer.call(
        writer.originNanos() + n, 1, 2, (int) n, n, 1, 2, 3, 4, 5, true, -2, 70, 30, 10, payload);
  }

  /** A payload whose bytes follow from the event's number. */
  private static Payload payload(long n) {
    Payload payload = new Payload();
    byte[] text =
        "event %d %s".formatted(n, "x".repeat((int) (n % 300))).getBytes(StandardCharsets.US_ASCII);
    payload.add(3, Payload.TEXT, text, 0, text.length);
    return payload;
  }

  @Test
  void whatTheWriterSaysIsLostIsCountedAsDropped() throws IOException {
    EventWriter writer = writer();
    try (EventReader reader = reader()) {
      write(writer, 1, payload(1));
      writer.lost(3);
      write(writer, 2, payload(2));
      writer.lost(1000 * SLOTS);
      write(writer, 3, payload(3));
      long seen = 0;
      for (Optional<Event> e = reader.poll(); e.isPresent(); e = reader.poll()) {
        seen++;
        assertEquals(3, e.get().number());
      }
      // What came before the great loss was overwritten in it, and is lost too.
      assertEquals(3 + 3 + 1000L * SLOTS, seen + reader.dropped());
      assertEquals(1, seen);
    }
    EventWriter fresh =
        EventWriter.create(directory.resolve("fresh"), SLOTS, PAYLOAD, System.nanoTime());
    try (EventReader reader = new EventReader(directory.resolve("fresh"), true)) {
      write(fresh, 1, payload(1));
      fresh.lost(3);
      write(fresh, 2, payload(2));
      assertEquals(1, reader.poll().orElseThrow().number());
      assertEquals(2, reader.poll().orElseThrow().number());
      assertEquals(3, reader.dropped());
    }
  }

  @Test
  void anEventComesOutAsItWentIn() throws IOException {
    EventWriter writer = writer();
    try (EventReader reader = reader()) {
      assertEquals(Optional.empty(), reader.poll());
      write(writer, 17, payload(17));
      Event e = reader.poll().orElseThrow();
      assertEquals(EventKind.SYSCALL, e.kind());
      assertEquals(17, e.number());
      assertEquals(17, e.timeNanos());
      assertArrayEquals(new long[] {17, 1, 2, 3, 4, 5}, e.arguments());
      assertEquals(-2, e.result());
      assertTrue(e.failed());
      assertEquals(70, e.durationNanos());
      assertEquals(30, e.blockedNanos());
      assertEquals(10, e.diskNanos());
      assertEquals("event 17 xxxxxxxxxxxxxxxxx", e.text(3).orElseThrow());
      assertEquals(Optional.empty(), reader.poll());
    }
  }

  @Test
  void callsThatNobodyWantsArePassedOver() throws IOException {
    EventWriter writer = writer();
    Payload payload = new Payload();
    for (int number = 0; number < 40; number++) {
      writer.call(System.nanoTime(), 1, 1, number % 4, 0, 0, 0, 0, 0, 0, true, 0, 0, 0, 0, payload);
    }
    writer.event(EventKind.EXIT, 1, 1, 1, 0, 0, 0, 0, 0, payload);
    try (EventReader reader = reader()) {
      BitSet wanted = new BitSet();
      wanted.set(2);
      reader.only(wanted);
      for (int i = 0; i < 10; i++) {
        assertEquals(2, reader.poll().orElseThrow().number());
      }
      assertEquals(EventKind.EXIT, reader.poll().orElseThrow().kind());
      assertTrue(reader.poll().isEmpty());
      assertEquals(0, reader.dropped());
    }
  }

  @Test
  void whatWasOverwrittenIsCountedAndTheRestIsRight() throws IOException {
    EventWriter writer = writer();
    try (EventReader reader = reader()) {
      for (int n = 0; n < 1000; n++) {
        write(writer, n, payload(n));
      }
      long seen = 0;
      Optional<Event> next = reader.poll();
      while (next.isPresent()) {
        Event e = next.get();
        assertEquals(e.sequence(), e.number());
        if (e.complete()) {
          assertTrue(e.text(3).orElseThrow().startsWith("event " + e.number() + " "));
        }
        seen++;
        next = reader.poll();
      }
      assertEquals(1000, seen + reader.dropped());
      assertTrue(seen >= SLOTS / 2, "seen: " + seen);
      assertEquals(1000, writer.written());
    }
  }

  @Test
  void payloadsThatWereOverwrittenAreMissedAndNotMixedUp() throws IOException {
    EventWriter writer = writer();
    try (EventReader reader = reader()) {
      Payload large = new Payload();
      byte[] most = new byte[Payload.MAX - Payload.HEADER];
      large.add(1, Payload.BYTES, most, 0, most.length);
      for (int n = 0; n < 4; n++) {
        write(writer, n, large);
      }
      assertFalse(reader.poll().orElseThrow().complete());
      assertFalse(reader.poll().orElseThrow().complete());
      assertEquals(most.length, reader.poll().orElseThrow().items().get(0).bytes().length);
      assertTrue(reader.poll().orElseThrow().complete());
    }
  }

  @Test
  void eventsThatWereMovedToPlacesAreTheSame() throws IOException {
    EventWriter writer = writer();
    for (int i = 0; i < 2 * SLOTS; i++) {
      write(writer, 170 + i, i % 16 == 0 ? new Payload() : payload(170 + i));
    }
    try (EventReader reader = reader();
        EventReader other = reader()) {
      PackedEvents places = new PackedEvents(SLOTS);
      int n = 0;
      int lost = 0;
      for (Optional<Event> e = reader.poll(); e.isPresent(); e = reader.poll()) {
        assertTrue(other.poll(places, n));
        assertEquals(described(e.get()), described(places.get(n)));
        assertEquals(e.get().sequence(), places.sequence(n));
        assertEquals(e.get().pid(), places.pid(n));
        assertEquals(e.get().tid(), places.tid(n));
        assertEquals(e.get().number(), places.number(n));
        assertEquals(e.get().failed(), places.failed(n));
        assertEquals(e.get().durationNanos(), places.durationNanos(n));
        assertEquals(e.get().blockedNanos(), places.blockedNanos(n));
        assertEquals(!e.get().items().isEmpty(), places.hasItems(n));
        lost += e.get().complete() ? 0 : 1;
        n++;
      }
      assertFalse(other.poll(places, 0));
      assertEquals(reader.dropped(), other.dropped());
      assertEquals(SLOTS, n);
      // Some payloads were written over; most are there.
      assertTrue(lost > 0 && lost < SLOTS / 2);
      PackedEvents copied = new PackedEvents(2);
      copied.copy(places, SLOTS - 2, 0, 2);
      assertEquals(described(places.get(SLOTS - 1)), described(copied.get(1)));
    }
  }

  private static String described(Event e) {
    StringBuilder items = new StringBuilder();
    for (Event.Item item : e.items()) {
      items.append(item.tag()).append(' ').append(item.type()).append(' ').append(item.text());
    }
    return List.of(
            e.sequence(),
            e.timeNanos(),
            e.pid(),
            e.tid(),
            e.kind(),
            e.number(),
            e.returned(),
            e.result(),
            e.durationNanos(),
            e.blockedNanos(),
            e.diskNanos(),
            e.complete())
        + Arrays.toString(e.arguments())
        + items;
  }

  @Test
  void aReaderOfARingUnderWriteNeverSeesAMixture() throws Exception {
    EventWriter writer = writer();
    AtomicBoolean over = new AtomicBoolean();
    EventReader first = reader();
    Thread[] writers = new Thread[2];
    for (int i = 0; i < writers.length; i++) {
      int tid = i;
      writers[i] =
          new Thread(() -> {
            Payload payload = new Payload();
            for (int n = 0; n < 60_000; n++) {
              payload.clear();
              payload.add(1, "n" + n);
              writer.call(n, 1, tid, n, n, n, n, n, n, n, true, n, n, n, n, payload);
            }
          });
      writers[i].start();
    }
    Thread end =
        new Thread(() -> {
          try {
            for (Thread t : writers) {
              t.join();
            }
          } catch (InterruptedException e) {
            return;
          }
          writer.end();
          over.set(true);
        });
    end.start();
    long seen = 0;
    try (EventReader reader = first) {
      while (!reader.isAtEnd()) {
        Optional<Event> next = reader.poll();
        if (next.isEmpty()) {
          Thread.onSpinWait();
          continue;
        }
        seen++;
        Event e = next.get();
        for (long a : e.arguments()) {
          assertEquals(e.number(), a);
        }
        assertEquals(e.number(), e.result());
        if (e.complete()) {
          assertEquals("n" + e.number(), e.text(1).orElseThrow());
        }
      }
      assertEquals(120_000, seen + reader.dropped());
    }
    end.join();
    assertTrue(over.get());
  }

  @Test
  void aWriterThatIsStoppedInASlotKeepsIt() throws IOException {
    EventWriter writer = writer();
    try (RandomAccessFile raw = new RandomAccessFile(directory.resolve("ring").toFile(), "rw");
        EventReader reader = reader()) {
      write(writer, 0, payload(0));
      assertEquals(0, reader.poll().orElseThrow().number());
      // The writer of event 1 is stopped, when it has its number and its slot.
      long slot = RingLayout.HEADER_BYTES + RingLayout.SLOT_BYTES + RingLayout.STATE;
      putLong(raw, RingLayout.HEAD_AT, 2);
      putLong(raw, slot, ~1L);
      for (int n = 2; n < SLOTS; n++) {
        write(writer, n, payload(n));
      }
      assertEquals(Optional.empty(), reader.poll()); // it is waited for
      for (int n = SLOTS; n < SLOTS + 4; n++) {
        write(writer, n, payload(n));
      }
      assertEquals(~1L, getLong(raw, slot));
      int last = 0;
      Optional<Event> next = reader.poll();
      while (next.isPresent()) {
        last = next.get().number();
        assertEquals(next.get().sequence(), last);
        assertNotEquals(SLOTS + 1, last);
        next = reader.poll();
      }
      assertEquals(SLOTS + 3, last);
      putLong(raw, slot, 2); // it goes on, and then the slot is of use again
      for (int n = SLOTS + 4; n <= 2 * SLOTS + 1; n++) {
        write(writer, n, payload(n));
        assertEquals(n, reader.poll().orElseThrow().number());
      }
    }
  }

  @Test
  void aPayloadThatWasWrittenOverByALateWriterIsMissed() throws IOException {
    EventWriter writer = writer();
    write(writer, 1, payload(1));
    write(writer, 2, payload(2));
    try (RandomAccessFile raw = new RandomAccessFile(directory.resolve("ring").toFile(), "rw");
        EventReader reader = reader()) {
      raw.seek(RingLayout.HEADER_BYTES + SLOTS * RingLayout.SLOT_BYTES + Payload.HEADER + 1L);
      raw.write('?');
      Event first = reader.poll().orElseThrow();
      assertFalse(first.complete());
      assertEquals(1, first.number());
      assertTrue(reader.poll().orElseThrow().complete());
    }
  }

  private static void putLong(RandomAccessFile raw, long at, long value) throws IOException {
    raw.seek(at);
    raw.writeLong(Long.reverseBytes(value));
  }

  private static long getLong(RandomAccessFile raw, long at) throws IOException {
    raw.seek(at);
    return Long.reverseBytes(raw.readLong());
  }

  @Test
  void withBackPressureNothingIsLost() throws Exception {
    EventWriter writer = writer();
    try (EventReader reader = reader()) {
      writer.setBackPressure(
          new EventWriter.Follower() {
            @Override
            public long taken() {
              return reader.next();
            }

            @Override
            public long payloadTaken() {
              return reader.payloadTaken();
            }

            @Override
            public boolean isGone() {
              return false;
            }
          });
      Thread thread =
          new Thread(() -> {
            for (int n = 0; n < 5000; n++) {
              write(writer, n, payload(n));
            }
            writer.end();
          });
      thread.start();
      int expected = 0;
      while (!reader.isAtEnd()) {
        Optional<Event> next = reader.poll();
        if (next.isPresent()) {
          assertEquals(expected++, next.get().number());
          assertTrue(next.get().complete());
        } else {
          Thread.onSpinWait();
        }
      }
      thread.join();
      assertEquals(5000, expected);
      assertEquals(0, reader.dropped());
    }
  }

  @Test
  void aFileThatIsNoRingIsRefused() throws IOException {
    Path file = directory.resolve("ring");
    Files.write(file, new byte[100]);
    assertThrows(IOException.class, this::reader);
    Files.write(file, new byte[RingLayout.HEADER_BYTES * 4]);
    assertThrows(IOException.class, this::reader);
    writer();
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(RingLayout.SLOTS_AT);
      raw.writeInt(Integer.reverseBytes(1 << 19));
    }
    assertThrows(IOException.class, this::reader);
  }

  @Test
  void aRingFullOfRubbishHarmsNoReader() throws IOException {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      EventWriter writer = writer();
      for (int n = 0; n < SLOTS; n++) {
        write(writer, n, payload(n));
      }
      Path file = directory.resolve("ring");
      try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw");
          EventReader reader = reader()) {
        for (int n = 0; n < 200; n++) {
          // Anywhere behind the fields that were checked when it was opened.
          raw.seek(64 + random.nextInt((int) raw.length() - 64));
          raw.write(random.nextInt(256));
        }
        for (int slot = 0; slot < SLOTS; slot += 3) {
          raw.seek(RingLayout.HEADER_BYTES + slot * RingLayout.SLOT_BYTES + RingLayout.PAYLOAD);
          raw.writeLong(random.nextLong());
          raw.writeInt(random.nextInt());
        }
        for (int i = 0; i < 5000; i++) {
          reader.poll();
        }
      }
    }
  }

  @Test
  void aRingThatIsCutOffEndsItsReader() throws IOException {
    EventWriter writer = writer();
    for (int warm = 0; warm < 20_000; warm += 40) {
      // Often enough that it is compiled: the error of a lost page comes at other places then.
      try (EventReader reader = reader()) {
        for (int i = 0; i < 40; i++) {
          write(writer, i, payload(i));
          assertTrue(reader.poll().isPresent());
        }
        if (warm % 1000 == 0) {
          cutOff(reader, warm % 3);
          writer = writer();
        }
      }
    }
  }

  /** Cuts the ring off within its header, its slots or its payload. */
  private void cutOff(EventReader reader, int where) throws IOException {
    long length = where == 0 ? 0 : where == 1 ? 4096 : 4096 + SLOTS * 128;
    try (RandomAccessFile raw = new RandomAccessFile(directory.resolve("ring").toFile(), "rw")) {
      raw.setLength(length);
    }
    assertThrows(
        IOException.class,
        () -> {
          while (reader.poll().isPresent()) {
            // What was copied before may still come.
          }
        });
    assertTrue(reader.isAtEnd());
    Files.delete(directory.resolve("ring"));
  }
}
