package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.run.Values;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.cli.screen.Screen;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Statistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv latency}. */
public final class LatencyCommand extends Command {
  private static final String DEFAULT_TIME = "2s";

  @Override
  public void declare(CommandSpec spec) {
    option(spec, "WHAT", "syscall, file or host (default: syscall).", "--by");
    option(
        spec, "NAME,...", "Only these calls; of one alone, a curve is drawn.", "--syscall", "-e");
    option(
        spec,
        "TIME",
        "How long to count if nobody has counted yet (default: " + DEFAULT_TIME + ").",
        "--for");
    option(
        spec,
        "FORMAT",
        "table, json, jsonl, hgrm (percentiles) or hlog (HdrHistogram's log) (default: table).",
        "--format");
    flag(spec, "A screen that lives, with keys as in top.", "--live", "-l");
    parameters(spec, "0", "1", "SANDBOX", "Its name or id.");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, EngineException, IOException, InterruptedException {
    String by = arguments.matchedOptionValue("--by", "syscall");
    if (!by.matches("syscall|file|host")) {
      throw new CliException(
          CliException.USAGE,
          "latency: --by: unknown: " + by + "; there are syscall, file and host");
    }
    SandboxState sandbox = Lookup.require(context.sandboxes(), positionals(arguments)[0]);
    if (arguments.hasMatchedOption("--live")) {
      Screen.show(new LatencyView(context, sandbox, by), context);
      return 0;
    }
    Statistics figures = figures(sandbox, arguments, context);
    String only = arguments.matchedOptionValue("--syscall", (String) null);
    List<String> names = only == null ? List.of() : List.of(only.split(","));
    List<LatencyRow> rows = LatencyRow.of(figures, by, sandbox.engine());
    if (by.equals("syscall") && !names.isEmpty()) {
      rows.removeIf(r -> !names.contains(r.name()));
    }
    rows.sort(Comparator.comparingLong((LatencyRow r) -> -r.latency().sum()));
    print(rows, by, figures, sandbox.engine(), arguments, context);
    return 0;
  }

  /** Of the living, what has been counted, if need be from now on for a while; or what was kept. */
  private static Statistics figures(SandboxState sandbox, ParseResult arguments, Context context)
      throws CliException, EngineException, IOException, InterruptedException {
    if (!sandbox.isAlive()) {
      Path kept = StateEntry.of(context.directories(), sandbox.id()).statistics();
      if (!Files.exists(kept)) {
        throw new CliException(
            CliException.FAILED,
            "nothing was counted while it ran: "
                + sandbox.name()
                + "; viv run --report counts from the first call");
      }
      return Statistics.decode(Files.readAllBytes(kept));
    }
    try (Look look = Look.at(context.directories(), sandbox)) {
      look.begin(false, true);
      Statistics s = require(look, sandbox);
      if (s.countedNanos() > 200_000_000L && !arguments.hasMatchedOption("--for")) {
        return s;
      }
      long millis =
          Values.duration("--for", arguments.matchedOptionValue("--for", DEFAULT_TIME)).toMillis();
      long end = System.nanoTime() + millis * 1_000_000;
      while (!look.hasEnded() && System.nanoTime() < end) {
        Thread.sleep(Math.min(50, millis));
      }
      return require(look, sandbox);
    }
  }

  private static Statistics require(Look look, SandboxState sandbox)
      throws CliException, EngineException, InterruptedException {
    return look.statistics()
        .orElseThrow(
            () -> new CliException(CliException.FAILED, "it told no figures: " + sandbox.name()));
  }

  private static void print(
      List<LatencyRow> rows,
      String by,
      Statistics figures,
      String engine,
      ParseResult arguments,
      Context context)
      throws CliException {
    String format = arguments.matchedOptionValue("--format", "table");
    switch (format) {
      case "hgrm" -> {
        for (LatencyRow row : rows) {
          context.out().println("#[" + row.name() + ", microseconds]");
          context.out().println(row.latency().distribution());
        }
      }
      case "hlog" -> context.out().print(log(rows, figures));
      case "table", "json", "jsonl" -> {
        boolean parts = !by.equals("host") && LatencyRow.hasParts(engine);
        listing(rows, by, parts).print(context.out(), arguments);
        if (format.equals("table") && by.equals("syscall") && !parts) {
          context.err().println("viv: seen inside the guest, by its own kernel");
        }
        if (format.equals("table") && rows.size() == 1) {
          context.out().print(Curve.draw(rows.get(0).latency()));
        }
        if (format.equals("table") && by.equals("file") && figures.lostFiles() > 0) {
          context
              .err()
              .println(
                  "viv: "
                      + figures.lostFiles()
                      + " calls were on files for which there was no row left");
        }
      }
      default ->
          throw new CliException(
              CliException.USAGE,
              "unknown format: " + format + "; there are table, json, jsonl, hgrm and hlog");
    }
  }

  private static Listing listing(List<LatencyRow> rows, String by, boolean parts) {
    List<String> header =
        new ArrayList<>(
            List.of(
                by.toUpperCase(java.util.Locale.ROOT),
                "COUNT",
                "TOTAL",
                "P50",
                "P90",
                "P99",
                "P99.9",
                "MAX"));
    if (parts) {
      header.addAll(List.of("SENTRY", "DISK", "BLOCKED", "HANDOVER"));
    }
    header.add("100ns      1us       10us      100us     1ms       10ms      100ms     1s");
    Listing listing = new Listing(header.toArray(new String[0]));
    for (LatencyRow row : rows) {
      LatencyHistogram h = row.latency();
      List<String> texts =
          new ArrayList<>(
              List.of(
                  row.name(),
                  Long.toString(h.count()),
                  Curve.time(h.sum()),
                  Curve.time(h.percentile(50)),
                  Curve.time(h.percentile(90)),
                  Curve.time(h.percentile(99)),
                  Curve.time(h.percentile(99.9)),
                  Curve.time(h.max())));
      if (parts) {
        row.parts().values().forEach(nanos -> texts.add(share(nanos, h.sum())));
      }
      texts.add(Curve.spark(h, 72));
      listing.add(() -> values(row, by), texts.toArray(new String[0]));
    }
    return listing;
  }

  private static String share(long part, long whole) {
    return whole == 0 || part == 0 ? "-" : Math.round(100.0 * part / whole) + " %";
  }

  private static Map<String, @Nullable Object> values(LatencyRow row, String by) {
    LatencyHistogram h = row.latency();
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put(by, row.name());
    values.put("count", h.count());
    values.put("totalNanos", h.sum());
    values.put("minNanos", h.min());
    values.put("p50Nanos", h.percentile(50));
    values.put("p90Nanos", h.percentile(90));
    values.put("p99Nanos", h.percentile(99));
    values.put("p999Nanos", h.percentile(99.9));
    values.put("maxNanos", h.max());
    values.putAll(row.counted());
    row.parts().forEach((name, value) -> values.put(name + "Nanos", value));
    values.put("histogram", Base64.getEncoder().encodeToString(h.encode()));
    return values;
  }

  /** HdrHistogram's log format, version 1.3, one tagged line per row. */
  private static String log(List<LatencyRow> rows, Statistics figures) {
    StringBuilder out = new StringBuilder("#[Histogram log format version 1.3]\n");
    out.append(
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n");
    for (LatencyRow row : rows) {
      out.append("Tag=").append(row.name().replaceAll("[, \n\r]", "_")).append(",0.000,");
      out.append(
          String.format(
              java.util.Locale.ROOT,
              "%.3f,%.3f,",
              figures.countedNanos() / 1e9,
              row.latency().max() / 1e6));
      out.append(Base64.getEncoder().encodeToString(row.latency().encode())).append('\n');
    }
    return out.toString();
  }
}
