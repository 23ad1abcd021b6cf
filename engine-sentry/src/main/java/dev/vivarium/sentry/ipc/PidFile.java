package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;

/** A pidfd: a descriptor that names a process and becomes readable when it ends. */
public final class PidFile extends File {
  private final ThreadGroup process;

  private PidFile(Inode inode, int flags, ThreadGroup process) {
    super(inode, null, flags);
    this.process = process;
  }

  /** Gives a process a new descriptor, always close-on-exec; returns it or a negative errno. */
  public static long install(Task t, ThreadGroup process, int flags) {
    Inode inode = t.kernel().anonFileSystems().anonInodes().newInode(t, 0600, "anon_inode:[pidfd]");
    PidFile file = new PidFile(inode, Fcntl.O_RDWR | flags & Fcntl.O_NONBLOCK, process);
    int fd = t.fds.install(file, true, 0);
    if (fd < 0) {
      file.drop(t);
    }
    return fd;
  }

  public ThreadGroup process() {
    return process;
  }

  @Override
  public int poll() {
    return process.isDead() ? Poll.IN | Poll.RDNORM : 0;
  }

  @Override
  public WaitQueue pollQueue() {
    return process.deathQueue();
  }
}
