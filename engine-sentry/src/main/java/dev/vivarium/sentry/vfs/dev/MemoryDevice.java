package dev.vivarium.sentry.vfs.dev;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.tty.Devices;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;
import org.jspecify.annotations.Nullable;

/** An open /dev/null, zero, full, random or urandom. */
final class MemoryDevice extends File {
  /** Which of them. */
  enum Kind {
    NULL,
    ZERO,
    FULL,
    RANDOM;

    static @Nullable Kind of(long device) {
      if (device == Devices.NULL) {
        return NULL;
      }
      if (device == Devices.ZERO) {
        return ZERO;
      }
      if (device == Devices.FULL) {
        return FULL;
      }
      return device == Devices.RANDOM || device == Devices.URANDOM ? RANDOM : null;
    }
  }

  private static final int CHUNK = 4096;

  private final Kind kind;

  MemoryDevice(Inode inode, @Nullable VfsPath path, int flags, Kind kind) {
    super(inode, path, flags);
    this.kind = kind;
  }

  @Override
  public boolean canSplice() {
    return kind != Kind.NULL;
  }

  @Override
  public boolean hasAsync() {
    return kind == Kind.RANDOM;
  }

  @Override
  public boolean neverBlocks() {
    return true;
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    return switch (kind) {
      case NULL -> 0;
      case ZERO, FULL -> dst.zero(dst.remaining());
      case RANDOM -> random(t, dst);
    };
  }

  private static long random(Task t, Uio dst) {
    byte[] chunk = new byte[(int) Math.min(dst.remaining(), CHUNK)];
    long done = 0;
    while (dst.remaining() > 0) {
      int n = (int) Math.min(dst.remaining(), CHUNK);
      t.kernel().entropy().fill(chunk, 0, n);
      long moved = dst.put(chunk, 0, n);
      if (moved <= 0) {
        return done > 0 ? done : moved;
      }
      done += moved;
    }
    return done;
  }

  @Override
  public long write(Task t, Uio src, long offset) {
    return kind == Kind.FULL ? -Errno.ENOSPC : src.remaining();
  }

  @Override
  public @Nullable Mappable mappable() {
    return kind == Kind.ZERO ? Mappable.ANONYMOUS : null;
  }

  /** pread(2) and pwrite(2) take any place, as of a file that is the same everywhere. */
  @Override
  public boolean isSeekable() {
    return true;
  }

  @Override
  public long seek(Task t, long offset, int whence) {
    return 0;
  }
}
