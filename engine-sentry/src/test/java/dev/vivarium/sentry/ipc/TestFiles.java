package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.vfs.AnonFs;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;

/** Files and tasks for tests of what never waits. */
public final class TestFiles {
  private TestFiles() {}

  /** Stands for a task where none is looked at. */
  @SuppressWarnings("NullAway")
  public static Task noTask() {
    return null;
  }

  public static Inode inode() {
    return new Inode(new AnonFs(1, "testfs", 0), 1, Stat.S_IFREG | 0600) {};
  }

  /** A file whose readiness the test sets. */
  static final class Switch extends File {
    final WaitQueue queue = new WaitQueue();
    int ready;

    Switch() {
      super(inode(), null, 0);
    }

    void set(int events) {
      ready = events;
      queue.wake(events);
    }

    @Override
    public int poll() {
      return ready;
    }

    @Override
    public WaitQueue pollQueue() {
      return queue;
    }
  }
}
