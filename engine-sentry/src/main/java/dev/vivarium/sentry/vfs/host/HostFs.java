package dev.vivarium.sentry.vfs.host;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.KernelLoop;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import org.jspecify.annotations.Nullable;

/** The pseudo file system of inherited descriptors. */
public final class HostFs extends FileSystem {
  private final Inode root;
  private final KernelLoop loop;
  private @Nullable HostPoller poller;

  public HostFs(long dev, KernelLoop loop) {
    super(dev);
    this.loop = loop;
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

  /**
   * Who waits for its descriptors. It comes with the first of them: streams that are not inherited
   * need none, and a process that is confined can make none.
   */
  HostPoller poller() {
    HostPoller p = poller;
    if (p == null) {
      p = new HostPoller(loop);
      poller = p;
    }
    return p;
  }

  /** The inode of a descriptor of this process. */
  public HostInode inode(int fd) {
    poller();
    return new HostInode(this, 2L + fd, fd);
  }
}
