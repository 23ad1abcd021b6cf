package dev.vivarium.gui.run;

import dev.vivarium.engine.Engine;
import dev.vivarium.engine.EngineProbe;
import dev.vivarium.engine.Engines;
import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Program;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.ProfileException;
import dev.vivarium.profiles.Profiles;
import java.io.File;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import javafx.animation.PauseTransition;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.Duration;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;

/** The form to start a sandbox with. It shows the command that it comes to, and runs that. */
public final class RunSheet {
  private final Workbench bench;
  private final Consumer<String> started;
  private final ComboBox<String> image = new ComboBox<>();
  private final TextField command = new TextField();
  private final TextField name = new TextField();
  private final ComboBox<String> profile = new ComboBox<>();
  private final Label profileText = Ui.paragraph("", "muted", "small");
  private final ComboBox<String> engine = new ComboBox<>();
  private final Label engineText = Ui.paragraph("", "muted", "small");
  private final Label engineAdvice = Ui.paragraph("", "muted", "small");
  private final ComboBox<String> network = new ComboBox<>();
  private final TextField allow = new TextField();
  private final TextField memory = new TextField();
  private final TextField cpus = new TextField();
  private final TextField timeout = new TextField();
  private final CheckBox terminal = new CheckBox(Messages.text("run.terminal"));
  private final CheckBox record = new CheckBox(Messages.text("run.record"));
  private final MountsBox mounts;
  private final Label shown = Ui.paragraph("", "command");
  private final Label state = Ui.paragraph("", "muted");
  private final Button start;
  private final VBox node;
  private final Map<String, String> profileWords = new LinkedHashMap<>();
  private final Map<String, String> engineWords = new LinkedHashMap<>();
  private final PauseTransition rest = new PauseTransition(Duration.millis(300));
  private @Nullable Future<?> running;

  /**
   * @param started hears the id of the new sandbox
   */
  public RunSheet(Workbench bench, Consumer<String> started) {
    this.bench = bench;
    this.started = started;
    image.setEditable(true);
    image.getItems().add("host");
    image.setValue("host");
    image.setId("run-image");
    image.setMaxWidth(Double.MAX_VALUE);
    command.setPromptText(Messages.text("run.command.prompt"));
    command.setId("run-command");
    name.setPromptText(Messages.text("run.name.prompt"));
    profile.setMaxWidth(Double.MAX_VALUE);
    profile.setId("run-profile");
    profile.setAccessibleText(Messages.text("run.profile"));
    profile.setConverter(named("run.profile.empty"));
    network.setConverter(named("run.network.empty"));
    profile.getItems().add("");
    profile.setValue("");
    engine.setConverter(named("run.engine.usual"));
    engine.getItems().setAll("", "auto", "sentry", "microvm");
    engine.setValue("");
    engine.setId("run-engine");
    engine.setAccessibleText(Messages.text("run.engine"));
    engineAdvice.setId("run-advice");
    engine.setMaxWidth(Double.MAX_VALUE);
    network.getItems().add("");
    network.getItems().addAll(Field.NETWORK.choices());
    network.setValue("");
    network.setId("run-network");
    network.setAccessibleText(Messages.text("run.network"));
    network.setMaxWidth(Double.MAX_VALUE);
    allow.setPromptText(Messages.text("run.allow.prompt"));
    allow.setAccessibleText(Messages.text("run.allow.prompt"));
    memory.setPromptText("512m");
    cpus.setPromptText("1.5");
    timeout.setPromptText("30s");
    mounts = new MountsBox(bench, this::update);
    terminal.setSelected(true);
    record.setSelected(bench.settings().record());
    start = Ui.button(Icons.RUN, Messages.text("run.start"), this::start, "accent");
    start.setDefaultButton(true);
    start.setId("run-start");
    GridPane grid = new GridPane(14, 10);
    var label = new javafx.scene.layout.ColumnConstraints(96);
    var field = new javafx.scene.layout.ColumnConstraints(260, 300, 400);
    field.setHgrow(javafx.scene.layout.Priority.ALWAYS);
    grid.getColumnConstraints().addAll(label, field, label, field);
    add(grid, 0, 0, "run.image", image);
    add(grid, 0, 1, "run.command", command);
    add(grid, 0, 2, "run.name", name);
    add(grid, 0, 3, "run.options", Ui.column(6, terminal, record));
    add(
        grid,
        0,
        4,
        "run.limits",
        Ui.row(
            6,
            named("run.memory", memory),
            named("run.cpus", cpus),
            named("run.timeout", timeout)));
    add(grid, 2, 0, "run.profile", Ui.column(3, profile, profileText));
    add(grid, 2, 1, "run.engine", Ui.column(3, engine, engineText, engineAdvice));
    add(grid, 2, 2, "run.network", Ui.column(6, network, allow));
    add(grid, 2, 3, "run.mounts", mounts.node());
    GridPane.setRowSpan(grid.getChildren().getLast(), 2);
    shown.setMaxWidth(Double.MAX_VALUE);
    HBox feet =
        Ui.row(
            10,
            Ui.button(Icons.COPY, Messages.text("run.copy"), this::copy, "flat"),
            state,
            Ui.spacer(),
            Ui.button(Messages.text("run.cancel"), this::cancel),
            start);
    node =
        Ui.column(14, grid, Ui.label(Messages.text("run.comesTo"), "muted", "small"), shown, feet);
    node.setPrefWidth(880);
    mounts.takeDrops(node);
    rest.setOnFinished(e -> advise());
    listen();
    update();
    load();
  }

  /** The form. */
  public Region node() {
    return node;
  }

  /** To the first field. */
  public void focus() {
    command.requestFocus();
  }

  /** Fills in an image. */
  public RunSheet withImage(String reference) {
    image.setValue(reference);
    return this;
  }

  /** Shows what it means that nothing was chosen. */
  private static StringConverter<String> named(String key) {
    return new StringConverter<>() {
      @Override
      public String toString(@Nullable String value) {
        return value == null || value.isEmpty() ? Messages.text(key) : value;
      }

      @Override
      public String fromString(String text) {
        return text.equals(Messages.text(key)) ? "" : text;
      }
    };
  }

  private static Node named(String key, TextField field) {
    field.setAccessibleText(Messages.text(key));
    field.setPrefColumnCount(5);
    return Ui.column(2, Ui.label(Messages.text(key), "muted", "small"), field);
  }

  private static void add(GridPane grid, int column, int row, String key, Node field) {
    Label text = Ui.label(Messages.text(key), "muted");
    text.setLabelFor(field);
    GridPane.setValignment(text, javafx.geometry.VPos.TOP);
    text.setPadding(new javafx.geometry.Insets(7, 0, 0, 0));
    GridPane.setValignment(field, javafx.geometry.VPos.TOP);
    field.setAccessibleText(Messages.text(key));
    grid.add(text, column, row);
    grid.add(field, column + 1, row);
  }

  private void listen() {
    for (TextField f : List.of(command, name, allow, memory, cpus, timeout, image.getEditor())) {
      f.textProperty().addListener((o, a, b) -> update());
    }
    for (ComboBox<String> c : List.of(profile, engine, network)) {
      c.valueProperty().addListener((o, a, b) -> update());
    }
    terminal.selectedProperty().addListener((o, a, b) -> update());
    record.selectedProperty().addListener((o, a, b) -> update());
  }

  // ---- what there is to choose from ----

  private record Choices(
      List<String> images, Map<String, String> profiles, Map<String, String> engines) {}

  private void load() {
    bench
        .background()
        .run(
            this::choices,
            found -> {
              String before = image.getEditor().getText();
              image.getItems().setAll(found.images);
              image.getEditor().setText(before);
              profileWords.putAll(found.profiles);
              profile.getItems().setAll(found.profiles.keySet());
              profile.setValue("");
              engineWords.putAll(found.engines);
              update();
            },
            bench.frame()::tell);
  }

  private Choices choices() throws Exception {
    List<String> images = new ArrayList<>(List.of("host"));
    ImageStore.summaries(ImageStore.defaultRoot())
        .forEach(
            i -> i.tags().forEach(t -> images.add(dev.vivarium.image.ImageReference.familiar(t))));
    Map<String, String> profiles = new LinkedHashMap<>();
    profiles.put("", Messages.text("run.profile.none"));
    Profiles all = Profiles.of(bench.environment());
    for (String n : all.names()) {
      try {
        profiles.put(n, all.load(n).text(Field.DESCRIPTION).orElse(""));
      } catch (ProfileException e) {
        profiles.put(n, String.valueOf(e.getMessage()));
      }
    }
    Map<String, String> engines = new LinkedHashMap<>();
    engines.put("", Messages.text("run.engine.usual.text"));
    engines.put("auto", Messages.text("run.engine.auto"));
    for (Engine e : Engines.all()) {
      EngineProbe probe = e.probe();
      String why =
          probe.findings().stream()
              .filter(f -> f.level() == EngineProbe.Level.MISSING)
              .map(f -> f.name() + ": " + f.detail())
              .findFirst()
              .orElse("");
      engines.put(
          e.name(),
          probe.usable()
              ? Messages.text("run.engine." + e.name())
              : Messages.text("run.engine.missing", why));
    }
    return new Choices(images, profiles, engines);
  }

  // ---- what it comes to ----

  private RunRequest request() {
    return new RunRequest(
        image.getEditor().getText(),
        command.getText(),
        name.getText(),
        text(profile),
        text(engine),
        text(network),
        allow.getText(),
        mounts.mounts(),
        memory.getText(),
        cpus.getText(),
        timeout.getText(),
        terminal.isSelected(),
        record.isSelected());
  }

  private static String text(ComboBox<String> box) {
    String value = box.getValue();
    return value == null ? "" : value;
  }

  /** What the engine is that suits this run, and why; as {@code --engine auto} would say it. */
  private void advise() {
    RunRequest now;
    List<String> words;
    try {
      now = request();
      words = Program.words(now.command());
    } catch (IllegalArgumentException e) {
      return;
    }
    bench
        .background()
        .run(
            () -> Advice.of(bench, now.image(), words, now.memory()),
            advice -> {
              if (now.equals(request())) {
                engineAdvice.setText(
                    Messages.text(
                        text(engine).equals("auto") ? "run.advice.auto" : "run.advice",
                        advice.engine(),
                        Format.line(advice.reason(), 200)));
              }
            },
            problem -> engineAdvice.setText(""));
  }

  /** Shows a file or folder of this machine inside, read-only. */
  public void mount(File file) {
    mounts.add(file);
  }

  private void update() {
    rest.playFromStart();
    profileText.setText(profileWords.getOrDefault(text(profile), ""));
    engineText.setText(engineWords.getOrDefault(text(engine), ""));
    allow.setVisible(!text(network).equals("none") && !text(network).equals("full"));
    allow.setManaged(allow.isVisible());
    try {
      shown.setText(Program.asCommand(request().words()));
      state.setText("");
      start.setDisable(running != null || image.getEditor().getText().isBlank());
    } catch (IllegalArgumentException e) {
      state.setText(String.valueOf(e.getMessage()));
      start.setDisable(true);
    }
  }

  private void copy() {
    ClipboardContent content = new ClipboardContent();
    content.putString(shown.getText());
    Clipboard.getSystemClipboard().setContent(content);
    bench.frame().tell(Messages.text("run.copied"));
  }

  private void cancel() {
    if (running != null) {
      running.cancel(true);
      running = null;
      update();
      state.setText(Messages.text("run.cancelled"));
    } else {
      bench.frame().closeOver();
    }
  }

  private void start() {
    List<String> words = request().words();
    Program program = bench.program();
    state.setText(Messages.text("run.starting"));
    start.setDisable(true);
    running =
        bench
            .background()
            .run(
                () ->
                    program.run(
                        words,
                        line -> Background.later(() -> state.setText(Format.line(line, 120)))),
                id -> {
                  running = null;
                  bench.frame().closeOver();
                  started.accept(id);
                },
                problem -> {
                  running = null;
                  update();
                  state.setText(problem.what());
                  bench.frame().tell(problem);
                });
  }
}
