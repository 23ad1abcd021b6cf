package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;

/** A symbolic link of a synthetic tree, always with the same target. */
public final class StaticSymlink extends Inode {
  private final String target;

  public StaticSymlink(FileSystem fs, long ino, String target) {
    super(fs, ino, Stat.S_IFLNK | 0777);
    this.target = target;
    this.size = target.length();
    long now = Times.now();
    atimeNanos = now;
    mtimeNanos = now;
    ctimeNanos = now;
  }

  @Override
  public String readlink(Task t) {
    return target;
  }
}
