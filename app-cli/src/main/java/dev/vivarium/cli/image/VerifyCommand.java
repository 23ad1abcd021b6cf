package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Text;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.PullOptions;
import dev.vivarium.image.store.Verification;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv verify}. */
public final class VerifyCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    Images.declare(spec);
    flag(spec, "Pull again what is damaged.", "--repair");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException, CliException {
    Optional<PullOptions> repair =
        arguments.hasMatchedOption("--repair")
            ? Optional.of(
                PullOptions.DEFAULT
                    .withPlainHttp(arguments.hasMatchedOption("--plain-http"))
                    .withArchitecture(Images.architecture()))
            : Optional.empty();
    try (ImageStore store = ImageStore.open()) {
      Verification result =
          Images.withProgress(arguments, context, progress -> store.verify(repair, progress));
      for (Verification.Problem problem : result.problems()) {
        String images =
            problem.images().isEmpty() ? "" : " (" + String.join(", ", problem.images()) + ")";
        context
            .out()
            .println(
                Text.printable(
                    problem.digest()
                        + images
                        + ": "
                        + problem.what()
                        + (problem.repaired() ? "; repaired" : "")));
      }
      context.out().println(result.layers() + " layers, " + result.problems().size() + " damaged");
      if (!result.sound()) {
        throw new CliException(
            CliException.FAILED,
            "the image store is damaged: "
                + store.root()
                + "; "
                + (repair.isPresent()
                    ? "remove the images named above and pull them again"
                    : "viv verify --repair pulls again what is damaged"));
      }
    }
    return 0;
  }
}
