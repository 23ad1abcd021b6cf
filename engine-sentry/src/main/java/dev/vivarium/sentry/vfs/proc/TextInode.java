package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Times;
import dev.vivarium.sentry.vfs.VfsPath;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A file whose text the kernel makes. */
public final class TextInode extends Inode {
  /** Longest write that is taken. */
  private static final int MAX_WRITE = 4096;

  private final Text text;
  private final Text.@Nullable Writer writer;

  public TextInode(FileSystem fs, long ino, int permissions, Text text) {
    this(fs, ino, permissions, text, null);
  }

  public TextInode(
      FileSystem fs, long ino, int permissions, Text text, Text.@Nullable Writer writer) {
    super(fs, ino, Stat.S_IFREG | permissions);
    this.text = text;
    this.writer = writer;
    long now = Times.now();
    atimeNanos = now;
    mtimeNanos = now;
    ctimeNanos = now;
  }

  /** As a write of the text does; EACCES if nothing can be written. */
  long set(Task t, String value) {
    return writer == null ? -Errno.EACCES : writer.write(t, value);
  }

  @Override
  public long setattr(Task t, AttrChange change) {
    // O_TRUNC changes nothing here; modes and owners are the kernel's.
    return change.set == AttrChange.SIZE ? 0 : -Errno.EPERM;
  }

  @Override
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    // Opening for writing is a matter of permissions; that nothing is taken shows at write(2).
    out.file = new TextFile(this, path, flags);
    return 0;
  }

  private static final class TextFile extends File {
    private final TextInode owner;
    private byte @Nullable [] content;

    TextFile(TextInode inode, VfsPath path, int flags) {
      super(inode, path, flags);
      this.owner = inode;
    }

    @Override
    public boolean isSeekable() {
      return true;
    }

    @Override
    public long read(Task t, Uio dst, long offset) {
      byte[] c = content;
      if (c == null || offset == 0) {
        String built = owner.text.build(t);
        if (built == null) {
          return -Errno.ESRCH;
        }
        c = built.getBytes(StandardCharsets.ISO_8859_1);
        content = c;
      }
      if (offset < 0 || offset >= c.length) {
        return 0;
      }
      return dst.put(c, (int) offset, (int) Math.min(c.length - offset, dst.remaining()));
    }

    @Override
    public long write(Task t, Uio src, long offset) {
      if (owner.writer == null) {
        return -Errno.EIO;
      }
      byte[] raw = new byte[(int) Math.min(src.remaining(), MAX_WRITE)];
      long n = src.take(raw, 0, raw.length);
      if (n < 0) {
        return n;
      }
      long r = owner.writer.write(t, new String(raw, 0, (int) n, StandardCharsets.ISO_8859_1));
      return r < 0 ? r : n;
    }

    @Override
    public long seek(Task t, long offset, int whence) {
      long to =
          switch (whence) {
            case Fcntl.SEEK_SET -> offset;
            case Fcntl.SEEK_CUR -> position + offset;
            default -> -1;
          };
      if (to < 0) {
        return -Errno.EINVAL;
      }
      position = to;
      return to;
    }
  }
}
