package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.engine.watch.export.EventText;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Exports;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.profiles.network.NetworkPolicy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import javafx.animation.KeyFrame;
import javafx.animation.Timeline;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.scene.Node;
import javafx.scene.control.ListView;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.layout.VBox;
import javafx.util.Duration;
import org.jspecify.annotations.Nullable;

/** Who was spoken with, what was refused, and all of it in order. */
final class NetworkView {
  private static final int MOST = 500;

  private final Workbench bench;
  private final TableView<Statistics.Hosts> table = new TableView<>();
  private final ListView<String> activity = new ListView<>();
  private final Deque<String> lines = new ArrayDeque<>();
  private final NetworkRules rules;
  private final VBox node;
  private boolean changed;
  private final Timeline clock = new Timeline(new KeyFrame(Duration.millis(300), e -> refresh()));

  NetworkView(Workbench bench) {
    this.bench = bench;
    column("network.host", 300, h -> Ui.label(Escape.c(h.name())));
    column("network.port", 110, h -> Ui.label(h.port() + "/" + Escape.c(h.protocol())));
    column(
        "network.decision",
        110,
        h ->
            Ui.label(
                Messages.text(h.allowed() ? "network.allowed" : "network.refused"),
                "badge",
                h.allowed() ? "good" : "bad"));
    column("network.connections", 110, h -> Ui.label(String.valueOf(h.connections())));
    column("network.sent", 110, h -> Ui.label(Format.bytes(h.sent())));
    column("network.received", 110, h -> Ui.label(Format.bytes(h.received())));
    column(
        "network.latency",
        110,
        h -> Ui.label(h.latency().count() == 0 ? "–" : Format.nanos(h.latency().percentile(50))));
    table.setId("hosts");
    table.setAccessibleText(Messages.text("network.hosts.name"));
    activity.setAccessibleText(Messages.text("network.activity.name"));
    table.getStyleClass().add("dense");
    table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
    table.setPlaceholder(Ui.placeholder(Messages.text("network.none")));
    rules = new NetworkRules(bench, table.getSelectionModel().selectedItemProperty());
    activity.setPlaceholder(Ui.placeholder(Messages.text("network.quiet")));
    activity.getStyleClass().addAll("code", "dense-list");
    activity.setFixedCellSize(22);
    activity.setPrefHeight(200);
    node =
        Ui.column(
            8,
            Ui.row(
                8,
                Ui.label(Messages.text("network.hosts"), "section"),
                Ui.spacer(),
                Ui.iconButton(Icons.EXPORT, Messages.text("network.export"), this::export)),
            Ui.grow(table),
            rules.node(),
            Ui.label(Messages.text("network.activity"), "section"),
            activity);
    node.getStyleClass().add("tab-content");
    clock.setCycleCount(Timeline.INDEFINITE);
  }

  private void column(String key, double width, Function<Statistics.Hosts, Node> of) {
    TableColumn<Statistics.Hosts, Statistics.Hosts> column = new TableColumn<>(Messages.text(key));
    column.setPrefWidth(width);
    column.setSortable(false);
    column.setCellValueFactory(d -> new ReadOnlyObjectWrapper<>(d.getValue()));
    column.setCellFactory(c ->
        new javafx.scene.control.TableCell<>() {
          @Override
          protected void updateItem(Statistics.@Nullable Hosts host, boolean none) {
            super.updateItem(host, none);
            setGraphic(none || host == null ? null : of.apply(host));
          }
        });
    table.getColumns().add(column);
  }

  Node node() {
    return node;
  }

  /** On the feed's thread. */
  void accept(Event e) {
    String line =
        String.format(Locale.ROOT, "%10.3f s  %s", e.timeNanos() / 1e9, EventText.describe(e));
    synchronized (lines) {
      lines.addLast(Format.line(line, 300));
      if (lines.size() > MOST) {
        lines.removeFirst();
      }
      changed = true;
    }
  }

  void show(Statistics now) {
    List<Statistics.Hosts> hosts = new ArrayList<>(now.hosts());
    if (!hosts.equals(table.getItems())) {
      int selected = table.getSelectionModel().getSelectedIndex();
      table.getItems().setAll(hosts);
      table.getSelectionModel().select(selected);
    }
  }

  /** Under which policy it runs. */
  void setPolicy(NetworkPolicy policy) {
    rules.setPolicy(policy);
  }

  /** What can be done here. */
  List<Action> actions() {
    List<Action> all = new ArrayList<>(rules.actions());
    all.add(Action.of("view.export", "Shortcut+E", this::export));
    return all;
  }

  /** Writes the hosts, one in a line. */
  void export() {
    List<Statistics.Hosts> all = List.copyOf(table.getItems());
    StringBuilder out =
        new StringBuilder("host,port,protocol,decision,connections,sent,received,p50\n");
    for (Statistics.Hosts h : all) {
      out.append(Exports.cell(Escape.c(h.name()))).append(',').append(h.port()).append(',');
      out.append(Exports.cell(Escape.c(h.protocol()))).append(',');
      out.append(h.allowed() ? "allowed," : "refused,").append(h.connections()).append(',');
      out.append(h.sent()).append(',').append(h.received()).append(',');
      out.append(h.latency().count() == 0 ? 0 : h.latency().percentile(50));
      out.append('\n');
    }
    Exports.save(
        bench,
        node,
        Messages.text("network.export"),
        "hosts.csv",
        file -> out.toString().getBytes(StandardCharsets.UTF_8));
  }

  void shown() {
    clock.play();
  }

  void hidden() {
    clock.stop();
  }

  private void refresh() {
    List<String> all;
    synchronized (lines) {
      if (!changed) {
        return;
      }
      changed = false;
      all = new ArrayList<>(lines);
    }
    activity.getItems().setAll(all);
    activity.scrollTo(all.size() - 1);
  }
}
