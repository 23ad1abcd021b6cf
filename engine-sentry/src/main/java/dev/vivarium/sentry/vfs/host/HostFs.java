package dev.vivarium.sentry.vfs.host;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.KernelLoop;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;

/** The pseudo file system of inherited descriptors. */
public final class HostFs extends FileSystem {
  private final Inode root;
  final HostPoller poller;

  public HostFs(long dev, KernelLoop loop) {
    super(dev);
    this.poller = new HostPoller(loop);
    this.root = new Inode(this, 1, Stat.S_IFDIR | 0555) {};
  }

  @Override
  public String typeName() {
    return "hostfs";
  }

  @Override
  public long magic() {
    return 0x00c0ffee;
  }

  @Override
  public Inode root() {
    return root;
  }

  /** The inode of a descriptor of this process. */
  public HostInode inode(int fd) {
    return new HostInode(this, 2L + fd, fd);
  }
}
