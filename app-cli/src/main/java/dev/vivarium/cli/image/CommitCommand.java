package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.client.SandboxChanges;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Entry;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.ConfigChange;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv commit}. */
public final class CommitCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    ConfigFlags.declare(spec);
    parameters(
        spec,
        "0..1",
        "2",
        "SANDBOX NAME[:TAG]",
        "A sandbox, running or finished (and not run with --rm), and the new image's name.");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws ImageException, CliException, IOException {
    String[] names = positionals(arguments);
    ImageReference name = ImageReference.parse(names[1]);
    Directories directories = context.directories();
    SandboxState sandbox =
        context
            .sandboxes()
            .find(names[0])
            .orElseThrow(() ->
                new CliException(
                    CliException.FAILED,
                    "no such sandbox: " + names[0] + "; viv ps -a lists them"));
    ConfigChange change = ConfigFlags.read("commit", arguments, "viv commit " + sandbox.name());
    try (ImageStore store = ImageStore.open()) {
      ImageRecord base = base(store, directories, sandbox);
      ImageRecord image =
          store.commit(
              Optional.of(base),
              tar -> SandboxChanges.write(directories, sandbox, tar),
              name,
              change);
      context.out().println(image.id());
    }
    return 0;
  }

  private static ImageRecord base(ImageStore store, Directories directories, SandboxState sandbox)
      throws ImageException, CliException, IOException {
    SandboxSpec spec = Entry.specOf(directories, sandbox.id());
    if (!(spec.root() instanceof SandboxSpec.Root.Image root)) {
      throw new CliException(
          CliException.FAILED,
          "nothing to add to: "
              + sandbox.name()
              + " ran this machine's own root and no image; take files out with viv cp");
    }
    List<Path> layers = root.layers().stream().map(Path::of).toList();
    return store
        .withLayers(layers, root.reference())
        .orElseThrow(() ->
            new CliException(
                CliException.FAILED,
                "its image is here no more: " + root.reference() + "; pull it again, then commit"));
  }
}
