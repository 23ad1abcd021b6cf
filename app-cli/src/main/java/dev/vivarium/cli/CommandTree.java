package dev.vivarium.cli;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** All verbs as one tree, for what describes them all. */
public final class CommandTree {
  private CommandTree() {}

  /** Loads every verb; only for completion and documentation. */
  public static CommandLine whole() {
    CommandSpec root = CommandSpec.create().name("viv");
    for (Verbs verb : Verbs.values()) {
      CommandSpec spec = Dispatcher.spec(verb, verb.command());
      spec.name(verb.word());
      root.addSubcommand(verb.word(), spec);
    }
    return new CommandLine(root);
  }
}
