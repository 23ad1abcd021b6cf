package dev.vivarium.gui.watch;

import dev.vivarium.gui.frame.Exports;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javafx.animation.KeyFrame;
import javafx.animation.Timeline;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.Label;
import javafx.scene.control.TreeItem;
import javafx.scene.control.TreeTableColumn;
import javafx.scene.control.TreeTableView;
import javafx.scene.layout.VBox;
import javafx.util.Duration;
import org.jspecify.annotations.Nullable;

/** Who started whom. */
public final class ProcessesView {
  private static final int MOST_SHOWN = 1000;

  private final Workbench bench;
  private final TreeTableView<ProcessModel.Process> tree = new TreeTableView<>();
  private final CheckBox finished = new CheckBox(Messages.text("processes.finished"));
  private final Label count = Ui.label("", "muted", "small");
  private final VBox node;
  private @Nullable ProcessModel model;
  private long shownVersion = -1;
  private final Timeline clock =
      new Timeline(new KeyFrame(Duration.millis(500), e -> refresh(false)));

  /** Without processes yet. */
  public ProcessesView(Workbench bench) {
    this.bench = bench;
    column(
        "processes.command", 520, p -> p.command().isEmpty() ? "?" : Format.line(p.command(), 400));
    column("processes.pid", 80, p -> String.valueOf(p.pid()));
    column("processes.started", 120, p -> p.startNanos() < 0 ? "–" : Format.nanos(p.startNanos()));
    column(
        "processes.lasted",
        120,
        p ->
            p.endNanos() < 0 || p.startNanos() < 0
                ? "–"
                : Format.nanos(p.endNanos() - p.startNanos()));
    column(
        "processes.state",
        200,
        p -> p.end().isEmpty() ? Messages.text("processes.lives") : p.end());
    tree.setShowRoot(false);
    tree.setId("processes");
    tree.setAccessibleText(Messages.text("tab.processes"));
    tree.setColumnResizePolicy(TreeTableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
    tree.setPlaceholder(Ui.placeholder(Messages.text("processes.none")));
    finished.setSelected(true);
    finished.setOnAction(e -> refresh(true));
    node =
        Ui.column(
            10,
            Ui.row(
                10,
                finished,
                Ui.spacer(),
                count,
                Ui.iconButton(Icons.EXPORT, Messages.text("processes.export"), this::export)),
            Ui.grow(tree));
    node.getStyleClass().add("tab-content");
    clock.setCycleCount(Timeline.INDEFINITE);
  }

  private void column(String key, double width, Function<ProcessModel.Process, String> of) {
    TreeTableColumn<ProcessModel.Process, String> column =
        new TreeTableColumn<>(Messages.text(key));
    column.setPrefWidth(width);
    column.setSortable(false);
    column.setCellValueFactory(d -> new ReadOnlyStringWrapper(of.apply(d.getValue().getValue())));
    tree.getColumns().add(column);
  }

  public Node node() {
    return node;
  }

  /** Shows others. */
  public void setModel(@Nullable ProcessModel shown) {
    model = shown;
    refresh(true);
  }

  /** Looks from now on. */
  public void shown() {
    refresh(true);
    clock.play();
  }

  /** Does nothing any more. */
  public void hidden() {
    clock.stop();
  }

  /** Writes all of them, one in a line. */
  public void export() {
    ProcessModel m = model;
    List<ProcessModel.Process> all = m == null ? List.of() : m.all();
    Exports.save(
        bench,
        node,
        Messages.text("processes.export"),
        "processes.csv",
        file -> ProcessModel.csv(all).getBytes(StandardCharsets.UTF_8));
  }

  private void refresh(boolean always) {
    ProcessModel m = model;
    if (m == null || !always && m.version() == shownVersion) {
      return;
    }
    shownVersion = m.version();
    List<ProcessModel.Process> all = new ArrayList<>(m.all());
    long living = all.stream().filter(p -> p.end().isEmpty()).count();
    count.setText(Messages.text("processes.count", living, all.size() - living));
    if (!finished.isSelected()) {
      all.removeIf(p -> !p.end().isEmpty());
    }
    List<ProcessModel.Process> shown =
        all.size() > MOST_SHOWN ? all.subList(all.size() - MOST_SHOWN, all.size()) : all;
    shown = new ArrayList<>(shown);
    shown.sort(Comparator.comparingLong(ProcessModel.Process::startNanos));
    Map<Integer, TreeItem<ProcessModel.Process>> items = new HashMap<>();
    TreeItem<ProcessModel.Process> root = new TreeItem<>();
    root.setExpanded(true);
    for (ProcessModel.Process p : shown) {
      TreeItem<ProcessModel.Process> item = new TreeItem<>(p);
      item.setExpanded(true);
      TreeItem<ProcessModel.Process> parent = items.get(p.parent());
      (parent == null ? root : parent).getChildren().add(item);
      items.put(p.pid(), item);
    }
    int selected = tree.getSelectionModel().getSelectedIndex();
    tree.setRoot(root);
    tree.getSelectionModel().select(selected);
  }
}
