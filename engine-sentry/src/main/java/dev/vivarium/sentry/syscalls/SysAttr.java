package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Mount;
import dev.vivarium.sentry.vfs.Notify;
import dev.vivarium.sentry.vfs.Permissions;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.WalkResult;

/** chmod, chown, access, umask. */
final class SysAttr {
  private SysAttr() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.CHMOD, "chmod", SysAttr::chmod);
    b.full(Sys.FCHMOD, "fchmod", SysAttr::fchmod);
    b.full(Sys.FCHMODAT, "fchmodat", SysAttr::fchmodat);
    b.full(Sys.FCHMODAT2, "fchmodat2", SysAttr::fchmodat2);
    b.full(Sys.CHOWN, "chown", SysAttr::chown);
    b.full(Sys.LCHOWN, "lchown", SysAttr::lchown);
    b.full(Sys.FCHOWN, "fchown", SysAttr::fchown);
    b.full(Sys.FCHOWNAT, "fchownat", SysAttr::fchownat);
    b.full(Sys.ACCESS, "access", SysAttr::access).fast();
    b.full(Sys.FACCESSAT, "faccessat", SysAttr::faccessat).fast();
    b.full(Sys.FACCESSAT2, "faccessat2", SysAttr::faccessat2).fast();
    b.full(Sys.UMASK, "umask", SysAttr::umask).fast();
  }

  // ---- chmod ----

  static long chmod(Task t, long path, long mode, long a2, long a3, long a4, long a5) {
    return fchmodat2(t, Fcntl.AT_FDCWD, path, mode, 0, 0, 0);
  }

  static long fchmodat(Task t, long dirfd, long path, long mode, long a3, long a4, long a5) {
    return fchmodat2(t, dirfd, path, mode, 0, 0, 0);
  }

  static long fchmodat2(Task t, long dirfd, long path, long mode, long flags, long a4, long a5) {
    if (((int) flags & ~(GuestPath.AT_SYMLINK_NOFOLLOW | GuestPath.AT_EMPTY_PATH)) != 0) {
      return -Errno.EINVAL;
    }
    WalkResult found = new WalkResult();
    long rc = GuestPath.walk(t, dirfd, path, GuestPath.walkFlags(flags), found);
    return rc < 0 ? rc : change(t, found.path(), (int) mode);
  }

  static long fchmod(Task t, long fd, long mode, long a2, long a3, long a4, long a5) {
    File f = t.fds.get((int) fd);
    return f == null ? -Errno.EBADF : change(t, f.where(), (int) mode);
  }

  private static long change(Task t, VfsPath path, int mode) {
    Inode inode = path.inode();
    if (path.mount().isReadOnly()) {
      return -Errno.EROFS;
    }
    if (inode.isSymlink()) {
      return -Errno.EOPNOTSUPP;
    }
    long rc = inode.getattr(t);
    if (rc < 0) {
      return rc;
    }
    if (!Permissions.isOwner(t, inode)) {
      return -Errno.EPERM;
    }
    AttrChange change = new AttrChange();
    change.set = AttrChange.MODE;
    change.mode = mode & 07777;
    if (!inode.isDirectory()
        && !t.creds.inGroup(inode.gid)
        && !t.creds.capable(Capability.CAP_FSETID)) {
      change.mode &= ~Stat.S_ISGID;
    }
    return Notify.told(path, change, inode.setattr(t, change));
  }

  // ---- chown ----

  static long chown(Task t, long path, long uid, long gid, long a3, long a4, long a5) {
    return fchownat(t, Fcntl.AT_FDCWD, path, uid, gid, 0, 0);
  }

  static long lchown(Task t, long path, long uid, long gid, long a3, long a4, long a5) {
    return fchownat(t, Fcntl.AT_FDCWD, path, uid, gid, GuestPath.AT_SYMLINK_NOFOLLOW, 0);
  }

  static long fchownat(Task t, long dirfd, long path, long uid, long gid, long flags, long a5) {
    if (((int) flags & ~(GuestPath.AT_SYMLINK_NOFOLLOW | GuestPath.AT_EMPTY_PATH)) != 0) {
      return -Errno.EINVAL;
    }
    WalkResult found = new WalkResult();
    long rc = GuestPath.walk(t, dirfd, path, GuestPath.walkFlags(flags), found);
    return rc < 0 ? rc : chown(t, found.path(), (int) uid, (int) gid);
  }

  static long fchown(Task t, long fd, long uid, long gid, long a3, long a4, long a5) {
    File f = t.fds.get((int) fd);
    return f == null ? -Errno.EBADF : chown(t, f.where(), (int) uid, (int) gid);
  }

  private static long chown(Task t, VfsPath path, int uid, int gid) {
    Inode inode = path.inode();
    if (path.mount().isReadOnly()) {
      return -Errno.EROFS;
    }
    long rc = inode.getattr(t);
    if (rc < 0) {
      return rc;
    }
    boolean privileged = t.creds.capable(Capability.CAP_CHOWN);
    boolean owner = t.creds.fsuid == inode.uid;
    AttrChange change = new AttrChange();
    if (uid != -1) {
      if (!privileged && !(owner && uid == inode.uid)) {
        return -Errno.EPERM;
      }
      change.set |= AttrChange.UID;
      change.uid = uid;
    }
    if (gid != -1) {
      if (!privileged && !(owner && (gid == inode.gid || t.creds.inGroup(gid)))) {
        return -Errno.EPERM;
      }
      change.set |= AttrChange.GID;
      change.gid = gid;
    }
    int privileges = Stat.S_ISUID;
    if ((inode.mode & Stat.S_IXGRP) != 0) {
      privileges |= Stat.S_ISGID;
    }
    if (!inode.isDirectory() && (inode.mode & privileges) != 0) {
      change.set |= AttrChange.MODE;
      change.mode = inode.mode & 07777 & ~privileges;
    }
    return Notify.told(path, change, inode.setattr(t, change));
  }

  // ---- access ----

  static long access(Task t, long path, long mode, long a2, long a3, long a4, long a5) {
    return faccessat2(t, Fcntl.AT_FDCWD, path, mode, 0, 0, 0);
  }

  static long faccessat(Task t, long dirfd, long path, long mode, long a3, long a4, long a5) {
    return faccessat2(t, dirfd, path, mode, 0, 0, 0);
  }

  static long faccessat2(Task t, long dirfd, long path, long mode, long flags, long a4, long a5) {
    int known = Fcntl.AT_EACCESS | GuestPath.AT_SYMLINK_NOFOLLOW | GuestPath.AT_EMPTY_PATH;
    if (((int) mode & ~7) != 0 || ((int) flags & ~known) != 0) {
      return -Errno.EINVAL;
    }
    Credentials own = t.creds;
    if ((flags & Fcntl.AT_EACCESS) == 0) {
      t.creds = withRealIds(own);
    }
    try {
      WalkResult found = new WalkResult();
      long rc = GuestPath.walk(t, dirfd, path, GuestPath.walkFlags(flags), found);
      return rc < 0 ? rc : mayAccess(t, found.path(), (int) mode);
    } finally {
      t.creds = own;
    }
  }

  /** The credentials that access(2) asks about: the real ids, with the powers that go with them. */
  private static Credentials withRealIds(Credentials own) {
    long effective = own.ruid == 0 ? own.permitted : 0;
    if (own.fsuid == own.ruid && own.fsgid == own.rgid && own.effective == effective) {
      return own;
    }
    Credentials.Editor e = own.edit();
    e.fsuid = own.ruid;
    e.fsgid = own.rgid;
    e.effective = effective;
    return e.done();
  }

  private static long mayAccess(Task t, VfsPath path, int mode) {
    Inode inode = path.inode();
    long rc = inode.getattr(t);
    if (rc < 0 || mode == 0) {
      return rc;
    }
    if ((mode & Permissions.EXEC) != 0
        && inode.isRegular()
        && (path.mount().flags() & Mount.NOEXEC) != 0) {
      return -Errno.EACCES;
    }
    rc = Permissions.check(t, inode, mode);
    int type = inode.mode & Stat.S_IFMT;
    boolean stored = type == Stat.S_IFREG || type == Stat.S_IFDIR || type == Stat.S_IFLNK;
    if (rc == 0 && (mode & Permissions.WRITE) != 0 && stored && path.mount().isReadOnly()) {
      return -Errno.EROFS;
    }
    return rc;
  }

  static long umask(Task t, long mask, long a1, long a2, long a3, long a4, long a5) {
    int old = t.fs.umask;
    t.fs.umask = (int) mask & 0777;
    return old;
  }
}
