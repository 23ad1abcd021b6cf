package dev.vivarium.cli;

import dev.vivarium.engine.EngineException;
import dev.vivarium.image.ImageException;
import java.io.IOException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** One verb: what it takes, and what it does. */
public abstract class Command {
  /** Declares options and parameters. */
  public abstract void declare(CommandSpec spec);

  /**
   * Does it.
   *
   * @return the exit code
   */
  public abstract int run(ParseResult arguments, Context context)
      throws CliException, EngineException, ImageException, IOException, InterruptedException;

  /** Declares an option without a value. */
  protected static void flag(CommandSpec spec, String description, String... names) {
    spec.addOption(OptionSpec.builder(names[0], rest(names)).description(description).build());
  }

  /** Declares an option with one value. */
  public static void option(CommandSpec spec, String label, String description, String... names) {
    spec.addOption(
        OptionSpec.builder(names[0], rest(names))
            .type(String.class)
            .paramLabel(label)
            .description(description)
            .build());
  }

  /** Declares an option that may be given several times. */
  public static void repeatable(
      CommandSpec spec, String label, String description, String... names) {
    spec.addOption(
        OptionSpec.builder(names[0], rest(names))
            .type(String[].class)
            .arity("1")
            .paramLabel(label)
            .description(description)
            .build());
  }

  /** Declares the option that every listing has. */
  protected static void format(CommandSpec spec) {
    option(
        spec,
        "FORMAT",
        "table, json, jsonl, or a template as {{.name}} (default: table).",
        "--format");
  }

  /** Declares positional parameters from an index on. */
  protected static void parameters(
      CommandSpec spec, String index, String arity, String label, String description) {
    spec.addPositional(
        PositionalParamSpec.builder()
            .index(index)
            .arity(arity)
            .required(!arity.startsWith("0"))
            .type(String[].class)
            .paramLabel(label)
            .description(description)
            .build());
  }

  private static String[] rest(String[] names) {
    return java.util.Arrays.copyOfRange(names, 1, names.length);
  }

  /** The values of the positional parameters. */
  protected static String[] positionals(ParseResult arguments) {
    return arguments.matchedPositionalValue(0, new String[0]);
  }
}
