package dev.vivarium.sentry.vfs.overlay;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.tmpfs.MemInode;
import dev.vivarium.sentry.vfs.tmpfs.MemSpecial;
import dev.vivarium.sentry.vfs.tmpfs.MemSymlink;
import dev.vivarium.sentry.vfs.tmpfs.MemoryBudget;
import dev.vivarium.sentry.vfs.tmpfs.MemoryFs;
import dev.vivarium.sentry.vfs.tmpfs.PagedContent;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A writable view, in memory, over a read-only file system. */
public final class OverlayFs extends MemoryFs {
  /** OVERLAYFS_SUPER_MAGIC of linux/magic.h. */
  public static final long MAGIC = 0x794c7630;

  /** Numbers of new files begin here, away from those of any lower file system. */
  private static final long FIRST_NEW_INO = 1L << 62;

  /** The overlay inode of a lower inode, as long as somebody holds it. */
  private static final class Shown extends WeakReference<MemInode> {
    private final long ino;

    Shown(MemInode inode, ReferenceQueue<MemInode> queue) {
      super(inode, queue);
      this.ino = inode.ino;
    }
  }

  private final FileSystem lower;
  private final Map<Long, Shown> shown = new HashMap<>();
  private final ReferenceQueue<MemInode> forgotten = new ReferenceQueue<>();

  /** Lower inodes of the overlay inodes that were changed, which keeps these. */
  private final Map<MemInode, Inode> changed = new IdentityHashMap<>();

  private final OverlayDirectory root;

  public OverlayFs(long dev, FileSystem lower, MemoryFile memory, MemoryBudget budget) {
    super(dev, memory, budget, firstNewIno(lower));
    this.lower = lower;
    this.root = new OverlayDirectory(this, lower.root());
    shown.put(root.ino, new Shown(root, forgotten));
  }

  private static long firstNewIno(FileSystem lower) {
    return lower instanceof MemoryFs m ? Math.max(FIRST_NEW_INO, m.inoBound()) : FIRST_NEW_INO;
  }

  @Override
  public String typeName() {
    return "overlay";
  }

  @Override
  public long magic() {
    return MAGIC;
  }

  @Override
  public Inode root() {
    return root;
  }

  public FileSystem lower() {
    return lower;
  }

  /** The inode that shows a lower one; null if the lower one's link cannot be read. */
  @Nullable MemInode show(Task t, Inode low, OverlayDirectory directory, String name) {
    MemInode inode = show(t, low);
    if (inode instanceof Overlaid o) {
      o.below().foundAt(directory, name);
    }
    return inode;
  }

  private @Nullable MemInode show(Task t, Inode low) {
    for (var r = forgotten.poll(); r != null; r = forgotten.poll()) {
      Shown gone = (Shown) r;
      shown.remove(gone.ino, gone);
    }
    Shown known = shown.get(low.ino);
    MemInode inode = known == null ? null : known.get();
    if (inode != null && (inode.mode & Stat.S_IFMT) == (low.mode & Stat.S_IFMT)) {
      return inode;
    }
    switch (low.mode & Stat.S_IFMT) {
      case Stat.S_IFDIR -> inode = new OverlayDirectory(this, low);
      case Stat.S_IFREG -> inode = new OverlayRegular(this, low);
      case Stat.S_IFLNK -> {
        String target = low.readlink(t);
        if (target == null) {
          return null;
        }
        inode = new OverlaySymlink(this, low, target);
      }
      default -> inode = new OverlaySpecial(this, low);
    }
    // Reading a link may have waited, and another task may have been quicker.
    known = shown.get(low.ino);
    MemInode other = known == null ? null : known.get();
    if (other != null && (other.mode & Stat.S_IFMT) == (low.mode & Stat.S_IFMT)) {
      return other;
    }
    shown.put(low.ino, new Shown(inode, forgotten));
    return inode;
  }

  @Override
  protected @Nullable Inode originalOf(MemInode inode) {
    return inode instanceof Overlaid o ? o.below().original() : null;
  }

  @Override
  protected void changing(MemInode inode) {
    if (inode instanceof Overlaid o) {
      changed.putIfAbsent(inode, o.below().original());
    }
  }

  /** Whether something of this inode differs from the lower one that it shows. */
  boolean isChanged(MemInode inode) {
    return changed.containsKey(inode);
  }

  /** The inodes that show a lower one and were changed since. */
  Set<MemInode> changedInodes() {
    return changed.keySet();
  }

  /** A content for a file that was empty below. */
  PagedContent emptyContent() {
    return newContent();
  }

  @Override
  protected void evicted(MemInode inode) {
    if (inode instanceof Overlaid) {
      changed.remove(inode);
      shown.remove(inode.ino);
    }
  }

  @Override
  public String showOptions() {
    return ",lowerdir=/,upperdir=/,workdir=/";
  }

  /** An inode that shows a lower one. */
  interface Overlaid {
    Below below();
  }

  /** What an inode shows, and where below it was first found. */
  static final class Below {
    private final Inode original;
    private @Nullable OverlayDirectory directory;
    private String name = "";

    Below(Inode original) {
      this.original = original;
    }

    Inode original() {
      return original;
    }

    /** The directory that has it below; null for the root. */
    @Nullable OverlayDirectory directory() {
      return directory;
    }

    String name() {
      return name;
    }

    private void foundAt(OverlayDirectory in, String as) {
      if (directory == null) {
        directory = in;
        name = as;
      }
    }
  }

  private static final class OverlaySymlink extends MemSymlink implements Overlaid {
    private final Below below;

    OverlaySymlink(OverlayFs fs, Inode original, String target) {
      super(fs, original, target);
      this.below = new Below(original);
    }

    @Override
    public Below below() {
      return below;
    }
  }

  private static final class OverlaySpecial extends MemSpecial implements Overlaid {
    private final Below below;

    OverlaySpecial(OverlayFs fs, Inode original) {
      super(fs, original);
      this.below = new Below(original);
    }

    @Override
    public Below below() {
      return below;
    }
  }
}
