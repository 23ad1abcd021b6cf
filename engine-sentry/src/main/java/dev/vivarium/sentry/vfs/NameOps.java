package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import org.jspecify.annotations.Nullable;

/**
 * Makes and removes names: mkdir, mknod, symlink, link, unlink, rmdir. Checks come in Linux's
 * order; all return 0 or a negative errno. Renaming is in {@link Renamer}.
 */
public final class NameOps {
  private NameOps() {}

  /** A place for a new name, as {@link #prepare} finds it. */
  private static final class Place {
    final WalkResult walk = new WalkResult();
    final InodeRef ref = new InodeRef();
    @Nullable Dentry child;

    Dentry parent() {
      return walk.dentry();
    }
  }

  /** A negative dentry becomes what was made under its name. */
  static void instantiate(Dentry parent, Dentry child, Inode inode) {
    if (!child.isUnhashed() && child.isNegative() && child.parent() == parent) {
      child.instantiate(inode);
    } else {
      parent.addChild(child.name(), inode, parent.positive().cachesLookups());
    }
  }

  /** A name was removed: its dentry goes, and the cache learns that there is none. */
  static void removed(Dentry parent, Dentry child) {
    child.delete();
    Inode directory = parent.inode();
    if (directory != null && directory.cachesLookups() && !parent.isUnhashed()) {
      parent.addChild(child.name(), null, true);
    }
  }

  /** Finds the directory of a new name and checks that it may be made there. */
  private static long prepare(Task t, int dirfd, String path, boolean directory, Place out) {
    long rc = PathWalker.walk(t, dirfd, path, PathWalker.PARENT, out.walk);
    if (rc < 0) {
      return rc;
    }
    if (out.walk.lastKind != WalkResult.Last.NORMAL) {
      return -Errno.EEXIST;
    }
    rc = lookupLast(t, out.walk, out.ref);
    if (rc < 0) {
      return rc;
    }
    Dentry child = out.ref.dentry;
    if (child == null || !child.isNegative()) {
      return -Errno.EEXIST;
    }
    if (out.walk.trailingSlash && !directory) {
      return -Errno.ENOENT;
    }
    out.child = child;
    return out.walk.mount().isReadOnly() ? -Errno.EROFS : 0;
  }

  /** Checks that the task may make names in the directory that {@link #prepare} found. */
  private static long mayCreate(Task t, Place p) {
    return Permissions.mayCreate(t, p.walk.mount(), p.parent());
  }

  /** The dentry of the last component of a walk in parent mode, into {@code out.dentry}. */
  static long lookupLast(Task t, WalkResult walk, InodeRef out) {
    Inode directory = walk.inode();
    if (!directory.isDirectory()) {
      return -Errno.ENOTDIR;
    }
    if (walk.last.length() > PathWalker.NAME_MAX) {
      return -Errno.ENAMETOOLONG;
    }
    long rc = Permissions.check(t, directory, Permissions.EXEC);
    if (rc < 0) {
      return rc;
    }
    Dentry child = PathWalker.lookup(t, walk.dentry(), walk.last, out);
    out.dentry = child;
    if (child != null && child.isNegative() && directory.fs.hasFixedNames()) {
      return -Errno.ENOENT;
    }
    return child == null ? out.errno : 0;
  }

  private static long made(Place place, long rc) {
    Inode inode = place.ref.inode;
    Dentry child = place.child;
    if (rc == 0 && inode != null && child != null) {
      instantiate(place.parent(), child, inode);
      Notify.name(place.parent(), child.name(), inode, Notify.IN_CREATE);
    }
    return rc;
  }

  public static long mkdir(Task t, int dirfd, String path, int mode) {
    Place p = new Place();
    long rc = prepare(t, dirfd, path, true, p);
    if (rc == 0) {
      rc = mayCreate(t, p);
    }
    if (rc < 0) {
      return rc;
    }
    int m = mode & 01777 & ~t.fs.umask;
    p.ref.inode = null;
    return made(p, p.parent().positive().mkdir(t, p.walk.last, m, p.ref));
  }

  /** Makes a FIFO, socket, device node or regular file; {@code mode} has the type. */
  public static long mknod(Task t, int dirfd, String path, int mode, long rdev) {
    int type = mode & Stat.S_IFMT;
    boolean device = type == Stat.S_IFCHR || type == Stat.S_IFBLK;
    switch (type) {
      case 0, Stat.S_IFREG, Stat.S_IFCHR, Stat.S_IFBLK, Stat.S_IFIFO, Stat.S_IFSOCK -> {}
      case Stat.S_IFDIR -> {
        return -Errno.EPERM;
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    Place p = new Place();
    long rc = prepare(t, dirfd, path, false, p);
    if (rc == 0) {
      rc = mayCreate(t, p);
    }
    if (rc < 0) {
      return rc;
    }
    boolean whiteout = type == Stat.S_IFCHR && rdev == 0;
    if (device && !whiteout && !t.creds.capable(Capability.CAP_MKNOD)) {
      return -Errno.EPERM;
    }
    int permissions = mode & 07777 & ~t.fs.umask;
    Inode directory = p.parent().positive();
    p.ref.inode = null;
    return made(
        p,
        type == 0 || type == Stat.S_IFREG
            ? directory.create(t, p.walk.last, permissions, p.ref)
            : directory.mknod(t, p.walk.last, type | permissions, device ? rdev : 0, p.ref));
  }

  public static long symlink(Task t, String target, int dirfd, String path) {
    if (target.isEmpty()) {
      return -Errno.ENOENT;
    }
    Place p = new Place();
    long rc = prepare(t, dirfd, path, false, p);
    if (rc == 0) {
      rc = mayCreate(t, p);
    }
    if (rc < 0) {
      return rc;
    }
    p.ref.inode = null;
    return made(p, p.parent().positive().symlink(t, p.walk.last, target, p.ref));
  }

  /** Gives {@code from}, found by a walk, another name. */
  public static long link(Task t, VfsPath from, int dirfd, String path) {
    Place p = new Place();
    long rc = prepare(t, dirfd, path, false, p);
    if (rc < 0) {
      return rc;
    }
    Inode inode = from.inode();
    if (from.mount() != p.walk.mount()) {
      return -Errno.EXDEV;
    }
    if (!Permissions.mayLink(t, inode)) {
      return -Errno.EPERM;
    }
    rc = mayCreate(t, p);
    if (rc < 0) {
      return rc;
    }
    if (inode.isDirectory()) {
      return -Errno.EPERM;
    }
    if (inode.nlink == 0 && !from.dentry().isLinkable()) {
      return -Errno.ENOENT;
    }
    p.ref.inode = inode;
    rc = p.parent().positive().link(t, p.walk.last, inode);
    if (rc == 0) {
      Notify.self(inode, Notify.IN_ATTRIB);
    }
    return made(p, rc);
  }

  public static long unlink(Task t, int dirfd, String path) {
    WalkResult walk = new WalkResult();
    long rc = PathWalker.walk(t, dirfd, path, PathWalker.PARENT, walk);
    if (rc < 0) {
      return rc;
    }
    if (walk.lastKind != WalkResult.Last.NORMAL) {
      return -Errno.EISDIR;
    }
    InodeRef ref = new InodeRef();
    rc = lookupLast(t, walk, ref);
    if (rc < 0) {
      return rc;
    }
    Dentry child = ref.dentry;
    Inode victim = child == null ? null : child.inode();
    if (child == null || victim == null) {
      return -Errno.ENOENT;
    }
    if (walk.trailingSlash) {
      return victim.isDirectory() ? -Errno.EISDIR : -Errno.ENOTDIR;
    }
    rc = Permissions.mayDelete(t, walk.mount(), walk.dentry(), victim, false);
    if (rc < 0) {
      return rc;
    }
    if (child.isMountpoint()) {
      return -Errno.EBUSY;
    }
    rc = walk.inode().unlink(t, walk.last, victim);
    if (rc == 0) {
      removed(walk.dentry(), child);
      Notify.self(victim, Notify.IN_ATTRIB);
      Notify.name(walk.dentry(), walk.last, victim, Notify.IN_DELETE);
      Notify.goneIfUnused(victim);
    }
    return rc;
  }

  public static long rmdir(Task t, int dirfd, String path) {
    WalkResult walk = new WalkResult();
    long rc = PathWalker.walk(t, dirfd, path, PathWalker.PARENT, walk);
    if (rc < 0) {
      return rc;
    }
    switch (walk.lastKind) {
      case DOT -> {
        return -Errno.EINVAL;
      }
      case DOTDOT -> {
        return -Errno.ENOTEMPTY;
      }
      case ROOT, JUMP -> {
        return -Errno.EBUSY;
      }
      case NORMAL -> {}
    }
    InodeRef ref = new InodeRef();
    rc = lookupLast(t, walk, ref);
    if (rc < 0) {
      return rc;
    }
    Dentry child = ref.dentry;
    Inode victim = child == null ? null : child.inode();
    if (child == null || victim == null) {
      return -Errno.ENOENT;
    }
    rc = Permissions.mayDelete(t, walk.mount(), walk.dentry(), victim, true);
    if (rc < 0) {
      return rc;
    }
    if (child.isMountpoint()) {
      return -Errno.EBUSY;
    }
    rc = walk.inode().rmdir(t, walk.last, victim);
    if (rc == 0) {
      removed(walk.dentry(), child);
      Notify.goneIfUnused(victim);
      Notify.name(walk.dentry(), walk.last, victim, Notify.IN_DELETE);
    }
    return rc;
  }
}
