package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.PackedEvents;
import dev.vivarium.engine.watch.export.TextOutput;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Exports;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javafx.animation.KeyFrame;
import javafx.animation.Timeline;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.ToggleButton;
import javafx.scene.layout.VBox;
import javafx.util.Duration;
import org.jspecify.annotations.Nullable;

/** The table of calls with its filters, and the call that is chosen in full. */
public final class CallsView {
  private static final long[] SLOWER = {0, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000};

  private final Workbench bench;
  private final TextField search = Ui.search(Messages.text("calls.search"));
  private final CheckBox failed = new CheckBox(Messages.text("calls.failed"));
  private final CheckBox hideWaiting = new CheckBox(Messages.text("calls.hideWaiting"));
  private final ComboBox<Long> slower = new ComboBox<>();
  private final ToggleButton pause = new ToggleButton(Messages.text("calls.pause"));
  private final Label figures = Ui.label("", "muted", "small");
  private final Label detail = Ui.paragraph("", "command");
  private final CallTable table;
  private final VBox node;
  private @Nullable CallFeed feed;
  private long countBefore;
  private int framesBefore;
  private final Timeline second =
      new Timeline(new KeyFrame(Duration.seconds(1), e -> showFigures()));

  /** Without events yet. */
  public CallsView(Workbench bench) {
    this.bench = bench;
    table = new CallTable(bench.colors(), this::chosen);
    table.setId("calls");
    search.setId("call-search");
    pause.setId("call-pause");
    pause.setGraphic(Icons.PAUSE.node());
    pause.setOnAction(e -> table.setPaused(pause.isSelected()));
    slower.getItems().addAll(java.util.Arrays.stream(SLOWER).boxed().toList());
    slower.setConverter(
        new javafx.util.StringConverter<>() {
          @Override
          public String toString(@Nullable Long nanos) {
            return nanos == null || nanos == 0
                ? Messages.text("calls.any")
                : Messages.text("calls.slower", Format.nanos(nanos));
          }

          @Override
          public Long fromString(String text) {
            return 0L;
          }
        });
    slower.setValue(0L);
    slower.setAccessibleText(Messages.text("calls.any"));
    search.textProperty().addListener((o, a, b) -> filter());
    failed.selectedProperty().addListener((o, a, b) -> filter());
    hideWaiting.selectedProperty().addListener((o, a, b) -> filter());
    slower.valueProperty().addListener((o, a, b) -> filter());
    detail.setVisible(false);
    detail.setManaged(false);
    detail.setMaxWidth(Double.MAX_VALUE);
    detail.setMaxHeight(90);
    node =
        Ui.column(
            10,
            Ui.row(
                10,
                search,
                failed,
                hideWaiting,
                slower,
                Ui.spacer(),
                pause,
                Ui.button(Messages.text("calls.newest"), this::newest),
                Ui.iconButton(Icons.EXPORT, Messages.text("calls.export"), this::export)),
            Ui.grow(table),
            detail,
            figures);
    node.getStyleClass().add("tab-content");
    second.setCycleCount(Timeline.INDEFINITE);
  }

  public Node node() {
    return node;
  }

  public CallTable table() {
    return table;
  }

  /** Shows another feed. */
  public void setFeed(@Nullable CallFeed shown) {
    feed = shown;
    countBefore = 0;
    pause.setSelected(false);
    table.setFeed(shown);
    filter();
  }

  /** Draws from now on. */
  public void shown() {
    table.start();
    second.play();
  }

  /** Does nothing any more. */
  public void hidden() {
    table.stop();
    second.stop();
  }

  /** To the field to search with. */
  public void find() {
    search.requestFocus();
    search.selectAll();
  }

  /** What can be done here. */
  public List<Action> actions() {
    return List.of(
        Action.of(
            "calls.pause",
            "Shortcut+P",
            () -> {
              pause.setSelected(!pause.isSelected());
              table.setPaused(pause.isSelected());
            }),
        Action.of("calls.newest", "Shortcut+End", this::newest),
        Action.of("calls.export", "Shortcut+E", this::export));
  }

  private void newest() {
    pause.setSelected(false);
    table.follow();
  }

  private void filter() {
    CallFeed f = feed;
    if (f != null) {
      Long least = slower.getValue();
      CallFilter wanted =
          new CallFilter(
              search.getText(),
              failed.isSelected(),
              least == null ? 0 : least,
              hideWaiting.isSelected());
      // Looking at all that is kept again takes a while.
      bench
          .background()
          .run(
              () -> {
                f.setFilter(wanted);
                return true;
              },
              done -> table.filterChanged(),
              bench.frame()::tell);
    }
  }

  private void chosen(@Nullable Event e) {
    boolean any = e != null;
    detail.setText(e == null ? "" : table.line(e) + more(e));
    detail.setVisible(any);
    detail.setManaged(any);
  }

  private static String more(Event e) {
    return e.returned() && e.blockedNanos() + e.diskNanos() > 0
        ? "\n"
            + Messages.text(
                "calls.where", Format.nanos(e.blockedNanos()), Format.nanos(e.diskNanos()))
        : "";
  }

  private void showFigures() {
    CallFeed f = feed;
    if (f == null) {
      figures.setText("");
      return;
    }
    CallFeed.Extent x = f.extent();
    int frames = table.frames();
    figures.setText(
        Messages.text(
            "calls.figures",
            x.count(),
            Format.count(x.count() - countBefore),
            x.matches(),
            x.dropped(),
            frames - framesBefore));
    countBefore = x.count();
    framesBefore = frames;
  }

  private void export() {
    PackedEvents all = table.contents();
    Exports.save(bench, node, Messages.text("calls.export"), "calls.txt", file -> bytes(all));
  }

  private static byte[] bytes(PackedEvents all) throws IOException {
    StringWriter written = new StringWriter();
    try (TextOutput text = new TextOutput(written, new TextOutput.Style(true, false, true, 0))) {
      for (int i = 0; i < all.places(); i++) {
        text.accept(all.get(i));
      }
    }
    return written.toString().getBytes(StandardCharsets.UTF_8);
  }
}
