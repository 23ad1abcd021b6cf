package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.TaskExec;
import dev.vivarium.sentry.vfs.PathWalker;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** execve, execveat. */
final class SysExec {
  /** Longest single string (MAX_ARG_STRLEN). */
  private static final int MAX_STRING = 131072;

  private static final long MAX_TOTAL = 6 << 20;
  private static final long MIN_TOTAL = 128 << 10;

  private SysExec() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.EXECVE, "execve", SysExec::execve);
    b.full(Sys.EXECVEAT, "execveat", SysExec::execveat);
  }

  static long execve(Task t, long path, long argv, long envp, long a3, long a4, long a5) {
    return exec(t, Fcntl.AT_FDCWD, path, argv, envp, 0);
  }

  static long execveat(Task t, long dirfd, long path, long argv, long envp, long flags, long a5) {
    return exec(t, (int) dirfd, path, argv, envp, (int) flags);
  }

  private static long exec(Task t, int dirfd, long path, long argv, long envp, int flags) {
    String name = t.mm.copyInString(path, PathWalker.PATH_MAX - 1);
    if (name == null) {
      return t.mm.error();
    }
    if ((flags & ~(Fcntl.AT_EMPTY_PATH | Fcntl.AT_SYMLINK_NOFOLLOW)) != 0) {
      return -Errno.EINVAL;
    }
    Strings strings = new Strings(t, limit(t));
    List<String> args = strings.read(argv);
    List<String> env = args == null ? null : strings.read(envp);
    int walkFlags =
        ((flags & Fcntl.AT_SYMLINK_NOFOLLOW) != 0 ? 0 : PathWalker.FOLLOW)
            | ((flags & Fcntl.AT_EMPTY_PATH) != 0 ? PathWalker.EMPTY : 0);
    if (args == null || env == null) {
      // A program that cannot be had counts before arguments that cannot be read.
      long rc = TaskExec.check(t, dirfd, name, walkFlags);
      return rc < 0 ? rc : strings.error;
    }
    return TaskExec.exec(t, dirfd, name, walkFlags, args, env);
  }

  /** Room for all strings and their pointers: a quarter of the stack's limit, within bounds. */
  private static long limit(Task t) {
    long stack = t.group.rlimits.soft(Resource.RLIMIT_STACK);
    long quarter = stack >>> 2;
    return Math.max(MIN_TOTAL, Math.min(quarter, MAX_TOTAL));
  }

  /** Reads argv and envp, which share one limit. */
  private static final class Strings {
    private final Task t;
    private long room;
    private long error;

    Strings(Task t, long room) {
      this.t = t;
      this.room = room;
    }

    @Nullable List<String> read(long array) {
      List<String> strings = new ArrayList<>();
      if (array == 0) {
        return strings;
      }
      for (long at = array; ; at += 8) {
        long address = t.mm.readLong(at);
        if (t.mm.error() != 0) {
          error = -Errno.EFAULT;
          return null;
        }
        if (address == 0) {
          return strings;
        }
        String s = t.mm.copyInString(address, MAX_STRING - 1);
        if (s == null) {
          error = t.mm.error() == -Errno.ENAMETOOLONG ? -Errno.E2BIG : -Errno.EFAULT;
          return null;
        }
        room -= s.length() + 1 + 8;
        if (room < 0) {
          error = -Errno.E2BIG;
          return null;
        }
        strings.add(s);
      }
    }
  }
}
