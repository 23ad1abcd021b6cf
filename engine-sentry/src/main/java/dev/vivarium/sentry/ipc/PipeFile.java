package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Ioctls;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;
import org.jspecify.annotations.Nullable;

/** An open end of a pipe, or of a FIFO (then possibly both). */
public final class PipeFile extends File {
  private final Pipe pipe;

  /**
   * For {@link Poll#HUP} of a FIFO's reader that opened before any writer: writers that came later.
   */
  private final long writersBefore;

  public PipeFile(Inode inode, @Nullable VfsPath path, int flags, Pipe pipe) {
    super(inode, path, flags);
    this.pipe = pipe;
    this.writersBefore = pipe.writers() == 0 ? pipe.writerOpens() : -1;
    if (isReadable()) {
      pipe.openReader();
    }
    if (isWritable()) {
      pipe.openWriter();
    }
  }

  public Pipe pipe() {
    return pipe;
  }

  @Override
  public boolean hasAsync() {
    return true;
  }

  @Override
  public boolean readsAtOnce(Uio dst) {
    return isNonBlocking() && pipe.used() == 0 || pipe.readsAtOnce(dst);
  }

  @Override
  public boolean writesAtOnce(Uio src) {
    return pipe.writesAtOnce(src);
  }

  @Override
  public boolean closesAtOnce() {
    return true;
  }

  @Override
  protected void release(Task t) {
    if (isReadable()) {
      pipe.closeReader();
    }
    if (isWritable()) {
      pipe.closeWriter();
    }
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    return pipe.read(t, dst, isNonBlocking());
  }

  @Override
  public long write(Task t, Uio src, long offset) {
    return pipe.write(t, src, isNonBlocking(), (flags & Fcntl.O_DIRECT) != 0);
  }

  @Override
  public long ioctl(Task t, int command, long argument) {
    if (command == Ioctls.FIONREAD) {
      return t.mm.writeInt(argument, pipe.used());
    }
    return -Errno.ENOTTY;
  }

  /** F_GETPIPE_SZ and F_SETPIPE_SZ. */
  public long pipeSize() {
    return pipe.capacity();
  }

  public long setPipeSize(long wanted, boolean privileged) {
    return pipe.setCapacity(wanted, privileged);
  }

  @Override
  public int poll() {
    int events = 0;
    if (isReadable()) {
      events |= pipe.pollRead();
      if (pipe.writerOpens() == writersBefore) {
        events &= ~Poll.HUP;
      }
    }
    if (isWritable()) {
      events |= pipe.pollWrite();
    }
    return events;
  }

  @Override
  public WaitQueue pollQueue() {
    if (isReadable() && isWritable()) {
      return pipe.bothQueue();
    }
    return isReadable() ? pipe.readQueue() : pipe.writeQueue();
  }
}
