package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv stop}. */
public final class StopCommand extends Command {
  private static final int SIGTERM = 15;

  @Override
  public void declare(CommandSpec spec) {
    option(
        spec, "SECONDS", "How long it may take before it is killed (default: 10).", "-t", "--time");
    option(spec, "SIGNAL", "Which signal asks it to end (default: TERM).", "-s", "--signal");
    parameters(spec, "0..*", "1..*", "SANDBOX", "Names or ids.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, InterruptedException {
    String text = arguments.matchedOptionValue("-t", "10");
    if (!text.matches("[0-9]{1,6}")) {
      throw new CliException(CliException.USAGE, "stop: -t: not a number of seconds: " + text);
    }
    long seconds = Long.parseLong(text);
    String signal = arguments.matchedOptionValue("-s", (String) null);
    int number = signal == null ? SIGTERM : Lookup.signal(signal);
    return Lookup.each(
        positionals(arguments),
        context,
        sandbox -> {
          Lookup.end(context, sandbox, number, seconds);
          context.out().println(sandbox.name());
        });
  }
}
