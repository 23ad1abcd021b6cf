package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.ConfigChange;
import dev.vivarium.image.store.ImageStore;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv import}. */
public final class ImportCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    ConfigFlags.declare(spec);
    parameters(
        spec, "0..1", "2", "DIR|TAR NAME", "A file tree, and the name that its image shall have.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException, CliException {
    String[] names = positionals(arguments);
    ConfigChange change =
        ConfigFlags.read("import", arguments, "viv import " + Path.of(names[0]).getFileName());
    try (ImageStore store = ImageStore.open()) {
      context
          .out()
          .println(
              store.importTree(Path.of(names[0]), ImageReference.parse(names[1]), change).id());
    }
    return 0;
  }
}
