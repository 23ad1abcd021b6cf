package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Platform;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The kernel thread: looks for guests with an event, runs the tasks that can go on, and keeps time.
 * When nothing has moved for a while it sleeps until a guest rings, a timer is due or another
 * thread posts.
 */
public final class KernelLoop {
  /**
   * How long the loop looks for work before it sleeps, at most. A guest that comes back within this
   * time costs no wake-up of either side; an idle sandbox costs nothing after it.
   */
  private static final long SPIN_MAX_NANOS = 100_000;

  /** The same when guests have lately taken longer: then looking for them only costs. */
  private static final long SPIN_MIN_NANOS = 10_000;

  /**
   * Guests that come back within this time, the sleep and waking of both sides included, would have
   * found the loop looking for them if it had not slept.
   */
  private static final long SOON_NANOS = 300_000;

  /** How long what was put off waits at most while this thread sleeps. */
  private static final long LEISURE_NANOS = 200_000;

  /** Rounds of the spin between two looks at the clock. */
  private static final int ROUNDS_PER_CLOCK = 64;

  /** Told of what was thrown where nothing may be: the loop goes on without it. */
  @FunctionalInterface
  interface Bugs {
    void report(String where, Throwable bug);
  }

  /**
   * Looks for what another thread would find too, only later: while the kernel thread looks for
   * work anyway, nobody has to be woken to wake it.
   */
  public interface Lookout {
    /** Handles what is there now; whether there was something. */
    boolean look(long nowNanos);

    /** Until when (nanoTime) it is worth to look: what was asked for last came soon of late. */
    long lookUntil();

    /** The kernel thread is about to sleep: from now on somebody else must look. */
    void sleepFollows();
  }

  private final Platform platform;
  private final Bugs bugs;
  private final Timers timers;
  private final ArrayDeque<Task> runQueue = new ArrayDeque<>();
  private final ConcurrentLinkedQueue<Runnable> inbox = new ConcurrentLinkedQueue<>();
  private final ArrayDeque<Runnable> putOff = new ArrayDeque<>();
  private final ExecutorService helpers = Executors.newCachedThreadPool(KernelLoop::helper);
  private @Nullable Lookout lookout;
  private boolean stopped;

  KernelLoop(Platform platform, Bugs bugs) {
    this.platform = platform;
    this.bugs = bugs;
    this.timers = new Timers(bugs);
  }

  public Timers timers() {
    return timers;
  }

  public Platform platform() {
    return platform;
  }

  /** From the kernel thread. */
  public void setLookout(Lookout l) {
    lookout = l;
  }

  /** Has the action run on the kernel thread, soon. From any thread. */
  public void post(Runnable action) {
    inbox.add(action);
    platform.wake();
  }

  /**
   * Has the action run when guests leave time for it, or some calls later; for what a guest need
   * not wait for. On the kernel thread.
   */
  public void putOff(Runnable action) {
    putOff.add(action);
  }

  /** Ends {@link #run} after the current round. On the kernel thread. */
  public void stop() {
    stopped = true;
  }

  /** Runs until {@link #stop}, on the calling thread, which is the kernel thread from now on. */
  public void run() {
    Platform.EventSink sink =
        new Platform.EventSink() {
          @Override
          public void onEvent(Context context) {
            KernelLoop.this.onEvent(context);
          }

          @Override
          public void onLost(Context context) {
            Task task = (Task) context.owner();
            task.kernel().lost(task);
            SignalSending.killAll(task.group);
          }
        };
    long lastActivity = System.nanoTime();
    long now = lastActivity;
    long spin = SPIN_MAX_NANOS;
    int rounds = 0;
    while (!stopped) {
      boolean active = platform.poll(sink) > 0;
      active |= runPosted();
      active |= runTasks();
      if (active) {
        if (lastActivity != 0) {
          // Guests that have the other processor come soon; where one must wait for this
          // processor, or has work of its own, the loop is in the way.
          spin =
              now - lastActivity < SOON_NANOS
                  ? Math.min(SPIN_MAX_NANOS, spin + SPIN_MAX_NANOS / 2)
                  : Math.max(SPIN_MIN_NANOS, spin / 2);
        }
        if (++rounds >= ROUNDS_PER_CLOCK) {
          rounds = 0;
          lastActivity = System.nanoTime();
          timers.expire(lastActivity);
          if (lookout != null) {
            lookout.look(lastActivity);
          }
          runPutOff();
        } else {
          lastActivity = 0;
        }
        continue;
      }
      now = System.nanoTime();
      // A guest that was just let go on may be waiting for this processor: it comes first.
      boolean first = lastActivity == 0;
      if (first) {
        lastActivity = now;
      }
      boolean enough =
          now - lastActivity > spin && (lookout == null || now - lookout.lookUntil() > 0);
      if (timers.expire(now) || !first && lookout != null && lookout.look(now)) {
        lastActivity = now;
      } else if (enough && runPutOff()) {
        // A guest may have come meanwhile.
      } else if (enough || !platform.pause()) {
        if (lookout != null) {
          if (first && lookout.look(now)) {
            continue;
          }
          lookout.sleepFollows();
        }
        if (inbox.isEmpty()) {
          long most = timers.nanosToNext(now);
          boolean soon = !putOff.isEmpty() && (most < 0 || most > LEISURE_NANOS);
          platform.sleep(soon ? LEISURE_NANOS : most);
        }
        now = System.nanoTime();
        timers.expire(now);
      }
    }
    runPutOff();
    helpers.shutdownNow();
  }

  private void onEvent(Context context) {
    Task task = (Task) context.owner();
    boolean answered = false;
    try {
      answered = task.answeredAtOnce();
    } catch (RuntimeException | Error bug) {
      bugs.report("an event of task " + task.tid(), bug);
      task.eventSeen();
    }
    if (!answered) {
      makeRunnable(task);
    }
  }

  private boolean runPosted() {
    return runAll(inbox, "what another thread had posted");
  }

  private boolean runPutOff() {
    return runAll(putOff, "what was put off");
  }

  private boolean runAll(Queue<Runnable> actions, String what) {
    boolean any = false;
    Runnable action;
    while ((action = actions.poll()) != null) {
      any = true;
      try {
        action.run();
      } catch (RuntimeException | Error bug) {
        bugs.report(what, bug);
      }
    }
    return any;
  }

  private boolean runTasks() {
    int count = runQueue.size();
    for (int i = 0; i < count; i++) {
      Task task = runQueue.poll();
      task.dequeued();
      try {
        task.step();
      } catch (RuntimeException | Error bug) {
        bugs.report("the end of task " + task.tid(), bug);
        TaskExit.abandoned(task);
      }
    }
    return count > 0;
  }

  /** Puts a task into the run queue unless it is there. On the kernel thread. */
  void makeRunnable(Task task) {
    if (task.markQueued()) {
      runQueue.add(task);
    }
  }

  /** Not by a factory of the JDK's, which wants method handles to count its threads. */
  private static Thread helper(Runnable work) {
    Thread thread = new Thread(work, "helper");
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Runs something that may block the host on a helper thread, and the continuation on the kernel
   * thread.
   */
  void runElsewhere(Runnable blocking, Runnable afterwards) {
    helpers.execute(() -> {
      try {
        blocking.run();
      } catch (RuntimeException | Error bug) {
        post(() -> bugs.report("a helper thread", bug));
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
