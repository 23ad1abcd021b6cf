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
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
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
import org.jspecify.annotations.Nullable;

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
   */
  public SandboxesScreen(
      Workbench bench,
      SandboxList list,
      SandboxActions does,
      Consumer<SandboxItem> open,
      Runnable run,
      Runnable first,
      Runnable file) {
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
            Ui.button(Icons.RUN, Messages.text("sandboxes.empty.run"), run, "flat"));
    columns();
    table.setItems(shown);
    table.setId("sandboxes");
    table.setPlaceholder(Ui.label(Messages.text("sandboxes.none"), "muted"));
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
    column("name", 190, item -> name(item));
    column("image", 130, item -> text(item, s -> s.image()));
    column("command", 220, item -> text(item, s -> String.join(" ", s.command())));
    column("engine", 84, item -> text(item, s -> s.engine()));
    column("cpu", 64, item -> figure(item, f -> Math.round(f.cpuPercent()) + " %"));
    column("memory", 84, item -> figure(item, f -> Format.bytes(f.memoryBytes())));
    column("calls", 190, this::calls);
    column("state", 170, item -> state(item));
    column("do", 84, this::buttons);
  }

  private void column(String key, double width, Function<SandboxItem, Node> make) {
    TableColumn<SandboxItem, SandboxItem> column =
        new TableColumn<>(key.equals("do") ? "" : Messages.text("sandboxes.column." + key));
    column.setPrefWidth(width);
    column.setMinWidth(Math.min(width, 60));
    column.setSortable(false);
    column.setReorderable(false);
    column.setCellValueFactory(
        d -> new javafx.beans.property.ReadOnlyObjectWrapper<>(d.getValue()));
    column.setCellFactory(c ->
        new javafx.scene.control.TableCell<>() {
          private @Nullable SandboxItem made;

          @Override
          protected void updateItem(@Nullable SandboxItem item, boolean none) {
            super.updateItem(item, none);
            if (none || item == null) {
              made = null;
              setGraphic(null);
            } else if (made != item) {
              made = item;
              setGraphic(make.apply(item));
            }
          }
        });
    table.getColumns().add(column);
  }

  /** A sign and a name of a sandbox, as everywhere. */
  static Node name(SandboxItem item) {
    Region dot = new Region();
    Label name = Ui.label(Format.line(item.state().name(), 63));
    Runnable colour = () -> dot.getStyleClass().setAll("dot", item.state().status().word());
    item.stateProperty().addListener((o, before, now) -> colour.run());
    colour.run();
    HBox box = Ui.row(9, dot, name);
    box.setAccessibleText(item.state().name());
    return box;
  }

  private static Node text(SandboxItem item, Function<SandboxState, String> of) {
    return Ui.label(Format.line(of.apply(item.state()), 200));
  }

  private static Node figure(SandboxItem item, Function<Figures, String> of) {
    Label label = Ui.label("");
    Runnable set =
        () -> {
          Figures f = item.figuresProperty().get();
          label.setText(f == Figures.NONE ? "–" : of.apply(f));
        };
    item.figuresProperty().addListener((o, before, now) -> set.run());
    set.run();
    return label;
  }

  private Node calls(SandboxItem item) {
    Sparkline line = new Sparkline(bench.colors());
    line.show(item.historyProperty().get());
    item.historyProperty().addListener((o, before, now) -> line.show(now));
    Label number = (Label) figure(item, f -> Format.count(f.callsPerSecond()));
    number.setMinWidth(54);
    number.setAlignment(Pos.CENTER_RIGHT);
    HBox box = Ui.row(8, line, number);
    box.visibleProperty().bind(item.stateProperty().map(SandboxState::isAlive));
    return box;
  }

  private static Node state(SandboxItem item) {
    Label label = Ui.label(stateText(item.state()));
    item.stateProperty().addListener((o, before, now) -> label.setText(stateText(now)));
    label.setMinWidth(0);
    return label;
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

  private Node buttons(SandboxItem item) {
    Node stop =
        Ui.iconButton(Icons.STOP, Messages.text("action.sandbox.stop"), () -> does.stop(item));
    Node remove =
        Ui.iconButton(
            Icons.REMOVE, Messages.text("action.sandbox.remove"), () -> does.remove(item));
    stop.visibleProperty().bind(item.stateProperty().map(SandboxState::isAlive));
    remove.visibleProperty().bind(item.stateProperty().map(s -> !s.isAlive()));
    StackPane box = new StackPane(stop, remove);
    box.setAlignment(Pos.CENTER_RIGHT);
    return box;
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
