package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.client.SandboxChanges;
import dev.vivarium.engine.watch.report.Change;
import dev.vivarium.engine.watch.report.ChangeReader;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Program;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import javafx.collections.transformation.FilteredList;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.SelectionMode;
import javafx.scene.control.SplitPane;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.TextArea;
import javafx.scene.control.TextField;
import javafx.scene.layout.VBox;
import javafx.stage.DirectoryChooser;

/** What a sandbox changed in its root, and the way to take some of it out. */
final class FilesView {
  private final Workbench bench;
  private final SandboxItem item;
  private final ObservableList<Change> changes = FXCollections.observableArrayList();
  private final FilteredList<Change> shown = new FilteredList<>(changes);
  private final TableView<Change> table = new TableView<>(shown);
  private final TextArea preview = new TextArea();
  private final TextField search = Ui.search(Messages.text("files.search"));
  private final Label state = Ui.label("", "muted", "small");
  private final VBox node;
  private boolean asking;

  FilesView(Workbench bench, SandboxItem item) {
    this.bench = bench;
    this.item = item;
    column("files.path", 460, c -> c.path());
    column("files.kind", 110, c -> c.kind());
    column("files.size", 90, c -> c.kind().equals("file") ? Format.bytes(c.size()) : "");
    column("files.mode", 80, c -> String.format(Locale.ROOT, "%04o", c.mode()));
    table.setId("changes");
    table.setAccessibleText(Messages.text("tab.files"));
    preview.setAccessibleText(Messages.text("files.preview.name"));
    table.getStyleClass().add("dense");
    table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
    table.setPlaceholder(Ui.placeholder(Messages.text("files.none")));
    table.getSelectionModel().setSelectionMode(SelectionMode.MULTIPLE);
    table
        .getSelectionModel()
        .selectedItemProperty()
        .addListener((o, before, now) -> preview.setText(now == null ? "" : details(now)));
    search
        .textProperty()
        .addListener((o, before, now) -> {
          String wanted = now.strip().toLowerCase(Locale.ROOT);
          shown.setPredicate(c -> c.path().toLowerCase(Locale.ROOT).contains(wanted));
        });
    preview.setEditable(false);
    preview.getStyleClass().add("code");
    preview.setPromptText(Messages.text("files.preview"));
    SplitPane split = new SplitPane(table, preview);
    split.setDividerPositions(0.65);
    node =
        Ui.column(
            10,
            Ui.row(
                10,
                search,
                state,
                Ui.spacer(),
                Ui.button(Messages.text("files.recover"), this::recover),
                Ui.button(Messages.text("files.refresh"), this::refresh)),
            Ui.grow(split));
    node.getStyleClass().add("tab-content");
  }

  private void column(String key, double width, Function<Change, String> of) {
    TableColumn<Change, String> column = new TableColumn<>(Messages.text(key));
    column.setPrefWidth(width);
    column.setCellValueFactory(
        d -> new ReadOnlyStringWrapper(Format.line(of.apply(d.getValue()), 1000)));
    table.getColumns().add(column);
  }

  Node node() {
    return node;
  }

  void find() {
    search.requestFocus();
  }

  void shown() {
    if (changes.isEmpty()) {
      refresh();
    }
  }

  /** Asks again; a running sandbox waits a moment for that. */
  void refresh() {
    if (asking) {
      return;
    }
    asking = true;
    state.setText(Messages.text("files.asking"));
    bench
        .background()
        .run(
            this::read,
            found -> {
              asking = false;
              changes.setAll(found);
              state.setText(Messages.text("files.count", found.size()));
            },
            problem -> {
              asking = false;
              changes.clear();
              state.setText(problem.what());
            });
  }

  private static String details(Change c) {
    return Format.lines(c.target() + (c.diff().isEmpty() ? c.preview() : c.diff()) + c.note());
  }

  private List<Change> read() throws IOException {
    Path tar = Files.createTempFile(bench.directories().run(), "changes", ".tar");
    try {
      try (OutputStream out = Files.newOutputStream(tar)) {
        SandboxChanges.write(bench.directories(), item.state(), out);
      }
      ChangeReader reader = new ChangeReader();
      reader.read(tar);
      return reader.changes();
    } finally {
      Files.deleteIfExists(tar);
    }
  }

  private void recover() {
    List<String> paths =
        table.getSelectionModel().getSelectedItems().stream().map(Change::path).toList();
    if (paths.isEmpty()) {
      bench.frame().tell(Messages.text("files.choose"));
      return;
    }
    DirectoryChooser chooser = new DirectoryChooser();
    chooser.setTitle(Messages.text("files.recover"));
    File to = chooser.showDialog(node.getScene().getWindow());
    if (to == null) {
      return;
    }
    List<String> words = new java.util.ArrayList<>(List.of("recover", item.id()));
    words.addAll(paths);
    words.addAll(List.of("--to", to.toString()));
    Program program = bench.program();
    bench
        .background()
        .run(
            () -> program.run(words, line -> {}),
            done -> bench.frame().tell(Messages.text("files.recovered", to)),
            bench.frame()::tell);
  }
}
