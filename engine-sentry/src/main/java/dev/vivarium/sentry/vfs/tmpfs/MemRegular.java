package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.Mappers;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Times;
import dev.vivarium.sentry.vfs.VfsPath;
import org.jspecify.annotations.Nullable;

/** A regular file in memory. A subclass may bring its content from elsewhere. */
public class MemRegular extends MemInode implements Mappable {
  /** F_SEAL_* of a memfd; F_SEAL_SEAL for every other file. */
  private int seals = Fcntl.F_SEAL_SEAL;

  private @Nullable PagedContent content;
  private @Nullable Mappers mappers;

  protected MemRegular(MemoryFs fs, long ino, int mode) {
    super(fs, ino, mode);
    content = fs.newContent();
  }

  /** A file that shows another one; the subclass gives its content. */
  protected MemRegular(MemoryFs fs, Inode original) {
    super(fs, original);
  }

  /** The content in memory; null if a subclass has not brought it here. */
  protected final @Nullable PagedContent content() {
    return content;
  }

  protected final void setContent(PagedContent c) {
    content = c;
  }

  /** The content in memory, to be changed; null and {@link #contentError} if that fails. */
  protected @Nullable PagedContent writableContent(Task t) {
    return content;
  }

  /** Why {@link #writableContent} gave none. */
  protected long contentError() {
    return -Errno.EIO;
  }

  /** Gets ready for reading; 0 or a negative errno. */
  protected long prepareOpen(Task t) {
    return 0;
  }

  /** Whether reads and writes never wait. */
  protected boolean isAtHand() {
    PagedContent c = content;
    return c != null && c.isAtHand();
  }

  @Override
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    MemFile f = new MemFile(this, path, flags);
    long rc = -Errno.EIO;
    try {
      rc = prepareOpen(t);
    } finally {
      if (rc < 0) {
        f.drop(t);
      }
    }
    if (rc == 0) {
      out.file = f;
    }
    return rc;
  }

  protected long read(Task t, Uio dst, long offset) {
    PagedContent c = content;
    return c == null ? -Errno.EIO : c.read(t, dst, offset);
  }

  /** What a read does to the access time of a file mounted "relatime". */
  final void accessed() {
    if (atimeNanos <= mtimeNanos || atimeNanos <= ctimeNanos) {
      atimeNanos = Times.now();
    }
  }

  final long write(Task t, Uio src, long offset) {
    if ((seals & (Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE)) != 0) {
      return -Errno.EPERM;
    }
    if ((seals & Fcntl.F_SEAL_GROW) != 0 && offset + src.remaining() > size) {
      return -Errno.EPERM;
    }
    PagedContent c = writableContent(t);
    if (c == null) {
      return contentError();
    }
    long n = c.write(t, src, offset);
    if (n > 0) {
      memoryFs.changing(this);
      size = c.size();
      touch();
      dropPrivileges(t);
    }
    return n;
  }

  /** A write takes away set-user-ID and set-group-ID, as on Linux. */
  private void dropPrivileges(Task t) {
    boolean setgid = (mode & (Stat.S_ISGID | Stat.S_IXGRP)) == (Stat.S_ISGID | Stat.S_IXGRP);
    if (((mode & Stat.S_ISUID) != 0 || setgid) && !t.creds.capable(Capability.CAP_FSETID)) {
      mode &= ~Stat.S_ISUID;
      if (setgid) {
        mode &= ~Stat.S_ISGID;
      }
    }
  }

  private void touch() {
    long now = Times.now();
    mtimeNanos = now;
    ctimeNanos = now;
  }

  @Override
  protected long resize(Task t, long newSize) {
    if ((newSize < size && (seals & Fcntl.F_SEAL_SHRINK) != 0)
        || (newSize > size && (seals & Fcntl.F_SEAL_GROW) != 0)) {
      return -Errno.EPERM;
    }
    PagedContent c = newSize == 0 ? emptyContent() : writableContent(t);
    if (c == null) {
      return contentError();
    }
    if (newSize < c.size() && mappers != null) {
      mappers.unmapFrom(t, this, newSize + 4095 & -4096L);
    }
    long rc = c.truncate(newSize);
    if (rc == 0) {
      memoryFs.changing(this);
      size = newSize;
      dropPrivileges(t);
    }
    return rc;
  }

  /** The content for a file that becomes empty: nothing need be brought here first. */
  private PagedContent emptyContent() {
    PagedContent c = content;
    if (c == null) {
      c = memoryFs.newContent();
      content = c;
    }
    return c;
  }

  final long allocate(Task t, int allocateMode, long offset, long length) {
    PagedContent c = writableContent(t);
    if (c == null) {
      return contentError();
    }
    long end = offset + length;
    boolean keepSize = (allocateMode & Fcntl.FALLOC_FL_KEEP_SIZE) != 0;
    long rc;
    if ((allocateMode & Fcntl.FALLOC_FL_PUNCH_HOLE) != 0) {
      if ((seals & (Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE)) != 0) {
        return -Errno.EPERM;
      }
      rc = c.punch(t, offset, length);
    } else {
      if (!keepSize && end > size && (seals & Fcntl.F_SEAL_GROW) != 0) {
        return -Errno.EPERM;
      }
      boolean zero = (allocateMode & FALLOC_FL_ZERO_RANGE) != 0;
      rc = zero ? c.punch(t, offset, length) : 0;
      if (rc == 0) {
        rc = c.preallocate(t, offset, length);
      }
      if (rc == 0 && !keepSize && end > size) {
        rc = c.truncate(end);
        size = end;
      }
    }
    if (rc == 0) {
      memoryFs.changing(this);
      touch();
    }
    return rc;
  }

  /** Of linux/falloc.h. */
  static final int FALLOC_FL_ZERO_RANGE = 0x10;

  final long seekData(Task t, long offset, boolean data) {
    PagedContent c = content;
    if (c != null) {
      return c.seek(offset, data);
    }
    if (offset < 0 || offset >= size) {
      return -Errno.ENXIO;
    }
    return data ? offset : size;
  }

  /** Bytes of memory (or disk) behind it, for {@code st_blocks}. */
  @Override
  public long allocatedBytes() {
    PagedContent c = content;
    return c == null ? (size + 4095) & -4096L : c.allocatedBytes();
  }

  // ---- seals ----

  /** Makes this a memfd's file: it can be sealed. */
  final void makeSealable() {
    seals = 0;
  }

  public final int seals() {
    return seals;
  }

  /** F_ADD_SEALS; 0, -EPERM. */
  public final long addSeals(int more) {
    if ((seals & Fcntl.F_SEAL_SEAL) != 0) {
      return -Errno.EPERM;
    }
    seals |= more;
    return 0;
  }

  // ---- mapping ----

  @Override
  public boolean translatesAtOnce() {
    PagedContent c = content;
    return c != null && c.translatesAtOnce();
  }

  @Override
  public long translate(Task t, long offset, long length, boolean write, Extent out) {
    PagedContent c = content;
    return c == null ? -Errno.EIO : c.translate(t, offset, length, write, out);
  }

  @Override
  public void mapped(MemoryManager mm) {
    if (!isConstant()) {
      Mappers m = mappers;
      if (m == null) {
        m = new Mappers();
        mappers = m;
      }
      m.add(mm);
    }
  }

  @Override
  public final long length() {
    return size;
  }

  @Override
  public void evict() {
    PagedContent c = content;
    if (c != null) {
      c.release();
    }
    super.evict();
  }
}
