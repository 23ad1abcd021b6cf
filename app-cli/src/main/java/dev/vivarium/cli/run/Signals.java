package dev.vivarium.cli.run;

import java.util.Map;
import java.util.function.IntConsumer;
import sun.misc.Signal;

/** Signals that this process gets. SIGQUIT is not among them: the JVM keeps it for itself. */
@SuppressWarnings("sunapi")
final class Signals {
  private static final Map<String, Integer> FORWARDED =
      Map.of("HUP", 1, "INT", 2, "USR1", 10, "USR2", 12, "ALRM", 14, "TERM", 15);

  private Signals() {}

  /** From now on these do not end this process but are handed to the consumer. */
  static void forwardTo(IntConsumer consumer) {
    FORWARDED.forEach(
        (name, number) -> Signal.handle(new Signal(name), signal -> consumer.accept(number)));
  }

  /** Calls when the terminal's window changes its size. */
  static void onResize(Runnable action) {
    Signal.handle(new Signal("WINCH"), signal -> action.run());
  }
}
