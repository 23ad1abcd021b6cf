package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The user's terminal, through {@code stty}: a library for it would cost more start-up time than
 * the two processes that this does.
 */
public final class Terminal implements AutoCloseable {
  private final String saved;
  private final Thread onExit = new Thread(this::restore, "restore-terminal");
  private boolean restored;

  private Terminal(String saved) {
    this.saved = saved;
  }

  /**
   * A terminal's size.
   *
   * @param rows its height
   * @param columns its width
   */
  public record Size(int rows, int columns) {}

  /** Whether a standard stream (0, 1 or 2) is a terminal. */
  public static boolean isTerminal(int stream) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + stream)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException e) {
      return false;
    }
  }

  /** Lets every byte through as it is, from now until this is closed or the process ends. */
  public static Terminal raw() throws CliException {
    Terminal terminal = new Terminal(stty("-g").strip());
    Runtime.getRuntime().addShutdownHook(terminal.onExit);
    stty("raw", "-echo");
    return terminal;
  }

  /** Its size now; 24 by 80 if it does not know. */
  public static Size size() {
    try {
      String[] words = stty("size").strip().split(" ");
      int rows = Integer.parseInt(words[0]);
      int columns = Integer.parseInt(words[1]);
      if (rows > 0 && columns > 0 && rows <= 0xffff && columns <= 0xffff) {
        return new Size(rows, columns);
      }
    } catch (CliException | RuntimeException e) {
      // It does not know.
    }
    return new Size(24, 80);
  }

  private static String stty(String... arguments) throws CliException {
    List<String> line = new ArrayList<>(List.of("stty"));
    line.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(line);
    // Standard input is the terminal if any stream is; output may be a pipe.
    builder.redirectInput(isTerminal(0) ? ProcessBuilder.Redirect.INHERIT : terminalBehind());
    builder.redirectErrorStream(true);
    try {
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new CliException(CliException.FAILED, "stty failed: " + output.strip());
      }
      return output;
    } catch (IOException e) {
      throw new CliException(
          CliException.FAILED, "cannot run stty: " + e.getMessage() + "; install coreutils", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CliException(CliException.FAILED, "interrupted", e);
    }
  }

  private static ProcessBuilder.Redirect terminalBehind() {
    for (int stream = 1; stream <= 2; stream++) {
      if (isTerminal(stream)) {
        return ProcessBuilder.Redirect.from(new File("/proc/self/fd/" + stream));
      }
    }
    return ProcessBuilder.Redirect.from(new File("/dev/tty"));
  }

  private synchronized void restore() {
    if (!restored) {
      restored = true;
      try {
        stty(saved);
      } catch (CliException e) {
        // The terminal is gone, and with it what there was to restore.
      }
    }
  }

  @Override
  public void close() {
    restore();
  }
}
