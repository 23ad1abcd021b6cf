package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Pipe;
import dev.vivarium.sentry.ipc.PipeFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.Inode;

/** pipe, pipe2. */
final class SysPipe {
  private SysPipe() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.PIPE, "pipe", SysPipe::pipe);
    b.full(Sys.PIPE2, "pipe2", SysPipe::pipe2);
  }

  static long pipe(Task t, long fds, long a1, long a2, long a3, long a4, long a5) {
    return doPipe(t, fds, 0);
  }

  static long pipe2(Task t, long fds, long flags, long a2, long a3, long a4, long a5) {
    return doPipe(t, fds, (int) flags);
  }

  private static long doPipe(Task t, long fds, int flags) {
    if ((flags & ~(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK | Fcntl.O_DIRECT)) != 0) {
      return -Errno.EINVAL;
    }
    Inode inode =
        t.kernel().anonFileSystems().pipes().newInode(t, Stat.S_IFIFO | 0600, "pipe:[%d]");
    Pipe pipe = new Pipe();
    inode.special = pipe; // /proc/PID/fd/N opens it again
    int status = flags & (Fcntl.O_NONBLOCK | Fcntl.O_DIRECT);
    PipeFile reader = new PipeFile(inode, null, Fcntl.O_RDONLY | status & ~Fcntl.O_DIRECT, pipe);
    PipeFile writer = new PipeFile(inode, null, Fcntl.O_WRONLY | status, pipe);
    return FdPairs.install(t, fds, reader, writer, (flags & Fcntl.O_CLOEXEC) != 0);
  }
}
