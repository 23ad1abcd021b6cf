package dev.vivarium.cli.run;

import java.util.HashMap;
import java.util.Map;
import java.util.function.IntConsumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** Signals that this process gets. SIGQUIT is not among them: the JVM keeps it for itself. */
@SuppressWarnings("sunapi")
public final class Signals {
  private static final Map<String, Integer> FORWARDED =
      Map.of("HUP", 1, "INT", 2, "USR1", 10, "USR2", 12, "ALRM", 14, "TERM", 15);

  private Signals() {}

  /** What was done with signals before; to be done again once this is closed. */
  public interface Restore extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Until the result is closed, these do not end this process but are handed to the consumer.
   *
   * @param resized called when the terminal's window changes its size
   */
  public static Restore forwardTo(IntConsumer consumer, Runnable resized) {
    Map<Signal, SignalHandler> before = new HashMap<>();
    FORWARDED.forEach((name, number) -> {
      Signal signal = new Signal(name);
      before.put(signal, Signal.handle(signal, s -> consumer.accept(number)));
    });
    Signal window = new Signal("WINCH");
    before.put(window, Signal.handle(window, s -> resized.run()));
    return () -> before.forEach(Signal::handle);
  }
}
