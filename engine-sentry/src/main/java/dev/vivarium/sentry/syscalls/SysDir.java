package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.GuestMemory;
import dev.vivarium.sentry.memory.WouldWaitException;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.NameOps;
import dev.vivarium.sentry.vfs.Notify;
import dev.vivarium.sentry.vfs.PackedListing;
import dev.vivarium.sentry.vfs.PathNames;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.Permissions;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.WalkResult;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** getdents, mkdir, rmdir, mknod, chdir, getcwd, chroot. */
final class SysDir {
  /** Most bytes of entries given at once. */
  private static final int MAX_ENTRIES = 1 << 16;

  private SysDir() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.GETDENTS, "getdents", SysDir::getdents).fast();
    b.full(Sys.GETDENTS64, "getdents64", SysDir::getdents64).fast();
    b.full(Sys.MKDIR, "mkdir", SysDir::mkdir);
    b.full(Sys.MKDIRAT, "mkdirat", SysDir::mkdirat);
    b.full(Sys.RMDIR, "rmdir", SysDir::rmdir);
    b.full(Sys.MKNOD, "mknod", SysDir::mknod);
    b.full(Sys.MKNODAT, "mknodat", SysDir::mknodat);
    b.full(Sys.CHDIR, "chdir", SysDir::chdir);
    b.full(Sys.FCHDIR, "fchdir", SysDir::fchdir);
    b.full(Sys.GETCWD, "getcwd", SysDir::getcwd).fast();
    b.full(Sys.CHROOT, "chroot", SysDir::chroot);
  }

  /** Packs entries as the guest wants them. */
  private static final class Packer implements DirSink {
    private static final int START = 512;
    private static final int GROWTH = 8;
    private static final byte[] NOTHING = {};

    private final int room;
    private final boolean old;
    private byte[] buffer = NOTHING;
    int used;

    /** A listing whose entries are the last ones so far, and are not copied into the buffer. */
    private @Nullable PackedListing uncopied;

    private int first;
    private int entries;

    /** Whether an entry did not fit though the buffer was empty. */
    boolean tooSmall;

    Packer(int room, boolean old) {
      this.room = room;
      this.old = old;
    }

    @Override
    public boolean add(String name, long ino, long nextOffset, int type) {
      // As long as it is in struct linux_dirent: one byte less before the name, one more behind it.
      int length = PackedListing.length(name);
      if (!reserve(length)) {
        return false;
      }
      if (old) {
        putOld(length, name, ino, nextOffset, type);
      } else {
        PackedListing.put(buffer, used, length, name, ino, nextOffset, type);
      }
      used += length;
      return true;
    }

    /** A {@code struct linux_dirent}, which has the type in its last byte. */
    @SuppressWarnings("deprecation") // of getBytes, which does what is wanted here: names are bytes
    private void putOld(int length, String name, long ino, long nextOffset, int type) {
      Bytes.putLong(buffer, used + length - 8, 0);
      Bytes.putLong(buffer, used, ino);
      Bytes.putLong(buffer, used + PackedListing.OFFSET, nextOffset);
      Bytes.putShort(buffer, used + PackedListing.LENGTH, length);
      name.getBytes(0, name.length(), buffer, used + PackedListing.NAME - 1);
      buffer[used + length - 1] = (byte) type;
    }

    @Override
    public int addPacked(PackedListing listing, int from) {
      if (old) {
        return -1;
      }
      int count = listing.fitting(from, room - used);
      if (count == 0) {
        tooSmall = used == 0 && from < listing.count();
        return 0;
      }
      copyLast();
      uncopied = listing;
      first = from;
      entries = count;
      used += listing.size(from, count);
      return count;
    }

    /** Copies into the buffer what is not there yet. */
    private void copyLast() {
      PackedListing listing = uncopied;
      if (listing != null) {
        uncopied = null;
        enlarge(used);
        listing.copy(first, entries, buffer, used - listing.size(first, entries));
      }
    }

    /** Copies all entries out; 0 or -EFAULT. */
    long copyOut(GuestMemory memory, long address) {
      PackedListing listing = uncopied;
      int copied = listing == null ? used : used - listing.size(first, entries);
      long rc = memory.copyOut(address, buffer, 0, copied);
      return rc < 0 || listing == null
          ? rc
          : listing.copyOut(first, entries, memory, address + copied);
    }

    /** Makes room, as far as the guest has it. */
    private boolean reserve(int length) {
      if (length > room - used) {
        tooSmall = used == 0;
        return false;
      }
      copyLast();
      enlarge(used + length);
      return true;
    }

    private void enlarge(int least) {
      if (least > buffer.length) {
        int size = Math.max(least, Math.max(START, GROWTH * buffer.length));
        buffer = Arrays.copyOf(buffer, Math.min(room, size));
      }
    }
  }

  static long getdents(Task t, long fd, long buf, long count, long a3, long a4, long a5) {
    return getdents(t, fd, buf, count, true);
  }

  static long getdents64(Task t, long fd, long buf, long count, long a3, long a4, long a5) {
    return getdents(t, fd, buf, count, false);
  }

  private static long getdents(Task t, long fd, long buf, long count, boolean old) {
    File f = t.fds.get((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (!f.inode.isDirectory()) {
      return -Errno.ENOTDIR;
    }
    if (f.path != null && f.path.dentry().isUnhashed() && f.path.dentry().parent() != null) {
      return -Errno.ENOENT;
    }
    Packer packer = new Packer(Math.max(0, Math.min((int) count, MAX_ENTRIES)), old);
    long before = f.position;
    try {
      long rc = f.readdir(t, packer);
      if (rc < 0) {
        return rc;
      }
      if (packer.tooSmall) {
        return -Errno.EINVAL;
      }
      if (packer.copyOut(t.mm, buf) < 0) {
        f.position = before;
        return -Errno.EFAULT;
      }
      Notify.event(f, Notify.IN_ACCESS);
      return packer.used;
    } catch (WouldWaitException e) {
      f.position = before;
      throw e;
    }
  }

  static long mkdir(Task t, long path, long mode, long a2, long a3, long a4, long a5) {
    return mkdirat(t, Fcntl.AT_FDCWD, path, mode, 0, 0, 0);
  }

  static long mkdirat(Task t, long dirfd, long path, long mode, long a3, long a4, long a5) {
    String p = GuestPath.read(t, path);
    return p == null ? t.mm.error() : NameOps.mkdir(t, (int) dirfd, p, (int) mode);
  }

  static long rmdir(Task t, long path, long a1, long a2, long a3, long a4, long a5) {
    String p = GuestPath.read(t, path);
    return p == null ? t.mm.error() : NameOps.rmdir(t, Fcntl.AT_FDCWD, p);
  }

  static long mknod(Task t, long path, long mode, long dev, long a3, long a4, long a5) {
    return mknodat(t, Fcntl.AT_FDCWD, path, mode, dev, 0, 0);
  }

  static long mknodat(Task t, long dirfd, long path, long mode, long dev, long a4, long a5) {
    int type = (int) mode & Stat.S_IFMT;
    boolean known =
        type == 0
            || type == Stat.S_IFREG
            || type == Stat.S_IFCHR
            || type == Stat.S_IFBLK
            || type == Stat.S_IFIFO
            || type == Stat.S_IFSOCK;
    if (!known) {
      return type == Stat.S_IFDIR ? -Errno.EPERM : -Errno.EINVAL;
    }
    String p = GuestPath.read(t, path);
    return p == null
        ? t.mm.error()
        : NameOps.mknod(t, (int) dirfd, p, (int) mode & 0xffff, dev & 0xffffffffL);
  }

  static long chdir(Task t, long path, long a1, long a2, long a3, long a4, long a5) {
    WalkResult found = new WalkResult();
    int flags = PathWalker.FOLLOW | PathWalker.DIRECTORY;
    long rc = GuestPath.walk(t, Fcntl.AT_FDCWD, path, flags, found);
    if (rc == 0) {
      rc = Permissions.check(t, found.inode(), Permissions.EXEC);
    }
    if (rc == 0) {
      t.fs.setCwd(found.path());
    }
    return rc;
  }

  static long fchdir(Task t, long fd, long a1, long a2, long a3, long a4, long a5) {
    File f = t.fds.getAny((int) fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    VfsPath path = f.path;
    if (path == null || !f.inode.isDirectory()) {
      return -Errno.ENOTDIR;
    }
    long rc = Permissions.check(t, f.inode, Permissions.EXEC);
    if (rc == 0) {
      t.fs.setCwd(path);
    }
    return rc;
  }

  static long getcwd(Task t, long buf, long size, long a2, long a3, long a4, long a5) {
    VfsPath cwd = t.fs.cwd();
    if (cwd.dentry().isUnhashed()) {
      return -Errno.ENOENT;
    }
    byte[] name = PathNames.of(cwd, t.fs.root()).getBytes(StandardCharsets.ISO_8859_1);
    int length = name.length + 1;
    if (length > PathWalker.PATH_MAX) {
      return -Errno.ENAMETOOLONG;
    }
    if (Long.compareUnsigned(length, size) > 0) {
      return -Errno.ERANGE;
    }
    byte[] terminated = new byte[length];
    System.arraycopy(name, 0, terminated, 0, name.length);
    return t.mm.copyOut(buf, terminated, 0, length) < 0 ? -Errno.EFAULT : length;
  }

  static long chroot(Task t, long path, long a1, long a2, long a3, long a4, long a5) {
    WalkResult found = new WalkResult();
    int flags = PathWalker.FOLLOW | PathWalker.DIRECTORY;
    long rc = GuestPath.walk(t, Fcntl.AT_FDCWD, path, flags, found);
    if (rc == 0) {
      rc = Permissions.check(t, found.inode(), Permissions.EXEC);
    }
    if (rc == 0 && !t.creds.capable(Capability.CAP_SYS_CHROOT)) {
      rc = -Errno.EPERM;
    }
    if (rc == 0) {
      t.fs.setRoot(found.path());
    }
    return rc;
  }
}
