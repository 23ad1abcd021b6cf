package dev.vivarium.cli.shell;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.Dispatcher;
import dev.vivarium.cli.run.Terminal;
import dev.vivarium.engine.state.Reason;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.ToIntBiFunction;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv shell}, and {@code viv} alone on a terminal. */
public final class ShellCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    parameters(spec, "0..1", "0..1", "SCRIPT", "A file of commands; - for standard input.");
    spec.usageMessage()
        .footer(
            "",
            "On the prompt every command is typed as here, without viv. Besides:",
            "  !COMMAND                 run a command of this machine",
            "  COMMAND | grep x         send what a command prints through one of this machine",
            "  set NAME=VALUE, $NAME    variables; $last is the id of what was last started with"
                + " -d",
            "  alias NAME=COMMAND       also from ~/.config/vivarium/aliases",
            "  help COMMAND, exit",
            "",
            "A script ends at the first command that fails; \"- COMMAND\" may fail.");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, IOException, InterruptedException {
    String[] words = positionals(arguments);
    ToIntBiFunction<String[], Context> dispatch = (args, where) -> new Dispatcher(where).run(args);
    if (words.length == 0 && Terminal.isTerminal(0) && Terminal.isTerminal(1)) {
      return Repl.run(context, dispatch);
    }
    if (words.length == 0 || words[0].equals("-")) {
      return Script.run(
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)),
          "standard input",
          context,
          dispatch);
    }
    try (BufferedReader lines = Files.newBufferedReader(Path.of(words[0]))) {
      return Script.run(lines, words[0], context, dispatch);
    } catch (java.nio.file.FileSystemException e) {
      throw new CliException(
          CliException.FAILED, "cannot read the script: " + words[0] + ": " + Reason.of(e), e);
    }
  }
}
