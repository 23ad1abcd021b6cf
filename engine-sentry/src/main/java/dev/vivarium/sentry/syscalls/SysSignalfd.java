package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.SignalFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;

/** signalfd, signalfd4. */
final class SysSignalfd {
  private SysSignalfd() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.SIGNALFD, "signalfd", SysSignalfd::signalfd);
    b.full(Sys.SIGNALFD4, "signalfd4", SysSignalfd::signalfd4);
  }

  static long signalfd(Task t, long fd, long mask, long size, long a3, long a4, long a5) {
    return signalfd4(t, fd, mask, size, 0, 0, 0);
  }

  static long signalfd4(Task t, long fd, long mask, long size, long flagBits, long a4, long a5) {
    int flags = (int) flagBits;
    if (size != 8) {
      return -Errno.EINVAL;
    }
    long set = t.mm.readLong(mask);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if ((flags & ~(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK)) != 0) {
      return -Errno.EINVAL;
    }
    if ((int) fd != -1) {
      File f = t.fds.get((int) fd);
      if (f == null) {
        return -Errno.EBADF;
      }
      if (!(f instanceof SignalFile s)) {
        return -Errno.EINVAL;
      }
      s.setMask(set);
      return (int) fd;
    }
    SignalFile made =
        new SignalFile(
            t.kernel().anonFileSystems().anonInodes().newInode(t, 0600, "anon_inode:[signalfd]"),
            Fcntl.O_RDWR | flags & Fcntl.O_NONBLOCK,
            t.group,
            set);
    return SysEventfd.install(t, made, (flags & Fcntl.O_CLOEXEC) != 0);
  }
}
