package dev.vivarium.cli.shell;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.function.ToIntBiFunction;

/** Lines from a file or a pipe: the first that fails ends it, as under {@code set -e}. */
final class Script {
  private Script() {}

  /** Runs them all; returns the exit code of the last. */
  static int run(
      BufferedReader lines,
      String name,
      Context context,
      ToIntBiFunction<String[], Context> dispatch)
      throws IOException, CliException, InterruptedException {
    Session session = new Session(context, dispatch);
    StringBuilder pending = new StringBuilder();
    int number = 0;
    int start = 1;
    for (String line; (line = lines.readLine()) != null && !session.hasEnded(); ) {
      number++;
      if (pending.isEmpty()) {
        start = number;
      } else {
        pending.append('\n');
      }
      pending.append(line);
      String whole = pending.toString();
      // A failure that is said to be of no matter: as "command || true" is written elsewhere.
      boolean may = whole.stripLeading().startsWith("- ");
      try {
        int code = session.run(may ? whole.stripLeading().substring(2) : whole);
        pending.setLength(0);
        if (code != 0 && !may && !session.hasEnded()) {
          context.err().println("viv: " + name + ":" + start + ": ended with exit code " + code);
          return code;
        }
      } catch (Words.Incomplete e) {
        // The next line goes on.
      }
    }
    if (!pending.isEmpty()) {
      throw new CliException(
          CliException.USAGE,
          name + ":" + start + ": a quote is open, or a line goes on after its end");
    }
    return session.lastCode();
  }
}
