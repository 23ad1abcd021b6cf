package dev.vivarium.cli.shell;

import dev.vivarium.cli.CommandTree;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.ImageSummary;
import dev.vivarium.profiles.Profiles;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** What can stand at a place of a line: verbs, flags, their values, sandboxes, images, files. */
final class Candidates {
  /** Words of the shell itself. */
  static final List<String> OWN =
      List.of("alias", "echo", "exit", "help", "quit", "set", "unalias", "unset");

  private static final Set<String> OF_LIVING =
      Set.of("exec", "stop", "kill", "pause", "unpause", "attach", "trace", "stats", "latency");
  private static final Set<String> OF_ALL =
      Set.of("rm", "wait", "logs", "events", "report", "diff");
  private static final Set<String> OF_IMAGES =
      Set.of("run", "rmi", "tag", "push", "save", "history", "pull", "compare");
  private static final Map<String, List<String>> VALUES =
      Map.ofEntries(
          Map.entry("--engine", List.of("auto", "sentry", "microvm")),
          Map.entry("--platform", List.of("systrap", "ptrace", "kvm")),
          Map.entry("--vmm", List.of("qemu", "firecracker", "cloud-hypervisor")),
          Map.entry("--net", List.of("none", "allow", "full")),
          Map.entry("--pull", List.of("missing", "always", "never")),
          Map.entry("--format", List.of("table", "json", "jsonl")),
          Map.entry("--progress", List.of("auto", "plain", "json", "none")));
  private static final List<String> PROFILE_ACTIONS =
      List.of("list", "show", "create", "edit", "validate", "diff", "check", "schema");

  private final Context context;
  private final Map<String, String> variables;
  private final Map<String, String> aliases;
  private final List<String> own;
  private @Nullable Map<String, CommandLine> verbs;

  /**
   * Makes them.
   *
   * @param own words that are commands here besides the verbs
   */
  Candidates(
      Context context,
      Map<String, String> variables,
      Map<String, String> aliases,
      List<String> own) {
    this.context = context;
    this.variables = variables;
    this.aliases = aliases;
    this.own = own;
  }

  private Map<String, CommandLine> verbs() {
    Map<String, CommandLine> known = verbs;
    if (known == null) {
      known = CommandTree.whole().getSubcommands();
      verbs = known;
    }
    return known;
  }

  /** Whether this is a verb, a word of the shell's, or an alias. */
  boolean isCommand(String word) {
    return verbs().containsKey(word) || own.contains(word) || aliases.containsKey(word);
  }

  /**
   * The words that may stand where the last of these is being typed.
   *
   * @param words of the line up to there, the last perhaps empty
   */
  List<String> at(List<String> words) {
    String typed = words.get(words.size() - 1);
    if (typed.startsWith("$")) {
      return variables.keySet().stream().map(n -> "$" + n).toList();
    }
    if (words.size() == 1) {
      TreeSet<String> all = new TreeSet<>(verbs().keySet());
      all.addAll(own);
      all.addAll(aliases.keySet());
      return List.copyOf(all);
    }
    String verb = words.get(0);
    if (verb.equals("help")) {
      return List.copyOf(verbs().keySet());
    }
    CommandLine line = verbs().get(verb);
    if (line == null) {
      return List.of();
    }
    CommandSpec spec = line.getCommandSpec();
    int equals = typed.indexOf('=');
    if (typed.startsWith("--") && equals > 0) {
      String option = typed.substring(0, equals);
      return valuesOf(option, typed.substring(equals + 1)).stream()
          .map(v -> option + "=" + v)
          .toList();
    }
    OptionSpec before = spec.optionsMap().get(words.get(words.size() - 2));
    if (before != null && before.arity().max() > 0 && words.size() > 2) {
      return valuesOf(before.longestName(), typed);
    }
    if (typed.startsWith("-")) {
      return spec.optionsMap().keySet().stream()
          .filter(o -> o.startsWith("--") || typed.equals("-"))
          .toList();
    }
    return positionals(verb, place(spec, words), typed);
  }

  /** Which positional parameter is being typed, from 0. */
  private static int place(CommandSpec spec, List<String> words) {
    int place = 0;
    for (int i = 1; i < words.size() - 1; i++) {
      String word = words.get(i);
      OptionSpec option = spec.optionsMap().get(word);
      if (option != null && option.arity().max() > 0) {
        i++;
      } else if (!word.startsWith("-") || word.equals("-")) {
        place++;
      }
    }
    return place;
  }

  private List<String> valuesOf(String option, String typed) {
    List<String> known = VALUES.get(option);
    if (known != null) {
      return known;
    }
    return switch (option) {
      case "--profile", "--extends" -> profiles();
      case "--volume", "--env-file", "--trace", "--output", "--report" -> files(typed);
      default -> List.of();
    };
  }

  private List<String> positionals(String verb, int place, String typed) {
    if (OF_LIVING.contains(verb)) {
      return place == 0 ? sandboxes(true) : List.of();
    }
    if (OF_ALL.contains(verb)) {
      return sandboxes(false);
    }
    if (OF_IMAGES.contains(verb) && (place == 0 || verb.equals("rmi") || verb.equals("save"))) {
      List<String> names = images();
      if (verb.equals("run") || verb.equals("compare")) {
        names.add("host");
      }
      return names;
    }
    return switch (verb) {
      case "inspect" -> {
        List<String> all = new ArrayList<>(sandboxes(false));
        all.addAll(images());
        yield all;
      }
      case "commit" -> place == 0 ? sandboxes(false) : List.of();
      case "profile" -> place == 0 ? PROFILE_ACTIONS : profiles();
      case "completion" -> List.of("bash", "zsh", "fish");
      case "load", "import", "open" -> files(typed);
      case "cp" -> {
        if (typed.indexOf(':') > 0) {
          yield GuestPaths.at(context, states(), typed);
        }
        List<String> all = new ArrayList<>(files(typed));
        sandboxes(false).forEach(s -> all.add(s + ":"));
        yield all;
      }
      default -> List.of();
    };
  }

  private List<SandboxState> states() {
    try {
      return context.sandboxes().list();
    } catch (Exception e) {
      // Completion has nothing to say then.
      return List.of();
    }
  }

  private List<String> sandboxes(boolean living) {
    return states().stream().filter(s -> !living || s.isAlive()).map(SandboxState::name).toList();
  }

  private static List<String> images() {
    List<String> names = new ArrayList<>();
    try {
      for (ImageSummary image : ImageStore.summaries(ImageStore.defaultRoot())) {
        names.addAll(image.tags());
      }
    } catch (Exception e) {
      // Completion has nothing to say then.
    }
    return names;
  }

  private List<String> profiles() {
    try {
      return Profiles.of(context.environment()).names();
    } catch (Exception e) {
      return Profiles.BUILT_IN;
    }
  }

  private static List<String> files(String typed) {
    int slash = typed.lastIndexOf('/');
    String directory = typed.substring(0, slash + 1);
    File[] found = new File(directory.isEmpty() ? "." : directory).listFiles();
    List<String> names = new ArrayList<>();
    if (found != null) {
      boolean hidden = typed.startsWith(".", slash + 1);
      for (File f : found) {
        if (hidden || !f.getName().startsWith(".")) {
          names.add(directory + f.getName() + (f.isDirectory() ? "/" : ""));
        }
      }
    }
    return names;
  }
}
