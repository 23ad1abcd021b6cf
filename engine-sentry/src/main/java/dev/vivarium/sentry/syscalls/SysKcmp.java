package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.Tracing;
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

  private SysKcmp() {}

  static void register(SyscallTable.Builder b) {
    b.partial(Sys.KCMP, "kcmp", SysKcmp::kcmp, "KCMP_EPOLL_TFD is refused with EINVAL.");
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
      default -> -Errno.EINVAL;
    };
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
