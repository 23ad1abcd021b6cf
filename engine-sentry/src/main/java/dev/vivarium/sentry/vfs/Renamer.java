package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;

/** renameat2(2), with its checks in Linux's order. */
public final class Renamer {
  private static final int KNOWN =
      Fcntl.RENAME_NOREPLACE | Fcntl.RENAME_EXCHANGE | Fcntl.RENAME_WHITEOUT;

  private Renamer() {}

  public static long rename(
      Task t, int oldDirfd, String oldPath, int newDirfd, String newPath, int flags) {
    boolean exchange = (flags & Fcntl.RENAME_EXCHANGE) != 0;
    boolean noReplace = (flags & Fcntl.RENAME_NOREPLACE) != 0;
    if (!isKnown(flags)) {
      return -Errno.EINVAL;
    }
    WalkResult from = new WalkResult();
    long rc = PathWalker.walk(t, oldDirfd, oldPath, PathWalker.PARENT, from);
    if (rc < 0) {
      return rc;
    }
    WalkResult to = new WalkResult();
    rc = PathWalker.walk(t, newDirfd, newPath, PathWalker.PARENT, to);
    if (rc < 0) {
      return rc;
    }
    if (from.mount() != to.mount()) {
      return -Errno.EXDEV;
    }
    if (from.lastKind != WalkResult.Last.NORMAL) {
      return -Errno.EBUSY;
    }
    if (to.lastKind != WalkResult.Last.NORMAL) {
      return noReplace ? -Errno.EEXIST : -Errno.EBUSY;
    }
    if (from.mount().isReadOnly()) {
      return -Errno.EROFS;
    }
    InodeRef ref = new InodeRef();
    rc = NameOps.lookupLast(t, from, ref);
    Dentry source = ref.dentry;
    if (rc < 0 || source == null) {
      return rc;
    }
    if (source.isNegative()) {
      return -Errno.ENOENT;
    }
    rc = NameOps.lookupLast(t, to, ref);
    Dentry target = ref.dentry;
    if (rc < 0 || target == null) {
      return rc;
    }
    if (noReplace && !target.isNegative()) {
      return -Errno.EEXIST;
    }
    Inode moved = source.positive();
    Inode replaced = target.inode();
    if (exchange) {
      if (replaced == null) {
        return -Errno.ENOENT;
      }
      if (!replaced.isDirectory() && to.trailingSlash) {
        return -Errno.ENOTDIR;
      }
    }
    if (!moved.isDirectory() && (from.trailingSlash || (!exchange && to.trailingSlash))) {
      return -Errno.ENOTDIR;
    }
    if (source.isAncestorOf(to.dentry())) {
      return -Errno.EINVAL;
    }
    if (target.isAncestorOf(from.dentry())) {
      return exchange ? -Errno.EINVAL : -Errno.ENOTEMPTY;
    }
    if (moved == replaced) {
      return 0;
    }
    rc = mayRename(t, from, to, source, target, exchange);
    if (rc < 0) {
      return rc;
    }
    rc = from.inode().rename(t, from.last, moved, to.inode(), to.last, replaced, flags);
    if (rc < 0) {
      return rc;
    }
    Notify.moved(from.inode(), from.last, to.inode(), to.last, moved, t.kernel().nextMoveCookie());
    if (replaced != null && !exchange) {
      Notify.self(replaced, Notify.IN_ATTRIB);
    }
    Notify.self(moved, Notify.IN_MOVE_SELF);
    if (exchange) {
      if (replaced != null) {
        Notify.moved(
            to.inode(), to.last, from.inode(), from.last, replaced, t.kernel().nextMoveCookie());
        Notify.self(replaced, Notify.IN_MOVE_SELF);
      }
      Dentry.exchange(source, target);
    } else {
      Dentry oldParent = from.dentry();
      source.move(to.dentry(), to.last);
      if ((flags & Fcntl.RENAME_WHITEOUT) == 0 && oldParent.positive().cachesLookups()) {
        oldParent.addChild(from.last, null, true);
      }
      if (replaced != null) {
        Notify.goneIfUnused(replaced);
      }
    }
    return 0;
  }

  /** Whether flags are known and go together. */
  public static boolean isKnown(int flags) {
    boolean exchange = (flags & Fcntl.RENAME_EXCHANGE) != 0;
    return (flags & ~KNOWN) == 0
        && !(exchange && (flags & (Fcntl.RENAME_NOREPLACE | Fcntl.RENAME_WHITEOUT)) != 0);
  }

  private static long mayRename(
      Task t, WalkResult from, WalkResult to, Dentry source, Dentry target, boolean exchange) {
    Inode moved = source.positive();
    Inode replaced = target.inode();
    boolean directory = moved.isDirectory();
    long rc = Permissions.mayDelete(t, from.mount(), from.dentry(), moved, directory);
    if (rc < 0) {
      return rc;
    }
    if (replaced == null) {
      rc = Permissions.mayCreate(t, to.mount(), to.dentry());
    } else {
      boolean wanted = exchange ? replaced.isDirectory() : directory;
      rc = Permissions.mayDelete(t, to.mount(), to.dentry(), replaced, wanted);
    }
    if (rc < 0) {
      return rc;
    }
    if (from.dentry() != to.dentry()) {
      // The ".." of a moved directory changes.
      if (directory) {
        rc = Permissions.check(t, moved, Permissions.WRITE);
      }
      if (rc == 0 && exchange && replaced != null && replaced.isDirectory()) {
        rc = Permissions.check(t, replaced, Permissions.WRITE);
      }
      if (rc < 0) {
        return rc;
      }
    }
    return source.isMountpoint() || target.isMountpoint() ? -Errno.EBUSY : 0;
  }
}
