package dev.vivarium.gui;

import dev.vivarium.engine.open.Intake;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.gui.ask.QuestionBar;
import dev.vivarium.gui.ask.Questions;
import dev.vivarium.gui.compare.CompareScreen;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Frame;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Program;
import dev.vivarium.gui.frame.Screen;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.gui.host.DoctorScreen;
import dev.vivarium.gui.host.SettingsScreen;
import dev.vivarium.gui.images.ImagesScreen;
import dev.vivarium.gui.profiles.ProfilesScreen;
import dev.vivarium.gui.run.OpenSheet;
import dev.vivarium.gui.run.RunSheet;
import dev.vivarium.gui.run.Sample;
import dev.vivarium.gui.sandbox.SandboxActions;
import dev.vivarium.gui.sandbox.SandboxItem;
import dev.vivarium.gui.sandbox.SandboxList;
import dev.vivarium.gui.sandbox.SandboxScreen;
import dev.vivarium.gui.sandbox.SandboxesScreen;
import java.io.File;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import javafx.animation.PauseTransition;
import javafx.collections.ListChangeListener;
import javafx.scene.control.Label;
import javafx.stage.FileChooser;
import javafx.util.Duration;
import org.jspecify.annotations.Nullable;

/** Makes the screens, and the ways between them. */
final class Screens {
  /** So many screens of sandboxes are kept; each may hold a terminal. */
  private static final int MOST_OPEN = 20;

  private final Workbench bench;
  private final Frame frame;
  private final SandboxList list;
  private final SandboxActions does;
  private final Questions questions;
  private final Map<String, SandboxScreen> open = new LinkedHashMap<>();
  private final Label running = Ui.label("");
  private final Label calls = Ui.label("");
  private @Nullable Screen home;
  private @Nullable Supplier<ImagesScreen> images;

  Screens(Workbench bench) {
    this.bench = bench;
    this.frame = bench.frame();
    this.list = new SandboxList(bench);
    this.does = new SandboxActions(bench, list);
    this.questions = new Questions(bench);
  }

  void build() {
    Supplier<SandboxesScreen> sandboxes =
        frame.addPlace(
            Icons.SANDBOXES,
            place("sandboxes", 1),
            () ->
                new SandboxesScreen(
                    bench,
                    list,
                    does,
                    this::open,
                    () -> run("host"),
                    this::first,
                    this::chooseFile,
                    this::openSample));
    home = sandboxes.get();
    images =
        frame.addPlace(Icons.IMAGES, place("images", 2), () -> new ImagesScreen(bench, this::run));
    frame.addPlace(Icons.COMPARE, place("compare", 3), () -> new CompareScreen(bench));
    frame.addPlace(Icons.PROFILES, place("profiles", 4), () -> new ProfilesScreen(bench));
    frame.addPlace(Icons.DOCTOR, place("doctor", 5), () -> new DoctorScreen(bench));
    frame.addPlace(Icons.SETTINGS, place("settings", 6), () -> new SettingsScreen(bench));
    frame.addAction(Action.of("run", "Shortcut+N", () -> run("host")));
    frame.addAction(Action.of("pull", "Shortcut+Shift+P", this::pull));
    frame.addAction(Action.of("open", "Shortcut+O", this::chooseFile));
    frame.addAction(Action.of("first", "", this::first));
    for (Sample sample : Sample.values()) {
      frame.addAction(Action.of("sample." + sample.key(), "", () -> openSample(sample)));
    }
    frame.takeFiles(files -> {
      if (files.size() == 1) {
        openFile(files.getFirst());
      } else {
        frame.tell(Messages.text("open.several"));
      }
    });
    list.items().addListener((ListChangeListener<SandboxItem>) c -> look());
    QuestionBar bar = new QuestionBar(questions, this::openNetwork);
    frame.addBelow(bar.node());
    frame.addSource(bar::actions);
    frame.addSource(this::toSandboxes);
    frame.status().getChildren().addAll(running, calls, Ui.spacer());
    frame.begin(sandboxes.get());
  }

  /** They are seen: fills them, and keeps them true. */
  void begin() {
    bench.background().every(1000, () -> Background.later(this::status));
    list.start();
    if (home != null && frame.current() == home) {
      home.shown();
    }
  }

  private static Action place(String id, int number) {
    return Action.of("go." + id, "Shortcut+" + number, () -> {});
  }

  private void status() {
    look();
    long alive = list.items().stream().filter(i -> i.state().isAlive()).count();
    running.setText(Messages.text("status.running", alive, list.items().size() - alive));
    double rate =
        list.items().stream().mapToDouble(i -> i.figuresProperty().get().callsPerSecond()).sum();
    calls.setText(alive == 0 ? "" : Messages.text("status.calls", Format.count(rate)));
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

  private void open(SandboxItem item) {
    frame.show(screen(item));
  }

  private void look() {
    questions.look(list.items().stream().map(SandboxItem::state).toList());
  }

  private void openNetwork(String id) {
    list.find(id)
        .ifPresent(item -> {
          SandboxScreen screen = screen(item);
          frame.show(screen);
          screen.openNetwork();
        });
  }

  private SandboxScreen screen(SandboxItem item) {
    SandboxScreen known = open.get(item.id());
    if (known != null) {
      return known;
    }
    if (open.size() >= MOST_OPEN) {
      String oldest = open.keySet().iterator().next();
      open.remove(oldest).close();
    }
    SandboxScreen made = new SandboxScreen(bench, item, does, this::home);
    open.put(item.id(), made);
    return made;
  }

  private void home() {
    if (home != null) {
      frame.show(home);
    }
  }

  private void pull() {
    if (images != null) {
      frame.show(images.get());
      images.get().pull();
    }
  }

  private void run(String image) {
    RunSheet sheet = new RunSheet(bench, id -> openSoon(id, 40)).withImage(image);
    frame.openSheet(Messages.text("run.title"), sheet.node());
    sheet.focus();
  }

  /** A sandbox that was started just now is in the list a moment later. */
  private void openSoon(String id, int tries) {
    list.readSoon();
    Optional<SandboxItem> found = list.find(id);
    if (found.isPresent()) {
      SandboxScreen screen = screen(found.get());
      frame.show(screen);
      if (found.get().state().isAlive()) {
        screen.openFirst();
      }
    } else if (tries > 0) {
      PauseTransition pause = new PauseTransition(Duration.millis(100));
      pause.setOnFinished(e -> openSoon(id, tries - 1));
      pause.play();
    }
  }

  private void chooseFile() {
    FileChooser chooser = new FileChooser();
    chooser.setTitle(Messages.text("open.title"));
    File file = chooser.showOpenDialog(frame.root().getScene().getWindow());
    if (file != null) {
      openFile(file);
    }
  }

  /** Something to open, for who has no download at hand. */
  private void openSample(Sample sample) {
    bench.background().run(() -> sample.write(bench), this::openFile, frame::tell);
  }

  /** A file of unknown origin. */
  void openFile(File file) {
    OpenSheet sheet =
        new OpenSheet(
            bench,
            file,
            (id, intake) -> {
              removeAtEnd(id, intake, 40);
              openSoon(id, 40);
            });
    frame.openSheet(Messages.text("open.title"), sheet.node(), sheet::close);
  }

  /** The copy that a sandbox shows is needed for as long as it lives. */
  private void removeAtEnd(String id, Intake intake, int tries) {
    Optional<SandboxItem> found = list.find(id);
    if (found.isPresent() && found.get().state().isAlive()) {
      found
          .get()
          .stateProperty()
          .addListener((o, before, now) -> {
            if (before.isAlive() && !now.isAlive()) {
              bench.background().run(() -> OpenSheet.remove(intake));
              screen(found.get()).openReport();
              frame.tell(Messages.text("open.ended", now.name()));
            }
          });
    } else if (found.isPresent()) {
      bench.background().run(() -> OpenSheet.remove(intake));
      screen(found.get()).openReport();
    } else if (tries > 0) {
      PauseTransition pause = new PauseTransition(Duration.millis(100));
      pause.setOnFinished(e -> removeAtEnd(id, intake, tries - 1));
      pause.play();
    }
  }

  /** The machine's own files, a shell, no network: nothing to fetch, nothing to decide. */
  private void first() {
    frame.tell(Messages.text("first.starting"));
    Program program = bench.program();
    bench
        .background()
        .run(
            () ->
                program.run(
                    List.of("run", "--detach", "-i", "-t", "--record", "host", "sh"), line -> {}),
            id -> openSoon(id, 40),
            frame::tell);
  }
}
