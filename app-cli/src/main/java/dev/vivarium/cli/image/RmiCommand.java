package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageStore;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv rmi}. */
public final class RmiCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    parameters(spec, "0..*", "1..*", "IMAGE", "Names or ids.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException {
    int code = 0;
    try (ImageStore store = ImageStore.open()) {
      for (String name : positionals(arguments)) {
        try {
          store.remove(name).forEach(context.out()::println);
        } catch (ImageException e) {
          // The others are removed all the same.
          context.err().println("viv: " + e.getMessage());
          code = CliException.FAILED;
        }
      }
    }
    return code;
  }
}
