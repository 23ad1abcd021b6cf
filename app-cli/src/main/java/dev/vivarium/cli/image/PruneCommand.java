package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Text;
import dev.vivarium.cli.run.Values;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.PruneOptions;
import dev.vivarium.image.store.PruneReport;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv prune}. */
public final class PruneCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    flag(spec, "Images with names too, not only those that lost theirs.", "-a", "--all");
    flag(spec, "Only say what would go.", "--dry-run");
    option(
        spec, "TIME", "Only images that came longer ago than this, such as 24h.", "--older-than");
    option(
        spec,
        "SIZE",
        "Only until the store is no larger than this, such as 10g; the oldest go first.",
        "--down-to");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws ImageException, CliException, IOException {
    String age = arguments.matchedOptionValue("--older-than", "");
    String size = arguments.matchedOptionValue("--down-to", "");
    Optional<Duration> olderThan =
        age.isEmpty() ? Optional.empty() : Optional.of(Values.duration("prune: --older-than", age));
    Optional<Long> downTo =
        size.isEmpty() ? Optional.empty() : Optional.of(Values.size("prune: --down-to", size));
    boolean dry = arguments.hasMatchedOption("--dry-run");
    try (ImageStore store = ImageStore.open()) {
      PruneReport report =
          store.prune(
              new PruneOptions(
                  arguments.hasMatchedOption("-a"), olderThan, downTo, inUse(store, context), dry));
      for (ImageRecord image : report.images()) {
        String name = image.tags().isEmpty() ? image.id() : String.join(", ", image.tags());
        context.out().println(Text.printable(name));
      }
      context.out().println((dry ? "would free " : "freed ") + Text.bytes(report.bytes()));
    }
    return 0;
  }

  /** The images of sandboxes that are alive, as far as they have names. */
  private static Set<String> inUse(ImageStore store, Context context)
      throws ImageException, CliException, IOException {
    Set<String> ids = new HashSet<>();
    for (SandboxState state : context.sandboxes().list()) {
      if (state.isAlive()
          && !ImageStore.isArchive(state.image())
          && !state.image().equals("host")) {
        store.find(state.image()).ifPresent(image -> ids.add(image.id()));
      }
    }
    return ids;
  }
}
