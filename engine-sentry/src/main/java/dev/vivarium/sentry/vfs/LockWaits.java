package dev.vivarium.sentry.vfs;

import java.util.ArrayList;
import java.util.List;

/** Which owners of record locks wait for which others, so that a circle of them is refused. */
public final class LockWaits {
  /** Longer chains count as none, as in Linux. */
  private static final int MAX_CHAIN = 10;

  /** One task's wait; {@code holder} changes when another lock is found in the way. */
  public static final class Wait {
    private final Object owner;
    private Object holder;

    private Wait(Object owner, Object holder) {
      this.owner = owner;
      this.holder = holder;
    }
  }

  private final List<Wait> waits = new ArrayList<>();

  /** Whether an owner that waits for another would wait for itself. */
  public boolean isCircle(Object owner, Object holder) {
    Object next = holder;
    for (int i = 0; i < MAX_CHAIN && next != null; i++) {
      if (next == owner) {
        return true;
      }
      next = holderThatStops(next);
    }
    return false;
  }

  private @org.jspecify.annotations.Nullable Object holderThatStops(Object owner) {
    for (Wait w : waits) {
      if (w.owner == owner) {
        return w.holder;
      }
    }
    return null;
  }

  /** The owner waits from now on. */
  public Wait begin(Object owner, Object holder) {
    Wait wait = new Wait(owner, holder);
    waits.add(wait);
    return wait;
  }

  /** Somebody else is in the way now. */
  public void goOn(Wait wait, Object holder) {
    wait.holder = holder;
  }

  public void end(Wait wait) {
    waits.remove(wait);
  }
}
