package dev.vivarium.sentry.ipc.sysv;

import dev.vivarium.sentry.kernel.Task;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * What is taken back when a process ends: the changes it made with SEM_UNDO. Tasks made with
 * CLONE_SYSVSEM share it.
 */
public final class SemaphoreUndo {
  private final Map<SemaphoreSet, int[]> changes = new IdentityHashMap<>();
  private int users = 1;

  /** The undo list of a task, made when it is first needed. */
  public static SemaphoreUndo of(Task t) {
    SemaphoreUndo u = t.semaphoreUndo;
    if (u == null) {
      u = new SemaphoreUndo();
      t.semaphoreUndo = u;
    }
    return u;
  }

  /** One more task uses it. */
  public SemaphoreUndo share() {
    users++;
    return this;
  }

  /** A task ends or leaves it; with the last one everything is undone. */
  public void release(Task t) {
    if (--users > 0) {
      return;
    }
    Map<SemaphoreSet, int[]> all = Map.copyOf(changes);
    changes.clear();
    all.forEach((set, values) -> set.undo(this, values, t.group.pid()));
  }

  void of(SemaphoreSet set) {
    changes.computeIfAbsent(set, s -> new int[s.count()]);
  }

  /** Adds to what is to be undone; false if it becomes too much. */
  boolean add(SemaphoreSet set, int index, int change) {
    int[] values = changes.get(set);
    if (values == null) {
      return true; // the set was removed
    }
    int sum = values[index] + change;
    if (sum < -SysvIpc.SEMVMX - 1 || sum > SysvIpc.SEMVMX) {
      return false;
    }
    values[index] = sum;
    return true;
  }

  void forget(SemaphoreSet set, int index) {
    int[] values = changes.get(set);
    if (values != null) {
      values[index] = 0;
    }
  }

  void forget(SemaphoreSet set) {
    int[] values = changes.get(set);
    if (values != null) {
      java.util.Arrays.fill(values, 0);
    }
  }

  void forgetSet(SemaphoreSet set) {
    changes.remove(set);
  }
}
