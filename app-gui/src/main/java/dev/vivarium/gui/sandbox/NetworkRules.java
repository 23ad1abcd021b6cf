package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.profiles.Answers;
import dev.vivarium.profiles.Profiles;
import dev.vivarium.profiles.network.NetworkPolicy;
import dev.vivarium.profiles.network.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.layout.HBox;
import org.jspecify.annotations.Nullable;

/**
 * Makes a rule of an attempt that the list shows, and keeps it for later runs with a profile: the
 * one of this run, or another. What the sandbox may do now it changes only by answering a question.
 */
final class NetworkRules {
  private final Workbench bench;
  private final ObservableValue<Statistics.@Nullable Hosts> chosen;
  private final ComboBox<String> profile = new ComboBox<>();
  private final Label what = Ui.label("", "muted");
  private final Button allow;
  private final Button refuse;
  private final HBox node;

  NetworkRules(Workbench bench, ObservableValue<Statistics.@Nullable Hosts> chosen) {
    this.bench = bench;
    this.chosen = chosen;
    allow = Ui.button(Messages.text("network.rule.allow"), () -> keep(true));
    allow.setId("network-allow");
    refuse = Ui.button(Messages.text("network.rule.refuse"), () -> keep(false));
    refuse.setId("network-refuse");
    profile.setAccessibleText(Messages.text("network.rule.profile"));
    profile.setId("network-profile");
    profile.valueProperty().addListener((o, before, now) -> update());
    what.setMinWidth(0);
    node =
        Ui.row(10, what, Ui.spacer(), Ui.label(Messages.text("network.rule.in"), "muted"), profile);
    node.getChildren().addAll(refuse, allow);
    chosen.addListener((o, before, now) -> update());
    update();
  }

  Node node() {
    return node;
  }

  List<Action> actions() {
    return List.of(
        Action.of("network.allow", "", () -> keep(true)),
        Action.of("network.refuse", "", () -> keep(false)));
  }

  /** The profile of the run comes first, if it has one. */
  void setPolicy(NetworkPolicy policy) {
    String key = policy.asking().key();
    bench
        .background()
        .run(
            () -> Profiles.of(bench.environment()).names(),
            names -> {
              List<String> all = new ArrayList<>(names);
              if (!key.isEmpty() && !all.contains(key)) {
                all.addFirst(key);
              }
              profile.getItems().setAll(all);
              if (!key.isEmpty()) {
                profile.setValue(key);
              }
            },
            bench.frame()::tell);
  }

  /** The rule that an attempt comes to; empty if it can be none. */
  static Optional<String> rule(Statistics.Hosts host) {
    String name = host.name();
    String shown = name.indexOf(':') >= 0 && !name.startsWith("[") ? "[" + name + "]" : name;
    boolean transport = host.protocol().equals("tcp") || host.protocol().equals("udp");
    String rule =
        shown
            + (host.port() > 0 && transport ? ":" + host.port() : "")
            + (transport ? "/" + host.protocol() : "");
    try {
      Rule.parse(rule);
      return Optional.of(rule);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private void update() {
    Statistics.Hosts host = chosen.getValue();
    Optional<String> rule = host == null ? Optional.empty() : rule(host);
    what.setText(
        rule.map(r -> Format.line(r, 120))
            .orElse(Messages.text(host == null ? "network.rule.choose" : "network.rule.none")));
    boolean can = rule.isPresent() && profile.getValue() != null;
    allow.setDisable(!can);
    refuse.setDisable(!can);
  }

  private void keep(boolean allowed) {
    Statistics.Hosts host = chosen.getValue();
    Optional<String> rule = host == null ? Optional.empty() : rule(host);
    String of = profile.getValue();
    if (rule.isEmpty() || of == null) {
      bench.frame().tell(Messages.text("network.rule.choose"));
      return;
    }
    bench
        .background()
        .run(
            () ->
                Profiles.of(bench.environment())
                    .answers()
                    .remember(Answers.key(of), rule.get(), allowed),
            file ->
                bench
                    .frame()
                    .tell(
                        Messages.text(
                            allowed ? "network.rule.allowed" : "network.rule.refused",
                            rule.get(),
                            of,
                            file)),
            bench.frame()::tell);
  }
}
