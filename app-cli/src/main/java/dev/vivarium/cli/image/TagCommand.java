package dev.vivarium.cli.image;

import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageStore;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv tag}. */
public final class TagCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    parameters(spec, "0..1", "2", "SOURCE NAME", "An image, and the name that it shall have too.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException {
    String[] names = positionals(arguments);
    try (ImageStore store = ImageStore.open()) {
      context.out().println(store.tag(names[0], names[1]).id());
    }
    return 0;
  }
}
