package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.export.EventText;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Exports;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javafx.animation.KeyFrame;
import javafx.animation.Timeline;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.TextField;
import javafx.scene.layout.HBox;
import javafx.scene.layout.VBox;
import javafx.util.Duration;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;

/**
 * What a sandbox did, by time: a line for each kind, and below it the events themselves. A click on
 * the time leads to what happened then.
 */
public final class ActivityView {
  private final Workbench bench;
  private final ActivityModel model = new ActivityModel();
  private final ActivityPlot plot;
  private final Map<ActivityModel.Lane, CheckBox> lanes = new EnumMap<>(ActivityModel.Lane.class);
  private final ComboBox<Integer> span = new ComboBox<>();
  private final TextField search = Ui.search(Messages.text("activity.search"));
  private final ListView<Event> list = new ListView<>();
  private final Label figures = Ui.label("", "muted", "small");
  private final VBox node;
  private long shownVersion = -1;
  private boolean following = true;
  private final Timeline clock =
      new Timeline(new KeyFrame(Duration.millis(250), e -> refresh(false)));

  /** Without events yet. */
  public ActivityView(Workbench bench) {
    this.bench = bench;
    plot = new ActivityPlot(model, bench.colors(), this::lookAt);
    HBox choice = Ui.row(12);
    for (ActivityModel.Lane lane : ActivityModel.Lane.values()) {
      CheckBox box = new CheckBox(name(lane));
      box.setSelected(true);
      box.setOnAction(e -> refresh(true));
      box.setMinWidth(javafx.scene.layout.Region.USE_PREF_SIZE);
      lanes.put(lane, box);
      choice.getChildren().add(box);
    }
    span.getItems().setAll(10, 60, 600, 3600);
    span.setConverter(
        new StringConverter<>() {
          @Override
          public String toString(@Nullable Integer seconds) {
            return seconds == null
                ? ""
                : Messages.text(
                    seconds < 60 ? "activity.seconds" : "activity.minutes",
                    seconds < 60 ? seconds : seconds / 60);
          }

          @Override
          public Integer fromString(String text) {
            return 60;
          }
        });
    span.setValue(60);
    span.setAccessibleText(Messages.text("activity.span"));
    span.setMinWidth(120);
    span.valueProperty().addListener((o, before, now) -> plot.setSeconds(now == null ? 60 : now));
    search.textProperty().addListener((o, before, now) -> refresh(true));
    search.setId("activity-search");
    list.setId("activity");
    list.getStyleClass().addAll("code", "dense-list");
    list.setCellFactory(v -> new Cell());
    list.setFixedCellSize(22);
    list.setPlaceholder(Ui.placeholder(Messages.text("activity.none")));
    list.setAccessibleText(Messages.text("activity.list"));
    list.setOnScroll(e -> following = false);
    list.setOnMousePressed(e -> following = false);
    list.setOnKeyPressed(e -> following = false);
    node =
        Ui.column(
            10,
            Ui.row(
                10,
                search,
                span,
                Ui.spacer(),
                Ui.button(Messages.text("activity.newest"), this::newest),
                Ui.iconButton(Icons.EXPORT, Messages.text("activity.export"), this::export)),
            plot.node(),
            Ui.row(10, choice, Ui.spacer(), figures),
            Ui.grow(list));
    node.getStyleClass().add("tab-content");
    clock.setCycleCount(Timeline.INDEFINITE);
  }

  static String name(ActivityModel.Lane lane) {
    return Messages.text("activity.lane." + lane.name().toLowerCase(Locale.ROOT));
  }

  private static String line(Event e) {
    return String.format(
        Locale.ROOT, "%11.3f s  %6d  %s", e.timeNanos() / 1e9, e.pid(), EventText.describe(e));
  }

  private static final class Cell extends ListCell<Event> {
    @Override
    protected void updateItem(@Nullable Event item, boolean empty) {
      super.updateItem(item, empty);
      setText(empty || item == null ? null : Format.line(line(item), 400));
    }
  }

  public Node node() {
    return node;
  }

  /** On the feed's thread. */
  public void accept(Event e) {
    model.accept(e);
  }

  /** Looks from now on. */
  public void shown() {
    refresh(true);
    clock.play();
  }

  /** Does nothing any more. */
  public void hidden() {
    clock.stop();
  }

  /** To the field to search with. */
  public void find() {
    search.requestFocus();
    search.selectAll();
  }

  /** What can be done here. */
  public List<Action> actions() {
    return List.of(
        Action.of("activity.newest", "Shortcut+End", this::newest),
        Action.of("activity.export", "Shortcut+E", this::export));
  }

  private Set<ActivityModel.Lane> chosen() {
    return lanes.entrySet().stream()
        .filter(e -> e.getValue().isSelected())
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  private List<Event> events() {
    List<Event> all = model.events(chosen());
    String wanted = search.getText().strip().toLowerCase(Locale.ROOT);
    if (!wanted.isEmpty()) {
      all.removeIf(e -> !line(e).toLowerCase(Locale.ROOT).contains(wanted));
    }
    return all;
  }

  private void refresh(boolean always) {
    long version = model.version();
    if (always || version != shownVersion) {
      shownVersion = version;
      if (following || always) {
        list.getItems().setAll(events());
        if (following) {
          list.scrollTo(list.getItems().size() - 1);
        }
      }
      figures.setText(
          Messages.text(
              "activity.figures",
              Format.count(model.total(ActivityModel.Lane.READ)),
              Format.count(model.total(ActivityModel.Lane.CHANGED)),
              Format.count(model.total(ActivityModel.Lane.NETWORK)),
              Format.count(model.total(ActivityModel.Lane.REFUSED))));
      plot.describe(figures.getText());
    }
    plot.draw(chosen());
  }

  private void newest() {
    following = true;
    plot.follow();
    refresh(true);
  }

  /** To what happened then, or first after that. */
  private void lookAt(long nanos) {
    following = false;
    List<Event> all = events();
    list.getItems().setAll(all);
    int at = 0;
    while (at < all.size() - 1 && all.get(at).timeNanos() < nanos) {
      at++;
    }
    list.getSelectionModel().select(at);
    list.scrollTo(Math.max(0, at - 3));
  }

  private void export() {
    List<Event> all = events();
    Exports.save(
        bench,
        node,
        Messages.text("activity.export"),
        "activity.txt",
        file ->
            all.stream()
                .map(e -> line(e) + "\n")
                .collect(Collectors.joining())
                .getBytes(StandardCharsets.UTF_8));
  }
}
