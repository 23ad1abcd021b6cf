package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.memory.MemoryManager;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Memory barriers on other tasks (membarrier(2)): every guest that runs when it is asked for is
 * made to come in once before the asker goes on.
 *
 * <p>Why that is enough: a guest comes in by an event that its host thread writes to shared memory
 * with release order and the kernel reads with acquire order, and goes on by an answer the other
 * way round. So what the guest did before the event is seen by all who come after the kernel has
 * seen it, the asker among them, and what it does after the answer comes after all that the asker
 * did. A guest that stands in the kernel anyway, or whose event was seen in this round of the loop,
 * has come in already, and will see the asker's writes by the answer to come.
 */
public final class GuestBarrier {
  /** Those who wait here are told of every event of a guest. */
  private final WaitQueue cameIn = new WaitQueue();

  private int askers;

  /** Called for each event of a guest. */
  void cameIn() {
    if (askers > 0) {
      cameIn.wake(0);
    }
  }

  private record Running(Task task, long events) {}

  /** Waits until every other running guest whose memory is chosen has come in, or t is killed. */
  public void await(Task t, Predicate<MemoryManager> chosen) {
    List<Running> running = new ArrayList<>();
    for (ThreadGroup g : t.kernel().pids().groups()) {
      for (Task other : g.tasks) {
        if (other != t && other.isAway() && chosen.test(other.mm)) {
          running.add(new Running(other, other.events));
          other.comeIn();
        }
      }
    }
    askers++;
    try {
      for (Running r : running) {
        while (r.task().isAway() && r.task().events == r.events() && !t.fatalSignalPending()) {
          t.waitKillable(cameIn);
        }
      }
    } finally {
      askers--;
    }
  }
}
