package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import org.jspecify.annotations.Nullable;

/** A pidfd: a descriptor that names a process and becomes readable when it ends. */
public final class PidFile extends File {
  private final ThreadGroup process;

  /** The one thread that it names (PIDFD_THREAD); null for the process. */
  private final @Nullable Task thread;

  private PidFile(Inode inode, int flags, ThreadGroup process, @Nullable Task thread) {
    super(inode, null, flags);
    this.process = process;
    this.thread = thread;
  }

  /** Gives a process a new descriptor, always close-on-exec; returns it or a negative errno. */
  public static long install(Task t, ThreadGroup process, int flags) {
    return install(t, process, null, flags);
  }

  /** The same for one thread (PIDFD_THREAD). */
  public static long installThread(Task t, Task thread, int flags) {
    return install(t, thread.group, thread, flags);
  }

  private static long install(Task t, ThreadGroup process, @Nullable Task thread, int flags) {
    Inode inode = t.kernel().anonFileSystems().anonInodes().newInode(t, 0600, "anon_inode:[pidfd]");
    PidFile file = new PidFile(inode, Fcntl.O_RDWR | flags & Fcntl.O_NONBLOCK, process, thread);
    int fd = t.fds.install(file, true, 0);
    if (fd < 0) {
      file.drop(t);
    }
    return fd;
  }

  public ThreadGroup process() {
    return process;
  }

  /** The thread that it names; null if it names a process. */
  public @Nullable Task thread() {
    return thread;
  }

  @Override
  public int poll() {
    Task t = thread;
    boolean over = t != null ? t.hasExited() : process.isDead();
    if (!over) {
      return 0;
    }
    // A thread leaves nothing behind but for the first one, which stays until its process goes.
    boolean gone =
        t != null && t != process.leader()
            || process.kernel().pids().group(process.pid()) != process;
    return Poll.IN | Poll.RDNORM | (gone ? Poll.HUP : 0);
  }

  @Override
  public WaitQueue pollQueue() {
    return process.deathQueue();
  }
}
