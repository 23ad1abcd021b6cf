package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.PathName;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.WalkResult;
import org.jspecify.annotations.Nullable;

/** Path arguments of system calls. */
final class GuestPath {
  /** Flags of the *at calls. */
  static final int AT_SYMLINK_NOFOLLOW = 0x100;

  static final int AT_SYMLINK_FOLLOW = 0x400;
  static final int AT_NO_AUTOMOUNT = 0x800;
  static final int AT_EMPTY_PATH = 0x1000;

  private GuestPath() {}

  /** Copies a path in to be walked; null and {@code t.mm.error()} if that fails. */
  static @Nullable PathName name(Task t, long address) {
    return t.kernel().names().read(t.mm, address);
  }

  /** Copies a path in; null and {@code t.mm.error()} if that fails. */
  static @Nullable String read(Task t, long address) {
    return t.mm.copyInString(address, PathWalker.PATH_MAX - 1);
  }

  /**
   * Copies a path in and resolves it.
   *
   * @param flags of {@link PathWalker}
   */
  static long walk(Task t, long dirfd, long address, int flags, WalkResult out) {
    PathName path = name(t, address);
    return path == null ? t.mm.error() : PathWalker.walk(t, (int) dirfd, path, flags, out);
  }

  /** The walk's flags for AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH. */
  static int walkFlags(long atFlags) {
    return ((atFlags & AT_SYMLINK_NOFOLLOW) == 0 ? PathWalker.FOLLOW : 0)
        | ((atFlags & AT_EMPTY_PATH) != 0 ? PathWalker.EMPTY : 0);
  }

  /** Installs an open file at the lowest descriptor, or drops it. */
  static long install(Task t, @Nullable File file, boolean cloexec) {
    if (file == null) {
      return -Errno.EIO;
    }
    int fd = t.fds.install(file, cloexec, 0);
    if (fd < 0) {
      file.drop(t);
    }
    return fd;
  }
}
