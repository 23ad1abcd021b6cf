package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.Sandboxes;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.gui.frame.Background;
import dev.vivarium.gui.frame.Problem;
import dev.vivarium.gui.frame.Workbench;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.jspecify.annotations.Nullable;

/**
 * All sandboxes of this user, whoever started them. There is no daemon to be told by, so the
 * directories are read again and again; each running sandbox is asked for its figures by itself, so
 * that one that does not answer holds up no other.
 */
public final class SandboxList {
  private static final long TICK_MILLIS = 250;
  private static final int TICKS = 4;

  private final Workbench bench;
  private final Sandboxes sandboxes;
  private final ObservableList<SandboxItem> items = FXCollections.observableArrayList();
  private final Map<String, SandboxItem> byId = new HashMap<>();
  private final ReadOnlyBooleanWrapper known = new ReadOnlyBooleanWrapper(false);
  private final AtomicBoolean reading = new AtomicBoolean();
  private @Nullable String lastProblem;
  private volatile boolean live = true;
  private volatile List<SandboxItem> snapshot = List.of();
  private int tick;

  /** Makes one that does nothing yet. */
  public SandboxList(Workbench bench) {
    this.bench = bench;
    this.sandboxes = new Sandboxes(bench.directories());
    bench.settings().onChange(() -> live = bench.settings().liveFigures());
    live = bench.settings().liveFigures();
  }

  /** Begins. */
  public void start() {
    bench.background().every(TICK_MILLIS, this::tick);
  }

  /** All of them, the newest first. */
  public ObservableList<SandboxItem> items() {
    return items;
  }

  /** Whether the list was read at all. */
  public ReadOnlyBooleanProperty knownProperty() {
    return known.getReadOnlyProperty();
  }

  /** The one with this id, if it is known. */
  public Optional<SandboxItem> find(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  private void tick() {
    boolean whole = tick++ % TICKS == 0;
    if (whole) {
      read();
    }
    for (SandboxItem item : snapshot) {
      if (item.isRunning() && (whole && live || item.isFast())) {
        ask(item);
      }
    }
  }

  /** Looks now, since something was done. */
  public void readSoon() {
    bench.background().run(this::read);
  }

  private void read() {
    if (!reading.compareAndSet(false, true)) {
      return;
    }
    try {
      List<SandboxState> states = sandboxes.list();
      Background.later(() -> take(states));
    } catch (IOException e) {
      Problem problem = Problem.of(e);
      Background.later(() -> tellOnce(problem));
    } finally {
      reading.set(false);
    }
  }

  private void tellOnce(Problem problem) {
    if (!problem.what().equals(lastProblem)) {
      lastProblem = problem.what();
      bench.frame().tell(problem);
    }
  }

  private void take(List<SandboxState> states) {
    lastProblem = null;
    List<SandboxItem> now = new ArrayList<>(states.size());
    for (SandboxState s : states) {
      SandboxItem item = byId.computeIfAbsent(s.id(), i -> new SandboxItem(s));
      item.update(s);
      now.add(item);
    }
    now.sort((a, b) -> b.state().created().compareTo(a.state().created()));
    if (!now.equals(items)) {
      byId.values().retainAll(now);
      items.setAll(now);
      snapshot = List.copyOf(now);
    }
    known.set(true);
  }

  private void ask(SandboxItem item) {
    if (item.unwatchable || !item.asking.compareAndSet(false, true)) {
      return;
    }
    bench
        .background()
        .run(() -> {
          try {
            Look look = item.look;
            if (look == null) {
              look = Look.at(bench.directories(), item.state());
              item.look = look;
              look.begin(false, true);
            }
            Optional<Statistics> figures = look.statistics();
            figures.ifPresent(f -> Background.later(() -> item.update(f)));
            if (look.hasEnded()) {
              forget(item, look);
              read();
            }
          } catch (EngineException | IOException e) {
            // It ended, or its engine tells no figures: the list says what state it is in.
            Look look = item.look;
            item.unwatchable = look != null && !look.hasEnded();
            forget(item, look);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            item.asking.set(false);
          }
        });
  }

  private static void forget(SandboxItem item, @Nullable Look look) {
    item.look = null;
    if (look != null) {
      look.close();
    }
  }
}
