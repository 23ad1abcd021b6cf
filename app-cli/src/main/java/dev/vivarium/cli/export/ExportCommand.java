package dev.vivarium.cli.export;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.Entry;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.profiles.ProfileException;
import dev.vivarium.profiles.Profiles;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv export}. */
public final class ExportCommand extends Command {
  private static final List<String> FORMATS = List.of("kube", "compose", "podman", "systemd");

  @Override
  public void declare(CommandSpec spec) {
    option(spec, "IMAGE", "The image, instead of the sandbox's; a profile names none.", "--image");
    option(
        spec,
        "NAME",
        "What the objects are called (default: as the sandbox or profile).",
        "--name");
    flag(spec, "For kube: a Job instead of a Pod.", "--job");
    parameters(
        spec,
        "0..*",
        "1..*",
        "kube|compose|podman|systemd SANDBOX|PROFILE [COMMAND [ARG...]]",
        "What for, and a sandbox (running or finished) or a profile. What cannot be carried is said"
            + " in comments at the top.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    String[] words = positionals(arguments);
    if (words.length < 2) {
      throw new CliException(
          CliException.USAGE, "export: what of? viv export " + words[0] + " SANDBOX|PROFILE");
    }
    if (!FORMATS.contains(words[0])) {
      throw new CliException(
          CliException.USAGE,
          "export: must be one of " + String.join(", ", FORMATS) + ": " + words[0]);
    }
    Workload workload = workload(arguments, words, context);
    boolean job = arguments.hasMatchedOption("--job");
    if (job && !words[0].equals("kube")) {
      throw new CliException(CliException.USAGE, "export: --job is for kube only");
    }
    ContainerExport container = new ContainerExport(workload, context.environment());
    context
        .out()
        .print(
            switch (words[0]) {
              case "kube" -> new KubeExport(workload, job, context.environment()).write();
              case "compose" -> container.compose();
              case "podman" -> container.podman();
              default -> container.systemd();
            });
    return 0;
  }

  private static Workload workload(ParseResult arguments, String[] words, Context context)
      throws CliException, IOException {
    List<String> command = Arrays.asList(words).subList(2, words.length);
    Optional<String> image = Optional.ofNullable(arguments.matchedOptionValue("--image", null));
    Optional<String> name = Optional.ofNullable(arguments.matchedOptionValue("--name", null));
    Optional<SandboxState> sandbox = context.sandboxes().find(words[1]);
    String called = label(name.orElse(sandbox.map(SandboxState::name).orElse(words[1])));
    if (sandbox.isPresent()) {
      SandboxSpec spec = Entry.specOf(context.directories(), sandbox.get().id());
      Optional<String> own =
          spec.root() instanceof SandboxSpec.Root.Image i
              ? Optional.of(i.reference())
              : Optional.empty();
      return Workload.of(
          spec, image.or(() -> own).orElseThrow(ExportCommand::noImage), command, called);
    }
    try {
      return Workload.of(
          Profiles.of(context.environment()).load(words[1]),
          image.orElseThrow(ExportCommand::noImage),
          command,
          called);
    } catch (ProfileException e) {
      throw new CliException(
          CliException.FAILED,
          "neither a sandbox nor a profile: " + words[1] + ": " + e.getMessage(),
          e);
    }
  }

  private static CliException noImage() {
    return new CliException(
        CliException.USAGE, "export: which image? --image NAME says it: there is none to carry");
  }

  /** As DNS has names, which all of them take. */
  private static String label(String text) throws CliException {
    String label =
        text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]+", "-").replaceAll("^-+|-+$", "");
    if (label.isEmpty() || label.length() > 63) {
      throw new CliException(
          CliException.USAGE, "export: --name: at most 63 letters, digits and -: " + text);
    }
    return label;
  }
}
