package dev.vivarium.cli.shell;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.watch.Watched;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.state.SandboxState;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jline.reader.LineReader;
import org.jline.terminal.Terminal;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStyle;
import org.jline.utils.Status;
import org.jspecify.annotations.Nullable;

/**
 * The line below the prompt: how many sandboxes run, and how much they do. It is there while a line
 * is typed; a command has the whole terminal. {@code set status=off} takes it away.
 */
final class StatusLine implements AutoCloseable {
  private static final String WIDGET = "vivarium-status";
  private static final long PERIOD_MILLIS = 1000;
  private static final int MIN_ROWS = 8;

  private final Terminal terminal;
  private final LineReader reader;
  private final Context context;
  private final Session session;
  private final Thread thread = new Thread(null, this::look, "status", 256 << 10);
  private final Map<String, Watched> looks = new HashMap<>();
  private volatile boolean closed;
  private volatile String text = "";
  private @Nullable Status status;

  StatusLine(Terminal terminal, LineReader reader, Context context, Session session) {
    this.terminal = terminal;
    this.reader = reader;
    this.context = context;
    this.session = session;
    thread.setDaemon(true);
    reader.getWidgets().put(WIDGET, this::show);
  }

  /** Begins, if the terminal can have one. */
  void start() {
    String kind = terminal.getType();
    if (!kind.startsWith("dumb") && terminal.getHeight() >= MIN_ROWS) {
      thread.start();
    }
  }

  private boolean isWanted() {
    return !session.variables().getOrDefault("status", "on").equals("off");
  }

  private void look() {
    try {
      while (!closed) {
        if (reader.isReading() && isWanted()) {
          text = now();
        } else if (!isWanted()) {
          text = "";
        }
        try {
          reader.callWidget(WIDGET);
        } catch (IllegalStateException e) {
          // A command runs.
        }
        Thread.sleep(PERIOD_MILLIS);
      }
    } catch (InterruptedException e) {
      // That is the end.
    } finally {
      looks.values().forEach(Watched::close);
    }
  }

  private String now() throws InterruptedException {
    List<SandboxState> alive;
    try {
      alive = context.sandboxes().list().stream().filter(SandboxState::isAlive).toList();
    } catch (CliException | IOException e) {
      return "";
    }
    double perSecond = 0;
    Set<String> ids = new HashSet<>();
    for (SandboxState sandbox : alive) {
      ids.add(sandbox.id());
      perSecond += rate(sandbox);
    }
    looks
        .entrySet()
        .removeIf(e -> {
          boolean gone = !ids.contains(e.getKey());
          if (gone) {
            e.getValue().close();
          }
          return gone;
        });
    return alive.isEmpty()
        ? "no sandbox runs"
        : (alive.size() == 1 ? "1 sandbox runs" : alive.size() + " sandboxes run")
            + "   "
            + Math.round(perSecond)
            + " system calls/s";
  }

  private double rate(SandboxState sandbox) throws InterruptedException {
    try {
      Watched watched = looks.get(sandbox.id());
      if (watched == null) {
        watched = Watched.begin(context, sandbox);
        looks.put(sandbox.id(), watched);
      }
      watched.ask();
      return watched.figures().isEmpty() ? 0 : watched.callsPerSecond();
    } catch (CliException | EngineException | IOException e) {
      // It ended meanwhile, or tells no figures.
      return 0;
    }
  }

  /** On the reader's lock, so that it does not write at the same time. */
  private boolean show() {
    if (closed) {
      return true;
    }
    Status s = status;
    if (s == null) {
      s = Status.getStatus(terminal);
      status = s;
    }
    if (s != null) {
      s.update(
          text.isEmpty()
              ? List.of()
              : List.of(new AttributedString(text, AttributedStyle.DEFAULT.faint())));
    }
    return true;
  }

  /** A command is about to run: the terminal is its own. */
  void leave() {
    if (status != null) {
      status.update(List.of());
      status.suspend();
    }
  }

  /** The prompt is back. */
  void enter() {
    if (status != null) {
      // The command may have seen the window change.
      status.resize();
      status.restore();
      show();
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    if (status != null) {
      status.restore();
      status.update(List.of());
      status.close();
    }
  }
}
