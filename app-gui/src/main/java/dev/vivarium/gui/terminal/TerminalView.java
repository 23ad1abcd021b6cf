package dev.vivarium.gui.terminal;

import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Problem;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.io.File;
import java.io.IOException;
import java.util.List;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/** A terminal in a sandbox, with what goes with it. */
public final class TerminalView {
  private final Workbench bench;
  private final String sandbox;
  private final List<String> command;
  private final TextField search = Ui.search(Messages.text("terminal.search"));
  private final Label state = Ui.label("", "muted", "small");
  private final TerminalScreen screen;
  private final VBox node;
  private volatile @Nullable TerminalSession session;
  private boolean begun;

  /**
   * @param sandbox its id
   * @param command a shell to start; empty for the sandbox's first process
   */
  public TerminalView(Workbench bench, String sandbox, List<String> command) {
    this.bench = bench;
    this.sandbox = sandbox;
    this.command = List.copyOf(command);
    screen = new TerminalScreen(bench.colors(), this::typed, this::resized, this::follow);
    screen.setId("terminal");
    search.setOnKeyPressed(e -> {
      if (e.getCode() == KeyCode.ENTER) {
        state.setText(screen.find(search.getText()) ? "" : Messages.text("terminal.notFound"));
      } else if (e.getCode() == KeyCode.ESCAPE) {
        screen.find("");
        screen.requestFocus();
        e.consume();
      }
    });
    node =
        Ui.column(
            10,
            Ui.row(
                10,
                search,
                state,
                Ui.spacer(),
                Ui.button(Icons.COPY, Messages.text("terminal.copy"), screen::copy),
                Ui.button(Messages.text("terminal.paste"), screen::paste),
                Ui.button(Messages.text("terminal.again"), this::again)),
            Ui.grow(screen));
    node.getStyleClass().add("tab-content");
  }

  public Node node() {
    return node;
  }

  /** Draws from now on; the first time, opens the session. */
  public void shown() {
    screen.start(() -> {
      if (!begun) {
        begun = true;
        open();
      }
      screen.requestFocus();
    });
  }

  /** Draws no more; the session goes on. */
  public void hidden() {
    screen.stop();
  }

  /** To the field to search with. */
  public void find() {
    search.requestFocus();
  }

  /** What can be done here. */
  public List<Action> actions() {
    return List.of(
        Action.of("terminal.copy", "Shortcut+Shift+C", screen::copy),
        Action.of("terminal.paste", "Shortcut+Shift+V", screen::paste));
  }

  /** What it shows just now. */
  public String contents() {
    return screen.contents();
  }

  private void again() {
    close();
    open();
    screen.requestFocus();
  }

  private void open() {
    int rows = screen.rows();
    int columns = screen.columns();
    state.setText(Messages.text("terminal.opening"));
    bench
        .background()
        .run(
            () -> TerminalSession.open(bench.directories(), sandbox, command, rows, columns),
            this::opened,
            problem -> {
              state.setText(problem.what());
              bench.frame().tell(problem);
            });
  }

  private void opened(TerminalSession now) {
    session = now;
    state.setText("");
    bench.background().run(() -> now.run(new Output()));
  }

  private final class Output implements TerminalSession.Listener {
    @Override
    public void output(byte[] bytes) {
      try {
        screen.emulation().write(bytes);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void ended(String message) {
      Background.later(() ->
          state.setText(
              message.isEmpty()
                  ? Messages.text("terminal.ended")
                  : Problem.ofLine(message).what()));
    }
  }

  /** A guest wrote it: nothing is opened before somebody has read where it leads. */
  private void follow(String address) {
    Button open =
        Ui.button(
            Messages.text("terminal.link.open"),
            () -> {
              bench.frame().closeOver();
              bench.background().run(() -> browse(address), done -> {}, bench.frame()::tell);
            },
            "accent");
    open.setId("link-open");
    Button copy =
        Ui.button(
            Icons.COPY,
            Messages.text("terminal.link.copy"),
            () -> {
              bench.frame().closeOver();
              ClipboardContent content = new ClipboardContent();
              content.putString(address);
              Clipboard.getSystemClipboard().setContent(content);
            });
    copy.setId("link-copy");
    Button cancel = Ui.button(Messages.text("run.cancel"), bench.frame()::closeOver);
    Label where = Ui.paragraph(address, "command");
    where.setMaxWidth(Double.MAX_VALUE);
    where.setId("link-address");
    VBox box =
        Ui.column(
            16,
            Ui.paragraph(Messages.text("terminal.link.text"), "muted"),
            where,
            Ui.row(10, Ui.spacer(), cancel, copy, open));
    box.setPrefWidth(560);
    bench.frame().openSheet(Messages.text("terminal.link.title"), box);
    // What is pressed without reading opens nothing.
    cancel.requestFocus();
  }

  private static Boolean browse(String address) throws IOException {
    // As the desktop's other programs do it; the address is one word and begins with its scheme.
    ProcessBuilder opener =
        new ProcessBuilder("xdg-open", address)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      opener.start();
    } catch (IOException e) {
      throw new IOException(Messages.text("terminal.link.none"), e);
    }
    return true;
  }

  private void typed(byte[] bytes) {
    TerminalSession s = session;
    if (s != null) {
      s.input(bytes);
    }
  }

  private void resized(int rows, int columns) {
    TerminalSession s = session;
    if (s != null) {
      bench.background().run(() -> s.resize(rows, columns));
    }
  }

  /** Ends the session. */
  public void close() {
    TerminalSession s = session;
    session = null;
    if (s != null) {
      s.close();
    }
  }
}
