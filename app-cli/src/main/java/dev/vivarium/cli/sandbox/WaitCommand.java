package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.SandboxState;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv wait}. */
public final class WaitCommand extends Command {
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
          context.out().println(exitCode(sandbox, context));
          context.out().flush();
        });
  }

  private static int exitCode(SandboxState sandbox, Context context)
      throws CliException, IOException {
    if (!sandbox.isAlive()) {
      return sandbox.exitCode();
    }
    Optional<ControlConnection> connection = Lookup.connect(context, sandbox);
    if (connection.isPresent()) {
      try (ControlConnection control = connection.get()) {
        Optional<ControlMessage> message = control.receive();
        while (message.isPresent()) {
          if (message.get() instanceof ControlMessage.Ended ended) {
            return ended.exitCode();
          }
          message = control.receive();
        }
      } catch (IOException e) {
        // Its process is gone; what it left says how.
      }
    }
    return context
        .sandboxes()
        .byId(sandbox.id())
        .filter(state -> !state.isAlive())
        .orElseThrow(
            () -> new CliException(CliException.FAILED, "it was removed: " + sandbox.name()))
        .exitCode();
  }
}
