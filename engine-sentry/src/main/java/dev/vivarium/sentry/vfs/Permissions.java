package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Task;

/** Who may do what with an inode: mode bits, ownership, capabilities. */
public final class Permissions {
  // The bits of access(2) and of a mode's last octal digit.
  public static final int EXEC = 1;
  public static final int WRITE = 2;
  public static final int READ = 4;

  private Permissions() {}

  /** Checks the task's file-system credentials; 0 or -EACCES. */
  public static long check(Task t, Inode inode, int mask) {
    return check(t.creds, inode, mask);
  }

  /** Checks given credentials; 0 or -EACCES. */
  public static long check(Credentials creds, Inode inode, int mask) {
    int mode = inode.mode;
    int granted;
    if (creds.fsuid == inode.uid) {
      granted = mode >> 6;
    } else if (creds.inGroup(inode.gid)) {
      granted = mode >> 3;
    } else {
      granted = mode;
    }
    if ((mask & ~granted) == 0) {
      return 0;
    }
    if (inode.isDirectory()) {
      if (creds.capable(Capability.CAP_DAC_OVERRIDE)
          || ((mask & WRITE) == 0 && creds.capable(Capability.CAP_DAC_READ_SEARCH))) {
        return 0;
      }
    } else {
      boolean anyExec = (mode & (Stat.S_IXUSR | Stat.S_IXGRP | Stat.S_IXOTH)) != 0;
      if (((mask & EXEC) == 0 || anyExec) && creds.capable(Capability.CAP_DAC_OVERRIDE)) {
        return 0;
      }
      if (mask == READ && creds.capable(Capability.CAP_DAC_READ_SEARCH)) {
        return 0;
      }
    }
    return -Errno.EACCES;
  }

  /** Whether the task owns the inode or may act as if it did. */
  public static boolean isOwner(Task t, Inode inode) {
    return t.creds.fsuid == inode.uid || t.creds.capable(Capability.CAP_FOWNER);
  }

  /** Whether names may be added to a directory: -ENOENT if it was removed, -EROFS, -EACCES. */
  public static long mayCreate(Task t, Mount mount, Dentry directory) {
    if (mount.isReadOnly()) {
      return -Errno.EROFS;
    }
    Inode inode = directory.positive();
    if (directory.isUnhashed()) {
      return -Errno.ENOENT;
    }
    return check(t, inode, WRITE | EXEC);
  }

  /**
   * Whether a name may be taken out of a directory: write access, and in a sticky directory
   * ownership of it or of the victim. -ENOTDIR or -EISDIR if the victim is of the wrong kind.
   */
  public static long mayDelete(
      Task t, Mount mount, Dentry directory, Inode victim, boolean wantDirectory) {
    if (mount.isReadOnly()) {
      return -Errno.EROFS;
    }
    Inode dir = directory.positive();
    long rc = check(t, dir, WRITE | EXEC);
    if (rc < 0) {
      return rc;
    }
    if (isStickyFor(t, dir, victim)) {
      return -Errno.EPERM;
    }
    if (wantDirectory) {
      return victim.isDirectory() ? 0 : -Errno.ENOTDIR;
    }
    return victim.isDirectory() ? -Errno.EISDIR : 0;
  }

  /**
   * Whether the task may make another link to a file that is not its own: only to one that it could
   * as well copy and overwrite (fs.protected_hardlinks).
   */
  static boolean mayLink(Task t, Inode inode) {
    if (isOwner(t, inode)) {
      return true;
    }
    boolean setgid = (inode.mode & (Stat.S_ISGID | Stat.S_IXGRP)) == (Stat.S_ISGID | Stat.S_IXGRP);
    return inode.isRegular()
        && (inode.mode & Stat.S_ISUID) == 0
        && !setgid
        && check(t, inode, READ | WRITE) == 0;
  }

  /**
   * Whether the task may follow a link in the last component of a path: in a sticky directory that
   * others can write, only its own or the directory's owner's (fs.protected_symlinks).
   */
  static boolean mayFollow(Task t, Inode directory, Inode link) {
    int shared = Stat.S_ISVTX | Stat.S_IWOTH;
    return t.creds.fsuid == link.uid
        || (directory.mode & shared) != shared
        || directory.uid == link.uid;
  }

  /** Whether the sticky bit of {@code dir} keeps the task from removing or renaming a victim. */
  public static boolean isStickyFor(Task t, Inode dir, Inode victim) {
    int me = t.creds.fsuid;
    return (dir.mode & Stat.S_ISVTX) != 0
        && victim.uid != me
        && dir.uid != me
        && !t.creds.capable(Capability.CAP_FOWNER);
  }
}
