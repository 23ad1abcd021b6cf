package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Sparkline;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.Locale;
import java.util.function.Function;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/** What a sandbox is, and what it uses. */
final class OverviewView {
  private final SandboxItem item;
  private final GridPane facts = new GridPane(18, 8);
  private final Label calls = Ui.label("–", "big");
  private final ScrollPane node;

  OverviewView(Workbench bench, SandboxItem item) {
    this.item = item;
    Sparkline line = new Sparkline(bench.colors());
    line.setPrefHeight(54);
    line.show(item.historyProperty().get());
    item.historyProperty().addListener((o, before, now) -> line.show(now));
    VBox callCard =
        Ui.column(4, Ui.label(Messages.text("sandboxes.column.calls"), "muted"), calls, line);
    callCard.getStyleClass().add("card");
    HBox cards =
        new HBox(
            12,
            card("overview.cpu", f -> Math.round(f.cpuPercent()) + " %"),
            card("overview.memory", f -> Format.bytes(f.memoryBytes())),
            card("overview.tasks", f -> f.processes() + " / " + f.threads()),
            card(
                "overview.io",
                f -> Format.bytes(f.readPerSecond()) + " / " + Format.bytes(f.writtenPerSecond())),
            Ui.grow(callCard));
    VBox body = Ui.column(16, cards, Ui.label(Messages.text("overview.facts"), "section"), facts);
    body.getStyleClass().add("tab-content");
    node = new ScrollPane(body);
    node.setFitToWidth(true);
    item.figuresProperty()
        .addListener((o, before, now) ->
            calls.setText(now == Figures.NONE ? "–" : Format.count(now.callsPerSecond())));
    item.stateProperty().addListener((o, before, now) -> fill(null));
    fill(null);
  }

  Node node() {
    return node;
  }

  private Node card(String key, Function<Figures, String> of) {
    Label value = Ui.label("–", "big");
    item.figuresProperty()
        .addListener((o, before, now) -> value.setText(now == Figures.NONE ? "–" : of.apply(now)));
    VBox card = Ui.column(4, Ui.label(Messages.text(key), "muted"), value);
    card.getStyleClass().add("card");
    card.setMinWidth(150);
    return card;
  }

  void show(Statistics now) {
    if (!item.state().isAlive()) {
      calls.setText(Messages.text("overview.inAll", Format.count(Figures.calls(now))));
    }
  }

  private @Nullable SandboxSpec known;

  void setSpec(@Nullable SandboxSpec spec) {
    fill(spec);
  }

  private void fill(@Nullable SandboxSpec given) {
    known = given == null ? known : given;
    SandboxSpec spec = known;
    SandboxState s = item.state();
    facts.getChildren().clear();
    fact("overview.id", s.id());
    if (!s.reason().isEmpty()) {
      fact("overview.reason", s.reason());
    }
    fact("overview.image", s.image());
    fact("overview.command", String.join(" ", s.command()));
    fact("overview.engine", s.engine() + (s.platform().isEmpty() ? "" : " (" + s.platform() + ")"));
    fact(
        "overview.created",
        DateTimeFormatter.ofLocalizedDateTime(FormatStyle.MEDIUM)
            .withLocale(Locale.ENGLISH)
            .withZone(ZoneId.systemDefault())
            .format(s.created()));
    if (spec == null) {
      return;
    }
    fact("overview.user", spec.process().user().isEmpty() ? "root" : spec.process().user());
    fact("overview.directory", spec.process().workingDirectory());
    fact("overview.network", network(spec.network()));
    if (spec.mounts().isEmpty()) {
      fact("overview.mounts", Messages.text("overview.mounts.none"));
    }
    for (SandboxSpec.Mount m : spec.mounts()) {
      fact(
          "overview.mounts",
          m.source()
              + " → "
              + m.target()
              + "  "
              + Messages.text(m.writable() ? "overview.writable" : "overview.readOnly"));
    }
    SandboxSpec.Limits l = spec.limits();
    fact(
        "overview.limits",
        Messages.text(
            "overview.limits.text",
            l.memoryBytes() == 0 ? "–" : Format.bytes(l.memoryBytes()),
            l.cpus() == 0 ? "–" : String.valueOf(l.cpus()),
            l.pids() == 0 ? "–" : String.valueOf(l.pids()),
            spec.timeout().map(t -> t.toSeconds() + " s").orElse("–")));
  }

  private static String network(NetworkSpec network) {
    return network.equals(NetworkSpec.NONE)
        ? Messages.text("overview.network.none")
        : network.policy().mode().name().toLowerCase(Locale.ROOT);
  }

  private void fact(String key, String value) {
    int row = facts.getRowCount();
    Label name = Ui.label(Messages.text(key), "muted");
    Label text = Ui.paragraph(Format.line(value, 1000));
    name.setMinWidth(120);
    facts.addRow(row, name, text);
    GridPane.setValignment(name, javafx.geometry.VPos.TOP);
  }
}
