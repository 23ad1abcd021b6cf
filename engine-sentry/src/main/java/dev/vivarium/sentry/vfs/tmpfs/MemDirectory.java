package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.DirectoryFile;
import dev.vivarium.sentry.vfs.DirectoryListing;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.InodeRef;
import dev.vivarium.sentry.vfs.Times;
import dev.vivarium.sentry.vfs.VfsPath;
import org.jspecify.annotations.Nullable;

/**
 * A directory in memory. The hooks at the end let the overlay's directories show the entries of a
 * lower directory besides their own.
 */
public class MemDirectory extends MemInode implements DirectoryListing {
  /** What a directory's size grows by with each entry, as tmpfs has it. */
  private static final int ENTRY_SIZE = 20;

  /** The entries that are known here. */
  protected final EntryTable entries = new EntryTable();

  protected MemDirectory(MemoryFs fs, long ino, int permissions) {
    super(fs, ino, Stat.S_IFDIR | permissions);
    nlink = 2;
  }

  /** A directory that shows another one. */
  protected MemDirectory(MemoryFs fs, Inode original) {
    super(fs, original);
  }

  @Override
  public final long lookup(Task t, String name, InodeRef out) {
    EntryTable.Entry e = entries.get(name);
    if (e == null) {
      return lookupBelow(t, name, out);
    }
    if (e.isWhiteout()) {
      return -Errno.ENOENT;
    }
    MemInode inode = e.inode;
    if (inode == null) {
      return lookupBelow(t, name, out);
    }
    out.inode = inode;
    return 0;
  }

  @Override
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    out.file = new DirectoryFile(this, this, path, flags);
    return 0;
  }

  @Override
  public long list(Task t, long position, DirSink sink) {
    long rc = loadBelow(t);
    if (rc < 0) {
      return rc;
    }
    return entries.emit(position, sink);
  }

  // ---- making names ----

  @Override
  public final long create(Task t, String name, int newMode, InodeRef out) {
    if (!memoryFs.budget().takeInode()) {
      return -Errno.ENOSPC;
    }
    int m = Stat.S_IFREG | (newMode & 07777);
    return add(t, name, new MemRegular(memoryFs, memoryFs.nextIno(), m), out);
  }

  @Override
  public final long mkdir(Task t, String name, int newMode, InodeRef out) {
    if (!memoryFs.budget().takeInode()) {
      return -Errno.ENOSPC;
    }
    return add(t, name, new MemDirectory(memoryFs, memoryFs.nextIno(), newMode & 07777), out);
  }

  @Override
  public final long mknod(Task t, String name, int newMode, long device, InodeRef out) {
    if (!memoryFs.budget().takeInode()) {
      return -Errno.ENOSPC;
    }
    return add(t, name, new MemSpecial(memoryFs, memoryFs.nextIno(), newMode, device), out);
  }

  @Override
  public final long symlink(Task t, String name, String target, InodeRef out) {
    if (!memoryFs.budget().takeInode()) {
      return -Errno.ENOSPC;
    }
    return add(t, name, new MemSymlink(memoryFs, memoryFs.nextIno(), target), out);
  }

  private long add(Task t, String name, MemInode inode, InodeRef out) {
    inode.uid = t.creds.fsuid;
    inode.gid = t.creds.fsgid;
    if ((mode & Stat.S_ISGID) != 0) {
      inode.gid = gid;
      if (inode.isDirectory()) {
        inode.mode |= Stat.S_ISGID;
      }
    }
    insert(name, inode);
    out.inode = inode;
    return 0;
  }

  /** A file without a name in this file system, for O_TMPFILE. */
  @Override
  public final long tmpfile(Task t, int newMode, InodeRef out) {
    if (!memoryFs.budget().takeInode()) {
      return -Errno.ENOSPC;
    }
    MemRegular inode =
        new MemRegular(memoryFs, memoryFs.nextIno(), Stat.S_IFREG | (newMode & 07777));
    inode.nlink = 0;
    inode.uid = t.creds.fsuid;
    inode.gid = (mode & Stat.S_ISGID) != 0 ? gid : t.creds.fsgid;
    out.inode = inode;
    return 0;
  }

  @Override
  public final long link(Task t, String name, Inode target) {
    if (!(target instanceof MemInode inode) || inode.memoryFs != memoryFs) {
      return -Errno.EXDEV;
    }
    insert(name, inode);
    inode.linked();
    return 0;
  }

  private void insert(String name, MemInode inode) {
    memoryFs.changing(this);
    EntryTable.Entry old = entries.get(name);
    boolean hides = old != null && old.hidesLower;
    entries.put(name, inode, hides);
    if (inode.isDirectory()) {
      countSubdirectory(1);
    }
    changed(ENTRY_SIZE);
  }

  private void changed(int sizeChange) {
    size = Math.max(0, size + sizeChange);
    long now = Times.now();
    mtimeNanos = now;
    ctimeNanos = now;
  }

  /** Some file systems do not count subdirectories and have 1 here always. */
  private void countSubdirectory(int change) {
    if (nlink != 1) {
      nlink += change;
    }
  }

  // ---- removing names ----

  @Override
  public final long unlink(Task t, String name, Inode victim) {
    if (!stillNames(name, victim)) {
      return -Errno.ENOENT;
    }
    remove(name, victim);
    ((MemInode) victim).unlinked(1);
    return 0;
  }

  @Override
  public final long rmdir(Task t, String name, Inode victim) {
    MemDirectory directory = (MemDirectory) victim;
    long rc = directory.checkEmpty(t);
    if (rc < 0) {
      return rc;
    }
    if (!stillNames(name, victim)) {
      return -Errno.ENOENT;
    }
    remove(name, victim);
    directory.unlinked(directory.nlink);
    return 0;
  }

  private void remove(String name, Inode victim) {
    memoryFs.changing(this);
    EntryTable.Entry e = entries.get(name);
    if (e == null || e.hidesLower || e.inode == null) {
      entries.whiteout(name);
    } else {
      entries.remove(name);
    }
    if (victim.isDirectory()) {
      countSubdirectory(-1);
    }
    changed(-ENTRY_SIZE);
  }

  /** Whether the name has not changed hands while the caller waited. */
  private boolean stillNames(String name, Inode inode) {
    EntryTable.Entry e = entries.get(name);
    if (e == null) {
      return memoryFs.originalOf((MemInode) inode) != null;
    }
    return !e.isWhiteout() && (e.inode == null || e.inode == inode);
  }

  /** 0, -ENOTEMPTY, or why its entries cannot be known. */
  private long checkEmpty(Task t) {
    long rc = loadBelow(t);
    if (rc < 0) {
      return rc;
    }
    return entries.isEmpty() ? 0 : -Errno.ENOTEMPTY;
  }

  // ---- renaming ----

  @Override
  public final long rename(
      Task t,
      String name,
      Inode moved,
      Inode newDir,
      String newName,
      @Nullable Inode replaced,
      int flags) {
    if (!(newDir instanceof MemDirectory target) || target.memoryFs != memoryFs) {
      return -Errno.EXDEV;
    }
    MemInode inode = (MemInode) moved;
    if ((flags & Fcntl.RENAME_EXCHANGE) != 0) {
      return replaced == null
          ? -Errno.ENOENT
          : exchange(name, inode, target, newName, (MemInode) replaced);
    }
    boolean whiteout = (flags & Fcntl.RENAME_WHITEOUT) != 0;
    if (whiteout && !memoryFs.budget().takeInode()) {
      return -Errno.ENOSPC;
    }
    if (replaced instanceof MemDirectory directory) {
      long rc = directory.checkEmpty(t);
      if (rc < 0) {
        return rc;
      }
    }
    if (!stillNames(name, inode) || (replaced != null && !target.stillNames(newName, replaced))) {
      return -Errno.ENOENT;
    }
    memoryFs.changing(inode);
    if (replaced != null) {
      target.remove(newName, replaced);
      ((MemInode) replaced).unlinked(replaced.isDirectory() ? replaced.nlink : 1);
    }
    remove(name, inode);
    target.insert(newName, inode);
    inode.ctimeNanos = Times.now();
    if (whiteout) {
      insert(name, new MemSpecial(memoryFs, memoryFs.nextIno(), Stat.S_IFCHR, 0));
    }
    return 0;
  }

  private long exchange(String name, MemInode a, MemDirectory target, String newName, MemInode b) {
    if (!stillNames(name, a) || !target.stillNames(newName, b)) {
      return -Errno.ENOENT;
    }
    memoryFs.changing(a);
    memoryFs.changing(b);
    remove(name, a);
    target.remove(newName, b);
    insert(name, b);
    target.insert(newName, a);
    long now = Times.now();
    a.ctimeNanos = now;
    b.ctimeNanos = now;
    return 0;
  }

  @Override
  public void evict() {
    super.evict();
  }

  // ---- for the overlay ----

  /** Finds a name that has no entry of its own here. */
  protected long lookupBelow(Task t, String name, InodeRef out) {
    return -Errno.ENOENT;
  }

  /** Makes {@link #entries} complete; may wait. */
  protected long loadBelow(Task t) {
    return 0;
  }
}
