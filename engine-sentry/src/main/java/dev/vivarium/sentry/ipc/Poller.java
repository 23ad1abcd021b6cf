package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.vfs.File;
import java.util.ArrayList;
import java.util.List;

/**
 * One task's wait on many files at once (poll, select). Holds a reference on each file until it is
 * closed.
 */
public final class Poller implements AutoCloseable {
  private final Task task;
  private final List<Entry> entries;

  public Poller(Task task, int expected) {
    this.task = task;
    this.entries = new ArrayList<>(expected);
  }

  /** Watches one more file for {@code interest}; errors and hang-ups always count. */
  public void add(File file, int interest) {
    Entry e = new Entry(task, file.acquire(), interest | Poll.ERR | Poll.HUP);
    entries.add(e);
    WaitQueue queue = file.pollQueue();
    if (queue != null) {
      queue.add(e);
      e.queue = queue;
    }
  }

  /**
   * The readiness of the file that was added as number {@code index}, as far as it is of interest.
   */
  public int events(int index) {
    Entry e = entries.get(index);
    return e.file.poll() & e.interest;
  }

  /** Waits until a file may have become ready; as {@link Task#sleepUntil}. */
  public long await(long deadlineNanos) {
    return task.sleepUntil(deadlineNanos);
  }

  @Override
  public void close() {
    for (Entry e : entries) {
      if (e.queue != null) {
        e.queue.remove(e);
      }
    }
    for (Entry e : entries) {
      e.file.drop(task);
    }
  }

  private static final class Entry extends WaitQueue.Waiter {
    private final Task task;
    private final File file;
    private final int interest;
    private @org.jspecify.annotations.Nullable WaitQueue queue;

    Entry(Task task, File file, int interest) {
      this.task = task;
      this.file = file;
      this.interest = interest;
    }

    @Override
    protected void woken(int events) {
      if (events == 0 || (events & interest) != 0) {
        task.wake();
      }
    }
  }
}
