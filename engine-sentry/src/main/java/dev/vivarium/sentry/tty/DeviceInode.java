package dev.vivarium.sentry.tty;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Times;

/** A character device node of a synthetic file system; what it does depends on its number alone. */
public final class DeviceInode extends Inode {
  public DeviceInode(FileSystem fs, long ino, int permissions, long device) {
    super(fs, ino, Stat.S_IFCHR | permissions);
    this.rdev = device;
    long now = Times.now();
    atimeNanos = now;
    mtimeNanos = now;
    ctimeNanos = now;
  }

  @Override
  public long setattr(Task t, AttrChange change) {
    change.set &= ~AttrChange.SIZE;
    return applyAttributes(change);
  }
}
