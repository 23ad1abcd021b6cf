package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Screen;
import dev.vivarium.gui.frame.Sparkline;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import dev.vivarium.gui.run.Sample;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import javafx.animation.KeyFrame;
import javafx.animation.Timeline;
import javafx.collections.transformation.FilteredList;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableRow;
import javafx.scene.control.TableView;
import javafx.scene.control.TextField;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.Duration;

/** All sandboxes, live. */
public final class SandboxesScreen implements Screen {
  private enum Show {
    ALL,
    RUNNING,
    FINISHED
  }

  private final SandboxList list;
  private final SandboxActions does;
  private final Consumer<SandboxItem> open;
  private final Workbench bench;
  private final FilteredList<SandboxItem> shown;
  private final TableView<SandboxItem> table = new TableView<>();
  private final TextField search = Ui.search(Messages.text("sandboxes.search"));
  private final VBox node;
  private final StackPane body = new StackPane();
  private final Node empty;
  private final Runnable run;
  private Show show = Show.ALL;
  private final Timeline ages =
      new Timeline(new KeyFrame(Duration.seconds(15), e -> table.refresh()));

  /**
   * @param open goes to the screen of one
   * @param run opens the dialog to start one
   * @param first starts a first one
   * @param file asks for a file to open in one
   * @param sample opens a sample of such a file
   */
  public SandboxesScreen(
      Workbench bench,
      SandboxList list,
      SandboxActions does,
      Consumer<SandboxItem> open,
      Runnable run,
      Runnable first,
      Runnable file,
      Consumer<Sample> sample) {
    this.bench = bench;
    this.list = list;
    this.does = does;
    this.open = open;
    this.run = run;
    this.shown = new FilteredList<>(list.items());
    ages.setCycleCount(Timeline.INDEFINITE);
    search.setId("sandbox-search");
    search.textProperty().addListener((o, before, now) -> filter());
    HBox filters = new HBox();
    filters.setAlignment(Pos.CENTER_LEFT);
    filters.getStyleClass().add("filters");
    ToggleGroup group = new ToggleGroup();
    for (Show s : Show.values()) {
      ToggleButton b =
          new ToggleButton(Messages.text("sandboxes.show." + s.name().toLowerCase(Locale.ROOT)));
      b.getStyleClass()
          .add(s == Show.ALL ? "left-pill" : s == Show.FINISHED ? "right-pill" : "center-pill");
      b.setToggleGroup(group);
      b.setSelected(s == Show.ALL);
      b.setOnAction(e -> {
        b.setSelected(true);
        show = s;
        filter();
      });
      filters.getChildren().add(b);
    }
    empty =
        Ui.empty(
            Messages.text("sandboxes.empty.title"),
            Messages.text("sandboxes.empty.text"),
            first(first),
            Ui.button(Icons.FOLDER, Messages.text("sandboxes.empty.open"), file, "flat"),
            samples(sample),
            Ui.button(Icons.RUN, Messages.text("sandboxes.empty.run"), run, "flat"));
    columns();
    table.setItems(shown);
    table.setId("sandboxes");
    table.setAccessibleText(Messages.text("sandboxes.title"));
    table.setPlaceholder(Ui.placeholder(Messages.text("sandboxes.none")));
    table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
    table.setRowFactory(t -> row());
    table.setOnKeyPressed(e -> {
      if (e.getCode() == KeyCode.ENTER) {
        selected().ifPresent(open);
      } else if (e.getCode() == KeyCode.DELETE) {
        selected().ifPresent(does::remove);
      }
    });
    body.getChildren().add(table);
    node =
        Ui.column(
            12,
            Ui.header(
                Messages.text("sandboxes.title"),
                filters,
                search,
                Ui.button(Icons.RUN, Messages.text("action.run"), run, "accent")),
            Ui.grow(body));
    node.getStyleClass().add("screen");
    list.items().addListener((javafx.beans.Observable o) -> chooseBody());
    list.knownProperty().addListener((o, before, now) -> chooseBody());
    chooseBody();
  }

  private static Node first(Runnable first) {
    var button =
        Ui.button(Icons.TERMINAL, Messages.text("sandboxes.empty.first"), first, "accent", "large");
    button.setId("first-sandbox");
    return button;
  }

  private static Node samples(Consumer<Sample> open) {
    HBox row = Ui.row(2, Ui.label(Messages.text("sandboxes.empty.samples"), "muted"));
    row.setAlignment(Pos.CENTER);
    for (Sample sample : Sample.values()) {
      var button =
          Ui.button(
              Messages.text("sandboxes.empty.sample." + sample.key()),
              () -> open.accept(sample),
              "flat");
      button.setId("sample-" + sample.key());
      row.getChildren().add(button);
    }
    return row;
  }

  private void chooseBody() {
    Node wanted = list.knownProperty().get() && list.items().isEmpty() ? empty : table;
    if (body.getChildren().isEmpty() || body.getChildren().getFirst() != wanted) {
      body.getChildren().setAll(wanted);
    }
  }

  private void filter() {
    String wanted = search.getText().strip().toLowerCase(Locale.ROOT);
    shown.setPredicate(item -> {
      SandboxState s = item.state();
      boolean fits =
          switch (show) {
            case ALL -> true;
            case RUNNING -> s.isAlive();
            case FINISHED -> !s.isAlive();
          };
      return fits
          && (wanted.isEmpty()
              || (s.name() + ' ' + s.image() + ' ' + s.id() + ' ' + String.join(" ", s.command()))
                  .toLowerCase(Locale.ROOT)
                  .contains(wanted));
    });
  }

  private TableRow<SandboxItem> row() {
    TableRow<SandboxItem> row = new TableRow<>();
    row.setOnMouseClicked(e -> {
      if (e.getClickCount() == 2 && !row.isEmpty()) {
        open.accept(row.getItem());
      }
    });
    return row;
  }

  private Optional<SandboxItem> selected() {
    return Optional.ofNullable(table.getSelectionModel().getSelectedItem());
  }

  private void columns() {
    column("name", 235, SandboxesScreen::name);
    column("image", 95, () -> text(SandboxState::image));
    column("command", 175, () -> text(s -> String.join(" ", s.command())));
    column("engine", 80, () -> text(SandboxState::engine));
    column("cpu", 64, () -> figure(f -> Math.round(f.cpuPercent()) + " %"));
    column("memory", 84, () -> figure(f -> Format.bytes(f.memoryBytes())));
    column("calls", 150, this::calls);
    column("state", 190, SandboxesScreen::state);
    column("do", 76, this::buttons);
  }

  private void column(String key, double width, Supplier<SandboxCell.Face> making) {
    TableColumn<SandboxItem, SandboxItem> column =
        new TableColumn<>(key.equals("do") ? "" : Messages.text("sandboxes.column." + key));
    column.setPrefWidth(width);
    column.setMinWidth(Math.min(width, 60));
    column.setSortable(false);
    column.setReorderable(false);
    column.setCellValueFactory(
        d -> new javafx.beans.property.ReadOnlyObjectWrapper<>(d.getValue()));
    column.setCellFactory(c -> {
      SandboxCell cell = new SandboxCell(making.get());
      // What a user or a guest wrote may be of any length, our own words are to be seen whole.
      if (key.equals("state") || key.equals("cpu") || key.equals("memory")) {
        cell.getStyleClass().add("whole");
      }
      return cell;
    });
    table.getColumns().add(column);
  }

  /** A sign and a name of a sandbox, as everywhere. */
  static Node name(SandboxItem item) {
    SandboxCell.Face face = name();
    face.show(item);
    item.stateProperty().addListener((o, before, now) -> face.show(item));
    return face.node();
  }

  private static SandboxCell.Face name() {
    Region dot = new Region();
    Label name = Ui.label("");
    HBox box = Ui.row(9, dot, name);
    return SandboxCell.face(
        box,
        item -> {
          dot.getStyleClass().setAll("dot", item.state().status().word());
          name.setText(Format.line(item.state().name(), 63));
          box.setAccessibleText(item.state().name());
        });
  }

  private static SandboxCell.Face text(Function<SandboxState, String> of) {
    Label label = Ui.label("");
    return SandboxCell.face(label, item -> label.setText(Format.line(of.apply(item.state()), 200)));
  }

  private static SandboxCell.Face figure(Function<Figures, String> of) {
    Label label = Ui.label("");
    return SandboxCell.face(
        label,
        item -> {
          Figures f = item.figuresProperty().get();
          label.setText(f == Figures.NONE ? "–" : of.apply(f));
        });
  }

  private SandboxCell.Face calls() {
    Sparkline line = new Sparkline(bench.colors());
    line.setMaxHeight(22);
    Label number = Ui.label("");
    number.setMinWidth(54);
    number.setAlignment(Pos.CENTER_RIGHT);
    HBox box = Ui.row(8, line, number);
    return SandboxCell.face(
        box,
        item -> {
          box.setVisible(item.state().isAlive());
          line.show(item.historyProperty().get());
          Figures f = item.figuresProperty().get();
          number.setText(f == Figures.NONE ? "–" : Format.count(f.callsPerSecond()));
        });
  }

  private static SandboxCell.Face state() {
    Label label = Ui.label("");
    label.setMinWidth(0);
    return SandboxCell.face(label, item -> label.setText(stateText(item.state())));
  }

  /** In a few words. */
  static String stateText(SandboxState s) {
    Instant now = Instant.now();
    String ago = Format.since(s.finished().orElse(s.created()), now);
    return switch (s.status()) {
      case CREATED -> Messages.text("state.created");
      case RUNNING -> Messages.text("state.running", ago);
      case PAUSED -> Messages.text("state.paused");
      case EXITED -> Messages.text("state.exited", String.valueOf(s.exitCode()), ago);
      case FAILED -> Messages.text("state.failed", Format.line(s.reason(), 120));
    };
  }

  private SandboxCell.Face buttons() {
    SandboxItem[] of = new SandboxItem[1];
    Node stop =
        Ui.iconButton(Icons.STOP, Messages.text("action.sandbox.stop"), () -> does.stop(of[0]));
    Node remove =
        Ui.iconButton(
            Icons.REMOVE, Messages.text("action.sandbox.remove"), () -> does.remove(of[0]));
    StackPane box = new StackPane(stop, remove);
    box.setAlignment(Pos.CENTER_RIGHT);
    return SandboxCell.face(
        box,
        item -> {
          of[0] = item;
          stop.setVisible(item.state().isAlive());
          remove.setVisible(!item.state().isAlive());
        });
  }

  @Override
  public Node node() {
    return node;
  }

  @Override
  public void shown() {
    ages.play();
    table.requestFocus();
  }

  @Override
  public void hidden() {
    ages.stop();
  }

  @Override
  public void find() {
    search.requestFocus();
    search.selectAll();
  }

  @Override
  public List<Action> actions() {
    return List.of(
        Action.of("run", "Shortcut+N", run),
        Action.of("sandbox.open", "", () -> selected().ifPresent(open)),
        Action.of("sandbox.stop", "", () -> selected().ifPresent(does::stop)),
        Action.of("sandbox.pause", "", () -> selected().ifPresent(does::pause)),
        Action.of("sandbox.kill", "", () -> selected().ifPresent(does::kill)),
        Action.of("sandbox.remove", "", () -> selected().ifPresent(does::remove)));
  }
}
