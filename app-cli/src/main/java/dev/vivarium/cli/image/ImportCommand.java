package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.ConfigChange;
import dev.vivarium.image.store.ImageStore;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv import}. */
public final class ImportCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    repeatable(spec, "WORD", "One word of the command to run; may be repeated.", "--cmd");
    repeatable(spec, "WORD", "One word of the entrypoint; may be repeated.", "--entrypoint");
    repeatable(spec, "NAME=VALUE", "Set a variable.", "-e", "--env");
    repeatable(spec, "NAME=VALUE", "Set a label.", "--label");
    option(spec, "USER", "Run as UID, UID:GID or NAME.", "-u", "--user");
    option(spec, "DIR", "Run in this directory.", "-w", "--workdir");
    option(spec, "TEXT", "A remark for the image's history.", "--comment");
    parameters(
        spec, "0..1", "2", "DIR|TAR NAME", "A file tree, and the name that its image shall have.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException, CliException {
    String[] names = positionals(arguments);
    ConfigChange change =
        new ConfigChange(
            words(arguments, "--entrypoint"),
            words(arguments, "--cmd"),
            pairs(arguments, "-e"),
            Optional.ofNullable(arguments.matchedOptionValue("-u", (String) null)),
            Optional.ofNullable(arguments.matchedOptionValue("-w", (String) null)),
            pairs(arguments, "--label"),
            "viv import " + Path.of(names[0]).getFileName(),
            arguments.matchedOptionValue("--comment", ""));
    try (ImageStore store = ImageStore.open()) {
      context
          .out()
          .println(
              store.importTree(Path.of(names[0]), ImageReference.parse(names[1]), change).id());
    }
    return 0;
  }

  private static Optional<List<String>> words(ParseResult arguments, String option) {
    return arguments.hasMatchedOption(option)
        ? Optional.of(List.of(arguments.matchedOptionValue(option, new String[0])))
        : Optional.empty();
  }

  private static Map<String, String> pairs(ParseResult arguments, String option)
      throws CliException {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String pair : arguments.matchedOptionValue(option, new String[0])) {
      int equals = pair.indexOf('=');
      if (equals <= 0) {
        throw new CliException(
            CliException.USAGE, "import: " + option + ": not NAME=VALUE: " + pair);
      }
      pairs.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return pairs;
  }
}
