package dev.vivarium.sentry.trace;

import dev.vivarium.sentry.abi.Sys;

/** Which arguments of a system call are paths. */
final class PathArguments {
  private PathArguments() {}

  /** A bit per argument that points to a path, argument 0 lowest. */
  static int of(int number) {
    return switch (number) {
      case Sys.OPEN,
          Sys.STAT,
          Sys.LSTAT,
          Sys.ACCESS,
          Sys.EXECVE,
          Sys.TRUNCATE,
          Sys.CHDIR,
          Sys.MKDIR,
          Sys.RMDIR,
          Sys.CREAT,
          Sys.UNLINK,
          Sys.READLINK,
          Sys.CHMOD,
          Sys.CHOWN,
          Sys.LCHOWN,
          Sys.UTIME,
          Sys.UTIMES,
          Sys.MKNOD,
          Sys.STATFS,
          Sys.CHROOT,
          Sys.SETXATTR,
          Sys.LSETXATTR,
          Sys.GETXATTR,
          Sys.LGETXATTR,
          Sys.LISTXATTR,
          Sys.LLISTXATTR,
          Sys.REMOVEXATTR,
          Sys.LREMOVEXATTR,
          Sys.UMOUNT2 ->
          1;
      case Sys.RENAME, Sys.LINK, Sys.SYMLINK, Sys.PIVOT_ROOT, Sys.MOUNT -> 1 | 2;
      case Sys.OPENAT,
          Sys.OPENAT2,
          Sys.MKDIRAT,
          Sys.MKNODAT,
          Sys.FCHOWNAT,
          Sys.FUTIMESAT,
          Sys.NEWFSTATAT,
          Sys.UNLINKAT,
          Sys.READLINKAT,
          Sys.FCHMODAT,
          Sys.FACCESSAT,
          Sys.FACCESSAT2,
          Sys.UTIMENSAT,
          Sys.STATX,
          Sys.EXECVEAT,
          Sys.INOTIFY_ADD_WATCH,
          Sys.NAME_TO_HANDLE_AT ->
          2;
      case Sys.RENAMEAT, Sys.RENAMEAT2, Sys.LINKAT -> 2 | 8;
      case Sys.SYMLINKAT -> 1 | 4;
      default -> 0;
    };
  }
}
