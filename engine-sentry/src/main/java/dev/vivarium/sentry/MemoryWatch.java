package dev.vivarium.sentry;

import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.host.HostMemory;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.Timers;
import org.jspecify.annotations.Nullable;

/**
 * Holds a sandbox to its memory limit: looks every so often how much of the memory file is really
 * backed, and kills the largest process when that is too much, as Linux's OOM killer does in a
 * cgroup. What a guest can touch between two looks is bounded by how fast the host can hand out
 * pages.
 */
final class MemoryWatch extends Timers.Timer {
  private static final long PERIOD_NANOS = 50_000_000;

  private final Kernel kernel;
  private final int memoryFd;
  private final long limit;

  MemoryWatch(Kernel kernel, int memoryFd, long limit) {
    this.kernel = kernel;
    this.memoryFd = memoryFd;
    this.limit = limit;
  }

  /** Begins to watch. On the kernel thread, or before it runs. */
  void start() {
    kernel.timers().schedule(this, System.nanoTime() + PERIOD_NANOS);
  }

  @Override
  protected void fire() {
    long used = HostMemory.usedBytes(memoryFd);
    if (used > limit) {
      ThreadGroup victim = largest();
      if (victim != null) {
        kernel.log(
            "out of memory: "
                + (used >> 20)
                + " MiB of "
                + (limit >> 20)
                + " MiB used; killed process "
                + victim.pid()
                + " ("
                + victim.leader().comm
                + ")");
        kernel.oomKills++;
        victim.sendSignal(SignalInfo.kernel(Signals.SIGKILL));
      }
    }
    start();
  }

  private @Nullable ThreadGroup largest() {
    ThreadGroup largest = null;
    long most = -1;
    for (ThreadGroup g : kernel.pids().groups()) {
      if (g.isDead() || g.leader().hasExited()) {
        continue;
      }
      long size = g.leader().mm.residentBytes();
      if (size > most) {
        most = size;
        largest = g;
      }
    }
    return largest;
  }
}
