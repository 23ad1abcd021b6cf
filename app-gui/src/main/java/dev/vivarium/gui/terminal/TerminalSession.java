package dev.vivarium.gui.terminal;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.client.SandboxControl;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.RunDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The other end of a terminal: the sandbox's first process if it has a terminal, else a shell that
 * is started in the sandbox. One thread reads; input is sent by one other, so that a guest that
 * does not read never holds up the window.
 */
public final class TerminalSession implements AutoCloseable {
  private static final int MOST_WAITING = 1 << 20;

  private final ControlConnection connection;
  private final Thread sender;

  // Guarded by this.
  private byte[] waiting = new byte[0];
  private int window = ControlMessage.WINDOW;
  private boolean closed;

  private TerminalSession(ControlConnection connection) {
    this.connection = connection;
    sender = new Thread(this::send, "terminal-input");
    sender.setDaemon(true);
    sender.start();
  }

  /** Hears what comes, on the session's reading thread. */
  public interface Listener {
    void output(byte[] bytes);

    /** It is over; why in one line, or nothing. */
    void ended(String message);
  }

  /**
   * Opens one.
   *
   * @param command a shell to start; empty to be connected with the sandbox's first process
   * @throws EngineException if the sandbox does not run
   */
  public static TerminalSession open(
      Directories directories, String id, List<String> command, int rows, int columns)
      throws EngineException, IOException {
    Optional<ControlConnection> found = SandboxControl.connect(directories, id);
    if (found.isEmpty()) {
      throw new EngineException(125, "it does not run any more; start it again");
    }
    ControlConnection connection = found.get();
    try {
      if (command.isEmpty()) {
        connection.send(new ControlMessage.Attach(true));
        connection.send(new ControlMessage.Resize(rows, columns));
      } else {
        SandboxSpec.ProcessSpec first = RunDirectory.of(directories, id).readSpec().process();
        Map<String, String> variables = new LinkedHashMap<>(first.environment());
        variables.put("TERM", "xterm-256color");
        connection.send(
            new ControlMessage.Exec(
                new SandboxSpec.ProcessSpec(
                    command, variables, first.workingDirectory(), first.user(), true, true),
                false,
                rows,
                columns));
      }
      return new TerminalSession(connection);
    } catch (IOException e) {
      connection.close();
      throw e;
    }
  }

  /** Reads until it is over; on the calling thread. */
  public void run(Listener listener) {
    String message = "";
    try {
      Optional<ControlMessage> next = connection.receive();
      while (next.isPresent()) {
        switch (next.get()) {
          case ControlMessage.Data data -> {
            listener.output(data.bytes());
            connection.send(new ControlMessage.Window(data.stream(), data.bytes().length));
          }
          case ControlMessage.Window grant -> grant(grant.bytes());
          case ControlMessage.ProcessEnded ended -> {
            listener.ended(ended.message());
            return;
          }
          case ControlMessage.Ended ended -> {
            listener.ended(ended.message());
            return;
          }
          default -> {
            // of no matter here
          }
        }
        next = connection.receive();
      }
    } catch (IOException e) {
      message = isClosed() ? "" : String.valueOf(e.getMessage());
    }
    listener.ended(message);
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private synchronized void grant(int bytes) {
    window += bytes;
    notifyAll();
  }

  /** What was typed; what a guest does not take within a bound is lost, as on a real line. */
  public synchronized void input(byte[] bytes) {
    if (waiting.length + bytes.length <= MOST_WAITING) {
      int at = waiting.length;
      waiting = Arrays.copyOf(waiting, at + bytes.length);
      System.arraycopy(bytes, 0, waiting, at, bytes.length);
      notifyAll();
    }
  }

  /** The same, as text. */
  public void input(String text) {
    input(text.getBytes(StandardCharsets.UTF_8));
  }

  private void send() {
    try {
      while (true) {
        byte[] part;
        synchronized (this) {
          while (!closed && (waiting.length == 0 || window == 0)) {
            wait();
          }
          if (closed) {
            return;
          }
          int n = Math.min(Math.min(waiting.length, window), ControlMessage.MAX_DATA / 2);
          part = Arrays.copyOf(waiting, n);
          waiting = Arrays.copyOfRange(waiting, n, waiting.length);
          window -= n;
        }
        connection.send(new ControlMessage.Data(0, part));
      }
    } catch (IOException | InterruptedException e) {
      // It is over; the reading side says so.
    }
  }

  /** Tells the size. Not on the JavaFX thread. */
  public void resize(int rows, int columns) {
    try {
      connection.send(new ControlMessage.Resize(rows, columns));
    } catch (IOException e) {
      // It is over; the reading side says so.
    }
  }

  /** Hears of what is typed. */
  Consumer<byte[]> typed() {
    return this::input;
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    connection.close();
  }
}
