package dev.vivarium.gui.compare;

import dev.vivarium.engine.compare.Preset;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Program;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.ImageStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.Spinner;
import javafx.scene.control.TextField;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;

/** What is to be compared, how often, and under what; with the command that it comes to. */
final class CompareForm {
  private static final int MOST_RUNS = 1000;

  private final Workbench bench;
  private final ComboBox<Optional<Preset>> work = new ComboBox<>();
  private final TextField command = new TextField();
  private final ComboBox<String> image = new ComboBox<>();
  private final Map<String, CheckBox> engines = new LinkedHashMap<>();
  private final Spinner<Integer> runs = new Spinner<>(1, MOST_RUNS, 5);
  private final CheckBox calls = new CheckBox(Messages.text("compare.countCalls"));
  private final Label shown = Ui.label("", "command");
  private final GridPane grid = new GridPane(14, 10);
  private final VBox node;
  private boolean complete;
  private Runnable changed = () -> {};

  CompareForm(Workbench bench) {
    this.bench = bench;
    Arrays.stream(Preset.values()).forEach(p -> work.getItems().add(Optional.of(p)));
    work.getItems().add(Optional.empty());
    work.setConverter(new Named());
    work.setMaxWidth(Double.MAX_VALUE);
    work.setId("compare-work");
    command.setPromptText(Messages.text("compare.command.prompt"));
    command.setId("compare-command");
    image.setEditable(true);
    image.getItems().add("host");
    image.setValue("host");
    image.setMaxWidth(Double.MAX_VALUE);
    image.setId("compare-image");
    for (String engine : CompareRequest.ENGINES) {
      CheckBox box = new CheckBox(engine);
      box.setSelected(true);
      box.setId("compare-engine-" + engine);
      Ui.tip(box, Messages.text("compare.engine." + engine));
      box.setOnAction(e -> update());
      engines.put(engine, box);
    }
    runs.setEditable(true);
    runs.setPrefWidth(90);
    runs.getEditor().setId("compare-runs");
    runs.getEditor().setAccessibleText(Messages.text("compare.runs"));
    runs.setAccessibleText(Messages.text("compare.runs"));
    calls.setSelected(true);
    ColumnConstraints label = new ColumnConstraints(80);
    ColumnConstraints field = new ColumnConstraints(260, 320, Double.MAX_VALUE);
    field.setHgrow(Priority.ALWAYS);
    grid.getColumnConstraints().addAll(label, field, label, field);
    add(0, 0, "compare.work", work);
    add(0, 1, "compare.command", command);
    add(2, 0, "compare.image", image);
    add(2, 1, "compare.engines", Ui.row(14, engines.values().toArray(new Node[0])));
    add(2, 2, "compare.runs", Ui.row(14, runs, calls));
    shown.setMaxWidth(Double.MAX_VALUE);
    shown.setMinWidth(0);
    grid.add(
        Ui.row(6, Ui.grow(shown), Ui.iconButton(Icons.COPY, Messages.text("run.copy"), this::copy)),
        0,
        2,
        2,
        1);
    node = Ui.column(0, grid);
    work.valueProperty().addListener((o, before, now) -> workChanged());
    command.textProperty().addListener((o, before, now) -> update());
    image.getEditor().textProperty().addListener((o, before, now) -> update());
    runs.valueProperty().addListener((o, before, now) -> update());
    runs.getEditor().textProperty().addListener((o, before, now) -> typed(now));
    calls.setOnAction(e -> update());
    work.setValue(Optional.of(Preset.START));
  }

  private final class Named extends StringConverter<Optional<Preset>> {
    @Override
    public String toString(@Nullable Optional<Preset> preset) {
      return preset == null
          ? ""
          : Messages.text("compare.preset." + preset.map(Preset::word).orElse("own"));
    }

    @Override
    public Optional<Preset> fromString(String text) {
      return Optional.empty();
    }
  }

  private void add(int column, int row, String key, Node field) {
    Label text = Ui.label(Messages.text(key), "muted");
    text.setLabelFor(field);
    field.setAccessibleText(Messages.text(key));
    grid.add(text, column, row);
    grid.add(field, column + 1, row);
  }

  Node node() {
    return node;
  }

  /** Called after each change. */
  void onChange(Runnable listener) {
    changed = listener;
  }

  void focus() {
    (command.isDisabled() ? work : command).requestFocus();
  }

  void choose(Preset preset) {
    work.setValue(Optional.of(preset));
  }

  /** A command of the user's own. */
  void offer(String in, List<String> words) {
    image.getEditor().setText(in);
    image.setValue(in);
    work.setValue(Optional.empty());
    String line = Program.asCommand(words);
    command.setText(line.substring(Math.min(line.length(), "viv ".length())));
  }

  /** While a comparison runs nothing can be changed. */
  void setRunning(boolean running) {
    grid.setDisable(running);
  }

  /** Reads which images there are. */
  void load() {
    bench
        .background()
        .run(
            () -> {
              List<String> all = new ArrayList<>(List.of("host"));
              ImageStore.summaries(ImageStore.defaultRoot())
                  .forEach(i -> i.tags().forEach(t -> all.add(ImageReference.familiar(t))));
              return all;
            },
            all -> {
              String before = image.getEditor().getText();
              image.getItems().setAll(all);
              image.getEditor().setText(before);
            },
            bench.frame()::tell);
  }

  /** A number counts while it is typed, not only once the field is left. */
  private void typed(String text) {
    if (text.matches("[1-9][0-9]{0,2}|" + MOST_RUNS)) {
      runs.getValueFactory().setValue(Integer.valueOf(text));
    }
  }

  private void workChanged() {
    Optional<Preset> preset = work.getValue();
    boolean own = preset == null || preset.isEmpty();
    command.setDisable(!own);
    command.setText(own ? "" : preset.get().command().getLast());
    update();
    if (own) {
      command.requestFocus();
    }
  }

  CompareRequest request() {
    Optional<Preset> preset = work.getValue();
    Integer count = runs.getValue();
    return new CompareRequest(
        image.getEditor().getText().strip(),
        preset == null ? Optional.empty() : preset,
        command.getText(),
        engines.entrySet().stream()
            .filter(e -> e.getValue().isSelected())
            .map(Map.Entry::getKey)
            .toList(),
        count == null ? 1 : count,
        calls.isSelected());
  }

  boolean isComplete() {
    return complete;
  }

  private void update() {
    CompareRequest wanted = request();
    try {
      complete = wanted.isComplete();
      shown.setText(Program.asCommand(wanted.words()));
    } catch (IllegalArgumentException e) {
      complete = false;
      shown.setText(String.valueOf(e.getMessage()));
    }
    changed.run();
  }

  private void copy() {
    ClipboardContent content = new ClipboardContent();
    content.putString(shown.getText());
    Clipboard.getSystemClipboard().setContent(content);
    bench.frame().tell(Messages.text("run.copied"));
  }
}
