package dev.vivarium.sentry;

import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Timers;
import dev.vivarium.sentry.platform.Platform;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ends a sandbox that cannot go on, and says why: one of the host's processes that it consists of
 * has ended or does not answer, the kernel thread stands still, or this JVM has no memory left or
 * cannot load its own classes.
 *
 * <p>Two look at each other: a timer of the kernel thread asks the others for a sign of life, and a
 * thread of its own waits for the end of processes and counts what the timer does. Both count looks
 * and not time: a sandbox that was stopped as a whole and goes on, or a machine that slept, has
 * missed no look.
 */
final class Watchdog extends Timers.Timer implements AutoCloseable {
  /** A command that is over before costs no thread. */
  private static final long FIRST_NANOS = 1_000_000_000L;

  private static final long PERIOD_NANOS = 5_000_000_000L;
  private static final int PERIOD_MILLIS = 5000;

  /** Looks of the thread after which the kernel thread should have looked too. */
  private static final int MOST_LOOKS = 8;

  /** Looks of the thread after which a sandbox that is to end must have: half a minute. */
  private static final int LOOKS_AT_END = 6;

  /** With less than this left of the heap, one failed allocation is as good as the end. */
  private static final long LEAST_HEAP = 8L << 20;

  private static final int MOST_FAILURES = 100;
  private static final int MOST_LOOKS_WITHOUT_HEAP = 3;

  /** Given back when there is no memory: ending takes some. Taken once much is in use. */
  private static final int RESERVE = 2 << 20;

  private static final long RESERVE_BELOW = 64L << 20;

  /** Ready made: when it is told, to make a string may take what is not there. */
  private static final String NO_MEMORY =
      "the kernel has no memory left for what the guest has it keep";

  private static final String NO_PROGRAM =
      "a part of its own program cannot be loaded; its log says which";

  private record Watched(String name, int descriptor) {}

  private final Kernel kernel;
  private final Platform platform;
  private final @Nullable SandboxNetwork network;
  private final SandboxHost host;
  private final List<Watched> processes = new ArrayList<>();
  private byte @Nullable [] reserve;
  private int allocationsFailed;
  private int looksWithoutHeap;

  /** Grows as long as the kernel thread moves; written by it alone. */
  private volatile int beats;

  private volatile boolean closed;
  private volatile boolean ownProcess;
  private @Nullable Thread thread;

  Watchdog(Kernel kernel, Platform platform, @Nullable SandboxNetwork network, SandboxHost host) {
    this.kernel = kernel;
    this.platform = platform;
    this.network = network;
    this.host = host;
  }

  /** One more process; before {@link #start}. */
  void watch(String name, int descriptor) {
    if (descriptor >= 0) {
      processes.add(new Watched(name, descriptor));
    }
  }

  /** Begins. On the kernel thread, or before it runs. */
  void start() {
    kernel.setBugListener(this::sawError);
    kernel.timers().schedule(this, System.nanoTime() + FIRST_NANOS);
  }

  /** This process is the sandbox's own: what its other threads let go is heard too. */
  void ownThisProcess() {
    ownProcess = true;
    Thread.setDefaultUncaughtExceptionHandler((which, error) -> {
      sawError(error);
      host.log("error in thread " + which.getName() + ": " + error);
    });
  }

  @Override
  protected void fire() {
    kernel.timers().schedule(this, System.nanoTime() + PERIOD_NANOS);
    beats++;
    long left = heapLeft();
    if (reserve == null && left < RESERVE_BELOW && left > LEAST_HEAP) {
      reserve = new byte[RESERVE];
    }
    // Before a collection that is so too; but not each time, unless collections are in vain.
    looksWithoutHeap = left < LEAST_HEAP ? looksWithoutHeap + 1 : 0;
    if (looksWithoutHeap > MOST_LOOKS_WITHOUT_HEAP) {
      endForWantOfMemory();
      return;
    }
    if (thread == null) {
      thread =
          Thread.ofPlatform().name("watchdog").daemon(true).stackSize(256 << 10).start(this::look);
    }
    fail(platform.lookAfterGuests());
    fail(network == null ? "" : network.lookAfter());
  }

  private void fail(String reason) {
    if (!reason.isEmpty() && !closed) {
      host.fail(reason);
    }
  }

  private void look() {
    int count = processes.size();
    MemorySegment set = Arena.ofAuto().allocate(8L * Math.max(1, count), 8);
    for (int i = 0; i < count; i++) {
      Fields.putInt(set, 8L * i, processes.get(i).descriptor);
    }
    int seen = beats;
    int looks = 0;
    while (!closed) {
      long n = Libc.pollForInput(set, count, PERIOD_MILLIS);
      if (n > 0) {
        for (int i = 0; i < count; i++) {
          if (Fields.getShort(set, 8L * i + 6) != 0) {
            fail(processes.get(i).name + " has ended");
          }
        }
        insist();
        return;
      }
      if (n < 0 && n != -Errno.EINTR) {
        // The host has no memory for it now; to look on is what this thread is for.
        Libc.pollForInput(set, 0, PERIOD_MILLIS);
      }
      int now = beats;
      looks = now != seen ? 0 : looks + 1;
      seen = now;
      if (looks > MOST_LOOKS) {
        fail("its kernel stands still");
        insist();
        return;
      }
    }
  }

  /**
   * The sandbox has failed. Its process ends then in any case; this waits for nothing that may have
   * made it late, and uses nothing that it has not used before. One that has come to its own end
   * may take its time: what it changed is being written down.
   */
  private void insist() {
    if (!ownProcess || closed) {
      return;
    }
    MemorySegment none = Arena.ofAuto().allocate(8, 8);
    for (int looks = 0; looks < LOOKS_AT_END; looks++) {
      Libc.pollForInput(none, 0, PERIOD_MILLIS);
    }
    processes.forEach(one -> Libc.killBy(one.descriptor));
    Libc.exit(SentrySandbox.FAILED);
  }

  /**
   * Something was thrown where nothing may be. That a single large allocation failed is an error of
   * the call that wanted it; that nothing is left for all others is the end. So is a class that the
   * host's disk does not give: the JVM never asks for it again, and no call that needs it would
   * ever be answered.
   */
  private void sawError(Throwable error) {
    if (error instanceof LinkageError) {
      fail(NO_PROGRAM);
      kernel.loop().stop();
      return;
    }
    if (!(error instanceof OutOfMemoryError)) {
      return;
    }
    if (heapLeft() < LEAST_HEAP || ++allocationsFailed > MOST_FAILURES) {
      endForWantOfMemory();
    }
  }

  /** At once: what is left would go into ending all processes one by one. */
  private void endForWantOfMemory() {
    reserve = null;
    fail(NO_MEMORY);
    kernel.loop().stop();
  }

  private static long heapLeft() {
    Runtime vm = Runtime.getRuntime();
    return vm.maxMemory() - vm.totalMemory() + vm.freeMemory();
  }

  /** Kills every process that is watched. From any thread. */
  void killAll() {
    if (!closed) {
      processes.forEach(one -> Libc.killBy(one.descriptor));
    }
  }

  /** From now on processes end as they should. */
  @Override
  public void close() {
    closed = true;
  }
}
