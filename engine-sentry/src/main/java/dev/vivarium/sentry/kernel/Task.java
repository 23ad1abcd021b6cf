package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.vfs.FdTable;
import dev.vivarium.sentry.vfs.FsContext;

/**
 * A thread of the guest: what Linux calls a task. Its kernel side is a coroutine on the kernel
 * thread; {@link #waitOn} and {@link #offload} are the only places where it stands still.
 */
public final class Task {
  /** For waits without a time limit. */
  public static final long NO_DEADLINE = Long.MAX_VALUE;

  private final Kernel kernel;
  private final int tid;
  private final Wakeup wakeup = new Wakeup(this);

  public Context context;
  public MemoryManager mm;
  public FdTable fds;
  public FsContext fs;
  public Credentials creds;
  public ThreadGroup group;

  Task(Kernel kernel, int tid) {
    this.kernel = kernel;
    this.tid = tid;
  }

  public Kernel kernel() {
    return kernel;
  }

  public int tid() {
    return tid;
  }

  /**
   * Waits until the queue is woken, a signal is to be handled, or the time is over. The caller
   * checks its condition again afterwards. Nothing can happen between the caller's check and this
   * wait.
   *
   * @param deadlineNanos on the kernel's monotonic clock, or {@link #NO_DEADLINE}
   * @return 0 woken; -ERESTARTSYS a signal is pending; -ETIMEDOUT
   */
  public long waitOn(WaitQueue queue, long deadlineNanos) {
    return 0;
  }

  /** A waiter that makes its task runnable. */
  static final class Wakeup extends WaitQueue.Waiter {
    private final Task task;

    Wakeup(Task task) {
      this.task = task;
    }

    @Override
    protected void woken(int events) {
      task.kernel.loop().makeRunnable(task);
    }
  }
}
