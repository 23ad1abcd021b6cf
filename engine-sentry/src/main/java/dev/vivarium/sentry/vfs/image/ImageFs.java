package dev.vivarium.sentry.vfs.image;

import dev.vivarium.image.view.RootNode;
import dev.vivarium.image.view.RootView;
import dev.vivarium.sentry.memory.BlobSegments;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;

/** An image's merged layers as a read-only file system. */
public final class ImageFs extends FileSystem {
  /** EROFS_SUPER_MAGIC_V1 of linux/magic.h. */
  private static final long MAGIC = 0xE0F5E1E2L;

  private final BlobSegments blobs;
  private final Inode root;

  /**
   * @param view of the layers; stays open as long as this file system
   * @param blobs the same layers as stubs can map them: layer N of the view is space N + 1
   */
  public ImageFs(long dev, RootView view, BlobSegments blobs) {
    super(dev);
    this.blobs = blobs;
    this.root = new ImageInode(this, view.root());
  }

  BlobSegments blobs() {
    return blobs;
  }

  Inode inodeOf(RootNode node) {
    return new ImageInode(this, node);
  }

  @Override
  public String typeName() {
    return "erofs";
  }

  @Override
  public long magic() {
    return MAGIC;
  }

  @Override
  public Inode root() {
    return root;
  }

  @Override
  public boolean isReadOnly() {
    return true;
  }
}
