package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;

/** A directory whose entries its inode can list; open files of it are {@link DirectoryFile}s. */
public abstract class DirectoryInode extends Inode {
  /** Positions 0 and 1 are "." and ".."; entries of the directory itself begin here. */
  public static final long FIRST_ENTRY = 2;

  protected DirectoryInode(FileSystem fs, long ino, int permissions) {
    super(fs, ino, Stat.S_IFDIR | permissions);
    this.nlink = 2;
  }

  /**
   * Emits the entries from a position on, without "." and "..", until the sink takes no more.
   *
   * @param position at least {@link #FIRST_ENTRY}; stays valid while entries come and go
   * @return the position of the first entry that was not taken (at the end: of the next to come)
   */
  public abstract long list(Task t, long position, DirSink sink);

  @Override
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    out.file = new DirectoryFile(this, path, flags);
    return 0;
  }

  /** The DT_* of a mode. */
  public static int typeOf(int mode) {
    return (mode & Stat.S_IFMT) >> 12;
  }
}
