package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.vfs.Inode;

/** A FIFO, a socket's name or a device node in memory. */
public class MemSpecial extends MemInode {
  MemSpecial(MemoryFs fs, long ino, int mode, long rdev) {
    super(fs, ino, mode);
    this.rdev = rdev;
  }

  /** A node that shows another one. */
  protected MemSpecial(MemoryFs fs, Inode original) {
    super(fs, original);
  }
}
