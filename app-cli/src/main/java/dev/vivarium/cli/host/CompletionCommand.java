package dev.vivarium.cli.host;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.CommandTree;
import dev.vivarium.cli.Context;
import picocli.AutoComplete;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv completion}. */
public final class CompletionCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    parameters(spec, "0", "1", "SHELL", "bash or zsh.");
    spec.usageMessage().footer("", "Example:", "  source <(viv completion bash)");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException {
    String shell = positionals(arguments)[0];
    if (!shell.equals("bash") && !shell.equals("zsh")) {
      throw new CliException(
          CliException.USAGE, "no completion for " + shell + "; there are bash and zsh");
    }
    context.out().print(AutoComplete.bash("viv", CommandTree.whole()));
    return 0;
  }
}
