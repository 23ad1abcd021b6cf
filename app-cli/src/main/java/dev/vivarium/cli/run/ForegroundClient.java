package dev.vivarium.cli.run;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.UserInput;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The client of a sandbox that runs in the foreground, or of one more process in a sandbox: hands
 * on signals and, where they are not the other side's own, the bytes of its streams and the size of
 * its terminal; ends as that does.
 */
final class ForegroundClient {
  /** So many Ctrl-C in a row mean it. */
  private static final int INSISTENT = 3;

  private static final long IN_A_ROW_NANOS = 2_000_000_000;
  private static final int SIGINT = 2;
  private static final int DIED_OF_HANGUP = 129;
  private static final int KILLED = 137;

  /** How long a command may take to end after its terminal went away. */
  private static final long HANGUP_GRACE_MILLIS = 2000;

  /** How long the thread that reads input may take to see that nobody wants it any more. */
  private static final long INPUT_GRACE_MILLIS = 100;

  private final ControlConnection connection;
  private final PrintStream err;
  private final UserInput userInput;

  /** Whether it is a process among others, so that the end of the sandbox is one by force. */
  private final boolean oneMore;

  private final Object resizing = new Object();
  private int interrupts;
  private long lastInterrupt;
  private boolean raw;
  private volatile boolean hungUp;
  private volatile boolean ended;
  private volatile boolean detached;
  private @Nullable DetachKeys detachKeys;
  private String name = "";
  private HeldOutput output = new HeldOutput();
  private int inputWindow = ControlMessage.WINDOW;

  /**
   * @param oneMore whether it is of one more process, not of the sandbox
   */
  ForegroundClient(ControlConnection connection, Context context, boolean oneMore) {
    this.connection = connection;
    this.err = context.err();
    this.userInput = context.input();
    this.oneMore = oneMore;
  }

  /** From now on these keys, on a terminal, leave the sandbox to itself. */
  void allowDetaching(DetachKeys keys, String ofSandbox) {
    detachKeys = keys;
    name = ofSandbox;
  }

  /** What it writes goes there. */
  void showThrough(HeldOutput to) {
    output = to;
  }

  /** Without a terminal: the sandbox has our standard streams itself. */
  int run() throws CliException {
    try (Signals.Restore signals = Signals.forwardTo(this::forward, () -> {})) {
      return untilEnded();
    }
  }

  /** With the user's terminal, which becomes raw for as long as the sandbox runs. */
  int runWithTerminal(boolean input) throws CliException {
    try (Signals.Restore signals = Signals.forwardTo(this::forward, this::resized)) {
      if (!Terminal.isTerminal(0)) {
        return untilEnded(input);
      }
      raw = true;
      try (Terminal terminal = Terminal.raw()) {
        return untilEnded(input);
      }
    }
  }

  /** Each signal has a thread of its own: one at a time, so that the newest size is told last. */
  private void resized() {
    synchronized (resizing) {
      Terminal.Size size = Terminal.size();
      send(new ControlMessage.Resize(size.rows(), size.columns()));
    }
  }

  /** Of a process without a terminal, whose streams come through us. */
  int runWithStreams(boolean input) throws CliException {
    try (Signals.Restore signals = Signals.forwardTo(this::forward, () -> {})) {
      return untilEnded(input);
    }
  }

  private int untilEnded(boolean input) throws CliException {
    if (!input) {
      return untilEnded();
    }
    Thread pump = new Thread(null, this::pumpInput, "input", 256 << 10);
    pump.setDaemon(true);
    pump.start();
    try {
      return untilEnded();
    } finally {
      ended = true;
      try {
        pump.join(INPUT_GRACE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** A signal for the command came to this process, or to the program in front of it. */
  void forward(int signal) {
    long now = System.nanoTime();
    boolean insists;
    synchronized (this) {
      interrupts = signal == SIGINT && now - lastInterrupt < IN_A_ROW_NANOS ? interrupts + 1 : 1;
      lastInterrupt = now;
      insists = signal == SIGINT && interrupts >= INSISTENT;
    }
    send(insists ? new ControlMessage.Kill() : new ControlMessage.Signal(signal));
  }

  private void send(ControlMessage message) {
    try {
      connection.send(message);
    } catch (IOException e) {
      // It has ended; the receiving side knows.
    }
  }

  private int untilEnded() throws CliException {
    try {
      while (true) {
        Optional<ControlMessage> next = connection.receive();
        if (next.isEmpty()) {
          return lost(null);
        }
        ControlMessage message = next.get();
        if (message instanceof ControlMessage.Data data) {
          output.write(data.stream(), data.bytes());
          send(new ControlMessage.Window(data.stream(), data.bytes().length));
        } else if (message instanceof ControlMessage.Window window) {
          grant(window.bytes());
        } else if (message instanceof ControlMessage.ProcessEnded ended) {
          show(ended.message());
          return ended.exitCode();
        } else if (message instanceof ControlMessage.Ended ended) {
          return end(oneMore ? new ControlMessage.Ended(KILLED, "the sandbox ended") : ended);
        }
      }
    } catch (IOException e) {
      return lost(e);
    }
  }

  private synchronized void grant(int bytes) {
    inputWindow += bytes;
    notifyAll();
  }

  /** Waits until the process of the sandbox is gone as well, then shows what went wrong. */
  private int end(ControlMessage.Ended ended) {
    try {
      connection.receive();
    } catch (IOException e) {
      // As good as a hang-up.
    }
    show(ended.message());
    return ended.exitCode();
  }

  private void show(String message) {
    if (!message.isEmpty()) {
      err.print("viv: " + message + (Terminal.isTerminal(2) ? "\r\n" : "\n"));
      err.flush();
    }
  }

  private int lost(@Nullable IOException why) throws CliException {
    if (detached) {
      show("left it to itself: viv attach " + name + " comes back to it");
      return 0;
    }
    if (hungUp) {
      return DIED_OF_HANGUP;
    }
    if (!name.isEmpty() && !raw) {
      throw new CliException(
          CliException.FAILED,
          "cannot attach to "
              + name
              + ": it has its streams from the client that runs it; or it"
              + " was killed: viv ps -a tells",
          why);
    }
    throw new CliException(
        CliException.FAILED,
        "the sandbox's process was killed or crashed; viv ps -a and viv logs --engine tell more",
        why);
  }

  private void pumpInput() {
    byte[] buffer = new byte[32 << 10];
    try {
      while (true) {
        int room;
        synchronized (this) {
          while (inputWindow <= 0) {
            wait();
          }
          room = Math.min(inputWindow, buffer.length);
        }
        int count = userInput.read(buffer, room, () -> ended);
        if (count < 0 && ended) {
          return;
        }
        if (count < 0) {
          endOfInput();
          return;
        }
        byte[] bytes = java.util.Arrays.copyOf(buffer, count);
        DetachKeys keys = detachKeys;
        boolean leaves = false;
        if (keys != null && raw) {
          ByteArrayOutputStream kept = new ByteArrayOutputStream();
          leaves = keys.take(buffer, count, kept);
          bytes = kept.toByteArray();
        }
        synchronized (this) {
          inputWindow -= bytes.length;
        }
        if (bytes.length > 0) {
          connection.send(new ControlMessage.Data(0, bytes));
        }
        if (leaves) {
          connection.send(new ControlMessage.Detach());
          detached = true;
          connection.close();
          return;
        }
      }
    } catch (IOException | InterruptedException e) {
      endOfInput();
    }
  }

  /** A raw terminal has no end of input; when it ends all the same, the terminal is gone. */
  private void endOfInput() {
    send(new ControlMessage.EndOfStream(0));
    if (raw) {
      try {
        Thread.sleep(HANGUP_GRACE_MILLIS);
      } catch (InterruptedException e) {
        // Then now.
      }
      hungUp = true;
      connection.close();
    }
  }
}
