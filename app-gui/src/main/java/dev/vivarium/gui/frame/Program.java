package dev.vivarium.gui.frame;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.SandboxLauncher;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Runs the command line for what it alone decides: what the flags of a run mean. So the desktop
 * starts exactly what the command that it shows would start.
 */
public final class Program {
  private static final int MOST_OUTPUT = 1 << 20;

  private final Path home;

  Program(Path home) {
    this.home = home;
  }

  private List<String> line() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "@" + home.resolve("viv.args"),
        "dev.vivarium.cli.Main");
  }

  /** What runs {@code viv}: the program that was started, which may start a sandbox sooner. */
  public List<String> line(Map<String, String> environment) {
    String program = environment.getOrDefault("VIVARIUM_PROGRAM", "");
    return program.startsWith("/") && Files.isExecutable(Path.of(program))
        ? List.of(program)
        : line();
  }

  /**
   * Runs {@code viv} with these words, and waits. Interrupting the thread ends it.
   *
   * @param lines hears what it says on standard error, line by line
   * @return what it wrote to standard output
   * @throws EngineException with what it said if it failed
   */
  public String run(List<String> words, Consumer<String> lines)
      throws EngineException, IOException, InterruptedException {
    return run(List.of(), words, lines);
  }

  /** The same, of what is to leave the processors to whatever else wants them. */
  public String runBehind(List<String> words, Consumer<String> lines)
      throws EngineException, IOException, InterruptedException {
    return run(SandboxLauncher.BEHIND, words, lines);
  }

  private String run(List<String> with, List<String> words, Consumer<String> lines)
      throws EngineException, IOException, InterruptedException {
    List<String> command = new ArrayList<>(with);
    command.addAll(line());
    command.addAll(words);
    Process process = new ProcessBuilder(command).redirectInput(new File("/dev/null")).start();
    StringBuilder errors = new StringBuilder();
    Thread reader = new Thread(() -> readLines(process, errors, lines), "viv-" + words.getFirst());
    reader.setDaemon(true);
    reader.start();
    try {
      byte[] out = process.getInputStream().readNBytes(MOST_OUTPUT);
      int code = process.waitFor();
      reader.join(1000);
      if (code != 0) {
        String said;
        synchronized (errors) {
          said = errors.toString().strip();
        }
        throw new EngineException(
            code, said.isEmpty() ? "viv " + words.getFirst() + ": exit code " + code : said);
      }
      return new String(out, StandardCharsets.UTF_8).strip();
    } catch (InterruptedException e) {
      process.destroy();
      throw e;
    } finally {
      process.getInputStream().close();
    }
  }

  private static void readLines(Process process, StringBuilder errors, Consumer<String> lines) {
    try (BufferedReader in = process.errorReader(StandardCharsets.UTF_8)) {
      String line;
      while ((line = in.readLine()) != null) {
        synchronized (errors) {
          if (errors.length() < MOST_OUTPUT && line.startsWith("viv: ")) {
            errors.setLength(0);
            errors.append(line);
          }
        }
        lines.accept(line);
      }
    } catch (IOException e) {
      // It was ended.
    }
  }

  /** Words as a shell takes them. */
  public static String asCommand(List<String> words) {
    StringBuilder out = new StringBuilder("viv");
    for (String word : words) {
      out.append(' ');
      out.append(
          word.matches("[A-Za-z0-9_@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'");
    }
    return out.toString();
  }

  /**
   * The words of a command as a shell would split them, without any of its expansions.
   *
   * @throws IllegalArgumentException if a quote is not closed
   */
  public static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean any = false;
    char quote = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quote != 0) {
        if (c == quote) {
          quote = 0;
        } else if (c == '\\' && quote == '"' && i + 1 < text.length()) {
          word.append(text.charAt(++i));
        } else {
          word.append(c);
        }
      } else if (c == '\'' || c == '"') {
        quote = c;
        any = true;
      } else if (c == '\\' && i + 1 < text.length()) {
        word.append(text.charAt(++i));
        any = true;
      } else if (Character.isWhitespace(c)) {
        if (any) {
          words.add(word.toString());
        }
        word.setLength(0);
        any = false;
      } else {
        word.append(c);
        any = true;
      }
    }
    if (quote != 0) {
      throw new IllegalArgumentException(Messages.text("run.quote", String.valueOf(quote)));
    }
    if (any) {
      words.add(word.toString());
    }
    return words;
  }
}
