package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.Inode;

/** A symbolic link in memory. */
public class MemSymlink extends MemInode {
  private final String target;

  MemSymlink(MemoryFs fs, long ino, String target) {
    super(fs, ino, Stat.S_IFLNK | 0777);
    this.target = target;
    this.size = target.length();
  }

  /** A link that shows another one. */
  protected MemSymlink(MemoryFs fs, Inode original, String target) {
    super(fs, original);
    this.target = target;
  }

  @Override
  public final String readlink(Task t) {
    return target;
  }
}
