package dev.vivarium.gui.sandbox;

import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Statistics;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;

/** One sandbox as the desktop knows it. Its properties change on the JavaFX thread. */
public final class SandboxItem {
  private static final int HISTORY = 60;

  private final String id;
  private final ReadOnlyObjectWrapper<SandboxState> state;
  private final ReadOnlyObjectWrapper<Figures> figures = new ReadOnlyObjectWrapper<>(Figures.NONE);
  private final ReadOnlyObjectWrapper<double[]> history =
      new ReadOnlyObjectWrapper<>(new double[0]);
  private final ReadOnlyObjectWrapper<@Nullable Statistics> statistics =
      new ReadOnlyObjectWrapper<>();
  private @Nullable Statistics second;
  private boolean fast;

  // Of the thread that asks; one at a time.
  final AtomicBoolean asking = new AtomicBoolean();
  volatile @Nullable Look look;
  volatile boolean unwatchable;

  SandboxItem(SandboxState first) {
    id = first.id();
    state = new ReadOnlyObjectWrapper<>(first);
  }

  public String id() {
    return id;
  }

  public SandboxState state() {
    return state.get();
  }

  public ReadOnlyObjectProperty<SandboxState> stateProperty() {
    return state.getReadOnlyProperty();
  }

  public ReadOnlyObjectProperty<Figures> figuresProperty() {
    return figures.getReadOnlyProperty();
  }

  /** Calls per second of the last minute, the newest last. */
  public ReadOnlyObjectProperty<double[]> historyProperty() {
    return history.getReadOnlyProperty();
  }

  /** All figures of the last look; null while there are none. */
  public ReadOnlyObjectProperty<@Nullable Statistics> statisticsProperty() {
    return statistics.getReadOnlyProperty();
  }

  public boolean isRunning() {
    return state().status() == SandboxState.Status.RUNNING;
  }

  /** Whether somebody looks closely, so that figures are wanted several times a second. */
  public void setFast(boolean closely) {
    fast = closely;
  }

  boolean isFast() {
    return fast;
  }

  void update(SandboxState now) {
    if (!now.equals(state.get())) {
      state.set(now);
    }
    if (!now.isAlive()) {
      figures.set(Figures.NONE);
    }
  }

  void update(Statistics now) {
    statistics.set(now);
    Statistics before = second;
    if (before != null && now.uptimeNanos() - before.uptimeNanos() < 900_000_000L) {
      return;
    }
    second = now;
    if (before == null) {
      return;
    }
    Figures f = Figures.between(before, now);
    figures.set(f);
    double[] old = history.get();
    double[] next = Arrays.copyOf(old, Math.min(HISTORY, old.length + 1));
    if (old.length == HISTORY) {
      System.arraycopy(old, 1, next, 0, HISTORY - 1);
    }
    next[next.length - 1] = f.callsPerSecond();
    history.set(next);
  }
}
