package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.EpollFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.Tracing;
import dev.vivarium.sentry.vfs.File;
import org.jspecify.annotations.Nullable;

/** kcmp: whether two processes share something. */
final class SysKcmp {
  // linux/kcmp.h
  private static final int KCMP_FILE = 0;
  private static final int KCMP_VM = 1;
  private static final int KCMP_FILES = 2;
  private static final int KCMP_FS = 3;
  private static final int KCMP_SIGHAND = 4;
  private static final int KCMP_IO = 5;
  private static final int KCMP_SYSVSEM = 6;
  private static final int KCMP_EPOLL_TFD = 7;

  private SysKcmp() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.KCMP, "kcmp", SysKcmp::kcmp);
  }

  static long kcmp(Task t, long pid1, long pid2, long type, long index1, long index2, long a5) {
    Task a = t.kernel().pids().task((int) pid1);
    Task b = t.kernel().pids().task((int) pid2);
    if (a == null || b == null) {
      return -Errno.ESRCH;
    }
    if (!Tracing.mayAccess(t, a) || !Tracing.mayAccess(t, b)) {
      return -Errno.EPERM;
    }
    if (a.hasExited() || b.hasExited()) {
      return (int) type == KCMP_FILE ? -Errno.EBADF : 0;
    }
    return switch ((int) type) {
      case KCMP_FILE -> {
        Object x = a.fds.getAny((int) index1);
        Object y = b.fds.getAny((int) index2);
        yield x == null || y == null ? -Errno.EBADF : order(x, y);
      }
      case KCMP_VM -> order(a.mm, b.mm);
      case KCMP_FILES -> order(a.fds, b.fds);
      case KCMP_FS -> order(a.fs, b.fs);
      case KCMP_SIGHAND -> order(a.group.actions(), b.group.actions());
      case KCMP_IO -> 0;
      case KCMP_SYSVSEM -> order(a.semaphoreUndo, b.semaphoreUndo);
      case KCMP_EPOLL_TFD -> watched(t, a, b, (int) index1, index2);
      default -> -Errno.EINVAL;
    };
  }

  /** Whether a file is the one that another task's epoll watches (struct kcmp_epoll_slot). */
  private static long watched(Task t, Task a, Task b, int fd, long slotAddress) {
    byte[] slot = new byte[12];
    if (t.mm.copyIn(slotAddress, slot, 0, slot.length) != 0) {
      return -Errno.EFAULT;
    }
    File file = a.fds.getAny(fd);
    File epoll = b.fds.getAny(Bytes.getInt(slot, 0));
    if (file == null || epoll == null) {
      return -Errno.EBADF;
    }
    if (!(epoll instanceof EpollFile e)) {
      return -Errno.EINVAL;
    }
    File target = e.watched(Bytes.getInt(slot, 4), Bytes.getInt(slot, 8));
    return target == null ? -Errno.ENOENT : order(file, target);
  }

  /** 0 for the same thing; 1 and 2 are an order; 3 where there is none. */
  private static long order(@Nullable Object x, @Nullable Object y) {
    if (x == y) {
      return 0;
    }
    int left = System.identityHashCode(x);
    int right = System.identityHashCode(y);
    return left < right ? 1 : left > right ? 2 : 3;
  }
}
