package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;

/** An open directory. */
public final class DirectoryFile extends File {
  private final DirectoryListing listing;
  private final VfsPath place;

  public DirectoryFile(Inode directory, DirectoryListing listing, VfsPath path, int flags) {
    super(directory, path, flags);
    this.listing = listing;
    this.place = path;
  }

  @Override
  public boolean closesAtOnce() {
    return true;
  }

  @Override
  public boolean isSeekable() {
    return true;
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    return -Errno.EISDIR;
  }

  @Override
  public long seek(Task t, long offset, int whence) {
    long base =
        switch (whence) {
          case Fcntl.SEEK_SET -> 0;
          case Fcntl.SEEK_CUR -> position;
          default -> -1;
        };
    if (base < 0 || base + offset < 0) {
      return -Errno.EINVAL;
    }
    position = base + offset;
    return position;
  }

  @Override
  public long readdir(Task t, DirSink sink) {
    if (position == 0) {
      if (!sink.add(".", inode.ino, 1, Stat.DT_DIR)) {
        return 0;
      }
      position = 1;
    }
    if (position == 1) {
      Dentry parent = place.dentry().parent();
      Inode above = parent == null ? null : parent.inode();
      long ino = above == null ? inode.ino : above.ino;
      if (!sink.add("..", ino, DirectoryListing.FIRST_ENTRY, Stat.DT_DIR)) {
        return 0;
      }
      position = DirectoryListing.FIRST_ENTRY;
    }
    long rc = listing.list(t, position, sink);
    if (rc < 0) {
      return rc;
    }
    position = rc;
    return 0;
  }

  @Override
  public long sync(Task t) {
    return 0;
  }
}
