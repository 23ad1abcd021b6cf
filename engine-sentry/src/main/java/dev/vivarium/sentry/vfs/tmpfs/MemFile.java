package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.VfsPath;

/** An open regular file in memory. */
final class MemFile extends File {
  private final MemRegular regular;

  MemFile(MemRegular inode, VfsPath path, int flags) {
    super(inode, path, flags);
    this.regular = inode;
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
  public boolean neverBlocks() {
    return regular.isAtHand();
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    long n = regular.read(t, dst, offset);
    if (n > 0 && (flags & Fcntl.O_NOATIME) == 0) {
      regular.accessed();
    }
    return n;
  }

  @Override
  public long write(Task t, Uio src, long offset) {
    return regular.write(t, src, offset);
  }

  @Override
  public long seek(Task t, long offset, int whence) {
    long target;
    switch (whence) {
      case Fcntl.SEEK_SET -> target = offset;
      case Fcntl.SEEK_CUR -> target = position + offset;
      case Fcntl.SEEK_END -> {
        long rc = regular.getattr(t);
        if (rc < 0) {
          return rc;
        }
        target = regular.size + offset;
      }
      case Fcntl.SEEK_DATA, Fcntl.SEEK_HOLE -> {
        target = regular.seekData(t, offset, whence == Fcntl.SEEK_DATA);
        if (target < 0) {
          return target;
        }
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    if (target < 0) {
      return -Errno.EINVAL;
    }
    position = target;
    return target;
  }

  @Override
  public long allocate(Task t, int mode, long offset, long length) {
    return regular.allocate(t, mode, offset, length);
  }

  @Override
  public Mappable mappable() {
    return regular;
  }

  @Override
  public boolean allowsSharedWrites() {
    return (regular.seals() & (Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE)) == 0;
  }
}
