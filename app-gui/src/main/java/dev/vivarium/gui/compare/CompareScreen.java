package dev.vivarium.gui.compare;

import dev.vivarium.engine.compare.Comparison;
import dev.vivarium.engine.compare.Measurement;
import dev.vivarium.engine.compare.Preset;
import dev.vivarium.engine.compare.Result;
import dev.vivarium.engine.compare.ResultText;
import dev.vivarium.gui.frame.Action;
import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Exports;
import dev.vivarium.gui.frame.Format;
import dev.vivarium.gui.frame.Icons;
import dev.vivarium.gui.frame.Messages;
import dev.vivarium.gui.frame.Screen;
import dev.vivarium.gui.frame.Ui;
import dev.vivarium.gui.frame.Workbench;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.Function;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.layout.HBox;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/**
 * Compares what the same work costs natively, behind the sentry and in a virtual machine. It goes
 * on while another screen is looked at.
 */
public final class CompareScreen implements Screen {
  private final Workbench bench;
  private final CompareForm form;
  private final CompareChart chart;
  private final TableView<Result> table = new TableView<>();
  private final ProgressBar progress = new ProgressBar(0);
  private final Label state = Ui.label("", "muted");
  private final ToggleGroup figures = new ToggleGroup();
  private final Button go;
  private final Button stop;
  private final Button export;
  private final VBox node;
  private Map<String, Result> results = new LinkedHashMap<>();
  private @Nullable Future<?> running;
  private int done;

  /** Before anything is compared. */
  public CompareScreen(Workbench bench) {
    this.bench = bench;
    this.chart = new CompareChart(bench.colors());
    go = Ui.button(Icons.RUN, Messages.text("compare.go"), this::start, "accent");
    go.setId("compare-go");
    stop = Ui.button(Icons.STOP, Messages.text("compare.stop"), this::stop);
    stop.setId("compare-stop");
    stop.setDisable(true);
    export = Ui.button(Icons.EXPORT, Messages.text("compare.export"), this::export);
    export.setDisable(true);
    form = new CompareForm(bench);
    form.onChange(this::changed);
    column("compare.engine", 80, Result::engine);
    for (Figure f : Figure.values()) {
      column(f.key(), 100, r -> r.runs().isEmpty() ? "" : f.text(f.value(r)));
      if (f == Figure.WALL) {
        column("compare.from", 80, r -> wall(r, r.least(Measurement::wallNanos)));
        column("compare.to", 80, r -> wall(r, r.greatest(Measurement::wallNanos)));
      }
    }
    column("compare.calls", 90, r -> r.watched().map(c -> Format.count(c.perSecond())).orElse(""));
    column("compare.busiest", 120, r -> r.watched().map(Result.Calls::most).orElse(""));
    column("compare.p50", 110, r -> r.watched().map(c -> Format.nanos(c.p50Nanos())).orElse(""));
    column("compare.p99", 90, r -> r.watched().map(c -> Format.nanos(c.p99Nanos())).orElse(""));
    column("compare.note", 170, Result::problem);
    table.setId("compare-table");
    table.setAccessibleText(Messages.text("compare.table"));
    table.getStyleClass().add("dense");
    table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
    table.setPlaceholder(Ui.placeholder(Messages.text("compare.explains")));
    progress.setMaxWidth(Double.MAX_VALUE);
    progress.setAccessibleText(Messages.text("compare.progress"));
    progress.setId("compare-progress");
    state.setId("compare-state");
    state.setMinWidth(260);
    HBox how = Ui.row(12, Ui.grow(progress), state);
    node =
        Ui.column(
            12,
            Ui.header(Messages.text("action.go.compare"), export, stop, go),
            form.node(),
            how,
            choice(),
            chart.node(),
            Ui.grow(table));
    node.getStyleClass().add("screen");
    show();
    changed();
  }

  private static String wall(Result r, long nanos) {
    return r.runs().isEmpty() ? "" : Figure.WALL.text(nanos);
  }

  private void column(String key, double width, Function<Result, String> of) {
    TableColumn<Result, String> column = new TableColumn<>(Messages.text(key));
    column.setPrefWidth(width);
    column.setSortable(false);
    column.setCellValueFactory(
        d -> new ReadOnlyStringWrapper(Format.line(of.apply(d.getValue()), 300)));
    table.getColumns().add(column);
  }

  private HBox choice() {
    HBox box = Ui.row(0);
    Figure[] all = Figure.values();
    for (int i = 0; i < all.length; i++) {
      ToggleButton button = new ToggleButton(Messages.text(all[i].key()));
      button.setToggleGroup(figures);
      button.setUserData(all[i]);
      button
          .getStyleClass()
          .add(i == 0 ? "left-pill" : i == all.length - 1 ? "right-pill" : "center-pill");
      box.getChildren().add(button);
    }
    figures.getToggles().getFirst().setSelected(true);
    figures
        .selectedToggleProperty()
        .addListener((o, before, now) -> {
          if (now == null) {
            // One is always shown.
            before.setSelected(true);
          } else {
            show();
          }
        });
    return box;
  }

  private Figure figure() {
    return figures.getSelectedToggle() == null
        ? Figure.WALL
        : (Figure) figures.getSelectedToggle().getUserData();
  }

  private void changed() {
    go.setDisable(running != null || !form.isComplete());
  }

  private void show() {
    List<Result> all = new ArrayList<>(results.values());
    chart.show(all, figure());
    table.getItems().setAll(all);
    export.setDisable(all.isEmpty());
  }

  // ---- while it runs ----

  private void start() {
    if (running != null || !form.isComplete()) {
      return;
    }
    CompareRequest wanted = form.request();
    results = new LinkedHashMap<>();
    wanted.engines().forEach(e -> results.put(e, nothing(e)));
    done = 0;
    show();
    form.setRunning(true);
    stop.setDisable(false);
    progress.setProgress(0);
    state.setText(Messages.text("compare.starting"));
    Comparison comparison =
        new Comparison(bench.program().line(bench.environment()), wanted.image(), wanted.work());
    running =
        bench
            .background()
            .run(
                () ->
                    comparison.run(
                        wanted.engines(), wanted.runs(), wanted.calls(), new Told(wanted)),
                all -> {
                  all.forEach(r -> results.put(r.engine(), r));
                  ended(Messages.text("compare.done"));
                  progress.setProgress(1);
                },
                problem -> {
                  ended(problem.what());
                  bench.frame().tell(problem);
                });
    changed();
  }

  private static Result nothing(String engine) {
    return new Result(engine, List.of(), java.util.Optional.empty(), "");
  }

  /** Hears of each run on the comparison's thread. */
  private final class Told implements Comparison.Listener {
    private final CompareRequest of;

    Told(CompareRequest of) {
      this.of = of;
    }

    @Override
    public void begins(String engine, int run, int runs) {
      Background.later(() -> {
        if (running != null) {
          state.setText(
              run == 0
                  ? Messages.text("compare.warming", engine)
                  : run > runs
                      ? Messages.text("compare.counting", engine)
                      : Messages.text("compare.run", engine, run, runs));
        }
      });
    }

    @Override
    public void ended(Result soFar) {
      Background.later(() -> {
        if (running != null) {
          results.put(soFar.engine(), soFar);
          done += soFar.problem().isEmpty() ? 1 : of.runs() + 1;
          progress.setProgress(Math.min(0.99, (double) done / of.allRuns()));
          show();
        }
      });
    }
  }

  private void ended(String text) {
    running = null;
    form.setRunning(false);
    stop.setDisable(true);
    state.setText(Format.line(text, 200));
    show();
    changed();
  }

  private void stop() {
    Future<?> r = running;
    if (r != null) {
      r.cancel(true);
      ended(Messages.text("compare.stopped"));
    }
  }

  private void export() {
    if (results.isEmpty()) {
      bench.frame().tell(Messages.text("compare.none"));
      return;
    }
    List<Result> all = List.copyOf(results.values());
    Exports.save(
        bench,
        node,
        Messages.text("compare.export"),
        "comparison.csv",
        file -> ResultText.forFile(file.getName(), all));
  }

  /** Fills in what was run elsewhere, to be compared. */
  public void offer(String image, List<String> command) {
    form.offer(image, command);
  }

  @Override
  public Node node() {
    return node;
  }

  @Override
  public void shown() {
    form.load();
  }

  @Override
  public void find() {
    form.focus();
  }

  @Override
  public List<Action> actions() {
    List<Action> all = new ArrayList<>();
    all.add(Action.of("compare.start", "Shortcut+Enter", this::start));
    all.add(Action.of("compare.stop", "", this::stop));
    all.add(Action.of("compare.export", "Shortcut+E", this::export));
    for (Preset p : Preset.values()) {
      all.add(
          Action.titled(
              "compare.preset." + p.word(),
              Messages.text("compare.choose", Messages.text("compare.preset." + p.word())),
              () -> form.choose(p)));
    }
    return all;
  }
}
