package dev.vivarium.engine.process;

import java.io.FileInputStream;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * The small program in the foreground (front.c) for which this process runs a sandbox: its signals,
 * and its end, which is the end of the sandbox. Until there is a sandbox they end this process.
 */
public final class Front {
  private static final String VARIABLE = "VIVARIUM_FRONT";
  private static final int SIGKILL = 9;

  /** Is followed by the new height and width, two bytes each. */
  private static final int SIGWINCH = 28;

  /** What comes from it. Called on a thread of its own. */
  interface Listener {
    /** A signal, for the first process. */
    void signalled(int number);

    /** It wants the sandbox to end now. */
    void insisted();

    /** Its terminal has another size. */
    default void resized(int rows, int columns) {}

    /** It is gone. */
    void gone();
  }

  /** As long as there is no sandbox, this process is what a signal is meant for. */
  private static final class Nobody implements Listener {
    @Override
    public void signalled(int number) {
      Runtime.getRuntime().exit(128 + number);
    }

    @Override
    public void insisted() {
      signalled(SIGKILL);
    }

    @Override
    public void gone() {
      signalled(SIGKILL);
    }
  }

  private final FileInputStream pipe;
  private Listener listener = new Nobody();

  /** The size of its terminal, which may be told before anybody listens; 0 until it is. */
  private int rows;

  private int columns;

  private Front(FileInputStream pipe) {
    this.pipe = pipe;
  }

  /** Whether one started this process, which thus runs a sandbox itself. */
  public static boolean isThere(Map<String, String> environment) {
    return environment.containsKey(VARIABLE);
  }

  /** The one that started this process, if one did; it is listened to from now on. */
  public static Optional<Front> of(Map<String, String> environment) throws IOException {
    String descriptor = environment.getOrDefault(VARIABLE, "");
    if (!descriptor.matches("[0-9]{1,4}")) {
      return Optional.empty();
    }
    Front front = new Front(new FileInputStream("/proc/self/fd/" + descriptor));
    Thread thread = new Thread(null, front::read, "front", 256 << 10);
    thread.setDaemon(true);
    thread.start();
    return Optional.of(front);
  }

  /** From now on the listener hears of what comes. */
  synchronized void setListener(Listener next) {
    listener = next;
    if (rows > 0) {
      next.resized(rows, columns);
    }
  }

  /**
   * For a process that is a client after all: its signals go to a consumer from now on, and its end
   * ends this process.
   */
  public void forwardTo(IntConsumer signals) {
    setListener(
        new Listener() {
          @Override
          public void signalled(int number) {
            signals.accept(number);
          }

          @Override
          public void insisted() {
            signals.accept(SIGKILL);
          }

          @Override
          public void gone() {
            Runtime.getRuntime().halt(128 + SIGKILL);
          }
        });
  }

  private void read() {
    try {
      for (int b = pipe.read(); b >= 0; b = pipe.read()) {
        Listener to = listener();
        if (b == SIGWINCH) {
          resized(number(), number());
        } else if (b == SIGKILL) {
          to.insisted();
        } else {
          to.signalled(b);
        }
      }
    } catch (IOException e) {
      // As good as its end.
    }
    listener().gone();
  }

  private synchronized void resized(int newRows, int newColumns) {
    rows = newRows;
    columns = newColumns;
    listener.resized(newRows, newColumns);
  }

  /** Two bytes, the high one first. */
  private int number() throws IOException {
    int high = pipe.read();
    return high << 8 | pipe.read() & 0xff;
  }

  private synchronized Listener listener() {
    return listener;
  }
}
