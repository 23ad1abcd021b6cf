package dev.vivarium.microvm;

import dev.vivarium.engine.watch.FileAction;
import org.jspecify.annotations.Nullable;

/** Which calls that succeeded did something with a file, and what. */
final class GuestFileEvents {
  private GuestFileEvents() {}

  /** What a call did; null if nothing of that kind. */
  static @Nullable FileAction action(int number, long[] arguments) {
    return switch (number) {
      case Calls.OPEN -> opened(arguments[1]);
      case Calls.OPENAT -> opened(arguments[2]);
      // Its flags are in a struct that we do not have.
      case Calls.OPENAT2 -> FileAction.READ;
      case Calls.CREAT -> opened(Calls.O_WRONLY | Calls.O_CREAT | Calls.O_TRUNC);
      case Calls.UNLINK -> FileAction.DELETE;
      case Calls.RMDIR -> FileAction.RMDIR;
      case Calls.UNLINKAT ->
          (arguments[2] & Calls.AT_REMOVEDIR) != 0 ? FileAction.RMDIR : FileAction.DELETE;
      case Calls.RENAME, Calls.RENAMEAT, Calls.RENAMEAT2 -> FileAction.RENAME;
      case Calls.CHMOD, Calls.FCHMOD, Calls.FCHMODAT, Calls.FCHMODAT2 -> FileAction.CHMOD;
      case Calls.CHOWN, Calls.LCHOWN, Calls.FCHOWN, Calls.FCHOWNAT -> FileAction.CHOWN;
      case Calls.LINK, Calls.LINKAT -> FileAction.LINK;
      case Calls.SYMLINK, Calls.SYMLINKAT -> FileAction.SYMLINK;
      case Calls.MKDIR, Calls.MKDIRAT -> FileAction.MKDIR;
      case Calls.MKNOD, Calls.MKNODAT -> FileAction.MKNOD;
      case Calls.TRUNCATE, Calls.FTRUNCATE -> FileAction.TRUNCATE;
      case Calls.MOUNT -> FileAction.MOUNT;
      case Calls.SETXATTR, Calls.LSETXATTR, Calls.FSETXATTR -> FileAction.ATTRIBUTE;
      default -> null;
    };
  }

  /** Whether both of its paths matter. */
  static boolean hasTwoPaths(FileAction action) {
    return switch (action) {
      case RENAME, LINK, SYMLINK, MOUNT -> true;
      default -> false;
    };
  }

  /** The number of the action: flags, mode or owner, as the sentry's events have it. */
  static long detail(int number, long[] arguments) {
    return switch (number) {
      case Calls.OPEN,
          Calls.CHMOD,
          Calls.FCHMOD,
          Calls.CHOWN,
          Calls.LCHOWN,
          Calls.FCHOWN,
          Calls.MKDIR,
          Calls.MKNOD,
          Calls.TRUNCATE,
          Calls.FTRUNCATE ->
          arguments[1];
      case Calls.OPENAT,
          Calls.FCHMODAT,
          Calls.FCHMODAT2,
          Calls.FCHOWNAT,
          Calls.MKDIRAT,
          Calls.MKNODAT ->
          arguments[2];
      case Calls.CREAT -> Calls.O_WRONLY | Calls.O_CREAT | Calls.O_TRUNC;
      case Calls.MOUNT -> arguments[3];
      default -> 0;
    };
  }

  private static FileAction opened(long flags) {
    if ((flags & Calls.ACCESS_MODE) == 0 && (flags & Calls.O_TRUNC) == 0) {
      return FileAction.READ;
    }
    return (flags & Calls.O_EXCL) != 0 && (flags & Calls.O_CREAT) != 0
        ? FileAction.CREATE
        : FileAction.WRITE;
  }
}
