package dev.vivarium.engine.watch.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.calls.CallFormatter;
import dev.vivarium.image.oci.JsonDocument;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class OutputsTest {
  private static final String EVIL =
      "a\33]0;pwned\7\0\"\\\n\t<script>alert(1)</script>&\u0080\u00ff=cmd|' /C calc'!A0";

  private static Event event(EventKind kind, int number, long result, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    List<Event.Item> items = new ArrayList<>();
    for (int tag = 0; tag < 4; tag++) {
      items.add(new Event.Item(tag, Payload.TEXT, bytes));
      items.add(new Event.Item(tag, Payload.ELEMENT, bytes));
      items.add(new Event.Item(tag, Payload.BYTES, bytes));
      items.add(new Event.Item(tag, Payload.DIRECTORY, bytes));
    }
    return new Event(
        0,
        5,
        1,
        2,
        kind,
        number,
        new long[] {1, 2, 3, 4, 5, 6},
        true,
        result,
        7,
        8,
        9,
        items,
        true);
  }

  private static List<Event> evilEvents() {
    List<Event> events = new ArrayList<>();
    for (EventKind kind : EventKind.values()) {
      for (int number : new int[] {-1, 0, 1, 2, 3, 59, 82, 257, 9999}) {
        events.add(event(kind, number, number % 2, EVIL));
      }
    }
    Random random = new Random(5);
    for (int i = 0; i < 500; i++) {
      byte[] bytes = new byte[50];
      random.nextBytes(bytes);
      events.add(
          event(
              EventKind.values()[random.nextInt(EventKind.values().length)],
              random.nextInt(400),
              random.nextInt(),
              new String(bytes, StandardCharsets.ISO_8859_1)));
    }
    return events;
  }

  private static String all(Format format) throws IOException {
    StringBuilder out = new StringBuilder();
    try (EventOutput output = format.output(out, 0)) {
      output.dropped(3);
      for (Event e : evilEvents()) {
        output.accept(e);
      }
    }
    return out.toString();
  }

  private static @Nullable Object parse(String json) throws IOException {
    return JsonDocument.read(json.getBytes(StandardCharsets.UTF_8), 16);
  }

  @Test
  void nothingButPrintableAsciiComesOut() throws IOException {
    for (Format format : EnumSet.complementOf(EnumSet.of(Format.PCAP))) {
      String text = all(format);
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        assertTrue(c == '\n' || c >= 0x20 && c < 0x7f, format + ": " + (int) c);
      }
    }
  }

  @Test
  void everyLineOfJsonLinesIsAnObject() throws IOException {
    String text = all(Format.JSONL);
    assertEquals(evilEvents().size() + 1, text.lines().count());
    for (String line : text.lines().toList()) {
      assertTrue(parse(line) instanceof Map<?, ?> map && !map.isEmpty(), line);
    }
  }

  @Test
  void jsonSaysWhatTheTextSays() throws IOException {
    CallFormatter calls = new CallFormatter();
    for (Event e : evilEvents()) {
      if (e.kind() == EventKind.SYSCALL) {
        StringBuilder line = new StringBuilder();
        new JsonLinesOutput(line).accept(e);
        Map<?, ?> map = (Map<?, ?>) parse(line.toString());
        assertEquals(calls.arguments(e), map.get("args"));
        List<String> paths = EventText.paths(e).stream().map(Escape::c).toList();
        assertEquals(paths.isEmpty() ? null : paths, map.get("paths"));
      }
    }
  }

  @Test
  void thePerfettoTraceIsJson() throws IOException {
    String text = all(Format.PERFETTO);
    assertTrue(
        parse(text) instanceof Map<?, ?> map
            && map.get("traceEvents") instanceof List<?> events
            && events.size() >= evilEvents().size(),
        text);
    assertTrue(text.startsWith("{\"displayTimeUnit\""));
  }

  @Test
  void everyLineOfCsvHasTheFieldsOfItsHeader() throws IOException {
    all(Format.CSV)
        .lines()
        .forEach(line -> {
          int fields = 1;
          boolean quoted = false;
          for (char c : line.toCharArray()) {
            if (c == '"') {
              quoted = !quoted;
            } else if (c == ',' && !quoted) {
              fields++;
            }
          }
          assertEquals(12, fields, line);
        });
  }
}
