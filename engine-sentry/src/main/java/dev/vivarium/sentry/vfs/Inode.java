package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file, directory, link, pipe, device or socket, whatever its names. Attributes are plain fields;
 * a file system whose truth lies elsewhere refreshes them in {@link #getattr}.
 *
 * <p>Operations assume that the caller has checked permissions (see {@code Permissions}) and that a
 * name is one component, neither empty nor "." nor "..". All return 0 (or a count) or a negative
 * errno.
 */
public abstract class Inode {
  /** The file system this inode belongs to. */
  public final FileSystem fs;

  /** Inode number, unique in its file system. */
  public final long ino;

  /** Type and permission bits, as in {@code st_mode}. */
  public int mode;

  public int uid;
  public int gid;
  public int nlink = 1;

  /** Device number of a device node, in Linux's {@code makedev} encoding. */
  public long rdev;

  /** Length in bytes. */
  public long size;

  public long atimeNanos;
  public long mtimeNanos;
  public long ctimeNanos;

  /** What lives here besides attributes: the pipe of an opened FIFO, a bound socket. */
  public @Nullable Object special;

  /** Who watches it (inotify); null if nobody does. */
  @Nullable List<Notify.Watch> watches;

  /** How many open files there are of it. */
  private int opens;

  private @Nullable FileLocks locks;

  protected Inode(FileSystem fs, long ino, int mode) {
    this.fs = fs;
    this.ino = ino;
    this.mode = mode;
  }

  public final boolean isDirectory() {
    return (mode & Stat.S_IFMT) == Stat.S_IFDIR;
  }

  public final boolean isRegular() {
    return (mode & Stat.S_IFMT) == Stat.S_IFREG;
  }

  public final boolean isSymlink() {
    return (mode & Stat.S_IFMT) == Stat.S_IFLNK;
  }

  /** Bytes of storage behind it, for {@code st_blocks}. */
  public long allocatedBytes() {
    return isRegular() ? (size + 511) & -512L : 0;
  }

  /** Brings the attribute fields up to date where their truth is outside the sentry. */
  public long getattr(Task t) {
    return 0;
  }

  /**
   * Where names can change without the sentry: whether this inode was found under a name so
   * recently that looking again would tell nothing new.
   */
  public boolean wasJustFoundAt(Inode directory, String name) {
    return false;
  }

  /** Applies the fields of {@code change} that are set (chmod, chown, utimens, truncate). */
  public long setattr(Task t, AttrChange change) {
    return -Errno.EPERM;
  }

  /** Finds {@code name} in this directory; -ENOENT when there is none. */
  public long lookup(Task t, String name, InodeRef out) {
    return -Errno.ENOTDIR;
  }

  /**
   * Whether a dentry of this directory (also a negative one) may be kept and believed without
   * asking again.
   */
  public boolean cachesLookups() {
    return true;
  }

  public long create(Task t, String name, int mode, InodeRef out) {
    return -Errno.EROFS;
  }

  public long mkdir(Task t, String name, int mode, InodeRef out) {
    return -Errno.EROFS;
  }

  public long mknod(Task t, String name, int mode, long rdev, InodeRef out) {
    return -Errno.EROFS;
  }

  public long symlink(Task t, String name, String target, InodeRef out) {
    return -Errno.EROFS;
  }

  /**
   * Adds {@code name} in this directory as another link to {@code target}, of the same file system.
   */
  public long link(Task t, String name, Inode target) {
    return -Errno.EROFS;
  }

  public long unlink(Task t, String name, Inode victim) {
    return -Errno.EROFS;
  }

  public long rmdir(Task t, String name, Inode victim) {
    return -Errno.EROFS;
  }

  /** Makes a regular file without a name, of which {@link #nlink} is 0 (O_TMPFILE). */
  public long tmpfile(Task t, int mode, InodeRef out) {
    return -Errno.EOPNOTSUPP;
  }

  /**
   * Moves {@code name} to {@code newName} in {@code newDir}, replacing {@code replaced} if there is
   * one.
   *
   * @param flags RENAME_* of renameat2(2); RENAME_NOREPLACE has been checked
   */
  public long rename(
      Task t,
      String name,
      Inode moved,
      Inode newDir,
      String newName,
      @Nullable Inode replaced,
      int flags) {
    return -Errno.EROFS;
  }

  /** The target of a symbolic link, or null (not a link, or an error). */
  public @Nullable String readlink(Task t) {
    return null;
  }

  /**
   * For links that name an object and not a path (those of /proc/PID/fd, exe, cwd, root): the place
   * they jump to; null for ordinary links.
   */
  public @Nullable VfsPath jump(Task t) {
    return null;
  }

  /**
   * Opens this inode. O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW have been dealt with by the
   * caller.
   *
   * @param path where it was found
   * @param flags the open flags that stay with the file (access mode, O_APPEND, O_NONBLOCK …)
   * @param out receives the new open file, with one reference
   */
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    return -Errno.ENXIO;
  }

  /** Opens this inode, whatever it is: what the system calls use. */
  public final long openAny(Task t, VfsPath path, int flags, FileRef out) {
    return switch (mode & Stat.S_IFMT) {
      case Stat.S_IFIFO, Stat.S_IFCHR, Stat.S_IFBLK, Stat.S_IFSOCK ->
          t.kernel().specialFiles().open(t, this, path, flags, out);
      default -> open(t, path, flags, out);
    };
  }

  /** The extended attribute, or null if there is none (-ENODATA). */
  public byte @Nullable [] getxattr(Task t, String name) {
    return null;
  }

  public long setxattr(Task t, String name, byte[] value, int flags) {
    return -Errno.EOPNOTSUPP;
  }

  public long removexattr(Task t, String name) {
    return -Errno.EOPNOTSUPP;
  }

  public Collection<String> listxattr(Task t) {
    return List.of();
  }

  /** Called when the last name and the last open file are gone. */
  public void evict() {}

  /** Called when the last open file of this inode is closed; it may be opened again. */
  protected void lastClose(Task t) {}

  /** How many open files there are of it. */
  public final int opens() {
    return opens;
  }

  final void opened() {
    opens++;
  }

  final void closed(Task t) {
    if (--opens == 0) {
      Notify.goneIfUnused(this);
      lastClose(t);
      evictIfUnused();
    }
  }

  /** Calls {@link #evict} if no name and no open file is left; for after an unlink. */
  protected final void evictIfUnused() {
    if (nlink <= 0 && opens == 0) {
      evict();
    }
  }

  /** The advisory locks on it. */
  public final FileLocks locks() {
    FileLocks l = locks;
    if (l == null) {
      l = new FileLocks();
      locks = l;
    }
    return l;
  }

  /** Whether there may be locks on it. */
  public final boolean hasLocks() {
    return locks != null;
  }

  /** Drops the locks of an owner: a descriptor table (close(2), exit), or an open file. */
  final void releaseLocks(Object owner) {
    if (locks != null) {
      locks.release(owner);
    }
  }

  /** What /proc/PID/fd/N shows for an open file without a path. */
  public String anonymousName() {
    return "anon_inode:[" + fs.typeName() + "]";
  }

  /** Sets the attribute fields as a file system in memory does; a new size is not looked at. */
  protected final long applyAttributes(AttrChange change) {
    if ((change.set & AttrChange.MODE) != 0) {
      mode = (mode & Stat.S_IFMT) | (change.mode & 07777);
    }
    if ((change.set & AttrChange.UID) != 0) {
      uid = change.uid;
    }
    if ((change.set & AttrChange.GID) != 0) {
      gid = change.gid;
    }
    if ((change.set & AttrChange.ATIME) != 0) {
      atimeNanos = change.atimeNanos;
    }
    if ((change.set & AttrChange.MTIME) != 0) {
      mtimeNanos = change.mtimeNanos;
    }
    ctimeNanos = Times.now();
    return 0;
  }
}
