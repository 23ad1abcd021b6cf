package dev.vivarium.sentry.vfs.host;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.SpecialFiles;
import dev.vivarium.sentry.vfs.VfsPath;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What an inherited descriptor refers to. Only what a guest may know of it is shown: its kind, its
 * size if it is a regular file, and times; not the host's numbers or owner.
 */
public final class HostInode extends Inode {
  /** Offsets in x86-64's {@code struct stat} (asm/stat.h). */
  private static final int STAT_SIZE = 144;

  private static final int ST_MODE = 24;
  private static final int ST_SIZE = 48;
  private static final int ST_MTIME = 88;

  final int fd;

  HostInode(HostFs fs, long ino, int fd) {
    super(fs, ino, Stat.S_IFIFO | 0600);
    this.fd = fd;
    this.special = (SpecialFiles) HostInode::openAgain;
    refresh();
    if ((mode & Stat.S_IFMT) == Stat.S_IFCHR) {
      mode = Stat.S_IFCHR | 0620;
    }
  }

  private static long openAgain(Task t, Inode inode, VfsPath path, int flags, FileRef out) {
    return inode.open(t, path, flags, out);
  }

  private void refresh() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stat = arena.allocate(STAT_SIZE, 8);
      if (Libc.syscall(Sys.FSTAT, fd, stat.address(), 0, 0, 0, 0) < 0) {
        return;
      }
      int kind = Fields.getInt(stat, ST_MODE) & Stat.S_IFMT;
      mode = kind | mode & 07777;
      size = kind == Stat.S_IFREG ? Fields.getLong(stat, ST_SIZE) : 0;
      mtimeNanos =
          Fields.getLong(stat, ST_MTIME) * 1_000_000_000L + Fields.getLong(stat, ST_MTIME + 8);
      atimeNanos = mtimeNanos;
      ctimeNanos = mtimeNanos;
    }
  }

  @Override
  public long getattr(Task t) {
    refresh();
    return 0;
  }

  @Override
  public long setattr(Task t, AttrChange change) {
    if ((change.set & AttrChange.SIZE) != 0) {
      if (!isRegular()) {
        return -Errno.EINVAL;
      }
      int r = Libc.ftruncate(fd, change.size);
      if (r < 0) {
        return r;
      }
    }
    // Mode and owner are kept for this sandbox alone: the host's file is not the guest's.
    return applyAttributes(change);
  }

  @Override
  public String anonymousName() {
    String kind =
        switch (mode & Stat.S_IFMT) {
          case Stat.S_IFIFO -> "pipe:[";
          case Stat.S_IFSOCK -> "socket:[";
          default -> "/host/";
        };
    return kind + ino + (kind.endsWith("[") ? "]" : "");
  }

  /** A further open file over the same descriptor, as far as that was opened for it. */
  @Override
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    int access = Libc.fcntl(fd, Libc.F_GETFL, 0) & Fcntl.O_ACCMODE;
    int wanted = flags & Fcntl.O_ACCMODE;
    if (access != Fcntl.O_RDWR && access != wanted) {
      return -Errno.EACCES;
    }
    out.file = new HostFile(this, flags);
    return 0;
  }
}
