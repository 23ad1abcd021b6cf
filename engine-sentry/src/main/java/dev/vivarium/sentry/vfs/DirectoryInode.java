package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;

/** A directory whose entries its inode can list; open files of it are {@link DirectoryFile}s. */
public abstract class DirectoryInode extends Inode implements DirectoryListing {
  protected DirectoryInode(FileSystem fs, long ino, int permissions) {
    super(fs, ino, Stat.S_IFDIR | permissions);
    this.nlink = 2;
  }

  @Override
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    out.file = new DirectoryFile(this, this, path, flags);
    return 0;
  }
}
