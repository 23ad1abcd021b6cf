package dev.vivarium.cli.output;

import dev.vivarium.cli.CliException;
import dev.vivarium.image.oci.JsonDocument;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;

/**
 * A listing: the same rows as a table for people, or as JSON for programs. A table shows texts made
 * for reading, JSON the values themselves; so a row has both.
 */
public final class Listing {
  /** Of the JSON rows; grows when a member changes its meaning or goes away. */
  public static final int SCHEMA_VERSION = 1;

  private static final int GAP = 3;

  private final List<String> header;
  private final List<Row> rows = new ArrayList<>();

  /** Only one side of a row is ever made: what is printed. */
  private record Row(Supplier<Map<String, @Nullable Object>> values, String[] texts) {}

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
    rows.add(new Row(() -> values, texts));
  }

  /** The same, of values that are made only if they are asked for. */
  public void add(Supplier<Map<String, @Nullable Object>> values, String... texts) {
    rows.add(new Row(values, texts));
  }

  /** Prints it as {@code --format} asks. */
  public void print(PrintStream out, ParseResult arguments) throws CliException {
    String format = arguments.matchedOptionValue("--format", "table");
    if (Template.is(format)) {
      Template template = new Template(format);
      for (Row row : rows) {
        out.println(template.fill(object(row)));
      }
      return;
    }
    switch (format) {
      case "table" -> table(out);
      case "json" -> out.println(json(rows.stream().map(Listing::object).toList()));
      case "jsonl" -> rows.forEach(row -> out.println(json(object(row))));
      default ->
          throw new CliException(
              CliException.USAGE,
              "unknown format: "
                  + format
                  + "; there are table, json, jsonl and templates with {{.name}}");
    }
  }

  private static Map<String, @Nullable Object> object(Row row) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("schemaVersion", SCHEMA_VERSION);
    object.putAll(row.values.get());
    return object;
  }

  private void table(PrintStream out) {
    int[] widths = new int[header.size()];
    List<String[]> lines = new ArrayList<>(rows.size() + 1);
    lines.add(header.toArray(new String[0]));
    for (Row row : rows) {
      String[] cells = new String[widths.length];
      for (int i = 0; i < cells.length; i++) {
        cells[i] = Text.printable(row.texts[i]);
      }
      lines.add(cells);
    }
    for (String[] line : lines) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], width(line[i]));
      }
    }
    // Written at once: a line at a time would be a system call each.
    StringBuilder text = new StringBuilder();
    for (String[] line : lines) {
      int end = text.length();
      for (int i = 0; i < widths.length; i++) {
        text.append(line[i]);
        if (!line[i].isEmpty()) {
          end = text.length();
        }
        if (i < widths.length - 1) {
          text.repeat(' ', widths[i] - width(line[i]) + GAP);
        }
      }
      text.setLength(end);
      text.append(System.lineSeparator());
    }
    out.print(text);
    out.flush();
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }

  /** Any value made of maps, collections, strings, numbers, booleans and nulls, as JSON. */
  public static String json(@Nullable Object value) {
    return new String(
        JsonDocument.write(out -> JsonDocument.write(out, value)), StandardCharsets.UTF_8);
  }
}
