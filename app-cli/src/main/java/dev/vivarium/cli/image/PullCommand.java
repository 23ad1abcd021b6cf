package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv pull}. */
public final class PullCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    Images.declare(spec);
    Images.declareKeys(spec);
    option(
        spec,
        "ARCH[/VARIANT]",
        "The image for another machine, such as arm64 or arm/v7 (default: this machine's).",
        "--arch");
    flag(spec, "Print only the image's id.", "-q", "--quiet");
    parameters(
        spec,
        "0",
        "1",
        "IMAGE",
        "NAME[:TAG], REGISTRY/NAME[:TAG][@DIGEST], oci:DIR[:TAG], oci-archive:FILE or"
            + " docker-archive:FILE.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException, CliException {
    String name = positionals(arguments)[0];
    if (name.equals("host")) {
      throw new CliException(
          CliException.USAGE, "host is this machine itself: there is nothing to fetch");
    }
    try (ImageStore store = ImageStore.open()) {
      ImageRecord image = Images.pull(store, name, true, arguments, context);
      context.out().println(image.id());
    }
    return 0;
  }
}
