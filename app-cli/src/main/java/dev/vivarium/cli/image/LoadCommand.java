package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv load}. */
public final class LoadCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    Images.declareProgress(spec);
    option(spec, "FILE", "An archive of images, OCI's or Docker's.", "-i", "--input");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException, CliException {
    String file = arguments.matchedOptionValue("-i", "");
    if (file.isEmpty()) {
      throw new CliException(CliException.USAGE, "load: no file; say which with -i FILE");
    }
    try (ImageStore store = ImageStore.open()) {
      List<ImageRecord> images =
          Images.withProgress(arguments, context, progress -> store.load(Path.of(file), progress));
      for (ImageRecord image : images) {
        context.out().println(image.tags().isEmpty() ? image.id() : image.tags().getFirst());
      }
    }
    return 0;
  }
}
