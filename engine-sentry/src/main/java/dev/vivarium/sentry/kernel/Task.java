package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.vfs.FdTable;
import dev.vivarium.sentry.vfs.FsContext;

/**
 * A thread of the guest: what Linux calls a task. Its kernel side is a coroutine on the kernel
 * thread; {@link #waitOn}, {@link #sleepUntil}, {@link #offload} and {@link #awaitEvent} are the
 * only places where it stands still.
 */
public final class Task {
  /** For waits without a time limit. */
  public static final long NO_DEADLINE = Long.MAX_VALUE;

  private final Kernel kernel;
  private final int tid;
  private final Coroutine coroutine;

  public Context context;
  public MemoryManager mm;
  public FdTable fds;
  public FsContext fs;
  public Credentials creds;
  public ThreadGroup group;

  private boolean queued;
  private boolean inGuest;
  private boolean eventSeen;
  private boolean woken;
  private boolean timedOut;
  private final Wakeup wakeup = new Wakeup(this);
  private final Alarm alarm = new Alarm(this);

  Task(Kernel kernel, int tid) {
    this.kernel = kernel;
    this.tid = tid;
    this.coroutine = new Coroutine(this::run);
  }

  public Kernel kernel() {
    return kernel;
  }

  public int tid() {
    return tid;
  }

  // ---- running ----

  /** The task's life: events of its guest, one after the other, until it ends. */
  private void run() {}

  /**
   * Whether something besides the system call is to be done before the guest may go on (signals,
   * stops, exit).
   */
  private boolean hasWork() {
    return false;
  }

  public boolean signalPending() {
    return false;
  }

  /** Starts the task: it will run its guest from the registers in {@link #context}. */
  void start() {
    context.setOwner(this);
    kernel.loop().makeRunnable(this);
  }

  /** Called by the loop: goes on until the next wait. */
  void step() {
    coroutine.run();
  }

  boolean markQueued() {
    if (queued || coroutine.isDone()) {
      return false;
    }
    queued = true;
    return true;
  }

  void dequeued() {
    queued = false;
  }

  /**
   * Called by the loop, outside the coroutine, when the guest has an event: answers a system call
   * that never waits on the spot. False if the coroutine is needed.
   */
  boolean answeredAtOnce() {
    if (inGuest && context.event() == Context.SYSCALL && !hasWork()) {
      int number = context.regs().origRax();
      if (kernel.dispatcher().isFast(number)) {
        return false; // the task engineer's dispatch comes here
      }
    }
    eventSeen = true;
    return false;
  }

  /** Lets the guest run and waits for its next event ({@link Context#event}). */
  void awaitEvent() {
    inGuest = true;
    eventSeen = false;
    context.resume();
    while (!eventSeen) {
      Coroutine.yield();
    }
    inGuest = false;
  }

  // ---- waiting ----

  /**
   * Waits until the queue is woken, a signal is to be handled, or the time is over. The caller
   * checks its condition again afterwards. Nothing can happen between the caller's check and this
   * wait.
   *
   * @param deadlineNanos on the kernel's monotonic clock ({@link System#nanoTime}), or {@link
   *     #NO_DEADLINE}
   * @return 0 woken; -ERESTARTSYS a signal is pending; -ETIMEDOUT
   */
  public long waitOn(WaitQueue queue, long deadlineNanos) {
    queue.add(wakeup);
    try {
      return sleep(deadlineNanos, true);
    } finally {
      queue.remove(wakeup);
    }
  }

  /** Like {@link #waitOn}, but signals do not end the wait. */
  public long waitUninterruptibly(WaitQueue queue) {
    queue.add(wakeup);
    try {
      return sleep(NO_DEADLINE, false);
    } finally {
      queue.remove(wakeup);
    }
  }

  /**
   * Waits until {@link #wake}, a signal or the time: for callers that queue waiters of their own
   * (poll).
   */
  public long sleepUntil(long deadlineNanos) {
    return sleep(deadlineNanos, true);
  }

  /** Ends the task's present wait with 0. On the kernel thread. */
  public void wake() {
    woken = true;
    kernel.loop().makeRunnable(this);
  }

  /** Makes the task look at its signals: ends an interruptible wait, or brings its guest back. */
  void interrupt() {
    if (inGuest) {
      context.interrupt();
    } else {
      kernel.loop().makeRunnable(this);
    }
  }

  private long sleep(long deadlineNanos, boolean interruptible) {
    woken = false;
    timedOut = false;
    if (interruptible && signalPending()) {
      return -Errno.ERESTARTSYS;
    }
    context.parkGuest();
    if (deadlineNanos != NO_DEADLINE) {
      kernel.timers().schedule(alarm, deadlineNanos);
    }
    try {
      for (; ; ) {
        Coroutine.yield();
        if (woken) {
          return 0;
        }
        if (interruptible && signalPending()) {
          return -Errno.ERESTARTSYS;
        }
        if (timedOut) {
          return -Errno.ETIMEDOUT;
        }
      }
    } finally {
      kernel.timers().cancel(alarm);
    }
  }

  /** Something that may block the host; it must touch no kernel object. */
  public interface HostCall {
    long call();
  }

  /** Runs {@code call} on a helper thread and waits for its result. Signals do not end the wait. */
  public long offload(HostCall call) {
    long[] result = {-Errno.EIO};
    boolean[] done = {false};
    kernel
        .loop()
        .runElsewhere(
            () -> result[0] = call.call(),
            () -> {
              done[0] = true;
              kernel.loop().makeRunnable(this);
            });
    context.parkGuest();
    while (!done[0]) {
      Coroutine.yield();
    }
    return result[0];
  }

  /** A waiter that makes its task runnable. */
  private static final class Wakeup extends WaitQueue.Waiter {
    private final Task task;

    Wakeup(Task task) {
      this.task = task;
    }

    @Override
    protected void woken(int events) {
      task.wake();
    }
  }

  private static final class Alarm extends Timers.Timer {
    private final Task task;

    Alarm(Task task) {
      this.task = task;
    }

    @Override
    protected void fire() {
      task.timedOut = true;
      task.kernel.loop().makeRunnable(task);
    }
  }
}
