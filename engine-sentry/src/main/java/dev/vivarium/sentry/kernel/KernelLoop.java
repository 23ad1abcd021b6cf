package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Platform;
import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The kernel thread: looks for guests with an event, runs the tasks that can go on, and keeps time.
 * When nothing has moved for a while it sleeps until a guest rings, a timer is due or another
 * thread posts.
 */
public final class KernelLoop {
  /**
   * How long the loop looks for work before it sleeps. A guest that answers within this time costs
   * no wake-up of either side; an idle sandbox costs nothing after it.
   */
  private static final long SPIN_NANOS = 60_000;

  /** Rounds of the spin between two looks at the clock. */
  private static final int ROUNDS_PER_CLOCK = 64;

  private final Platform platform;
  private final Timers timers = new Timers();
  private final ArrayDeque<Task> runQueue = new ArrayDeque<>();
  private final ConcurrentLinkedQueue<Runnable> inbox = new ConcurrentLinkedQueue<>();
  private final ExecutorService helpers =
      Executors.newCachedThreadPool(Thread.ofPlatform().name("helper-", 0).daemon(true).factory());
  private boolean stopped;

  public KernelLoop(Platform platform) {
    this.platform = platform;
  }

  public Timers timers() {
    return timers;
  }

  public Platform platform() {
    return platform;
  }

  /** Has the action run on the kernel thread, soon. From any thread. */
  public void post(Runnable action) {
    inbox.add(action);
    platform.wake();
  }

  /** Ends {@link #run} after the current round. On the kernel thread. */
  public void stop() {
    stopped = true;
  }

  /** Runs until {@link #stop}, on the calling thread, which is the kernel thread from now on. */
  public void run() {
    Platform.EventSink sink = this::onEvent;
    long lastActivity = System.nanoTime();
    int rounds = 0;
    while (!stopped) {
      boolean active = platform.poll(sink) > 0;
      active |= runPosted();
      active |= runTasks();
      if (active) {
        if (++rounds >= ROUNDS_PER_CLOCK) {
          rounds = 0;
          lastActivity = System.nanoTime();
          timers.expire(lastActivity);
        } else {
          lastActivity = 0;
        }
        continue;
      }
      long now = System.nanoTime();
      if (lastActivity == 0) {
        lastActivity = now;
      }
      if (timers.expire(now)) {
        lastActivity = now;
      } else if (now - lastActivity > SPIN_NANOS) {
        if (inbox.isEmpty()) {
          platform.sleep(timers.nanosToNext(now));
        }
        lastActivity = System.nanoTime();
        timers.expire(lastActivity);
      } else {
        Thread.onSpinWait();
      }
    }
    helpers.shutdownNow();
  }

  private void onEvent(Context context) {
    Task task = (Task) context.owner();
    if (!task.answeredAtOnce()) {
      makeRunnable(task);
    }
  }

  private boolean runPosted() {
    boolean any = false;
    Runnable action;
    while ((action = inbox.poll()) != null) {
      action.run();
      any = true;
    }
    return any;
  }

  private boolean runTasks() {
    int count = runQueue.size();
    for (int i = 0; i < count; i++) {
      Task task = runQueue.poll();
      task.dequeued();
      task.step();
    }
    return count > 0;
  }

  /** Puts a task into the run queue unless it is there. On the kernel thread. */
  void makeRunnable(Task task) {
    if (task.markQueued()) {
      runQueue.add(task);
    }
  }

  /**
   * Runs something that may block the host on a helper thread, and the continuation on the kernel
   * thread.
   */
  void runElsewhere(Runnable blocking, Runnable afterwards) {
    helpers.execute(() -> {
      try {
        blocking.run();
      } finally {
        post(afterwards);
      }
    });
  }

  /**
   * Waits until the helper threads have finished, for an orderly end. From any thread but theirs.
   */
  public boolean awaitHelpers(long nanos) throws InterruptedException {
    return helpers.awaitTermination(nanos, TimeUnit.NANOSECONDS);
  }
}
