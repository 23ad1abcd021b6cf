package dev.vivarium.gui.run;

import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Problem;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.input.TransferMode;
import javafx.scene.layout.VBox;
import javafx.stage.DirectoryChooser;

/** Files and folders of this machine that are to be shown inside: dropped, or chosen. */
final class MountsBox {
  private final Workbench bench;
  private final Runnable changed;
  private final List<Row> rows = new ArrayList<>();
  private final VBox list = new VBox(6);
  private final VBox node;

  /** One of them, as it stands in the form. */
  private record Row(String source, TextField target, CheckBox writable) {
    RunRequest.Mount mount() {
      return new RunRequest.Mount(source, target.getText().strip(), writable.isSelected());
    }
  }

  MountsBox(Workbench bench, Runnable changed) {
    this.bench = bench;
    this.changed = changed;
    node =
        Ui.column(
            6,
            Ui.row(
                6,
                Ui.label(Messages.text("run.mounts.drop"), "muted"),
                Ui.spacer(),
                Ui.button(Icons.FOLDER, Messages.text("run.mounts.choose"), this::choose, "flat")),
            list);
    node.getStyleClass().add("drop");
    node.setId("run-mounts");
  }

  VBox node() {
    return node;
  }

  /** Whatever is dropped there is shown inside, and not opened. */
  void takeDrops(Node place) {
    place.setOnDragOver(e -> {
      if (e.getDragboard().hasFiles()) {
        e.acceptTransferModes(TransferMode.LINK, TransferMode.COPY);
      }
      e.consume();
    });
    place.setOnDragEntered(e -> node.getStyleClass().add("over"));
    place.setOnDragExited(e -> node.getStyleClass().remove("over"));
    place.setOnDragDropped(e -> {
      e.getDragboard().getFiles().forEach(this::add);
      e.setDropCompleted(true);
      e.consume();
    });
  }

  private void choose() {
    File found = new DirectoryChooser().showDialog(node.getScene().getWindow());
    if (found != null) {
      add(found);
    }
  }

  List<RunRequest.Mount> mounts() {
    return rows.stream().map(Row::mount).toList();
  }

  /** One more, read-only; where it is shown can be changed. */
  void add(File file) {
    String source = file.getAbsolutePath();
    if (source.indexOf(':') >= 0) {
      bench.frame().tell(Problem.ofLine(Messages.text("run.mounts.colon", source)));
      return;
    }
    if (rows.stream().anyMatch(r -> r.source.equals(source))) {
      return;
    }
    TextField target = new TextField(free("/mnt/" + file.getName()));
    target.setAccessibleText(Messages.text("run.mounts.target", source));
    target.textProperty().addListener((o, before, now) -> changed.run());
    CheckBox writable = new CheckBox(Messages.text("run.mounts.writable"));
    writable.setOnAction(e -> changed.run());
    writable.setMinWidth(javafx.scene.layout.Region.USE_PREF_SIZE);
    Row row = new Row(source, target, writable);
    Label path = Ui.label(Format.line(source, 200));
    path.setMinWidth(0);
    path.setTextOverrun(javafx.scene.control.OverrunStyle.LEADING_ELLIPSIS);
    VBox shown = Ui.column(3);
    shown
        .getChildren()
        .addAll(
            Ui.row(
                8,
                path,
                Ui.spacer(),
                Ui.iconButton(
                    Icons.KILL,
                    Messages.text("run.mounts.remove"),
                    () -> {
                      rows.remove(row);
                      list.getChildren().remove(shown);
                      changed.run();
                    })),
            Ui.row(8, Ui.grow(target), writable));
    rows.add(row);
    list.getChildren().add(shown);
    changed.run();
  }

  private String free(String wanted) {
    String target = wanted;
    for (int i = 2; isTaken(target); i++) {
      target = wanted + "-" + i;
    }
    return target;
  }

  private boolean isTaken(String target) {
    return rows.stream().anyMatch(r -> r.target.getText().equals(target));
  }
}
