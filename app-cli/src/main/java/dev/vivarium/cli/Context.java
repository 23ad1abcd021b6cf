package dev.vivarium.cli;

import dev.vivarium.cli.run.Spares;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Sandboxes;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What a command sees of the process that it runs in.
 *
 * @param out for results
 * @param err for progress and diagnostics
 * @param environment variables
 * @param input what the user types, for a command that hands it on
 * @param spares processes that are ready for the next sandbox
 */
public record Context(
    PrintStream out,
    PrintStream err,
    Map<String, String> environment,
    UserInput input,
    Spares spares) {

  /** One that reads this process's own standard input. */
  public Context(PrintStream out, PrintStream err, Map<String, String> environment) {
    this(out, err, environment, UserInput.ofProcess(), Spares.none());
  }

  /** The same with another place for results. */
  public Context withOut(PrintStream other) {
    return new Context(other, err, environment, input, spares);
  }

  /** This process itself. */
  static Context ofProcess() {
    return new Context(
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        System.getenv());
  }

  /** Where sandboxes are kept. */
  public Directories directories() throws CliException {
    try {
      return Directories.of(environment);
    } catch (IOException e) {
      throw new CliException(CliException.FAILED, e.getMessage(), e);
    }
  }

  /** The user's sandboxes. */
  public Sandboxes sandboxes() throws CliException {
    return new Sandboxes(directories());
  }
}
