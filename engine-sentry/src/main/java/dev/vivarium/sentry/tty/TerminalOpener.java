package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;

/** open(2) of the terminals' devices. */
public final class TerminalOpener {
  private final DevPts devpts;

  public TerminalOpener(DevPts devpts) {
    this.devpts = devpts;
  }

  /** /dev/ptmx. */
  public long openMaster(Task t, Inode inode, VfsPath path, int flags, FileRef out) {
    return devpts.openMaster(t, inode, path, flags, out);
  }

  /** /dev/pts/N. */
  public long openSlave(Task t, int number, Inode inode, VfsPath path, int flags, FileRef out) {
    return devpts.openSlave(t, number, inode, path, flags, out);
  }

  /** /dev/tty: the terminal of the task's session. */
  public long openControlling(Task t, Inode inode, VfsPath path, int flags, FileRef out) {
    if (t.group.session().controllingTerminal() instanceof Terminal terminal) {
      return open(t, terminal, inode, path, flags | Fcntl.O_NOCTTY, out);
    }
    return -Errno.ENXIO;
  }

  public long open(Task t, Terminal terminal, Inode inode, VfsPath path, int flags, FileRef out) {
    return terminal.isHungUp()
        ? -Errno.EIO
        : DevPts.openTerminal(t, terminal, inode, path, flags, out);
  }
}
