package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Ioctls;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;

/** ioctl: what holds for every file, and the file's own. */
final class SysIoctl {
  private SysIoctl() {}

  static void register(SyscallTable.Builder b) {
    b.partial(
        Sys.IOCTL,
        "ioctl",
        SysIoctl::ioctl,
        "Commands of terminals, pipes, sockets and those that every file has; file systems' own are"
            + " missing.");
  }

  static long ioctl(Task t, long fdArg, long commandArg, long argument, long a3, long a4, long a5) {
    int fd = (int) fdArg;
    int command = (int) commandArg;
    File f = t.fds.get(fd);
    if (f == null || (f.flags & Fcntl.O_PATH) != 0) {
      return -Errno.EBADF;
    }
    switch (command) {
      case Ioctls.FIOCLEX -> {
        t.fds.setCloseOnExec(fd, true);
        return 0;
      }
      case Ioctls.FIONCLEX -> {
        t.fds.setCloseOnExec(fd, false);
        return 0;
      }
      case Ioctls.FIONBIO -> {
        return setFlag(t, f, Fcntl.O_NONBLOCK, argument);
      }
      case Ioctls.FIOASYNC -> {
        int on = t.mm.readInt(argument);
        if (t.mm.error() == 0 && on != 0 && !f.hasAsync()) {
          return -Errno.ENOTTY;
        }
        return setFlag(t, f, Fcntl.O_ASYNC, argument);
      }
      case Ioctls.FIGETBSZ -> {
        return t.mm.writeInt(argument, 4096);
      }
      default -> {}
    }
    f.acquire();
    try {
      if (f.inode.isRegular()) {
        long r = regular(t, f, command, argument);
        if (r != -Errno.ENOTTY) {
          return r;
        }
      }
      return f.ioctl(t, command, argument);
    } finally {
      f.drop(t);
    }
  }

  private static long setFlag(Task t, File f, int flag, long argument) {
    int on = t.mm.readInt(argument);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    f.flags = on != 0 ? f.flags | flag : f.flags & ~flag;
    return 0;
  }

  private static long regular(Task t, File f, int command, long argument) {
    return switch (command) {
      case Ioctls.FIONREAD -> {
        long r = f.inode.getattr(t);
        yield r < 0 ? r : t.mm.writeInt(argument, (int) (f.inode.size - f.position));
      }
      default -> -Errno.ENOTTY;
    };
  }
}
