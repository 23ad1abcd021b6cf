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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv exec}. What is not said is as the sandbox's first command has it. */
public final class ExecCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    // What follows SANDBOX is the command's, dashes or not.
    spec.parser().stopAtPositional(true);
    flag(spec, "Connect standard input.", "-i", "--interactive");
    flag(spec, "Give it a terminal.", "-t", "--tty");
    flag(spec, "Do not wait for it; what it writes goes nowhere.", "-d", "--detach");
    repeatable(
        spec, "NAME[=VALUE]", "Set a variable, or pass on the one from here.", "-e", "--env");
    repeatable(spec, "FILE", "Set the variables that a file lists.", "--env-file");
    option(spec, "DIR", "The working directory inside.", "-w", "--workdir");
    option(spec, "USER", "Run as UID[:GID] or NAME[:GROUP].", "-u", "--user");
    parameters(spec, "0..*", "2..*", "SANDBOX COMMAND", "Its name or id, and what to run in it.");
    spec.usageMessage()
        .footer(
            "",
            "Examples:",
            "  viv exec -it web bash",
            "  viv exec -u root -e DEBUG=1 web nginx -s reload",
            "",
            "Exit codes: the command's own; 125 Vivarium failed or the sandbox does not run, 126 it"
                + " cannot be",
            "run, 127 it was not found, 128+N it died of signal N (137 also: the sandbox ended), 2"
                + " wrong usage.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    String[] words = positionals(arguments);
    List<String> command = SpecBuilder.command(words);
    if (words.length < 2 || command.isEmpty()) {
      throw new CliException(
          CliException.USAGE, "exec: give a sandbox and a command: viv exec SANDBOX COMMAND...");
    }
    boolean terminal = arguments.hasMatchedOption("-t");
    boolean detached = arguments.hasMatchedOption("-d");
    boolean input = arguments.hasMatchedOption("-i") && !detached;
    if (terminal && input && !Terminal.isTerminal(0)) {
      throw new CliException(
          CliException.USAGE,
          "exec: -t: standard input is not a terminal; leave out -t for pipes and files");
    }
    Optional<String> directory = text(arguments, "-w");
    if (directory.isPresent() && !directory.get().startsWith("/")) {
      throw new CliException(
          CliException.USAGE,
          "exec: -w: the working directory must be absolute: " + directory.get());
    }
    Map<String, String> set = new LinkedHashMap<>();
    for (String file : arguments.matchedOptionValue("--env-file", new String[0])) {
      Values.environmentFile(file, context.environment(), set);
    }
    String[] entries = arguments.matchedOptionValue("-e", new String[0]);
    for (String entry : entries) {
      Values.environment("-e", entry, context.environment(), set);
    }
    SandboxState sandbox = Lookup.require(context.sandboxes(), words[0]);
    Optional<ControlConnection> found =
        sandbox.isAlive() ? Lookup.connect(context, sandbox) : Optional.empty();
    if (found.isEmpty()) {
      throw new CliException(
          CliException.FAILED, "not running: " + sandbox.name() + "; viv ps lists what runs");
    }
    try (ControlConnection connection = found.get()) {
      SandboxSpec.ProcessSpec first =
          RunDirectory.of(context.directories(), sandbox.id()).readSpec().process();
      Map<String, String> variables = new LinkedHashMap<>(first.environment());
      if (terminal) {
        variables.putIfAbsent("TERM", "xterm");
      }
      variables.putAll(set);
      Arrays.stream(entries)
          .filter(entry -> entry.indexOf('=') < 0 && !context.environment().containsKey(entry))
          .forEach(variables::remove);
      Terminal.Size size = terminal && !detached ? Terminal.size() : new Terminal.Size(24, 80);
      connection.send(
          new ControlMessage.Exec(
              new SandboxSpec.ProcessSpec(
                  command,
                  variables,
                  directory.orElse(first.workingDirectory()),
                  text(arguments, "-u").orElse(first.user()),
                  terminal,
                  input),
              detached,
              size.rows(),
              size.columns()));
      if (detached) {
        return detach(connection);
      }
      ForegroundClient client = new ForegroundClient(connection, context, true);
      return terminal ? client.runWithTerminal(input) : client.runWithStreams(input);
    }
  }

  private static Optional<String> text(ParseResult arguments, String option) {
    return Optional.ofNullable(arguments.matchedOptionValue(option, (String) null));
  }

  private static int detach(ControlConnection connection) throws CliException, IOException {
    while (true) {
      ControlMessage message =
          connection
              .receive()
              .orElseThrow(
                  () -> new CliException(CliException.FAILED, "the sandbox's process was killed"));
      switch (message) {
        case ControlMessage.Started _ -> {
          return 0;
        }
        case ControlMessage.ProcessEnded ended -> {
          if (ended.message().isEmpty()) {
            return 0;
          }
          throw new CliException(ended.exitCode(), ended.message());
        }
        case ControlMessage.Ended _ ->
            throw new CliException(CliException.FAILED, "the sandbox ended");
        default -> {
          // of no matter here
        }
      }
    }
  }
}
