package dev.vivarium.image.oci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonDocumentTest {
  private static @Nullable Object read(String text) throws BadDocumentException {
    return JsonDocument.read(text.getBytes(StandardCharsets.UTF_8), 8);
  }

  private static String write(@Nullable Object value) {
    return new String(
        JsonDocument.write(out -> JsonDocument.write(out, value)), StandardCharsets.UTF_8);
  }

  @Test
  void everyKindOfValueIsReadAndWrittenBack() throws BadDocumentException {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("text", "a\"\\\n\u0001é\uD83D\uDE00");
    document.put("least", Long.MIN_VALUE);
    document.put("beyond", new BigInteger("18446744073709551615"));
    document.put("fraction", -1.5e300);
    document.put("list", Arrays.asList(true, false, null, List.of(), Map.of()));
    assertEquals(document, read(write(document)));
    assertEquals(List.of("text", "least"), List.copyOf(document.keySet()).subList(0, 2));
  }

  @Test
  void whatJsonHasNoNumberForIsText() {
    assertEquals("[\"NaN\",\"-Infinity\"]", write(List.of(Double.NaN, Double.NEGATIVE_INFINITY)));
  }

  /** What a lenient reader takes, each another way. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "{\"a\":1,\"a\":2}!the name 'a' twice in one JSON object",
        "{\"a\":1} {}!not valid JSON at line 1 column 10",
        "{\"a\":1!not valid JSON: it ends too early",
        "{'a':1}!not valid JSON at line 1 column 3",
        "{a:1}!not valid JSON at line 1 column 3",
        "[1,]!not valid JSON at line 1 column 5",
        "[01]!not valid JSON at line 1 column 2",
        "[NaN]!not valid JSON at line 1 column 2",
        "[1e999]!a number without bounds: 1e999",
        "[1234567890123456789012345678901]!a number of more than 30 characters",
        "[/*x*/1]!not valid JSON at line 1 column 3",
        "[True]!not valid JSON at line 1 column 2",
        "[[[[[[[[[]]]]]]]]]!not valid JSON: nested too deep at line 1 column 10"
      })
  void whatIsNotStrictlyJsonIsRefusedInOneLine(String document, String why) {
    assertEquals(why, assertThrows(BadDocumentException.class, () -> read(document)).getMessage());
  }

  @Test
  void whatIsNotUtf8IsRefused() {
    byte[] document = {'"', (byte) 0xc3, '"'};
    assertTrue(
        assertThrows(BadDocumentException.class, () -> JsonDocument.read(document, 8))
            .getMessage()
            .contains("UTF-8"));
  }
}
