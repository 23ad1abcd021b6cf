package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.client.SandboxControl;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.state.SandboxState;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv pause} and {@code viv unpause}. */
public final class PauseCommand extends Command {
  private final boolean still;

  /** Makes one that pauses, or one that lets go on. */
  public PauseCommand(boolean still) {
    this.still = still;
  }

  @Override
  public void declare(CommandSpec spec) {
    parameters(spec, "0..*", "1..*", "SANDBOX", "Names or ids.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, InterruptedException {
    return Lookup.each(
        positionals(arguments),
        context,
        sandbox -> {
          if (!sandbox.isAlive()) {
            throw new CliException(
                CliException.FAILED, "not running: " + sandbox.name() + "; viv ps lists what runs");
          }
          if (still == (sandbox.status() == SandboxState.Status.PAUSED)) {
            throw new CliException(
                CliException.FAILED,
                (still ? "paused already: " : "not paused: ") + sandbox.name());
          }
          set(sandbox, context);
          context.out().println(sandbox.name());
        });
  }

  private void set(SandboxState sandbox, Context context) throws CliException, IOException {
    Optional<ControlConnection> connection = Lookup.connect(context, sandbox);
    if (connection.isEmpty()) {
      throw new IOException("it has ended");
    }
    try (ControlConnection control = connection.get()) {
      SandboxControl.pause(control, still);
    }
  }
}
