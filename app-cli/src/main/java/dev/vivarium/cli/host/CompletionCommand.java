package dev.vivarium.cli.host;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.shell.Completion;
import java.io.IOException;
import java.io.InputStream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code viv completion}: a script that asks {@code viv} itself at each Tab, so that it knows what
 * there is: sandboxes, images, profiles, and files inside a sandbox.
 */
public final class CompletionCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    parameters(spec, "0", "0..1", "SHELL", "bash, zsh or fish.");
    spec.addOption(
        OptionSpec.builder("--line")
            .type(String.class)
            .arity("1")
            .hidden(true)
            .description("What the scripts ask: the line up to the cursor.")
            .build());
    spec.usageMessage()
        .footer(
            "",
            "Examples:",
            "  source <(viv completion bash)              also in ~/.bashrc; the same with zsh",
            "  viv completion fish > ~/.config/fish/completions/viv.fish");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    if (arguments.hasMatchedOption("--line")) {
      String line = arguments.matchedOptionValue("--line", "");
      Completion.of(line, context).forEach(context.out()::println);
      return 0;
    }
    String[] words = positionals(arguments);
    String shell = words.length == 0 ? "" : words[0];
    if (!shell.equals("bash") && !shell.equals("zsh") && !shell.equals("fish")) {
      throw new CliException(
          CliException.USAGE, "no completion for " + shell + "; there are bash, zsh and fish");
    }
    try (InputStream script = CompletionCommand.class.getResourceAsStream("completion." + shell)) {
      if (script == null) {
        throw new IOException("completion." + shell + " is missing in this build");
      }
      script.transferTo(context.out());
    }
    return 0;
  }
}
