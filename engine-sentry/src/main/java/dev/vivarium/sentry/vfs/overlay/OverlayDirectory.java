package dev.vivarium.sentry.vfs.overlay;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.Dentry;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.DirectoryListing;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.InodeRef;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.tmpfs.EntryTable;
import dev.vivarium.sentry.vfs.tmpfs.MemDirectory;
import dev.vivarium.sentry.vfs.tmpfs.MemInode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A directory that shows a lower one, with the guest's changes. */
final class OverlayDirectory extends MemDirectory implements OverlayFs.Overlaid {
  private final OverlayFs overlay;
  private final Inode original;
  private final OverlayFs.Below below;

  /** How many directories this one stands on. */
  private final int level;

  /** Whether {@link #entries} has all names of the lower directory. */
  private boolean complete;

  OverlayDirectory(OverlayFs fs, Inode original) {
    super(fs, original);
    this.overlay = fs;
    this.original = original;
    this.below = new OverlayFs.Below(original);
    this.level = original instanceof OverlayDirectory lower ? lower.level + 1 : 1;
    entries.standOnLower(level);
  }

  @Override
  public OverlayFs.Below below() {
    return below;
  }

  /**
   * What is known here about names: the guest's own, whiteouts, and lower ones that were listed.
   */
  Iterable<EntryTable.Entry> table() {
    return entries.all();
  }

  /** What is known here about one name. */
  EntryTable.@Nullable Entry entry(String name) {
    return entries.get(name);
  }

  @Override
  public long getattr(Task t) {
    if (overlay.isChanged(this)) {
      return 0;
    }
    long rc = original.getattr(t);
    if (rc == 0 && !overlay.isChanged(this)) {
      copyAttributes(original);
    }
    return rc;
  }

  @Override
  protected long lookupBelow(Task t, String name, InodeRef out) {
    if (complete && entries.get(name) == null) {
      return -Errno.ENOENT;
    }
    InodeRef found = new InodeRef();
    long rc = original.lookup(t, name, found);
    Inode low = found.inode;
    if (rc < 0 || low == null) {
      return rc < 0 ? rc : -Errno.ENOENT;
    }
    MemInode inode = overlay.show(t, low, this, name);
    if (inode == null) {
      return -Errno.EIO;
    }
    // The lookup may have waited: what was done to the name meanwhile is the truth.
    var e = entries.get(name);
    if (e != null && e.isWhiteout()) {
      return -Errno.ENOENT;
    }
    MemInode own = e == null ? null : e.inode();
    out.inode = own != null ? own : inode;
    return 0;
  }

  /**
   * Where the guest has changed nothing the lower directory lists itself: a walk through a large
   * tree then leaves nothing behind here.
   */
  @Override
  public long list(Task t, long position, DirSink sink) {
    return entries.isUntouched() && original instanceof DirectoryListing lower
        ? lower.list(t, position, sink)
        : super.list(t, position, sink);
  }

  @Override
  protected long loadBelow(Task t) {
    if (complete) {
      return 0;
    }
    VfsPath place =
        new VfsPath(overlay.lower().internalMount(), Dentry.disconnected("lower", original));
    FileRef ref = new FileRef();
    long rc = original.open(t, place, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, ref);
    File directory = ref.file;
    if (rc < 0 || directory == null) {
      return rc < 0 ? rc : -Errno.EIO;
    }
    List<EntryTable.Lower> found = new ArrayList<>();
    try {
      int before;
      do {
        before = found.size();
        rc =
            directory.readdir(
                t,
                (name, ino, nextOffset, type) -> {
                  found.add(new EntryTable.Lower(name, type, ino, nextOffset - 1));
                  return true;
                });
        if (rc < 0) {
          return rc;
        }
      } while (found.size() > before);
    } finally {
      directory.drop(t);
    }
    if (!complete) {
      complete = true;
      found.removeIf(e -> e.position() < DirectoryListing.FIRST_ENTRY);
      entries.putLower(found);
    }
    return 0;
  }
}
