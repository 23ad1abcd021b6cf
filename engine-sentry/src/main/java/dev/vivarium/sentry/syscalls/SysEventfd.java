package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.EventFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;

/** eventfd, eventfd2. */
final class SysEventfd {
  private SysEventfd() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.EVENTFD, "eventfd", SysEventfd::eventfd);
    b.full(Sys.EVENTFD2, "eventfd2", SysEventfd::eventfd2);
  }

  static long eventfd(Task t, long initial, long a1, long a2, long a3, long a4, long a5) {
    return make(t, (int) initial, 0);
  }

  static long eventfd2(Task t, long initial, long flags, long a2, long a3, long a4, long a5) {
    return make(t, (int) initial, (int) flags);
  }

  private static long make(Task t, int initial, int flags) {
    if ((flags & ~(EventFile.EFD_SEMAPHORE | Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK)) != 0) {
      return -Errno.EINVAL;
    }
    EventFile file =
        new EventFile(
            t.kernel().anonFileSystems().anonInodes().newInode(t, 0600, "anon_inode:[eventfd]"),
            Fcntl.O_RDWR | flags & Fcntl.O_NONBLOCK,
            initial,
            (flags & EventFile.EFD_SEMAPHORE) != 0);
    return install(t, file, (flags & Fcntl.O_CLOEXEC) != 0);
  }

  /** Gives a new file a descriptor, or drops it. */
  static long install(Task t, File file, boolean cloexec) {
    int fd = t.fds.install(file, cloexec, 0);
    if (fd < 0) {
      file.drop(t);
    }
    return fd;
  }
}
