package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.vfs.Dentry;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;
import org.jspecify.annotations.Nullable;

/** A file system in memory. */
public final class Tmpfs extends MemoryFs {
  /** TMPFS_MAGIC of linux/magic.h. */
  public static final long MAGIC = 0x01021994;

  private final MemDirectory root;

  /**
   * @param rootMode permission bits of the root directory
   */
  public Tmpfs(long dev, MemoryFile memory, MemoryBudget budget, int rootMode) {
    super(dev, memory, budget, 1);
    this.root = new MemDirectory(this, nextIno(), rootMode);
  }

  @Override
  public String typeName() {
    return "tmpfs";
  }

  @Override
  public long magic() {
    return MAGIC;
  }

  @Override
  public boolean keepsFilesInMemory() {
    return true;
  }

  @Override
  public Inode root() {
    return root;
  }

  @Override
  public String showOptions() {
    int mode = root.mode & 07777;
    return ",size="
        + budget().maxBytes() / 1024
        + "k,nr_inodes="
        + budget().maxInodes()
        + (mode == 01777 ? "" : ",mode=" + Integer.toOctalString(mode));
  }

  /**
   * Opens a new file without a name, as memfd_create(2) does.
   *
   * @param label what /proc/PID/fd/N shows
   * @return null if there is no room
   */
  public @Nullable File openNameless(Task t, String label, int mode, int flags, boolean sealable) {
    if (!budget().takeInode()) {
      return null;
    }
    MemRegular inode = new MemRegular(this, nextIno(), mode);
    inode.nlink = 0;
    inode.uid = t.creds.fsuid;
    inode.gid = t.creds.fsgid;
    if (sealable) {
      inode.makeSealable();
    }
    FileRef ref = new FileRef();
    VfsPath path = new VfsPath(internalMount(), Dentry.disconnected(label, inode));
    inode.open(t, path, flags, ref);
    return ref.file;
  }
}
