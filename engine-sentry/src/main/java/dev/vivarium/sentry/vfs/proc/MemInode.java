package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.Tracing;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;

/** /proc/PID/mem: a process's memory, by its addresses. */
final class MemInode extends Inode {
  private static final int CHUNK = 64 * 1024;

  private final Task about;

  MemInode(FileSystem fs, long ino, Task about) {
    super(fs, ino, Stat.S_IFREG | 0600);
    this.about = about;
  }

  @Override
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    if (about.hasExited()) {
      return -Errno.ESRCH;
    }
    if (!Tracing.mayAccess(t, about)) {
      return -Errno.EACCES;
    }
    out.file = new MemFile(this, path, flags, about);
    return 0;
  }

  private static final class MemFile extends File {
    private final Task about;

    /** The address space at the time of open: after an execve the old one is not the program's. */
    private final MemoryManager mm;

    MemFile(Inode inode, VfsPath path, int flags, Task about) {
      super(inode, path, flags);
      this.about = about;
      this.mm = about.mm;
    }

    @Override
    public boolean isSeekable() {
      return true;
    }

    private boolean isGone() {
      return about.hasExited() || about.mm != mm;
    }

    @Override
    public long read(Task t, Uio dst, long offset) {
      if (isGone()) {
        return 0;
      }
      byte[] chunk = new byte[(int) Math.min(dst.remaining(), CHUNK)];
      int got = mm.access(t, about, offset, chunk, 0, chunk.length, false);
      return got == 0 && chunk.length > 0 ? -Errno.EIO : dst.put(chunk, 0, got);
    }

    @Override
    public long write(Task t, Uio src, long offset) {
      if (isGone()) {
        return 0;
      }
      byte[] chunk = new byte[(int) Math.min(src.remaining(), CHUNK)];
      long got = src.take(chunk, 0, chunk.length);
      if (got < 0) {
        return got;
      }
      int put = mm.access(t, about, offset, chunk, 0, (int) got, true);
      about.comeIn();
      return put == 0 && got > 0 ? -Errno.EIO : put;
    }

    @Override
    public long seek(Task t, long offset, int whence) {
      long to =
          switch (whence) {
            case Fcntl.SEEK_SET -> offset;
            case Fcntl.SEEK_CUR -> position + offset;
            default -> Long.MIN_VALUE;
          };
      if (to == Long.MIN_VALUE) {
        return -Errno.EINVAL;
      }
      position = to;
      return to;
    }
  }
}
