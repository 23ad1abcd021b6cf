package dev.vivarium.gui.run;

import dev.vivarium.engine.open.Detection;
import dev.vivarium.engine.open.Detector;
import dev.vivarium.engine.open.Intake;
import dev.vivarium.engine.open.OpenPlan;
import dev.vivarium.engine.open.Planned;
import dev.vivarium.engine.open.Planner;
import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Problem;
import dev.vivarium.gui.frame.Program;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.Profiles;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import javafx.scene.control.Button;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;

/**
 * A file of unknown origin, dropped on the window: what it is, how it would be run, and under which
 * profile; the same as {@code viv open}. The sandbox gets a private copy and never the file.
 */
public final class OpenSheet {
  private static final String UNTRUSTED = "untrusted";

  private final Workbench bench;
  private final BiConsumer<String, Intake> started;
  private final Label what = Ui.paragraph(Messages.text("open.looking"));
  private final ComboBox<OpenPlan> way = new ComboBox<>();
  private final Label command = Ui.paragraph("", "command");
  private final ComboBox<String> profile = new ComboBox<>();
  private final Label state = Ui.paragraph("", "muted");
  private final Button start;
  private final VBox node;
  private @Nullable Future<?> running;
  private @Nullable Looked looked;

  /** What was found out about the file. */
  private record Looked(
      Intake intake, String name, Detection what, Planned plan, List<String> profiles) {}

  /**
   * Makes one, which looks at the file in the background.
   *
   * @param started hears the id of the new sandbox, and what is to be closed when it has ended
   */
  public OpenSheet(Workbench bench, File file, BiConsumer<String, Intake> started) {
    this.bench = bench;
    this.started = started;
    way.setId("open-way");
    way.setAccessibleText(Messages.text("open.way"));
    way.setMaxWidth(Double.MAX_VALUE);
    way.setConverter(
        new StringConverter<>() {
          @Override
          public String toString(@Nullable OpenPlan plan) {
            return plan == null
                ? ""
                : Format.line(plan.label() + Messages.text("open.in", plan.image()), 80);
          }

          @Override
          public @Nullable OpenPlan fromString(String text) {
            return null;
          }
        });
    way.valueProperty().addListener((o, before, now) -> update());
    profile.setMaxWidth(Double.MAX_VALUE);
    profile.getItems().setAll(UNTRUSTED);
    profile.setValue(UNTRUSTED);
    profile.setAccessibleText(Messages.text("run.profile"));
    command.setMaxWidth(Double.MAX_VALUE);
    start = Ui.button(Icons.RUN, Messages.text("open.start"), this::start, "accent");
    start.setDefaultButton(true);
    start.setDisable(true);
    start.setId("open-start");
    what.setId("open-what");
    GridPane grid = new GridPane(14, 10);
    var label = new javafx.scene.layout.ColumnConstraints(110);
    var field = new javafx.scene.layout.ColumnConstraints(420, 520, Double.MAX_VALUE);
    field.setHgrow(javafx.scene.layout.Priority.ALWAYS);
    grid.getColumnConstraints().addAll(label, field);
    grid.addRow(
        0,
        Ui.label(Messages.text("open.file"), "muted"),
        Ui.paragraph(Format.line(file.getPath(), 300)));
    grid.addRow(1, Ui.label(Messages.text("open.is"), "muted"), what);
    grid.addRow(2, Ui.label(Messages.text("open.way"), "muted"), way);
    grid.addRow(3, Ui.label(Messages.text("open.command"), "muted"), command);
    grid.addRow(4, Ui.label(Messages.text("run.profile"), "muted"), profile);
    node =
        Ui.column(
            14,
            grid,
            Ui.paragraph(Messages.text("open.explains"), "muted", "small"),
            Ui.row(
                10,
                state,
                Ui.spacer(),
                Ui.button(Messages.text("run.cancel"), this::cancel),
                start));
    node.setPrefWidth(680);
    running =
        bench.background().run(() -> look(file.toPath()), this::show, problem -> failed(problem));
  }

  /** The form. */
  public Region node() {
    return node;
  }

  /** What it stands for is not wanted any more: removes the copy. */
  public void close() {
    Future<?> r = running;
    if (r != null) {
      r.cancel(true);
    }
    Looked l = looked;
    looked = null;
    if (l != null) {
      bench.background().run(() -> remove(l.intake));
    }
  }

  private Looked look(Path file) throws IOException, Exception {
    Intake intake = Intake.create(bench.directories());
    try {
      Path copy = intake.take(file);
      String name = String.valueOf(copy.getFileName());
      Detection detected = new Detector().detect(copy, name);
      return new Looked(
          intake,
          name,
          detected,
          new Planner().plan(detected),
          Profiles.of(bench.environment()).names());
    } catch (IOException | RuntimeException e) {
      intake.close();
      throw e;
    }
  }

  private void show(Looked found) {
    running = null;
    if (node.getScene() == null) {
      // It was closed meanwhile.
      bench.background().run(() -> remove(found.intake));
      return;
    }
    looked = found;
    what.setText(Format.line(found.what.summary(), 300));
    profile.getItems().setAll(found.profiles);
    profile.setValue(UNTRUSTED);
    switch (found.plan) {
      case Planned.Ready ready -> way.getItems().setAll(ready.plan());
      case Planned.Unsure unsure -> {
        way.getItems().setAll(unsure.ways());
        state.setText(Format.line(unsure.why(), 300));
      }
    }
    if (way.getItems().isEmpty()) {
      state.setText(Messages.text("open.none", state.getText()));
    } else if (found.plan instanceof Planned.Ready) {
      way.getSelectionModel().selectFirst();
    }
    update();
  }

  private void update() {
    OpenPlan plan = way.getValue();
    Looked l = looked;
    command.setText(plan == null || l == null ? "" : Format.line(plan.commandLine(l.name), 300));
    start.setDisable(plan == null || l == null || running != null);
  }

  private void failed(Problem problem) {
    running = null;
    what.setText(problem.what());
    bench.frame().tell(problem);
    update();
  }

  private void start() {
    OpenPlan plan = way.getValue();
    Looked l = looked;
    if (plan == null || l == null) {
      return;
    }
    Program program = bench.program();
    String allowed = profile.getValue();
    state.setText(Messages.text("run.starting"));
    running =
        bench
            .background()
            .run(
                () -> {
                  Profile loaded = Profiles.of(bench.environment()).load(allowed);
                  String home = OpenPlan.home(loaded);
                  List<String> words = new ArrayList<>(List.of("run", "--detach"));
                  words.addAll(List.of("--profile", allowed));
                  words.addAll(plan.flags(l.intake.directory(), home, loaded));
                  words.addAll(List.of(plan.image(), "--"));
                  words.addAll(plan.arguments(l.name, home));
                  return program.runBehind(
                      words, line -> Background.later(() -> state.setText(Format.line(line, 120))));
                },
                id -> {
                  running = null;
                  looked = null;
                  bench.frame().closeOver();
                  started.accept(id, l.intake);
                },
                problem -> {
                  running = null;
                  state.setText(problem.what());
                  bench.frame().tell(problem);
                  update();
                });
    update();
  }

  private void cancel() {
    bench.frame().closeOver();
  }

  /** Removes a copy that no sandbox shows any more. */
  public static void remove(Intake intake) {
    try {
      intake.close();
    } catch (IOException e) {
      // The next one removes it, in a day.
    }
  }
}
