package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;

/**
 * Inodes for open files that have no name: pipes, sockets, epoll instances. One instance stands for
 * one of Linux's pseudo file systems (pipefs, sockfs, anon_inodefs).
 */
public final class AnonFs extends FileSystem {
  private final String type;
  private final long magic;
  private final Inode root;
  private long lastIno = 1;

  public AnonFs(long dev, String type, long magic) {
    super(dev);
    this.type = type;
    this.magic = magic;
    this.root = new AnonInode(this, 1, Stat.S_IFDIR | 0555, type);
  }

  /**
   * Makes an inode.
   *
   * @param mode type and permission bits; anon_inodefs has no type bits
   * @param label what readlink of /proc/PID/fd/N shows; "%d" in it becomes the inode number
   */
  public Inode newInode(Task t, int mode, String label) {
    long ino = ++lastIno;
    AnonInode inode = new AnonInode(this, ino, mode, label.replace("%d", Long.toString(ino)));
    inode.uid = t.creds.fsuid;
    inode.gid = t.creds.fsgid;
    return inode;
  }

  @Override
  public String typeName() {
    return type;
  }

  @Override
  public long magic() {
    return magic;
  }

  @Override
  public boolean keepsFilesInMemory() {
    return true;
  }

  @Override
  public Inode root() {
    return root;
  }

  private static final class AnonInode extends Inode {
    private final String label;

    AnonInode(AnonFs fs, long ino, int mode, String label) {
      super(fs, ino, mode);
      this.label = label;
      long now = Times.now();
      atimeNanos = now;
      mtimeNanos = now;
      ctimeNanos = now;
    }

    @Override
    public String anonymousName() {
      return label;
    }

    @Override
    public long setattr(Task t, AttrChange change) {
      return applyAttributes(change);
    }
  }
}
