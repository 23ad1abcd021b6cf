package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A directory of a synthetic tree (proc, sys, dev): its entries are put in by the kernel, and
 * guests cannot change them. A subclass may add entries that come and go by overriding {@link
 * #lookup}, {@link #list} and {@link #cachesLookups}.
 */
public class StaticDirectory extends DirectoryInode {
  private record Entry(String name, Inode inode) {}

  private final List<Entry> entries = new ArrayList<>();
  private final Map<String, Inode> byName = new HashMap<>();

  public StaticDirectory(FileSystem fs, long ino, int permissions) {
    super(fs, ino, permissions);
    long now = Times.now();
    atimeNanos = now;
    mtimeNanos = now;
    ctimeNanos = now;
  }

  /** Adds an entry; while a file system is being built. */
  public final <I extends Inode> I add(String name, I inode) {
    if (byName.putIfAbsent(name, inode) != null) {
      throw new IllegalArgumentException("two entries of the name " + name);
    }
    entries.add(new Entry(name, inode));
    if (inode.isDirectory()) {
      nlink++;
    }
    return inode;
  }

  /** How many entries were added. */
  protected final int staticCount() {
    return entries.size();
  }

  @Override
  public long lookup(Task t, String name, InodeRef out) {
    Inode found = byName.get(name);
    if (found == null) {
      return -Errno.ENOENT;
    }
    out.inode = found;
    return 0;
  }

  @Override
  public long list(Task t, long position, DirSink sink) {
    long at = position;
    while (at - FIRST_ENTRY < entries.size()) {
      Entry e = entries.get((int) (at - FIRST_ENTRY));
      if (!sink.add(e.name(), e.inode().ino, at + 1, DirectoryListing.typeOf(e.inode().mode))) {
        return at;
      }
      at++;
    }
    return at;
  }

  @Override
  public long create(Task t, String name, int mode, InodeRef out) {
    return cannotCreate();
  }

  @Override
  public long mkdir(Task t, String name, int mode, InodeRef out) {
    return cannotCreate();
  }

  @Override
  public long mknod(Task t, String name, int mode, long rdev, InodeRef out) {
    return cannotCreate();
  }

  @Override
  public long symlink(Task t, String name, String target, InodeRef out) {
    return cannotCreate();
  }

  /** The errno of a directory whose entries are the kernel's alone. */
  protected long cannotCreate() {
    return -Errno.EPERM;
  }

  @Override
  public long unlink(Task t, String name, Inode victim) {
    return -Errno.EPERM;
  }

  @Override
  public long rmdir(Task t, String name, Inode victim) {
    return -Errno.EPERM;
  }
}
