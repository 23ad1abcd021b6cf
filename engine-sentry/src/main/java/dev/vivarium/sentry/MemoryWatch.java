package dev.vivarium.sentry;

import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.host.HostMemory;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.Timers;
import org.jspecify.annotations.Nullable;

/**
 * Holds a sandbox to its memory limit: looks every so often how much of the memory file is really
 * backed, and kills the largest process when that is too much, as Linux's OOM killer does in a
 * cgroup. What a guest can touch between two looks is bounded by how fast the host can hand out
 * pages. A sandbox without a limit is held to most of the machine's memory, so that it is not the
 * host that has to choose whom to kill.
 */
final class MemoryWatch extends Timers.Timer {
  private static final long PERIOD_NANOS = 50_000_000;

  /** The same while the limit is far away. */
  private static final long PERIOD_MAX_NANOS = 2_000_000_000;

  /** More memory than this a machine does not hand out: what is left lasts as long. */
  private static final long BYTES_PER_NANO = 8;

  /** For so long a process that was killed may take to give its memory back. */
  private static final long GRACE_NANOS = 2_000_000_000;

  /** In percent of the machine's memory. */
  private static final int MOST_OF_MACHINE = 90;

  /** Who says this of itself is not killed (OOM_SCORE_ADJ_MIN). */
  private static final int NEVER = -1000;

  private final Kernel kernel;
  private final int memoryFd;
  private final boolean ofMachine;
  private final long limit;

  private @Nullable ThreadGroup victim;
  private long killedAt;

  /**
   * @param limit the sandbox's; 0 if it has none
   * @param machine bytes that this machine has
   */
  MemoryWatch(Kernel kernel, int memoryFd, long limit, long machine) {
    this.kernel = kernel;
    this.memoryFd = memoryFd;
    this.ofMachine = limit == 0;
    this.limit = limit == 0 ? machine / 100 * MOST_OF_MACHINE : limit;
  }

  /** Begins to watch. On the kernel thread, or before it runs. */
  void start() {
    look(PERIOD_NANOS);
  }

  private void look(long afterNanos) {
    kernel.timers().schedule(this, System.nanoTime() + afterNanos);
  }

  @Override
  protected void fire() {
    look(PERIOD_NANOS); // whatever happens below
    long used = HostMemory.usedBytes(memoryFd);
    look(Math.clamp((limit - used) / BYTES_PER_NANO, PERIOD_NANOS, PERIOD_MAX_NANOS));
    if (used <= limit || isDying()) {
      return;
    }
    ThreadGroup chosen = largest();
    if (chosen == null) {
      return;
    }
    kernel.log(
        "out of memory: "
            + (used >> 20)
            + " MiB used of "
            + (limit >> 20)
            + " MiB"
            + (ofMachine ? ", most of this machine's" : "")
            + "; killed process "
            + chosen.pid()
            + " ("
            + chosen.leader().comm
            + ")");
    kernel.oomKills++;
    kernel.tellLimit(chosen, "out of memory: a process was killed");
    victim = chosen;
    killedAt = System.nanoTime();
    chosen.sendSignal(SignalInfo.kernel(Signals.SIGKILL));
  }

  /** Whether the last one killed has still to give its memory back: others need not follow it. */
  private boolean isDying() {
    ThreadGroup last = victim;
    return last != null && !last.isDead() && System.nanoTime() - killedAt < GRACE_NANOS;
  }

  /** Who is killed (oom_badness); the first process if all others are out of it. */
  private @Nullable ThreadGroup largest() {
    ThreadGroup largest = null;
    long most = Long.MIN_VALUE;
    for (ThreadGroup g : kernel.pids().groups()) {
      if (g.isDead() || g.tasks().isEmpty() || g.oomScoreAdjust == NEVER) {
        continue;
      }
      Task any = g.tasks().getFirst();
      long score = any.mm.residentBytes() + limit / 1000 * g.oomScoreAdjust;
      if (score > most) {
        most = score;
        largest = g;
      }
    }
    return largest != null ? largest : kernel.init();
  }
}
