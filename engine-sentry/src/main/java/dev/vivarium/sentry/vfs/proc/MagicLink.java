package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;
import org.jspecify.annotations.Nullable;

/** A link that leads to an object and not to a name: exe, cwd, root, fd/N. */
final class MagicLink extends Inode {
  /** Finds where it leads. */
  interface Target<T> {
    @Nullable VfsPath find(T about);
  }

  private final Target<Task> target;

  MagicLink(FileSystem fs, long ino, int permissions, Target<Task> target) {
    super(fs, ino, Stat.S_IFLNK | permissions);
    this.target = target;
    this.size = 64;
  }

  @Override
  public @Nullable String readlink(Task t) {
    VfsPath p = target.find(t);
    return p == null ? null : p.display(t.fs.root());
  }

  @Override
  public @Nullable VfsPath jump(Task t) {
    return target.find(t);
  }
}
