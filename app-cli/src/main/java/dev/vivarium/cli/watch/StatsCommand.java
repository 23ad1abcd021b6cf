package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.cli.screen.Screen;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.state.SandboxState;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv stats}: every second, what changed since the last look; on a terminal, a screen. */
public final class StatsCommand extends Command {
  private static final long PERIOD_MILLIS = 1000;

  @Override
  public void declare(CommandSpec spec) {
    flag(spec, "Print once and end.", "--no-stream");
    format(spec);
    parameters(spec, "0..*", "0..*", "SANDBOX", "Names or ids (default: all that run).");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, EngineException, java.io.IOException, InterruptedException {
    boolean once = arguments.hasMatchedOption("--no-stream");
    if (!once
        && !arguments.hasMatchedOption("--format")
        && Screen.isPossible(context.environment())) {
      Screen.show(new StatsView(context, List.of(positionals(arguments))), context);
      return 0;
    }
    List<Watched> all = new ArrayList<>();
    try {
      for (SandboxState sandbox : wanted(List.of(positionals(arguments)), context)) {
        all.add(Watched.begin(context, sandbox));
      }
      for (Watched w : all) {
        w.ask();
      }
      do {
        Thread.sleep(PERIOD_MILLIS);
        for (Watched w : all) {
          w.ask();
        }
        print(all, arguments, context);
        all.removeIf(Watched::hasEnded);
      } while (!once && !all.isEmpty() && !context.out().checkError());
      return 0;
    } finally {
      all.forEach(Watched::close);
    }
  }

  /** Those of these names; all that run, if there are none. */
  static List<SandboxState> wanted(List<String> names, Context context)
      throws CliException, java.io.IOException {
    if (names.isEmpty()) {
      return context.sandboxes().list().stream()
          .filter(s -> s.status() == SandboxState.Status.RUNNING)
          .toList();
    }
    List<SandboxState> found = new ArrayList<>();
    for (String name : names) {
      found.add(Lookup.require(context.sandboxes(), name));
    }
    return found;
  }

  private static void print(List<Watched> all, ParseResult arguments, Context context)
      throws CliException {
    Listing listing = new Listing(Watched.COLUMNS);
    for (Watched w : all) {
      if (w.figures().isPresent()) {
        listing.add(w::values, w.cells());
      }
    }
    listing.print(context.out(), arguments);
  }
}
