package dev.vivarium.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class OutputTest {
  @Test
  void namesFromOutsideCannotMoveTheCursorOrReorderText() {
    assertEquals("a?[2Jb?c?d", Text.printable("a\u001b[2Jb\nc\u202ed"));
    assertEquals("ü 🦎", Text.printable("ü 🦎"));
  }

  @Test
  void sizesAndTimesReadAsPeopleSayThem() {
    assertEquals("999 B", Text.bytes(999));
    assertEquals("1.0 kB", Text.bytes(1000));
    assertEquals("123 MB", Text.bytes(123_456_789));
    assertEquals("1.0 MB", Text.bytes(999_999));
    assertEquals("1 second", Text.duration(Duration.ofSeconds(1)));
    assertEquals("0 seconds", Text.duration(Duration.ofSeconds(-5)));
    assertEquals("59 minutes", Text.duration(Duration.ofSeconds(3599)));
    assertEquals("3 days", Text.duration(Duration.ofHours(73)));
  }

  @Test
  void jsonHoldsEveryKindOfValue() {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("text", "a\"b\n");
    values.put("number", 1L << 40);
    values.put("nothing", null);
    values.put("list", Arrays.asList(true, 1.5, null));
    values.put("map", Map.of("x", 1));
    assertEquals(
        "{\"text\":\"a\\\"b\\n\",\"number\":1099511627776,\"nothing\":null,"
            + "\"list\":[true,1.5,null],\"map\":{\"x\":1}}",
        Listing.json(values));
  }
}
