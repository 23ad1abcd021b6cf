package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Notify;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.Permissions;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.WalkResult;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** getxattr, setxattr, listxattr, removexattr and their l and f forms. */
final class SysXattr {
  private static final int NAME_MAX = 255;
  private static final int SIZE_MAX = 65536;
  private static final int FLAGS = 3;

  private SysXattr() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.GETXATTR, "getxattr", (t, p, n, v, s, x, y) -> get(t, place(t, p, true), n, v, s));
    b.full(
        Sys.LGETXATTR, "lgetxattr", (t, p, n, v, s, x, y) -> get(t, place(t, p, false), n, v, s));
    b.full(Sys.FGETXATTR, "fgetxattr", (t, f, n, v, s, x, y) -> get(t, open(t, f), n, v, s));
    b.full(
        Sys.SETXATTR, "setxattr", (t, p, n, v, s, f, y) -> set(t, place(t, p, true), n, v, s, f));
    b.full(
        Sys.LSETXATTR,
        "lsetxattr",
        (t, p, n, v, s, f, y) -> set(t, place(t, p, false), n, v, s, f));
    b.full(Sys.FSETXATTR, "fsetxattr", (t, d, n, v, s, f, y) -> set(t, open(t, d), n, v, s, f));
    b.full(Sys.LISTXATTR, "listxattr", (t, p, l, s, x, y, z) -> list(t, place(t, p, true), l, s));
    b.full(
        Sys.LLISTXATTR, "llistxattr", (t, p, l, s, x, y, z) -> list(t, place(t, p, false), l, s));
    b.full(Sys.FLISTXATTR, "flistxattr", (t, f, l, s, x, y, z) -> list(t, open(t, f), l, s));
    b.full(
        Sys.REMOVEXATTR, "removexattr", (t, p, n, w, x, y, z) -> remove(t, place(t, p, true), n));
    b.full(
        Sys.LREMOVEXATTR,
        "lremovexattr",
        (t, p, n, w, x, y, z) -> remove(t, place(t, p, false), n));
    b.full(Sys.FREMOVEXATTR, "fremovexattr", (t, f, n, w, x, y, z) -> remove(t, open(t, f), n));
  }

  /** A place, or the errno why there is none. */
  private record Found(long error, VfsPath path) {}

  private static Found place(Task t, long address, boolean follow) {
    WalkResult walk = new WalkResult();
    int flags = follow ? PathWalker.FOLLOW : 0;
    long rc = GuestPath.walk(t, Fcntl.AT_FDCWD, address, flags, walk);
    return rc < 0 ? new Found(rc, t.fs.root()) : new Found(0, walk.path());
  }

  private static Found open(Task t, long fd) {
    File f = t.fds.get((int) fd);
    return f == null ? new Found(-Errno.EBADF, t.fs.root()) : new Found(0, f.where());
  }

  /** An attribute's name, or the errno why it is none. */
  private record Name(long error, String text) {}

  private static Name name(Task t, long address) {
    String text = t.mm.copyInString(address, NAME_MAX);
    if (text == null) {
      return new Name(t.mm.error() == -Errno.ENAMETOOLONG ? -Errno.ERANGE : t.mm.error(), "");
    }
    return new Name(text.isEmpty() ? -Errno.ERANGE : 0, text);
  }

  /** Whether the task may use an attribute of this name. */
  private static long check(Task t, Inode inode, String name, boolean write) {
    boolean bare = name.equals("trusted.") || name.equals("security.");
    if (name.equals("user.")) {
      return -Errno.EINVAL;
    }
    if (name.startsWith("user.")) {
      if (!inode.isRegular() && !inode.isDirectory()) {
        return write ? -Errno.EPERM : -Errno.ENODATA;
      }
      return Permissions.check(t, inode, write ? Permissions.WRITE : Permissions.READ);
    }
    if (name.startsWith("trusted.")) {
      if (t.creds.capable(Capability.CAP_SYS_ADMIN)) {
        return bare ? -Errno.EINVAL : 0;
      }
      return write ? -Errno.EPERM : -Errno.ENODATA;
    }
    if (name.startsWith("security.")) {
      int needed =
          name.equals("security.capability") ? Capability.CAP_SETFCAP : Capability.CAP_SYS_ADMIN;
      if (write && !t.creds.capable(needed)) {
        return -Errno.EPERM;
      }
      return bare ? -Errno.EINVAL : 0;
    }
    return -Errno.EOPNOTSUPP;
  }

  private static long get(Task t, Found found, long nameAt, long value, long size) {
    if (found.error() < 0) {
      return found.error();
    }
    Name name = name(t, nameAt);
    if (name.error() < 0) {
      return name.error();
    }
    Inode inode = found.path().inode();
    long rc = check(t, inode, name.text(), false);
    if (rc < 0) {
      return rc;
    }
    byte[] bytes = inode.getxattr(t, name.text());
    if (bytes == null) {
      return -Errno.ENODATA;
    }
    return give(t, bytes, value, size);
  }

  private static long give(Task t, byte[] bytes, long address, long size) {
    if (size == 0) {
      return bytes.length;
    }
    if (Long.compareUnsigned(size, bytes.length) < 0) {
      return -Errno.ERANGE;
    }
    return t.mm.copyOut(address, bytes, 0, bytes.length) < 0 ? -Errno.EFAULT : bytes.length;
  }

  private static long set(Task t, Found found, long nameAt, long value, long size, long flags) {
    if (found.error() < 0) {
      return found.error();
    }
    if (((int) flags & ~FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    Name name = name(t, nameAt);
    if (name.error() < 0) {
      return name.error();
    }
    if (Long.compareUnsigned(size, SIZE_MAX) > 0) {
      return -Errno.E2BIG;
    }
    byte[] bytes = new byte[(int) size];
    if (t.mm.copyIn(value, bytes, 0, bytes.length) < 0) {
      return -Errno.EFAULT;
    }
    if (found.path().mount().isReadOnly()) {
      return -Errno.EROFS;
    }
    Inode inode = found.path().inode();
    long rc = check(t, inode, name.text(), true);
    return rc < 0 ? rc : changed(found, inode.setxattr(t, name.text(), bytes, (int) flags));
  }

  private static long list(Task t, Found found, long address, long size) {
    if (found.error() < 0) {
      return found.error();
    }
    ByteArrayOutputStream names = new ByteArrayOutputStream();
    boolean admin = t.creds.capable(Capability.CAP_SYS_ADMIN);
    for (String name : found.path().inode().listxattr(t)) {
      if (admin || !name.startsWith("trusted.")) {
        names.writeBytes(name.getBytes(StandardCharsets.ISO_8859_1));
        names.write(0);
      }
    }
    return give(t, names.toByteArray(), address, size);
  }

  private static long remove(Task t, Found found, long nameAt) {
    if (found.error() < 0) {
      return found.error();
    }
    Name name = name(t, nameAt);
    if (name.error() < 0) {
      return name.error();
    }
    if (found.path().mount().isReadOnly()) {
      return -Errno.EROFS;
    }
    Inode inode = found.path().inode();
    long rc = check(t, inode, name.text(), true);
    return rc < 0 ? rc : changed(found, inode.removexattr(t, name.text()));
  }

  private static long changed(Found found, long rc) {
    if (rc == 0) {
      Notify.event(found.path(), Notify.IN_ATTRIB);
    }
    return rc;
  }
}
