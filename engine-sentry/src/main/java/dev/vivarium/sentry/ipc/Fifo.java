package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;

/** Opens FIFOs (fifo(7)): the pipe belongs to the inode while anybody has it open. */
public final class Fifo {
  private Fifo() {}

  /** open(2) of a FIFO; waits for the other end unless O_NONBLOCK is set. */
  public static long open(Task t, Inode inode, VfsPath path, int flags, FileRef out) {
    Pipe pipe;
    if (inode.special instanceof Pipe existing) {
      pipe = existing;
    } else {
      pipe = new Pipe();
      inode.special = pipe;
    }
    boolean nonBlocking = (flags & Fcntl.O_NONBLOCK) != 0;
    int access = flags & Fcntl.O_ACCMODE;
    // A pipe that is opened again through /proc/PID/fd has met its other end already.
    boolean named = inode.fs != t.kernel().anonFileSystems().pipes();
    if (named && access == Fcntl.O_WRONLY && nonBlocking && pipe.readers() == 0) {
      return -Errno.ENXIO;
    }
    PipeFile file = new PipeFile(inode, path, flags & ~Fcntl.O_DIRECT, pipe);
    long r = 0;
    if (named && !nonBlocking) {
      if (access == Fcntl.O_RDONLY && pipe.writers() == 0) {
        r = awaitOther(t, pipe, pipe.readQueue(), false);
      } else if (access == Fcntl.O_WRONLY && pipe.readers() == 0) {
        r = awaitOther(t, pipe, pipe.writeQueue(), true);
      }
    }
    if (r < 0) {
      file.drop(t);
      return r;
    }
    out.file = file;
    return 0;
  }

  /** The other end counts even if it was closed again by the time that we run. */
  private static long awaitOther(Task t, Pipe pipe, WaitQueue queue, boolean readers) {
    long before = readers ? pipe.readerOpens() : pipe.writerOpens();
    while ((readers ? pipe.readerOpens() : pipe.writerOpens()) == before) {
      long w = t.waitOn(queue, Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
    return 0;
  }
}
