package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.PullProgress;
import dev.vivarium.cli.run.Terminal;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.Progress;
import dev.vivarium.image.store.PullOptions;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Finds, and if need be fetches, the image that a user named. */
public final class Images {
  private Images() {}

  /** Declares the options of everything that may pull. */
  public static void declare(CommandSpec spec) {
    spec.addOption(
        OptionSpec.builder("--plain-http")
            .description("Speak to the registry without TLS (always allowed on this machine).")
            .build());
    declareProgress(spec);
  }

  /** Declares the option of everything that takes its time. */
  static void declareProgress(CommandSpec spec) {
    spec.addOption(
        OptionSpec.builder("--progress")
            .type(String.class)
            .paramLabel("HOW")
            .description("Show progress: auto, plain, json or none (default: auto).")
            .build());
  }

  /** The image of a run: found in the store, or fetched as {@code --pull} says. */
  public static ImageRecord resolve(
      ImageStore store, String name, String pull, ParseResult arguments, Context context)
      throws ImageException, CliException {
    if (ImageStore.isArchive(name)) {
      return withProgress(
          arguments, context, progress -> store.importArchive(name, false, progress));
    }
    if (!pull.equals("always")) {
      Optional<ImageRecord> found = store.find(name);
      if (found.isPresent()) {
        return found.get();
      }
    }
    if (pull.equals("never")) {
      throw new CliException(
          CliException.FAILED, "no such image here: " + name + "; fetch it with viv pull " + name);
    }
    return pull(store, name, arguments, context);
  }

  /** Fetches an image from its registry, or from an archive. */
  static ImageRecord pull(ImageStore store, String name, ParseResult arguments, Context context)
      throws ImageException, CliException {
    if (ImageStore.isArchive(name)) {
      return withProgress(
          arguments, context, progress -> store.importArchive(name, true, progress));
    }
    ImageReference reference = ImageReference.parse(name);
    PullOptions options =
        PullOptions.DEFAULT
            .withPlainHttp(arguments.hasMatchedOption("--plain-http"))
            .withArchitecture(architecture());
    return withProgress(arguments, context, progress -> store.pull(reference, options, progress));
  }

  /** This machine's, in OCI's words. */
  static String architecture() {
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return switch (arch) {
      case "x86_64" -> "amd64";
      case "aarch64" -> "arm64";
      default -> arch;
    };
  }

  /** The image with this name or id, which must be there. */
  static ImageRecord stored(ImageStore store, String name) throws ImageException, CliException {
    return store
        .find(name)
        .orElseThrow(() ->
            new CliException(
                CliException.FAILED,
                "no such image here: " + name + "; viv images lists what there is"));
  }

  /** Work whose progress can be shown. */
  interface Fetch<T> {
    T with(Progress progress) throws ImageException;
  }

  /** Does the work, and shows how far it is as {@code --progress} says. */
  static <T> T withProgress(ParseResult arguments, Context context, Fetch<T> fetch)
      throws ImageException, CliException {
    String how = arguments.matchedOptionValue("--progress", "auto");
    PullProgress.Style style =
        switch (how) {
          case "auto" ->
              Terminal.isTerminal(2) ? PullProgress.Style.LINE : PullProgress.Style.PLAIN;
          case "plain" -> PullProgress.Style.PLAIN;
          case "json" -> PullProgress.Style.JSON;
          case "none" -> null;
          default ->
              throw new CliException(
                  CliException.USAGE,
                  "unknown progress: " + how + "; there are auto, plain, json and none");
        };
    if (style == null) {
      return fetch.with(Progress.NONE);
    }
    PullProgress progress = new PullProgress(context.err(), style);
    try {
      return fetch.with(progress);
    } finally {
      progress.close();
    }
  }
}
