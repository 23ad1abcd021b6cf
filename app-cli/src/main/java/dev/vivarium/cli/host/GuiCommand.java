package dev.vivarium.cli.host;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code viv gui}. The desktop is a program of its own, with a class path of its own; {@code viv
 * gui} alone starts it without coming here.
 */
public final class GuiCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    spec.usageMessage().footer("", "Sandboxes in the background go on when its window is closed.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    start(List.of());
    return 0;
  }

  /**
   * Starts it, and does not wait for it.
   *
   * @param words a file to open, or nothing
   */
  public static void start(List<String> words) throws CliException, IOException {
    Path file = Path.of(System.getProperty("vivarium.home", "."), "gui.args");
    if (!Files.exists(file)) {
      throw new CliException(
          CliException.FAILED,
          "the desktop is not installed: " + file + "; install Vivarium again");
    }
    List<String> line =
        new ArrayList<>(
            List.of(
                "setsid",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + file,
                "dev.vivarium.gui.Main"));
    line.addAll(words);
    new ProcessBuilder(line)
        .redirectInput(new File("/dev/null"))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
