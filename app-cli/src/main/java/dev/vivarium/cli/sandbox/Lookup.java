package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.engine.client.SandboxControl;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.Sandboxes;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/** Finding sandboxes that a user names, and what several verbs do with them. */
public final class Lookup {
  private Lookup() {}

  /** What a verb does with one sandbox. */
  interface Action {
    void on(SandboxState sandbox) throws CliException, IOException, InterruptedException;
  }

  /** The sandbox with this name or id. */
  public static SandboxState require(Sandboxes sandboxes, String key)
      throws CliException, IOException {
    return sandboxes
        .find(key)
        .orElseThrow(() ->
            new CliException(
                CliException.FAILED, "no such sandbox: " + key + "; viv ps -a lists them"));
  }

  /** Does it with each; one that fails does not keep the others from it. */
  static int each(String[] keys, Context context, Action action)
      throws CliException, InterruptedException {
    Sandboxes sandboxes = context.sandboxes();
    int code = 0;
    for (String key : keys) {
      try {
        action.on(require(sandboxes, key));
      } catch (CliException e) {
        context.err().println("viv: " + e.getMessage());
        code = e.exitCode();
      } catch (IOException e) {
        context.err().println("viv: " + key + ": " + dev.vivarium.engine.state.Reason.of(e));
        code = CliException.FAILED;
      }
    }
    return code;
  }

  /**
   * Connects to a living sandbox; empty if it has ended meanwhile. One in the foreground listens
   * only once it runs, so one that is still starting is waited for.
   */
  public static Optional<ControlConnection> connect(Context context, SandboxState sandbox)
      throws CliException {
    try {
      return SandboxControl.reach(context.directories(), sandbox.id());
    } catch (ControlConnection.SilentException e) {
      throw new CliException(
          CliException.FAILED,
          sandbox.name() + ": " + e.getMessage() + "; viv kill ends it all the same");
    }
  }

  /** Waits until the other side says that the sandbox ended, or hangs up. */
  static void awaitEnd(ControlConnection connection) {
    SandboxControl.awaitEnd(connection);
  }

  /**
   * Sends a signal, and ends the sandbox if it has not ended within a time; one that does not
   * answer loses its process.
   *
   * @param graceSeconds 0 to end it at once
   * @return whether it ran
   */
  static boolean end(Context context, SandboxState sandbox, int signal, long graceSeconds)
      throws CliException, IOException, InterruptedException {
    try {
      Optional<ControlConnection> connection =
          SandboxControl.reach(context.directories(), sandbox.id());
      if (connection.isEmpty()) {
        return false;
      }
      try (ControlConnection control = connection.get()) {
        SandboxControl.end(control, signal, graceSeconds);
      }
    } catch (ControlConnection.SilentException e) {
      SandboxControl.kill(context.directories(), sandbox);
    }
    return true;
  }

  private static final Map<String, Integer> SIGNALS =
      Map.ofEntries(
          Map.entry("HUP", 1),
          Map.entry("INT", 2),
          Map.entry("QUIT", 3),
          Map.entry("ILL", 4),
          Map.entry("TRAP", 5),
          Map.entry("ABRT", 6),
          Map.entry("BUS", 7),
          Map.entry("FPE", 8),
          Map.entry("KILL", 9),
          Map.entry("USR1", 10),
          Map.entry("SEGV", 11),
          Map.entry("USR2", 12),
          Map.entry("PIPE", 13),
          Map.entry("ALRM", 14),
          Map.entry("TERM", 15),
          Map.entry("CHLD", 17),
          Map.entry("CONT", 18),
          Map.entry("STOP", 19),
          Map.entry("TSTP", 20),
          Map.entry("TTIN", 21),
          Map.entry("TTOU", 22),
          Map.entry("WINCH", 28));

  /** The number of a signal given as TERM, SIGTERM or 15. */
  static int signal(String text) throws CliException {
    String name = text.toUpperCase(java.util.Locale.ROOT);
    Integer number = SIGNALS.get(name.startsWith("SIG") ? name.substring(3) : name);
    if (number == null && text.matches("[0-9]{1,2}")) {
      number = Integer.parseInt(text);
    }
    if (number == null || number < 1 || number > 64) {
      throw new CliException(
          CliException.USAGE, "no such signal: " + text + "; use a name such as TERM, or 1 to 64");
    }
    return number;
  }
}
