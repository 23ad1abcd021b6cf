package dev.vivarium.cli.output;

import dev.vivarium.cli.CliException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A listing: the same rows as a table for people, or as JSON for programs. A table shows texts made
 * for reading, JSON the values themselves; so a row has both.
 */
public final class Listing {
  /** Of the JSON rows; grows when a member changes its meaning or goes away. */
  public static final int SCHEMA_VERSION = 1;

  private static final int GAP = 3;

  private final List<String> header;
  private final List<List<String>> cells = new ArrayList<>();
  private final List<Map<String, @Nullable Object>> rows = new ArrayList<>();

  /** Begins an empty one with its column titles. */
  public Listing(String... header) {
    this.header = List.of(header);
  }

  /**
   * Adds a row.
   *
   * @param values for programs, in order
   * @param texts for people, one per column
   */
  public void add(Map<String, @Nullable Object> values, String... texts) {
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    row.put("schemaVersion", SCHEMA_VERSION);
    row.putAll(values);
    rows.add(row);
    List<String> printable = new ArrayList<>();
    for (String text : texts) {
      printable.add(Text.printable(text));
    }
    cells.add(printable);
  }

  /** Prints it as {@code --format} asks. */
  public void print(PrintStream out, ParseResult arguments) throws CliException {
    String format = arguments.matchedOptionValue("--format", "table");
    switch (format) {
      case "table" -> table(out);
      case "json" -> out.println(json(rows));
      case "jsonl" -> rows.forEach(row -> out.println(json(row)));
      default ->
          throw new CliException(
              CliException.USAGE,
              "unknown format: " + format + "; there are table, json and jsonl");
    }
  }

  private void table(PrintStream out) {
    int[] widths = new int[header.size()];
    List<List<String>> lines = new ArrayList<>();
    lines.add(header);
    lines.addAll(cells);
    for (List<String> line : lines) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], line.get(i).codePointCount(0, line.get(i).length()));
      }
    }
    for (List<String> line : lines) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String cell = line.get(i);
        text.append(cell);
        if (i < widths.length - 1) {
          text.repeat(" ", widths[i] - cell.codePointCount(0, cell.length()) + GAP);
        }
      }
      out.println(text.toString().stripTrailing());
    }
  }

  /** Any value made of maps, collections, strings, numbers, booleans and nulls, as JSON. */
  public static String json(@Nullable Object value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
      write(out, value);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static void write(JsonGenerator out, @Nullable Object value) {
    if (value == null) {
      out.writeNull();
    } else if (value instanceof Map<?, ?> map) {
      out.writeStartObject();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        out.writeName(String.valueOf(entry.getKey()));
        write(out, entry.getValue());
      }
      out.writeEndObject();
    } else if (value instanceof Collection<?> list) {
      out.writeStartArray();
      for (Object element : list) {
        write(out, element);
      }
      out.writeEndArray();
    } else if (value instanceof Raw raw) {
      out.writeRawValue(raw.json());
    } else if (value instanceof Boolean bool) {
      out.writeBoolean(bool);
    } else if (value instanceof Integer || value instanceof Long) {
      out.writeNumber(((Number) value).longValue());
    } else if (value instanceof Double number) {
      out.writeNumber(number);
    } else {
      out.writeString(value.toString());
    }
  }

  /** A value that is JSON already. */
  public record Raw(String json) {}
}
