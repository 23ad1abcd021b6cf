package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.screen.Choice;
import dev.vivarium.cli.screen.Columns;
import dev.vivarium.cli.screen.Key;
import dev.vivarium.cli.screen.Line;
import dev.vivarium.cli.screen.Order;
import dev.vivarium.cli.screen.View;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.state.SandboxState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What all sandboxes use just now, as top shows processes. */
final class StatsView implements View {
  private final Context context;
  private final List<String> names;
  private final Map<String, Watched> watched = new LinkedHashMap<>();
  private final Choice choice = new Choice();
  private final Order<Watched> order =
      new Order<>(
          List.of(
              new Order.Column<>("name", Comparator.comparing(w -> w.sandbox().name())),
              new Order.Column<>("cpu", Comparator.comparingDouble(Watched::cpuPercent).reversed()),
              new Order.Column<>(
                  "memory", Comparator.comparingLong(Watched::memoryBytes).reversed()),
              new Order.Column<>(
                  "files", Comparator.comparingLong(Watched::bytesPerSecond).reversed()),
              new Order.Column<>(
                  "calls", Comparator.comparingDouble(Watched::callsPerSecond).reversed())),
          1);
  private List<Watched> rows = List.of();
  private @Nullable View next;

  /**
   * Makes one.
   *
   * @param names of the sandboxes to show; all that run if there are none, also those to come
   */
  StatsView(Context context, List<String> names) {
    this.context = context;
    this.names = names;
  }

  @Override
  public void update() throws CliException, EngineException, IOException, InterruptedException {
    for (SandboxState sandbox : StatsCommand.wanted(names, context)) {
      if (sandbox.isAlive() && !watched.containsKey(sandbox.id())) {
        begin(sandbox);
      }
    }
    for (Watched w : List.copyOf(watched.values())) {
      w.ask();
      if (w.hasEnded()) {
        watched.remove(w.sandbox().id()).close();
      }
    }
  }

  private void begin(SandboxState sandbox) throws CliException, IOException, InterruptedException {
    try {
      Watched w = Watched.begin(context, sandbox);
      watched.put(sandbox.id(), w);
      w.ask();
    } catch (EngineException e) {
      // It ended meanwhile, or its engine tells no figures.
    }
  }

  @Override
  public List<Line> draw(int height, int columns) {
    rows = new ArrayList<>();
    for (Watched w : watched.values()) {
      if (w.figures().isPresent()) {
        rows.add(w);
      }
    }
    order.sort(rows);
    Columns table = new Columns(Watched.COLUMNS);
    rows.forEach(w -> table.add(w.cells()));
    List<String> texts = table.lines();
    List<Line> lines = new ArrayList<>();
    lines.add(
        new Line(
            (rows.size() == 1 ? "1 sandbox runs" : rows.size() + " sandboxes run")
                + ", "
                + Math.round(rows.stream().mapToDouble(Watched::callsPerSecond).sum())
                + " system calls per second; "
                + order.text(),
            Line.Look.BOLD));
    lines.add(Line.of(""));
    lines.add(new Line(texts.getFirst(), Line.Look.FAINT));
    lines.addAll(
        choice.seen(
            texts.subList(1, texts.size()).stream().map(Line::of).toList(), height - lines.size()));
    return lines;
  }

  @Override
  public String help() {
    return "< > r order   Enter latencies   t calls";
  }

  @Override
  public void pressed(Key key) {
    if (order.change(key) || choice.move(key) || rows.isEmpty()) {
      return;
    }
    SandboxState sandbox = rows.get(Math.min(choice.row(), rows.size() - 1)).sandbox();
    if (key.name() == Key.Name.ENTER || key.is('l')) {
      next = new LatencyView(context, sandbox, "syscall");
    } else if (key.is('t')) {
      next = new TraceView(context, sandbox, null);
    }
  }

  @Override
  public Optional<View> next() {
    Optional<View> wanted = Optional.ofNullable(next);
    next = null;
    return wanted;
  }

  @Override
  public boolean isOver() {
    return !names.isEmpty() && watched.isEmpty();
  }

  @Override
  public void close() {
    watched.values().forEach(Watched::close);
  }
}
