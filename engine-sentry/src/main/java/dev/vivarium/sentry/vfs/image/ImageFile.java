package dev.vivarium.sentry.vfs.image;

import dev.vivarium.image.view.RootNode;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.VfsPath;
import java.lang.foreign.MemorySegment;

/** An open regular file of an image: one contiguous, page-aligned range of a layer's blob. */
final class ImageFile extends File implements Mappable {
  private static final int PAGE = 4096;

  private final MemorySegment blob;
  private final int space;
  private final long start;
  private final long size;

  ImageFile(ImageInode inode, VfsPath path, int flags, MemorySegment blob) {
    super(inode, path, flags);
    RootNode node = inode.node();
    this.blob = blob;
    this.space = node.layer() + 1;
    this.start = node.dataOffset();
    this.size = node.size();
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
    return true;
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    if (offset >= size) {
      return 0;
    }
    return dst.put(blob, start + offset, Math.min(dst.remaining(), size - offset));
  }

  @Override
  public long write(Task t, Uio src, long offset) {
    return -Errno.EROFS;
  }

  @Override
  public long seek(Task t, long offset, int whence) {
    long target =
        switch (whence) {
          case Fcntl.SEEK_SET -> offset;
          case Fcntl.SEEK_CUR -> position + offset;
          case Fcntl.SEEK_END -> size + offset;
          case Fcntl.SEEK_DATA -> offset < 0 || offset >= size ? -Errno.ENXIO : offset;
          case Fcntl.SEEK_HOLE -> offset < 0 || offset >= size ? -Errno.ENXIO : size;
          default -> -Errno.EINVAL;
        };
    if (target == -Errno.ENXIO) {
      return target;
    }
    if (target < 0) {
      return -Errno.EINVAL;
    }
    position = target;
    return target;
  }

  @Override
  public Mappable mappable() {
    return this;
  }

  @Override
  public long translate(Task t, long offset, long length, boolean write, Extent out) {
    long end = size + PAGE - 1 & -PAGE;
    if (offset < 0 || offset >= end) {
      return -Errno.ENXIO;
    }
    out.space = space;
    out.offset = start + offset;
    out.length = Math.min(length, end - offset);
    return 0;
  }

  @Override
  public boolean translatesAtOnce() {
    return true;
  }

  @Override
  public long length() {
    return size;
  }
}
