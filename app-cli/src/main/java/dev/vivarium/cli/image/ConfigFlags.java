package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.image.store.ConfigChange;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The options that say how a new image wants to be run. */
final class ConfigFlags {
  private ConfigFlags() {}

  static void declare(CommandSpec spec) {
    Command.repeatable(spec, "WORD", "One word of the command to run; may be repeated.", "--cmd");
    Command.repeatable(
        spec, "WORD", "One word of the entrypoint; may be repeated.", "--entrypoint");
    Command.repeatable(spec, "NAME=VALUE", "Set a variable.", "-e", "--env");
    Command.repeatable(spec, "NAME=VALUE", "Set a label.", "--label");
    Command.option(spec, "USER", "Run as UID, UID:GID or NAME.", "-u", "--user");
    Command.option(spec, "DIR", "Run in this directory.", "-w", "--workdir");
    Command.option(spec, "TEXT", "A remark for the image's history.", "--comment");
  }

  /** What the options say; {@code createdBy} goes into the image's history. */
  static ConfigChange read(String verb, ParseResult arguments, String createdBy)
      throws CliException {
    return new ConfigChange(
        words(arguments, "--entrypoint"),
        words(arguments, "--cmd"),
        pairs(verb, arguments, "-e"),
        Optional.ofNullable(arguments.matchedOptionValue("-u", (String) null)),
        Optional.ofNullable(arguments.matchedOptionValue("-w", (String) null)),
        pairs(verb, arguments, "--label"),
        createdBy,
        arguments.matchedOptionValue("--comment", ""));
  }

  private static Optional<List<String>> words(ParseResult arguments, String option) {
    return arguments.hasMatchedOption(option)
        ? Optional.of(List.of(arguments.matchedOptionValue(option, new String[0])))
        : Optional.empty();
  }

  private static Map<String, String> pairs(String verb, ParseResult arguments, String option)
      throws CliException {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String pair : arguments.matchedOptionValue(option, new String[0])) {
      int equals = pair.indexOf('=');
      if (equals <= 0) {
        throw new CliException(
            CliException.USAGE, verb + ": " + option + ": not NAME=VALUE: " + pair);
      }
      pairs.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return pairs;
  }
}
