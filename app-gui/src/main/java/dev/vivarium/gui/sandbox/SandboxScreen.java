package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.Entry;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Screen;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.gui.terminal.TerminalView;
import dev.vivarium.gui.watch.ActivityView;
import dev.vivarium.gui.watch.CallFeed;
import dev.vivarium.gui.watch.CallsView;
import dev.vivarium.gui.watch.LatencyView;
import dev.vivarium.gui.watch.ProcessModel;
import dev.vivarium.gui.watch.ProcessesView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import javafx.animation.PauseTransition;
import javafx.beans.value.ChangeListener;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tab;
import javafx.scene.control.TabPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.VBox;
import javafx.util.Duration;
import org.jspecify.annotations.Nullable;

/** One sandbox: what it is, and what it does. It looks only while it is shown. */
public final class SandboxScreen implements Screen {
  /** What a tab shows. */
  private enum Part {
    OVERVIEW,
    TERMINAL,
    CALLS,
    LATENCY,
    ACTIVITY,
    PROCESSES,
    FILES,
    NETWORK,
    LOG,
    REPORT
  }

  private final Workbench bench;
  private final SandboxItem item;
  private final SandboxActions does;
  private final TabPane tabs = new TabPane();
  private final VBox node;
  private final CallsView calls;
  private final LatencyView latency;
  private final ActivityView activity;
  private final ProcessesView processes;
  private final ProcessModel processModel = new ProcessModel();
  private final NetworkView network;
  private final OverviewView overview;
  private final LogView log;
  private final FilesView files;
  private final ReportView report;
  private @Nullable TerminalView terminal;
  private @Nullable SandboxSpec spec;
  private @Nullable CallFeed feed;
  private boolean visible;
  private boolean wantsFirst;
  private final ChangeListener<@Nullable Statistics> figures = (o, before, now) -> take(now);

  /**
   * @param back leads to the list
   */
  public SandboxScreen(Workbench bench, SandboxItem item, SandboxActions does, Runnable back) {
    this.bench = bench;
    this.item = item;
    this.does = does;
    calls = new CallsView(bench);
    latency = new LatencyView(bench);
    activity = new ActivityView(bench);
    processes = new ProcessesView(bench);
    network = new NetworkView(bench);
    overview = new OverviewView(bench, item);
    log = new LogView(bench, item);
    files = new FilesView(bench, item);
    report = new ReportView(bench, item);
    node = Ui.column(12, head(back), Ui.grow(tabs));
    node.getStyleClass().add("screen");
    tabs.setTabClosingPolicy(TabPane.TabClosingPolicy.UNAVAILABLE);
    tabs.setId("sandbox-tabs");
    processes.setModel(processModel);
    for (Part part : Part.values()) {
      Tab tab = new Tab(Messages.text("tab." + word(part)));
      tab.setId("tab-" + word(part));
      tab.setUserData(part);
      tabs.getTabs().add(tab);
    }
    show(Part.OVERVIEW);
    tabs.getSelectionModel()
        .selectedItemProperty()
        .addListener((o, before, now) -> {
          partHidden(part(before));
          before.setContent(null);
          show(part(now));
          partShown(part(now));
        });
    item.stateProperty()
        .addListener((o, before, now) -> {
          if (visible && before.status() != now.status()) {
            stopFeed();
            startFeed();
            files.refresh();
            report.refresh();
            if (part(tabs.getSelectionModel().getSelectedItem()) == Part.TERMINAL) {
              // Looked at before it ran, so there was nothing to attach to yet.
              terminalShown();
            }
          }
        });
    readSpec();
  }

  private static String word(Part part) {
    return part.name().toLowerCase(Locale.ROOT);
  }

  private static Part part(Tab tab) {
    return (Part) tab.getUserData();
  }

  /**
   * Puts into a tab what it shows. What is in other tabs is not in the window: JavaFX goes through
   * all that is there in each frame, whether it is to be seen or not.
   */
  private void show(Part part) {
    tabs.getTabs().get(part.ordinal()).setContent(content(part));
  }

  private @Nullable Node content(Part part) {
    return switch (part) {
      case OVERVIEW -> overview.node();
      case CALLS -> calls.node();
      case LATENCY -> latency.node();
      case ACTIVITY -> activity.node();
      case PROCESSES -> processes.node();
      case FILES -> files.node();
      case NETWORK -> network.node();
      case LOG -> log.node();
      case REPORT -> report.node();
      case TERMINAL -> terminal == null ? null : terminal.node(); // made when it is looked at
    };
  }

  private Node head(Runnable back) {
    Node name = SandboxesScreen.name(item);
    name.getStyleClass().add("screen-title");
    Label state = Ui.label(SandboxesScreen.stateText(item.state()), "badge");
    Runnable colour =
        () -> {
          SandboxState s = item.state();
          state.setText(SandboxesScreen.stateText(s));
          state.getStyleClass().removeAll("good", "bad");
          switch (s.status()) {
            case RUNNING -> state.getStyleClass().add("good");
            case FAILED -> state.getStyleClass().add("bad");
            default -> {
              // as any
            }
          }
        };
    item.stateProperty().addListener((o, before, now) -> colour.run());
    item.figuresProperty().addListener((o, before, now) -> colour.run());
    colour.run();
    Button stop =
        Ui.button(Icons.STOP, Messages.text("action.sandbox.stop"), () -> does.stop(item));
    Button kill = Ui.button(Messages.text("action.sandbox.kill"), () -> does.kill(item));
    Button remove =
        Ui.button(
            Icons.REMOVE,
            Messages.text("action.sandbox.remove"),
            () -> {
              does.remove(item);
              back.run();
            });
    Button pause = Ui.button(Icons.PAUSE, "", () -> does.pause(item));
    pause
        .textProperty()
        .bind(
            item.stateProperty()
                .map(s ->
                    Messages.text(
                        s.status() == SandboxState.Status.PAUSED
                            ? "sandbox.resume"
                            : "sandbox.pause")));
    pause.setId("sandbox-pause");
    stop.setId("sandbox-stop");
    remove.setId("sandbox-remove");
    for (Button b : List.of(pause, stop, kill)) {
      b.visibleProperty().bind(item.stateProperty().map(SandboxState::isAlive));
      b.managedProperty().bind(b.visibleProperty());
    }
    HBox head =
        Ui.row(
            10,
            Ui.iconButton(Icons.BACK, Messages.text("sandbox.back"), back),
            name,
            state,
            Ui.label(
                Format.line(item.state().image(), 60)
                    + "  ·  "
                    + Messages.text("sandbox.engine", item.state().engine()),
                "muted"),
            Ui.spacer(),
            pause,
            stop,
            kill,
            remove);
    head.getStyleClass().add("screen-header");
    return head;
  }

  private void readSpec() {
    SandboxState s = item.state();
    bench
        .background()
        .run(
            () -> Entry.specOf(bench.directories(), s.id()),
            found -> {
              spec = found;
              overview.setSpec(found);
              network.setPolicy(found.network().policy());
              first();
              if (visible && part(tabs.getSelectionModel().getSelectedItem()) == Part.TERMINAL) {
                partShown(Part.TERMINAL);
              }
            },
            problem -> overview.setSpec(null));
  }

  /** Goes to the tab with a terminal; if it has none of its own, to what it writes. */
  public void openFirst() {
    wantsFirst = true;
    first();
  }

  /** Goes to the tab with the report. */
  public void openReport() {
    wantsFirst = false;
    select(Part.REPORT);
  }

  /** Goes to the tab with whom it speaks. */
  public void openNetwork() {
    wantsFirst = false;
    select(Part.NETWORK);
  }

  /** Once it is known what the sandbox is. */
  private void first() {
    SandboxSpec found = spec;
    if (wantsFirst && found != null) {
      wantsFirst = false;
      select(found.process().terminal() ? Part.TERMINAL : Part.LOG);
    }
  }

  private void select(Part part) {
    tabs.getSelectionModel().select(part.ordinal());
  }

  // ---- what is looked at ----

  private void startFeed() {
    if (feed != null || !item.state().isAlive()) {
      if (!item.state().isAlive()) {
        readKept();
      }
      return;
    }
    SandboxState s = item.state();
    CallFeed f =
        new CallFeed(
            CallFeed.of(bench.directories(), s),
            new CallFeed.Listener() {
              @Override
              public void calls(int pid) {
                processModel.calls(pid);
              }

              @Override
              public void event(Event e) {
                tell(e);
              }
            },
            problem ->
                Background.later(() -> {
                  // It may have ended, which the list is about to say.
                  PauseTransition soon = new PauseTransition(Duration.seconds(1));
                  soon.setOnFinished(e -> {
                    if (visible && item.isRunning()) {
                      bench.frame().tell(problem);
                    }
                  });
                  soon.play();
                }));
    feed = f;
    calls.setFeed(f);
    item.setFast(true);
  }

  private void stopFeed() {
    CallFeed f = feed;
    feed = null;
    item.setFast(false);
    if (f != null) {
      f.close();
    }
  }

  /** On the feed's thread. */
  private void tell(Event e) {
    processModel.accept(e);
    activity.accept(e);
    if (e.kind() == EventKind.NETWORK || e.kind() == EventKind.POLICY) {
      network.accept(e);
    }
  }

  /** The last figures of one that has ended. */
  private void readKept() {
    Path kept = StateEntry.of(bench.directories(), item.id()).statistics();
    bench
        .background()
        .run(
            () -> Statistics.decode(Files.readAllBytes(kept)),
            s -> take(s),
            problem -> {
              // Nobody counted while it ran; the views say that there is nothing.
            });
  }

  private void take(@Nullable Statistics now) {
    if (now != null && visible) {
      latency.add(now);
      network.show(now);
      overview.show(now);
    }
  }

  private void partShown(Part part) {
    if (!visible) {
      return;
    }
    switch (part) {
      case CALLS -> calls.shown();
      case LATENCY -> latency.shown();
      case ACTIVITY -> activity.shown();
      case PROCESSES -> processes.shown();
      case FILES -> files.shown();
      case LOG -> log.shown();
      case REPORT -> report.refresh();
      case TERMINAL -> terminalShown();
      case NETWORK -> network.shown();
      case OVERVIEW -> {
        // always there
      }
    }
  }

  private void terminalShown() {
    Tab tab = tabs.getTabs().get(Part.TERMINAL.ordinal());
    SandboxSpec found = spec;
    if (terminal == null && item.isRunning() && found != null) {
      boolean own = found.process().terminal();
      terminal = new TerminalView(bench, item.id(), own ? List.of() : List.of("/bin/sh"));
      tab.setContent(terminal.node());
    }
    if (terminal != null) {
      terminal.shown();
    } else if (!item.state().isAlive()) {
      tab.setContent(
          Ui.empty(Messages.text("terminal.none.title"), Messages.text("terminal.none.text")));
    }
  }

  private void partHidden(Part part) {
    switch (part) {
      case CALLS -> calls.hidden();
      case LATENCY -> latency.hidden();
      case ACTIVITY -> activity.hidden();
      case PROCESSES -> processes.hidden();
      case LOG -> log.hidden();
      case NETWORK -> network.hidden();
      case TERMINAL -> {
        if (terminal != null) {
          terminal.hidden();
        }
      }
      default -> {
        // nothing that goes on
      }
    }
  }

  @Override
  public Node node() {
    return node;
  }

  @Override
  public void shown() {
    visible = true;
    item.statisticsProperty().addListener(figures);
    startFeed();
    partShown(part(tabs.getSelectionModel().getSelectedItem()));
  }

  @Override
  public void hidden() {
    visible = false;
    item.statisticsProperty().removeListener(figures);
    stopFeed();
    partHidden(part(tabs.getSelectionModel().getSelectedItem()));
  }

  @Override
  public void find() {
    switch (part(tabs.getSelectionModel().getSelectedItem())) {
      case CALLS -> calls.find();
      case ACTIVITY -> activity.find();
      case LOG -> log.find();
      case FILES -> files.find();
      case TERMINAL -> {
        if (terminal != null) {
          terminal.find();
        }
      }
      default -> {
        // nothing to look through
      }
    }
  }

  @Override
  public List<Action> actions() {
    List<Action> actions = new ArrayList<>();
    for (Part part : Part.values()) {
      actions.add(
          Action.of("tab." + word(part), "Alt+" + (part.ordinal() + 1) % 10, () -> select(part)));
    }
    Part now = part(tabs.getSelectionModel().getSelectedItem());
    Supplier<List<Action>> more =
        switch (now) {
          case CALLS -> calls::actions;
          case ACTIVITY -> activity::actions;
          case LATENCY -> exports(latency::export);
          case PROCESSES -> exports(processes::export);
          case NETWORK -> network::actions;
          case LOG -> exports(log::export);
          case REPORT -> exports(report::export);
          case TERMINAL -> {
            TerminalView t = terminal;
            yield t == null ? List::of : t::actions;
          }
          default -> List::of;
        };
    actions.addAll(more.get());
    actions.add(Action.of("sandbox.stop", "", () -> does.stop(item)));
    actions.add(Action.of("sandbox.pause", "", () -> does.pause(item)));
    actions.add(Action.of("sandbox.kill", "", () -> does.kill(item)));
    actions.add(Action.of("sandbox.remove", "", () -> does.remove(item)));
    return actions;
  }

  private static Supplier<List<Action>> exports(Runnable export) {
    return () -> List.of(Action.of("view.export", "Shortcut+E", export));
  }

  /** Ends what it has open. */
  public void close() {
    stopFeed();
    if (terminal != null) {
      terminal.close();
    }
  }
}
