package dev.vivarium.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Uses what short commands use, once, so that the JVM can record which classes they need. Run by
 * {@code tools/train}; what the commands print and how they end does not matter.
 */
public final class Training {
  private static final long LIST_IS_KEPT_MILLIS = 500;

  private Training() {}

  /** Runs the commands. */
  public static void main(String[] args) throws IOException, InterruptedException {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    Context context = new Context(nowhere, nowhere, System.getenv());
    Path tree = Files.createTempDirectory("training");
    try (TrainingRegistry registry = new TrainingRegistry()) {
      Files.createDirectory(tree.resolve("directory"));
      Files.writeString(tree.resolve("directory/file"), "content");
      Files.createSymbolicLink(tree.resolve("link"), Path.of("directory"));
      String image = registry.host() + "/training/image:1";
      all(
          context,
          List.of(
              List.of("import", tree.toString(), image),
              List.of("push", image),
              List.of("rmi", image),
              List.of("pull", image),
              List.of("images")));
      // A list is kept only of a store that was at rest for a while; the next one finds it.
      Thread.sleep(LIST_IS_KEPT_MILLIS);
      all(
          context,
          List.of(
              List.of("images"),
              List.of("images"),
              List.of("run", "--rm", "-i", "-e", "A=B", "host", "true"),
              List.of("run", "--timeout", "30s", "host", "true"),
              List.of("ps", "-a"),
              List.of("ps", "--format", "json"),
              List.of("version"),
              List.of("run", "--pull", "never", "no-such-image"),
              List.of("run", "--help"),
              List.of("rm", "--all")));
    } finally {
      Files.deleteIfExists(tree.resolve("link"));
      Files.deleteIfExists(tree.resolve("directory/file"));
      Files.deleteIfExists(tree.resolve("directory"));
      Files.deleteIfExists(tree);
    }
    Runtime.getRuntime().halt(0);
  }

  private static void all(Context context, List<List<String>> commands) {
    for (List<String> command : commands) {
      new Dispatcher(context).run(command.toArray(String[]::new));
    }
  }
}
