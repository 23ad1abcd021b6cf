package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.state.OutputRecord;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Exports;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Future;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.TextArea;
import javafx.scene.control.TextField;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/** What the command wrote, as it writes it; or what the engine remarked. */
final class LogView {
  private static final int MOST = 400_000;
  private static final long POLL_MILLIS = 300;

  private final Workbench bench;
  private final SandboxItem item;
  private final TextArea text = new TextArea();
  private final TextField search = Ui.search(Messages.text("log.search"));
  private final CheckBox engine = new CheckBox(Messages.text("log.engine"));
  private final VBox node;
  private @Nullable Future<?> polling;
  private long at;
  private volatile boolean ofEngine;

  LogView(Workbench bench, SandboxItem item) {
    this.bench = bench;
    this.item = item;
    text.setEditable(false);
    text.getStyleClass().add("code");
    text.setPromptText(Messages.text("log.none"));
    text.setId("log");
    text.setAccessibleText(Messages.text("tab.log"));
    search.setOnAction(e -> searchNext());
    engine.setOnAction(e -> {
      ofEngine = engine.isSelected();
      hidden();
      shown();
    });
    node =
        Ui.column(
            10,
            Ui.row(
                10,
                search,
                engine,
                Ui.spacer(),
                Ui.iconButton(Icons.EXPORT, Messages.text("log.export"), this::export)),
            Ui.grow(text));
    node.getStyleClass().add("tab-content");
  }

  Node node() {
    return node;
  }

  void find() {
    search.requestFocus();
  }

  /** Writes what is shown. */
  void export() {
    String all = text.getText();
    Exports.save(
        bench,
        node,
        Messages.text("log.export"),
        item.state().name() + ".log",
        file -> all.getBytes(StandardCharsets.UTF_8));
  }

  private void searchNext() {
    String wanted = search.getText().toLowerCase(Locale.ROOT);
    String all = text.getText().toLowerCase(Locale.ROOT);
    int from = text.getSelection().getEnd();
    int found = wanted.isEmpty() ? -1 : all.indexOf(wanted, from);
    if (found < 0 && !wanted.isEmpty()) {
      found = all.indexOf(wanted);
    }
    if (found >= 0) {
      text.selectRange(found, found + wanted.length());
    }
  }

  void shown() {
    text.clear();
    at = 0;
    polling = bench.background().every(POLL_MILLIS, this::poll);
  }

  void hidden() {
    if (polling != null) {
      polling.cancel(false);
      polling = null;
    }
  }

  /** Not on the JavaFX thread. */
  private void poll() {
    try {
      if (ofEngine) {
        readEngine();
      } else {
        readOutput();
      }
    } catch (IOException e) {
      // Nothing was recorded yet.
    }
  }

  private void readOutput() throws IOException {
    Path file = StateEntry.of(bench.directories(), item.id()).output();
    if (!Files.exists(file)) {
      return;
    }
    if (Files.size(file) < at) {
      at = 0;
    }
    if (at == 0 && Files.size(file) > 2 * MOST) {
      Background.later(() -> text.appendText(Messages.text("log.long") + "\n"));
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    at = OutputRecord.readOne(file, (stream, time, part) -> bytes.writeBytes(part), at);
    show(bytes.toByteArray(), false);
  }

  private void readEngine() throws IOException {
    for (Path file :
        new Path[] {
          RunDirectory.of(bench.directories(), item.id()).log(),
          StateEntry.of(bench.directories(), item.id()).log()
        }) {
      if (Files.exists(file)) {
        show(Files.readAllBytes(file), true);
        return;
      }
    }
  }

  private void show(byte[] bytes, boolean whole) {
    if (bytes.length == 0) {
      return;
    }
    int from = Math.max(0, bytes.length - MOST);
    String more =
        Format.lines(plain(new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8)));
    Background.later(() -> {
      if (whole) {
        if (!more.equals(text.getText())) {
          text.setText(more);
        }
        return;
      }
      text.appendText(more);
      if (text.getLength() > MOST) {
        text.deleteText(0, text.getLength() - MOST * 3 / 4);
      }
    });
  }

  /** Without the sequences that colour a terminal. */
  static String plain(String text) {
    return text.replaceAll(
        "\u001b(\\[[0-?]*[ -/]*[@-~]|\\][^\u0007\u001b]*(\u0007|\u001b\\\\)|.)", "");
  }
}
