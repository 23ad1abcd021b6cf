package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;
import org.jspecify.annotations.Nullable;

/** The terminal as programs have it open. */
public final class SlaveFile extends File {
  private final Terminal terminal;

  SlaveFile(Inode inode, @Nullable VfsPath path, int flags, Terminal terminal) {
    super(inode, path, flags);
    this.terminal = terminal;
    terminal.slaveOpened();
  }

  public Terminal terminal() {
    return terminal;
  }

  @Override
  public boolean canSplice() {
    return true;
  }

  @Override
  public boolean hasAsync() {
    return true;
  }

  @Override
  protected void release(Task t) {
    terminal.slaveClosed();
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    return terminal.slaveRead(t, dst, isNonBlocking());
  }

  @Override
  public long write(Task t, Uio src, long offset) {
    return terminal.slaveWrite(t, src, isNonBlocking());
  }

  @Override
  public long ioctl(Task t, int command, long argument) {
    return TerminalIoctls.ioctl(t, terminal, false, command, argument);
  }

  @Override
  public int poll() {
    return terminal.slavePoll();
  }

  @Override
  public WaitQueue pollQueue() {
    return terminal.slaveQueue();
  }
}
