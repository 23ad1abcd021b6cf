package dev.vivarium.engine.compare;

import dev.vivarium.engine.state.Json;
import dev.vivarium.image.oci.JsonDocument;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What came of a comparison, for programs and for files. */
public final class ResultText {
  /** Grows when a member changes its meaning or goes away. */
  private static final int SCHEMA_VERSION = 1;

  private ResultText() {}

  /** The values of one engine, in the order in which they are written. */
  public static Map<String, @Nullable Object> values(Result r) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    boolean ran = !r.runs().isEmpty();
    values.put("engine", r.engine());
    values.put("runs", (long) r.runs().size());
    values.put("wallNanos", ran ? r.median(Measurement::wallNanos) : null);
    values.put("wallLeastNanos", ran ? r.least(Measurement::wallNanos) : null);
    values.put("wallGreatestNanos", ran ? r.greatest(Measurement::wallNanos) : null);
    values.put("cpuNanos", ran ? r.median(Measurement::cpuNanos) : null);
    values.put("peakBytes", ran ? r.greatest(Measurement::peakBytes) : null);
    values.put("diskBytes", ran ? r.median(Measurement::diskBytes) : null);
    values.put("calls", r.watched().map(Result.Calls::count).orElse(null));
    values.put("callsPerSecond", r.watched().map(Result.Calls::perSecond).orElse(null));
    values.put("busiestCall", r.watched().map(Result.Calls::most).orElse(null));
    values.put("busiestP50Nanos", r.watched().map(Result.Calls::p50Nanos).orElse(null));
    values.put("busiestP99Nanos", r.watched().map(Result.Calls::p99Nanos).orElse(null));
    values.put("problem", r.problem());
    return values;
  }

  /** All of it, in the form that a file's name asks for: JSON, Markdown, or else CSV. */
  public static byte[] forFile(String name, List<Result> results) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.endsWith(".json")) {
      return json(results);
    }
    return (lower.endsWith(".md") ? markdown(results) : csv(results))
        .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] json(List<Result> results) {
    return Json.write(out -> {
      out.name("schemaVersion").value(SCHEMA_VERSION);
      out.name("engines").beginArray();
      for (Result r : results) {
        out.beginObject();
        for (Map.Entry<String, @Nullable Object> value : values(r).entrySet()) {
          out.name(value.getKey());
          JsonDocument.write(out, value.getValue());
        }
        out.name("all").beginArray();
        for (Measurement m : r.runs()) {
          out.beginObject();
          out.name("wallNanos").value(m.wallNanos());
          out.name("cpuNanos").value(m.cpuNanos());
          out.name("peakBytes").value(m.peakBytes());
          out.name("diskBytes").value(m.diskBytes());
          out.endObject();
        }
        out.endArray();
        out.endObject();
      }
      out.endArray();
    });
  }

  private static String csv(List<Result> results) {
    StringBuilder out = new StringBuilder();
    for (Result r : results) {
      Map<String, @Nullable Object> values = values(r);
      if (out.isEmpty()) {
        out.append(String.join(",", values.keySet())).append('\n');
      }
      out.append(values.values().stream().map(ResultText::cell).collect(Collectors.joining(",")))
          .append('\n');
    }
    return out.toString();
  }

  /**
   * A text that begins as a formula would be one in a spreadsheet; what failed may say anything.
   */
  private static String cell(@Nullable Object value) {
    if (!(value instanceof String text)) {
      return value == null ? "" : value.toString();
    }
    String safe = text.isEmpty() || "=+-@\t\r".indexOf(text.charAt(0)) < 0 ? text : "'" + text;
    return safe.matches("[A-Za-z0-9_. -]*") ? safe : '"' + safe.replace("\"", "\"\"") + '"';
  }

  private static String markdown(List<Result> results) {
    StringBuilder out = new StringBuilder();
    for (Result r : results) {
      Map<String, @Nullable Object> values = values(r);
      if (out.isEmpty()) {
        out.append("| ").append(String.join(" | ", values.keySet())).append(" |\n|");
        out.repeat(" --- |", values.size()).append('\n');
      }
      out.append("| ")
          .append(
              values.values().stream()
                  .map(v -> v == null ? "" : v.toString().replaceAll("[|\\s]+", " "))
                  .collect(Collectors.joining(" | ")))
          .append(" |\n");
    }
    return out.toString();
  }
}
