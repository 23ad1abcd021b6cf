package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.PullProgress;
import dev.vivarium.cli.run.Terminal;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.signature.SignatureKey;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.Progress;
import dev.vivarium.image.store.PullOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
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

  /** Declares the option of everything that may ask for a signature. */
  public static void declareKeys(CommandSpec spec) {
    Command.repeatable(
        spec,
        "FILE",
        "The image must be signed by the public key in this PEM file (cosign.pub); may be"
            + " repeated.",
        "--verify-key");
  }

  /** The keys of {@code --verify-key}; none if it was not given. */
  private static List<SignatureKey> keys(ParseResult arguments) throws ImageException {
    List<SignatureKey> keys = new ArrayList<>();
    if (arguments.commandSpec().findOption("--verify-key") != null) {
      for (String file : arguments.matchedOptionValue("--verify-key", new String[0])) {
        keys.addAll(SignatureKey.read(Path.of(file)));
      }
    }
    return keys;
  }

  /** Whether an image that is here was found to be signed by one of the keys. */
  private static boolean trusted(ImageStore store, ImageRecord image, List<SignatureKey> keys)
      throws ImageException {
    Set<String> known = keys.stream().map(SignatureKey::fingerprint).collect(Collectors.toSet());
    return keys.isEmpty()
        || store.signatures(image.id()).stream().anyMatch(s -> known.contains(s.key()));
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

  /**
   * Whether {@link #resolve} will find the image here, and asks no registry and reads no archive.
   */
  public static boolean isHere(ImageStore store, String name, String pull, ParseResult arguments)
      throws ImageException {
    if (ImageStore.isArchive(name) || pull.equals("always")) {
      return false;
    }
    Optional<ImageRecord> found = store.find(name);
    return found.isPresent() && trusted(store, found.get(), keys(arguments));
  }

  /** The image of a run: found in the store, or fetched as {@code --pull} says. */
  public static ImageRecord resolve(
      ImageStore store, String name, String pull, ParseResult arguments, Context context)
      throws ImageException, CliException {
    List<SignatureKey> keys = keys(arguments);
    if (ImageStore.isArchive(name)) {
      refuseKeys(name, keys);
      return withProgress(
          arguments,
          context,
          progress -> store.importArchive(name, false, architecture(), progress));
    }
    if (!pull.equals("always")) {
      Optional<ImageRecord> found = store.find(name);
      if (found.isPresent() && trusted(store, found.get(), keys)) {
        return found.get();
      }
      if (found.isPresent() && pull.equals("never")) {
        throw new CliException(
            CliException.FAILED,
            "not known to be signed by that key: "
                + name
                + "; viv pull --verify-key FILE "
                + name
                + " checks it");
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
    String wanted =
        arguments.commandSpec().findOption("--arch") == null
            ? architecture()
            : arguments.matchedOptionValue("--arch", architecture());
    List<SignatureKey> keys = keys(arguments);
    if (ImageStore.isArchive(name)) {
      refuseKeys(name, keys);
      return withProgress(
          arguments, context, progress -> store.importArchive(name, true, wanted, progress));
    }
    ImageReference reference = ImageReference.parse(name);
    PullOptions options =
        PullOptions.DEFAULT
            .withPlainHttp(arguments.hasMatchedOption("--plain-http"))
            .withArchitecture(wanted)
            .withTrusted(keys);
    return withProgress(arguments, context, progress -> store.pull(reference, options, progress));
  }

  private static void refuseKeys(String name, List<SignatureKey> keys) throws CliException {
    if (!keys.isEmpty()) {
      throw new CliException(
          CliException.USAGE,
          "--verify-key: an archive has no signatures: " + name + "; pull it from a registry");
    }
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
