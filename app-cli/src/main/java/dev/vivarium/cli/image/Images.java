package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.PullProgress;
import dev.vivarium.cli.run.Terminal;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.signature.SignatureKey;
import dev.vivarium.image.signature.TrustRoot;
import dev.vivarium.image.signature.TrustedIdentity;
import dev.vivarium.image.signature.TrustedSigner;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.Progress;
import dev.vivarium.image.store.PullOptions;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.ProfileException;
import dev.vivarium.profiles.Profiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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

  /** Declares the options of everything that may ask for a signature. */
  public static void declareKeys(CommandSpec spec) {
    Command.repeatable(
        spec,
        "FILE",
        "The image must be signed by the public key in this PEM file (cosign.pub); may be"
            + " repeated.",
        "--verify-key");
    Command.option(
        spec,
        "NAME",
        "The image must be signed, without a key, by this e-mail address or URI.",
        "--verify-identity");
    Command.option(spec, "URL", "Who says that it is them.", "--verify-issuer");
    Command.option(
        spec,
        "FILE",
        "The trusted_root.json to check that by (default: the public one that cosign initialize"
            + " fetches).",
        "--trust-root");
  }

  /** Who must have signed; nobody if it was not asked for. */
  private static List<TrustedSigner> signers(ParseResult arguments, Context context)
      throws ImageException, CliException {
    List<TrustedSigner> signers = new ArrayList<>();
    if (arguments.commandSpec().findOption("--verify-key") == null) {
      return signers;
    }
    String[] keys = arguments.matchedOptionValue("--verify-key", new String[0]);
    for (String file : keys.length > 0 ? List.of(keys) : keysOfProfile(arguments, context)) {
      signers.addAll(SignatureKey.read(Path.of(file)));
    }
    // An empty value is one too: a script whose variable is unset must not go unverified.
    boolean keyless =
        arguments.hasMatchedOption("--verify-identity")
            || arguments.hasMatchedOption("--verify-issuer")
            || arguments.hasMatchedOption("--trust-root");
    if (keyless) {
      String identity = arguments.matchedOptionValue("--verify-identity", "");
      String issuer = arguments.matchedOptionValue("--verify-issuer", "");
      if (identity.isEmpty() || issuer.isEmpty()) {
        throw new CliException(
            CliException.USAGE,
            "--verify-identity, --verify-issuer: one without the other proves nothing; give both");
      }
      Path file =
          arguments.hasMatchedOption("--trust-root")
              ? Path.of(arguments.matchedOptionValue("--trust-root", ""))
              : TrustRoot.usual(context.environment());
      signers.add(new TrustedIdentity(identity, issuer, TrustRoot.read(file)));
    }
    return signers;
  }

  private static List<String> keysOfProfile(ParseResult arguments, Context context)
      throws CliException {
    if (arguments.commandSpec().findOption("--profile") == null
        || !arguments.hasMatchedOption("--profile")) {
      return List.of();
    }
    Map<String, String> here = context.environment();
    try {
      String name = arguments.matchedOptionValue("--profile", "");
      return Profiles.of(here).load(name).list(Field.SIGNED).stream()
          .map(file -> Profiles.expand(file, here))
          .toList();
    } catch (ProfileException e) {
      throw new CliException(CliException.FAILED, e.getMessage(), e);
    }
  }

  /** Whether an image that is here was found to be signed by one of them. */
  private static boolean trusted(ImageStore store, ImageRecord image, List<TrustedSigner> signers)
      throws ImageException {
    return signers.isEmpty()
        || store.signatures(image.id()).stream()
            .anyMatch(made -> signers.stream().anyMatch(signer -> signer.made(made)));
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
  public static boolean isHere(
      ImageStore store, String name, String pull, ParseResult arguments, Context context)
      throws ImageException, CliException {
    if (ImageStore.isArchive(name) || pull.equals("always")) {
      return false;
    }
    Optional<ImageRecord> found = store.find(name);
    return found.isPresent()
        && found.get().artifactType().isEmpty()
        && trusted(store, found.get(), signers(arguments, context));
  }

  /** The image of a run: found in the store, or fetched as {@code --pull} says. */
  public static ImageRecord resolve(
      ImageStore store, String name, String pull, ParseResult arguments, Context context)
      throws ImageException, CliException {
    List<TrustedSigner> signers = signers(arguments, context);
    if (ImageStore.isArchive(name)) {
      refuseKeys(name, signers);
      return withProgress(
          arguments,
          context,
          progress -> store.importArchive(name, false, architecture(), progress));
    }
    if (!pull.equals("always")) {
      Optional<ImageRecord> found = store.find(name);
      if (found.isPresent() && trusted(store, found.get(), signers)) {
        found.get().needImage(name);
        return found.get();
      }
      if (found.isPresent() && pull.equals("never")) {
        throw new CliException(
            CliException.FAILED,
            "not known to be signed so: "
                + name
                + "; viv pull "
                + name
                + " with the same --verify flags checks it");
      }
    }
    if (pull.equals("never")) {
      throw new CliException(
          CliException.FAILED, "no such image here: " + name + "; fetch it with viv pull " + name);
    }
    return pull(store, name, false, arguments, context);
  }

  /**
   * Fetches an image from its registry, or from an archive.
   *
   * @param artifacts whether what is no container image is taken too
   */
  static ImageRecord pull(
      ImageStore store, String name, boolean artifacts, ParseResult arguments, Context context)
      throws ImageException, CliException {
    String wanted =
        arguments.commandSpec().findOption("--arch") == null
            ? architecture()
            : arguments.matchedOptionValue("--arch", architecture());
    List<TrustedSigner> signers = signers(arguments, context);
    if (ImageStore.isArchive(name)) {
      refuseKeys(name, signers);
      return withProgress(
          arguments, context, progress -> store.importArchive(name, true, wanted, progress));
    }
    ImageReference reference = ImageReference.parse(name);
    PullOptions options =
        PullOptions.DEFAULT
            .withPlainHttp(arguments.hasMatchedOption("--plain-http"))
            .withArchitecture(wanted)
            .withTrusted(signers)
            .withArtifacts(artifacts);
    return withProgress(arguments, context, progress -> store.pull(reference, options, progress));
  }

  private static void refuseKeys(String name, List<TrustedSigner> signers) throws CliException {
    if (!signers.isEmpty()) {
      throw new CliException(
          CliException.USAGE,
          "an archive has no signatures: " + name + "; pull it from a registry");
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
