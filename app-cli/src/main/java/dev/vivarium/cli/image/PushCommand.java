package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.PullOptions;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv push}. */
public final class PushCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    Images.declare(spec);
    parameters(
        spec,
        "0..1",
        "1..2",
        "IMAGE [DEST]",
        "An image, and the name to give it at the registry (default: its own).");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException, CliException {
    String[] names = positionals(arguments);
    ImageReference target = ImageReference.parse(names[names.length - 1]);
    PullOptions options =
        PullOptions.DEFAULT.withPlainHttp(arguments.hasMatchedOption("--plain-http"));
    try (ImageStore store = ImageStore.open()) {
      ImageRecord image = Images.stored(store, names[0]);
      String digest =
          Images.withProgress(
              arguments, context, progress -> store.push(image, target, options, progress));
      context.out().println(digest);
    }
    return 0;
  }
}
