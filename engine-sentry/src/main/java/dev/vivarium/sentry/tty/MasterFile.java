package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Ioctls;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;

/** The other end of a terminal, as /dev/ptmx gives it. */
final class MasterFile extends File {
  private static final int CHUNK = 4096;

  private final Terminal terminal;
  private final DevPts devpts;

  MasterFile(Inode inode, VfsPath path, int flags, Terminal terminal, DevPts devpts) {
    super(inode, path, flags);
    this.terminal = terminal;
    this.devpts = devpts;
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
    terminal.masterClose();
    devpts.remove(terminal);
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    for (; ; ) {
      long n = dst.remaining() == 0 ? 0 : terminal.masterRead(dst);
      if (n != -Errno.EAGAIN || isNonBlocking()) {
        return n;
      }
      long w = t.waitOn(terminal.masterQueue(), Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
  }

  @Override
  public long write(Task t, Uio src, long offset) {
    byte[] chunk = new byte[(int) Math.min(src.remaining(), CHUNK)];
    long done = 0;
    while (src.remaining() > 0) {
      int n = (int) src.take(chunk, 0, (int) Math.min(chunk.length, src.remaining()));
      if (n < 0) {
        return done > 0 ? done : n;
      }
      int sent = 0;
      for (; ; ) {
        sent += terminal.masterWrite(chunk, sent, n - sent);
        if (sent == n) {
          break;
        }
        long w =
            isNonBlocking() ? -Errno.EAGAIN : t.waitOn(terminal.masterQueue(), Task.NO_DEADLINE);
        if (w < 0) {
          return done + sent > 0 ? done + sent : w;
        }
      }
      done += n;
    }
    return done;
  }

  @Override
  public long ioctl(Task t, int command, long argument) {
    if (command == Ioctls.TIOCGPTPEER) {
      return openPeer(t, (int) argument);
    }
    return TerminalIoctls.ioctl(t, terminal, true, command, argument);
  }

  private long openPeer(Task t, int peerFlags) {
    int keep = Fcntl.O_ACCMODE | Fcntl.O_NONBLOCK;
    SlaveFile slave = new SlaveFile(devpts.inodeOf(terminal), null, peerFlags & keep, terminal);
    int fd = t.fds.install(slave, (peerFlags & Fcntl.O_CLOEXEC) != 0, 0);
    if (fd < 0) {
      slave.drop(t);
    }
    return fd;
  }

  @Override
  public int poll() {
    return terminal.masterPoll();
  }

  @Override
  public WaitQueue pollQueue() {
    return terminal.masterQueue();
  }
}
