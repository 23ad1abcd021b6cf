package dev.vivarium.cli;

import dev.vivarium.engine.process.Front;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;

/**
 * Uses what short commands use, once, so that the JVM can record which classes they need. Run by
 * {@code tools/train}; what the commands print and how they end does not matter.
 */
public final class Training {
  private Training() {}

  private static final List<List<String>> MOST =
      List.of(
          List.of("run", "--rm", "-i", "-e", "A=B", "host", "true"),
          List.of("run", "--timeout", "30s", "host", "true"),
          List.of("ps", "-a"),
          List.of("ps", "--format", "json"),
          List.of("exec", "training", "true"),
          List.of("stop", "--time", "1", "training"),
          // The second finds the list that the first leaves.
          List.of("images"),
          List.of("images"),
          List.of("version"),
          List.of("run", "--pull", "never", "no-such-image"),
          List.of("run", "--help"),
          List.of("rm", "--all"));

  /** What {@code launch.c} takes for quick. A sandbox runs meanwhile, for both. */
  private static final List<List<String>> QUICK =
      List.of(
          List.of("version"),
          List.of("ps"),
          List.of("ps", "-a"),
          List.of("ps", "-a", "-q"),
          List.of("ps", "--format", "json", "--filter", "status=running"));

  /** Runs the commands: the quick ones for the argument {@code quick}, otherwise most. */
  public static void main(String[] args) throws ClassNotFoundException {
    // What every command begins with: what Main does before its dispatcher. A class that is missing
    // in the cache makes the JVM open the jar.
    Class.forName(Main.class.getName());
    Front.isThere(System.getenv());
    Context.ofProcess();
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    Context context = new Context(nowhere, nowhere, System.getenv());
    for (List<String> command : args.length == 0 ? MOST : QUICK) {
      new Dispatcher(context).run(command.toArray(String[]::new));
    }
    Runtime.getRuntime().halt(0);
  }
}
