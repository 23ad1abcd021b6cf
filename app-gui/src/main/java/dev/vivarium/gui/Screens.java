package dev.vivarium.gui;

import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Frame;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.gui.sandbox.SandboxActions;
import dev.vivarium.gui.sandbox.SandboxItem;
import dev.vivarium.gui.sandbox.SandboxList;
import dev.vivarium.gui.sandbox.SandboxesScreen;
import java.util.List;
import javafx.scene.control.Label;

/** Makes the screens, and the ways between them. */
final class Screens {
  private final Workbench bench;
  private final Frame frame;
  private final SandboxList list;
  private final SandboxActions does;

  Screens(Workbench bench) {
    this.bench = bench;
    this.frame = bench.frame();
    this.list = new SandboxList(bench);
    this.does = new SandboxActions(bench, list);
  }

  void build() {
    SandboxesScreen sandboxes =
        new SandboxesScreen(bench, list, does, this::open, this::run, this::first);
    frame.addPlace(Icons.SANDBOXES, place("sandboxes", 1), sandboxes);
    frame.addSource(this::toSandboxes);
    status();
    frame.show(sandboxes);
    list.start();
  }

  private static Action place(String id, int number) {
    return Action.of("go." + id, "Shortcut+" + number, () -> {});
  }

  private void status() {
    Label running = Ui.label("");
    Label calls = Ui.label("");
    frame.status().getChildren().addAll(running, calls, Ui.spacer());
    Runnable count =
        () -> {
          long alive = list.items().stream().filter(i -> i.state().isAlive()).count();
          running.setText(Messages.text("status.running", alive, list.items().size() - alive));
          double rate =
              list.items().stream()
                  .mapToDouble(i -> i.figuresProperty().get().callsPerSecond())
                  .sum();
          calls.setText(alive == 0 ? "" : Messages.text("status.calls", Format.count(rate)));
        };
    bench.background().every(1000, () -> dev.vivarium.gui.frame.Background.later(count));
  }

  private List<Action> toSandboxes() {
    return list.items().stream()
        .limit(100)
        .map(item -> {
          SandboxState s = item.state();
          return Action.titled(
              "open." + item.id(),
              Messages.text("palette.open", Format.line(s.name(), 63)),
              () -> open(item));
        })
        .toList();
  }

  private void open(SandboxItem item) {}

  private void run() {}

  private void first() {}
}
