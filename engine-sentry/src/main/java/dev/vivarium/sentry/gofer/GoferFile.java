package dev.vivarium.sentry.gofer;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Times;
import dev.vivarium.sentry.vfs.VfsPath;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * An open regular file of the host. Bytes move between the host's file and the guest's memory
 * without a copy in between.
 */
final class GoferFile extends File {
  private static final int BOUNCE = 64 * 1024;

  private final GoferInode node;

  GoferFile(GoferInode node, VfsPath path, int flags) {
    super(node, path, flags);
    this.node = node;
  }

  @Override
  public boolean isSeekable() {
    return true;
  }

  /**
   * Of the immutable image: a read that has to wait says so before it has changed anything. (Part
   * of an append to a mount must not be made twice.)
   */
  @Override
  public boolean neverBlocks() {
    return node.gofer().immutable;
  }

  /** In a mount, what mappings have changed may have to be written back first. */
  @Override
  public boolean closesAtOnce() {
    return node.gofer().immutable;
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    GoferFs fs = node.gofer();
    node.readHere();
    PageCache cache = node.existingCache();
    if (cache != null && cache.mayBeDirty()) {
      cache.writeBack(t, offset, dst.remaining());
    }
    long done = 0;
    for (; ; ) {
      long n = dst.peek(true);
      if (n <= 0) {
        return done > 0 ? done : n;
      }
      long position = offset + done;
      long memory = -1;
      if (fs.immutable) {
        if (position >= node.size) {
          return done;
        }
        memory = cache == null ? -1 : cache.peek(position);
      }
      MemorySegment segment = dst.segment();
      if (memory >= 0) {
        n = Math.min(n, Math.min(64 * 1024 - (position & 0xffff), node.size - position));
        MemorySegment.copy(fs.memory.segment(), memory, segment, dst.segmentOffset(), n);
      } else if (segment.isNative()) {
        long wanted = n;
        n = fs.reads.read(t, node, segment.address() + dst.segmentOffset(), n, position);
        if (n >= 0 && n < wanted) {
          dst.advance(n);
          return done + n;
        }
      } else {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment bounce = arena.allocate(Math.min(n, BOUNCE));
          long wanted = bounce.byteSize();
          n = fs.reads.read(t, node, bounce.address(), wanted, position);
          if (n > 0) {
            MemorySegment.copy(bounce, 0, segment, dst.segmentOffset(), n);
          }
          if (n >= 0 && n < wanted) {
            dst.advance(n);
            return done + n;
          }
        }
      }
      if (n < 0) {
        return done > 0 ? done : n;
      }
      dst.advance(n);
      done += n;
    }
  }

  @Override
  public long write(Task t, Uio src, long offset) {
    int fd = node.writeDescriptor();
    if (fd < 0) {
      return fd;
    }
    if ((flags & Fcntl.O_APPEND) != 0) {
      // Others on the host may have made it longer.
      offset = Libc.lseek(fd, 0, Fcntl.SEEK_END);
    }
    PageCache cache = node.existingCache();
    long done = 0;
    for (; ; ) {
      long n = src.peek(false);
      if (n <= 0) {
        return finish(done, n);
      }
      long position = offset + done;
      MemorySegment segment = src.segment();
      long at = src.segmentOffset();
      long wanted = n;
      if (segment.isNative()) {
        n = node.onHost(t, () -> Libc.pwrite(fd, segment.address() + at, wanted, position));
      } else {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment bounce = arena.allocate(Math.min(wanted, BOUNCE));
          MemorySegment.copy(segment, at, bounce, 0, bounce.byteSize());
          n = node.onHost(t, () -> Libc.pwrite(fd, bounce.address(), bounce.byteSize(), position));
        }
      }
      if (n < 0) {
        return finish(done, n);
      }
      if (cache != null) {
        cache.overwrite(position, segment, at, n);
      }
      src.advance(n);
      done += n;
      node.size = Math.max(node.size, position + n);
      if (n == 0) {
        return finish(done, 0);
      }
    }
  }

  private long finish(long done, long result) {
    if (done > 0) {
      node.changedHere();
      node.mtimeNanos = Times.now();
      node.ctimeNanos = node.mtimeNanos;
      return done;
    }
    return result;
  }

  @Override
  public long seek(Task t, long offset, int whence) {
    long target;
    switch (whence) {
      case Fcntl.SEEK_SET -> target = offset;
      case Fcntl.SEEK_CUR -> target = position + offset;
      case Fcntl.SEEK_END -> {
        node.getattr(t);
        target = node.size + offset;
      }
      case Fcntl.SEEK_DATA, Fcntl.SEEK_HOLE -> {
        int fd = node.readDescriptor(t);
        target = fd < 0 ? fd : Libc.lseek(fd, offset, whence);
        if (target < 0) {
          return target;
        }
      }
      default -> target = -1;
    }
    if (target < 0) {
      return -Errno.EINVAL;
    }
    position = target;
    return target;
  }

  @Override
  public @Nullable Mappable mappable() {
    return node.cache();
  }

  @Override
  public long allocate(Task t, int mode, long offset, long length) {
    int fd = node.writeDescriptor();
    if (fd < 0) {
      return fd;
    }
    PageCache cache = node.existingCache();
    if (cache != null) {
      cache.beginOwnChange(t);
    }
    long r = node.onHost(t, () -> Libc.fallocate(fd, mode, offset, length));
    if (r == 0) {
      node.changedHere();
      if (cache != null && mode != 0) {
        cache.clear();
      }
      node.getattr(t);
    }
    return r;
  }

  @Override
  public long sync(Task t) {
    PageCache cache = node.existingCache();
    if (cache != null) {
      cache.writeBackAll(t);
    }
    if (node.gofer().isReadOnly()) {
      return 0;
    }
    // Who writes a file need not be who wants it on the disk: a descriptor for reading does for
    // that.
    int writing = node.writeDescriptor();
    int fd = writing >= 0 ? writing : node.readDescriptor(t);
    return fd < 0 ? fd : node.onHelper(t, () -> Libc.fsync(fd));
  }
}
