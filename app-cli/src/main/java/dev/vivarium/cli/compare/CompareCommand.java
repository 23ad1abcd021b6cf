package dev.vivarium.cli.compare;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Text;
import dev.vivarium.cli.run.Terminal;
import dev.vivarium.engine.compare.Comparison;
import dev.vivarium.engine.compare.Measurement;
import dev.vivarium.engine.compare.Preset;
import dev.vivarium.engine.compare.Result;
import dev.vivarium.engine.compare.ResultText;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv compare}: the same work under each engine, side by side. */
public final class CompareCommand extends Command {
  private static final String ENGINES = "native,sentry,microvm";
  private static final int RUNS = 5;
  private static final int MOST_RUNS = 1000;

  @Override
  public void declare(CommandSpec spec) {
    spec.parser().stopAtPositional(true);
    option(spec, "LIST", "Which engines (default: " + ENGINES + ").", "--engines");
    option(spec, "NUMBER", "How many runs of each are counted (default: 5).", "--runs");
    option(
        spec,
        "PRESET",
        "Work that is known: "
            + Arrays.stream(Preset.values()).map(Preset::word).collect(Collectors.joining(", "))
            + ".",
        "--preset");
    flag(spec, "Leave out the run in which system calls are counted.", "--no-calls");
    format(spec);
    parameters(spec, "0..*", "0..*", "IMAGE COMMAND", "An image that is here, and what to run.");
    spec.usageMessage()
        .footer(
            "",
            "All run once uncounted, then in turn. WALL is the middle run, with the least and the"
                + " greatest behind it;",
            "CPU, MEMORY and DISK are those of all processes that took part, the engine's own among"
                + " them;",
            "DISK is what they read from disks and wrote for them, beyond what was in memory"
                + " already.",
            "native is runc (or crun) on this machine's own root, for the image host: only for"
                + " commands that you trust.",
            "",
            "Examples:",
            "  viv compare --preset files",
            "  viv compare --engines sentry,microvm --runs 10 debian:12 -- grep -r hostname /etc");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, IOException, InterruptedException {
    String[] words = positionals(arguments);
    String preset = arguments.matchedOptionValue("--preset", "");
    String image = words.length == 0 ? "host" : words[0];
    int from = words.length > 1 && words[1].equals("--") ? 2 : 1;
    List<String> command = Arrays.asList(words).subList(Math.min(from, words.length), words.length);
    if (preset.isEmpty() == command.isEmpty()) {
      throw new CliException(
          CliException.USAGE, "compare: give a command, or one of the known ones with --preset");
    }
    if (!preset.isEmpty()) {
      command =
          Preset.of(preset)
              .orElseThrow(() ->
                  new CliException(
                      CliException.USAGE,
                      "compare: --preset: there is none of this name: " + preset))
              .command();
    }
    List<String> engines = Comparison.engines(arguments.matchedOptionValue("--engines", ENGINES));
    for (String engine : engines) {
      if (!engine.matches("native|sentry|microvm")) {
        throw new CliException(
            CliException.USAGE,
            "compare: --engines: unknown: " + engine + "; there are native, sentry and microvm");
      }
    }
    int runs = runs(arguments);
    boolean live = Terminal.isTerminal(2);
    String program = context.environment().getOrDefault("VIVARIUM_PROGRAM", "viv");
    List<Result> results =
        new Comparison(List.of(program), image, command)
            .run(
                engines,
                runs,
                !arguments.hasMatchedOption("--no-calls"),
                (engine, run, of) -> {
                  if (live) {
                    context.err().printf("\r%s: run %d of %d   ", engine, run, of);
                    context.err().flush();
                  }
                });
    if (live) {
      context.err().print("\r                              \r");
      context.err().flush();
    }
    print(results, arguments, context);
    return results.stream().allMatch(r -> r.runs().isEmpty()) ? CliException.FAILED : 0;
  }

  private static int runs(ParseResult arguments) throws CliException {
    String text = arguments.matchedOptionValue("--runs", String.valueOf(RUNS));
    if (!text.matches("[0-9]{1,4}")
        || Integer.parseInt(text) < 1
        || Integer.parseInt(text) > MOST_RUNS) {
      throw new CliException(
          CliException.USAGE, "compare: --runs: not a number from 1 to " + MOST_RUNS + ": " + text);
    }
    return Integer.parseInt(text);
  }

  private static void print(List<Result> results, ParseResult arguments, Context context)
      throws CliException {
    Listing listing =
        new Listing(
            "ENGINE", "WALL", "FROM", "TO", "TIMES", "CPU", "MEMORY", "DISK", "CALLS/S", "BUSIEST",
            "P50", "P99", "NOTE");
    long first =
        results.stream()
            .filter(r -> !r.runs().isEmpty())
            .mapToLong(r -> r.median(Measurement::wallNanos))
            .findFirst()
            .orElse(1);
    for (Result r : results) {
      boolean ran = !r.runs().isEmpty();
      long wall = r.median(Measurement::wallNanos);
      listing.add(
          ResultText.values(r),
          r.engine(),
          ran ? time(wall) : "",
          ran ? time(r.least(Measurement::wallNanos)) : "",
          ran ? time(r.greatest(Measurement::wallNanos)) : "",
          ran ? String.format(Locale.ROOT, "%.2f", (double) wall / first) : "",
          ran ? time(r.median(Measurement::cpuNanos)) : "",
          ran && r.median(Measurement::peakBytes) > 0
              ? Text.bytes(r.greatest(Measurement::peakBytes))
              : "",
          ran ? Text.bytes(r.median(Measurement::diskBytes)) : "",
          r.watched().map(c -> String.valueOf(Math.round(c.perSecond()))).orElse(""),
          r.watched().map(Result.Calls::most).orElse(""),
          r.watched().map(c -> time(c.p50Nanos())).orElse(""),
          r.watched().map(c -> time(c.p99Nanos())).orElse(""),
          r.problem());
    }
    listing.print(context.out(), arguments);
  }

  private static String time(long nanos) {
    if (nanos < 10_000_000) {
      return String.format(Locale.ROOT, "%.1f µs", nanos / 1e3);
    }
    return nanos < 10_000_000_000L
        ? String.format(Locale.ROOT, "%.0f ms", nanos / 1e6)
        : String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
  }
}
