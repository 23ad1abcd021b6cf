package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.sandbox.Lookup;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv attach}. */
public final class AttachCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    flag(spec, "Only look: what is typed here is not for it.", "--no-stdin");
    option(
        spec,
        "KEYS",
        "What leaves it again, on a terminal (default: " + DetachKeys.USUAL + ").",
        "--detach-keys");
    parameters(spec, "0", "1", "SANDBOX", "Its name or id.");
    spec.usageMessage()
        .footer(
            "",
            "Shows what it writes from now on (viv logs has what it wrote before); Ctrl-P Ctrl-Q"
                + " leaves it",
            "to itself again, where it has a terminal; elsewhere Ctrl-C and other signals are for"
                + " it.",
            "",
            "Exit codes: the sandbox's own, if it ended; 0 after leaving it.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    SandboxState sandbox = Lookup.require(context.sandboxes(), positionals(arguments)[0]);
    DetachKeys keys =
        DetachKeys.of(arguments.matchedOptionValue("--detach-keys", DetachKeys.USUAL));
    Optional<ControlConnection> found =
        sandbox.isAlive() ? Lookup.connect(context, sandbox) : Optional.empty();
    if (found.isEmpty()) {
      throw new CliException(
          CliException.FAILED, "not running: " + sandbox.name() + "; viv logs shows what it wrote");
    }
    try (ControlConnection connection = found.get()) {
      SandboxSpec.ProcessSpec process =
          RunDirectory.of(context.directories(), sandbox.id()).readSpec().process();
      boolean input =
          !arguments.hasMatchedOption("--no-stdin") && (process.terminal() || process.stdin());
      connection.send(new ControlMessage.Attach(input));
      if (process.terminal() && Terminal.isTerminal(0)) {
        Terminal.Size size = Terminal.size();
        // A program draws its screen anew when its size changes, and only then.
        connection.send(new ControlMessage.Resize(Math.max(1, size.rows() - 1), size.columns()));
        connection.send(new ControlMessage.Resize(size.rows(), size.columns()));
      }
      ForegroundClient client = new ForegroundClient(connection, context, false);
      client.allowDetaching(keys, sandbox.name());
      return process.terminal() ? client.runWithTerminal(input) : client.runWithStreams(input);
    }
  }
}
