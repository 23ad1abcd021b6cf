package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.Sandboxes;
import java.io.IOException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv rm}. */
public final class RmCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    flag(spec, "End those that run.", "-f", "--force");
    flag(spec, "Remove all that have finished.", "-a", "--all");
    parameters(spec, "0..*", "0..*", "SANDBOX", "Names or ids.");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, IOException, InterruptedException {
    boolean force = arguments.hasMatchedOption("-f");
    Sandboxes sandboxes = context.sandboxes();
    String[] keys = positionals(arguments);
    if (arguments.hasMatchedOption("-a")) {
      keys =
          sandboxes.list().stream()
              .filter(state -> !state.isAlive())
              .map(SandboxState::id)
              .toArray(String[]::new);
    } else if (keys.length == 0) {
      throw new CliException(CliException.USAGE, "rm: name a sandbox, or give --all");
    }
    return Lookup.each(
        keys,
        context,
        sandbox -> {
          if (sandbox.isAlive()) {
            endFirst(sandbox, force, context);
          }
          sandboxes.remove(sandbox);
          context.out().println(sandbox.name());
        });
  }

  private static void endFirst(SandboxState sandbox, boolean force, Context context)
      throws CliException, IOException, InterruptedException {
    if (!force) {
      throw new CliException(
          CliException.FAILED, "it runs: " + sandbox.name() + "; stop it first, or use viv rm -f");
    }
    Lookup.end(context, sandbox, 9, 0);
  }
}
