package dev.vivarium.sentry.vfs.dev;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.ipc.Fifo;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.tty.DevPts;
import dev.vivarium.sentry.tty.Devices;
import dev.vivarium.sentry.tty.Terminal;
import dev.vivarium.sentry.tty.TerminalOpener;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.SpecialFiles;
import dev.vivarium.sentry.vfs.VfsPath;
import org.jspecify.annotations.Nullable;

/** Opens FIFOs and devices, on whatever file system their inode lies. */
public final class DeviceTable implements SpecialFiles {
  private final TerminalOpener terminals;
  private @Nullable Terminal console;

  public DeviceTable(DevPts devpts) {
    this.terminals = new TerminalOpener(devpts);
  }

  /** The terminal behind /dev/console; without one it cannot be opened. */
  public void setConsole(Terminal terminal) {
    console = terminal;
  }

  @Override
  public long open(Task t, Inode inode, VfsPath path, int flags, FileRef out) {
    if (inode.special instanceof SpecialFiles own) {
      return own.open(t, inode, path, flags, out);
    }
    return switch (inode.mode & Stat.S_IFMT) {
      case Stat.S_IFIFO -> Fifo.open(t, inode, path, flags, out);
      case Stat.S_IFCHR -> openDevice(t, inode, path, flags, out);
      default -> -Errno.ENXIO;
    };
  }

  private long openDevice(Task t, Inode inode, VfsPath path, int flags, FileRef out) {
    long device = inode.rdev;
    MemoryDevice.Kind kind = MemoryDevice.Kind.of(device);
    if (kind != null) {
      out.file = new MemoryDevice(inode, path, flags, kind);
      return 0;
    }
    if (device == Devices.PTMX) {
      return terminals.openMaster(t, inode, path, flags, out);
    }
    if (device == Devices.TTY) {
      return terminals.openControlling(t, inode, path, flags, out);
    }
    if (device == Devices.CONSOLE && console != null) {
      return terminals.open(t, console, inode, path, flags, out);
    }
    if (Devices.major(device) == Terminal.SLAVE_MAJOR) {
      return terminals.openSlave(t, Devices.minor(device), inode, path, flags, out);
    }
    return -Errno.ENXIO;
  }
}
