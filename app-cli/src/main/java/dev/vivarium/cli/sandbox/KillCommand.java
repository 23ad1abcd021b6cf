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

/** {@code viv kill}. */
public final class KillCommand extends Command {
  private static final int SIGKILL = 9;

  @Override
  public void declare(CommandSpec spec) {
    option(spec, "SIGNAL", "Which signal (default: KILL, to every process).", "-s", "--signal");
    parameters(spec, "0..*", "1..*", "SANDBOX", "Names or ids.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, InterruptedException {
    int signal = Lookup.signal(arguments.matchedOptionValue("-s", "KILL"));
    return Lookup.each(
        positionals(arguments),
        context,
        sandbox -> {
          if (signal == SIGKILL
              ? !Lookup.end(context, sandbox, signal, 0)
              : !send(signal, sandbox, context)) {
            throw new CliException(CliException.FAILED, "not running: " + sandbox.name());
          }
          context.out().println(sandbox.name());
        });
  }

  private static boolean send(int signal, SandboxState sandbox, Context context)
      throws CliException, IOException {
    Optional<ControlConnection> connection = Lookup.connect(context, sandbox);
    if (connection.isPresent()) {
      try (ControlConnection control = connection.get()) {
        control.send(new ControlMessage.Signal(signal));
        // An answer means that the signal before it was served.
        control.send(new ControlMessage.QueryState());
        control.receive();
      }
    }
    return connection.isPresent();
  }
}
