package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;

/** open(2): from a path to an open file. */
public final class Opener {
  /** The bit that tells O_TMPFILE from O_DIRECTORY. */
  private static final int TMPFILE_BIT = 0x400000;

  /** Flags that do not stay with the file. */
  private static final int NOT_KEPT =
      Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOCTTY | Fcntl.O_TRUNC | Fcntl.O_CLOEXEC;

  private static final int PATH_FLAGS =
      Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;

  private Opener() {}

  /**
   * Opens a file for a task, checking its permissions.
   *
   * @param flags of open(2); unknown ones are ignored
   * @param mode for a new file, before the umask
   * @param resolve extra flags of {@link PathWalker} (openat2's RESOLVE_*)
   * @param out receives the file, with one reference for the caller
   * @return 0 or a negative errno
   */
  public static long open(
      Task t, int dirfd, PathName path, int flags, int mode, int resolve, FileRef out) {
    if ((flags & Fcntl.O_PATH) != 0) {
      return openPath(t, dirfd, path, flags & PATH_FLAGS, resolve, out);
    }
    if ((flags & TMPFILE_BIT) != 0) {
      return openTmpfile(t, dirfd, path, flags, mode, resolve, out);
    }
    boolean create = (flags & Fcntl.O_CREAT) != 0;
    boolean exclusive = create && (flags & Fcntl.O_EXCL) != 0;
    if (create && (flags & Fcntl.O_DIRECTORY) != 0) {
      return -Errno.EINVAL;
    }
    int walk = resolve;
    if ((flags & Fcntl.O_NOFOLLOW) == 0 && !exclusive) {
      walk |= PathWalker.FOLLOW;
    }
    if (create) {
      walk |= PathWalker.CREATE;
    } else if ((flags & Fcntl.O_DIRECTORY) != 0) {
      walk |= PathWalker.DIRECTORY;
    }
    WalkResult found = new WalkResult();
    long rc;
    t.opensForReading =
        (flags & (Fcntl.O_ACCMODE | Fcntl.O_DIRECTORY)) == Fcntl.O_RDONLY && !exclusive;
    try {
      rc = PathWalker.walk(t, dirfd, path, walk, found);
    } finally {
      t.opensForReading = false;
    }
    if (rc < 0) {
      return rc;
    }
    if (found.dentry().isNegative()) {
      rc = createAt(t, found, mode, out, flags);
      if (rc != -Errno.EEXIST || exclusive) {
        return rc;
      }
      // Another task made it while this one waited: open that one.
      rc = PathWalker.walk(t, dirfd, path, walk, found);
      if (rc < 0) {
        return rc;
      }
    }
    if (exclusive) {
      return -Errno.EEXIST;
    }
    if (create && found.inode().isDirectory()) {
      return -Errno.EISDIR;
    }
    return openFound(t, found.path(), flags, true, out);
  }

  /** {@link #open(Task, int, PathName, int, int, int, FileRef)} of a path that no call gave. */
  public static long open(Task t, String path, int flags, int mode, FileRef out) {
    return open(t, Fcntl.AT_FDCWD, PathName.of(path), flags, mode, 0, out);
  }

  private static long createAt(Task t, WalkResult found, int mode, FileRef out, int flags) {
    t.needCoroutine();
    Dentry parent = found.parent;
    if (parent == null) {
      return -Errno.ENOENT;
    }
    Dentry child = found.dentry();
    if (parent.positive().fs.hasFixedNames()) {
      return -Errno.ENOENT;
    }
    long rc = Permissions.mayCreate(t, found.mount(), parent);
    if (rc < 0) {
      return rc;
    }
    InodeRef made = new InodeRef();
    rc = parent.positive().create(t, child.name(), mode & 07777 & ~t.fs.umask, made);
    Inode inode = made.inode;
    if (rc < 0 || inode == null) {
      return rc < 0 ? rc : -Errno.EIO;
    }
    NameOps.instantiate(parent, child, inode);
    Notify.name(parent, child.name(), inode, Notify.IN_CREATE);
    rc = openFound(t, found.path(), flags & ~Fcntl.O_TRUNC, false, out);
    if (rc >= 0 && out.file != null) {
      out.file.made = true;
    }
    return rc;
  }

  /** Opens what a walk has found. */
  public static long openFound(
      Task t, VfsPath path, int flags, boolean checkPermissions, FileRef out) {
    Inode inode = path.inode();
    int type = inode.mode & Stat.S_IFMT;
    int acc = flags & Fcntl.O_ACCMODE;
    boolean writes = acc != Fcntl.O_RDONLY || (flags & Fcntl.O_TRUNC) != 0;
    boolean special = type == Stat.S_IFIFO || type == Stat.S_IFSOCK || isDevice(type);
    if (type == Stat.S_IFLNK) {
      return -Errno.ELOOP;
    }
    if (type == Stat.S_IFDIR && writes) {
      return -Errno.EISDIR;
    }
    if (isDevice(type) && (path.mount().flags() & Mount.NODEV) != 0) {
      return -Errno.EACCES;
    }
    if (writes && !special && path.mount().isReadOnly()) {
      return -Errno.EROFS;
    }
    if (checkPermissions) {
      int mask = (acc != Fcntl.O_WRONLY ? Permissions.READ : 0) | (writes ? Permissions.WRITE : 0);
      long rc = Permissions.check(t, inode, mask);
      if (rc < 0) {
        return rc;
      }
    }
    if (type == Stat.S_IFIFO && acc == Fcntl.O_ACCMODE) {
      return -Errno.EINVAL;
    }
    if ((flags & Fcntl.O_NOATIME) != 0 && !Permissions.isOwner(t, inode)) {
      return -Errno.EPERM;
    }
    if ((flags & Fcntl.O_DIRECT) != 0 && type != Stat.S_IFREG && type != Stat.S_IFBLK) {
      return -Errno.EINVAL;
    }
    boolean truncate = (flags & Fcntl.O_TRUNC) != 0 && type == Stat.S_IFREG;
    if (truncate || type != Stat.S_IFREG && type != Stat.S_IFDIR) {
      t.needCoroutine();
    }
    long rc =
        inode.openAny(t, path, (flags & ~NOT_KEPT) | Fcntl.O_LARGEFILE | controls(flags), out);
    if (rc == 0) {
      Notify.event(path, Notify.IN_OPEN);
    }
    if (rc == 0 && truncate && inode.size != 0) {
      File f = out.file;
      AttrChange change = new AttrChange();
      change.set = AttrChange.SIZE;
      rc = inode.setattr(t, change);
      if (rc == 0) {
        Notify.event(path, Notify.IN_MODIFY);
      } else if (f != null) {
        out.file = null;
        f.drop(t);
      }
    }
    return rc;
  }

  /** A terminal's open looks at O_NOCTTY; nothing else does, and F_GETFL does not show it. */
  private static int controls(int flags) {
    return flags & Fcntl.O_NOCTTY;
  }

  private static boolean isDevice(int type) {
    return type == Stat.S_IFCHR || type == Stat.S_IFBLK;
  }

  private static long openPath(
      Task t, int dirfd, PathName path, int flags, int resolve, FileRef out) {
    int walk = resolve;
    if ((flags & Fcntl.O_NOFOLLOW) == 0) {
      walk |= PathWalker.FOLLOW;
    }
    if ((flags & Fcntl.O_DIRECTORY) != 0) {
      walk |= PathWalker.DIRECTORY;
    }
    WalkResult found = new WalkResult();
    long rc = PathWalker.walk(t, dirfd, path, walk, found);
    if (rc == 0) {
      out.file = new PathFile(found.path(), flags & ~Fcntl.O_CLOEXEC);
    }
    return rc;
  }

  private static long openTmpfile(
      Task t, int dirfd, PathName path, int flags, int mode, int resolve, FileRef out) {
    if ((flags & Fcntl.O_DIRECTORY) == 0
        || (flags & Fcntl.O_CREAT) != 0
        || (flags & Fcntl.O_ACCMODE) == Fcntl.O_RDONLY) {
      return -Errno.EINVAL;
    }
    WalkResult found = new WalkResult();
    int walk = resolve | PathWalker.DIRECTORY;
    if ((flags & Fcntl.O_NOFOLLOW) == 0) {
      walk |= PathWalker.FOLLOW;
    }
    long rc = PathWalker.walk(t, dirfd, path, walk, found);
    if (rc < 0) {
      return rc;
    }
    rc = Permissions.mayCreate(t, found.mount(), found.dentry());
    if (rc < 0) {
      return rc;
    }
    t.needCoroutine();
    InodeRef made = new InodeRef();
    rc = found.inode().tmpfile(t, mode & 07777 & ~t.fs.umask, made);
    Inode inode = made.inode;
    if (rc < 0 || inode == null) {
      return rc < 0 ? rc : -Errno.EIO;
    }
    Dentry d = Dentry.disconnectedIn(found.dentry(), "#" + inode.ino, inode);
    int kept = (flags & ~NOT_KEPT & ~Fcntl.O_TMPFILE) | Fcntl.O_TMPFILE | Fcntl.O_LARGEFILE;
    rc = inode.open(t, new VfsPath(found.mount(), d), kept, out);
    if (rc == 0 && (flags & Fcntl.O_EXCL) == 0) {
      d.makeLinkable();
    }
    return rc;
  }

  /** A file opened with O_PATH: it names a place and does nothing else. */
  private static final class PathFile extends File {
    PathFile(VfsPath path, int flags) {
      super(path.inode(), path, flags);
    }
  }
}
