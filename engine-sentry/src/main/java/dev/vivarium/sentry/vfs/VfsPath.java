package dev.vivarium.sentry.vfs;

/** A place in the tree: a dentry as seen through a mount (Linux's {@code struct path}). */
public record VfsPath(Mount mount, Dentry dentry) {
  /** What is there; only for places that exist. */
  public Inode inode() {
    return dentry.positive();
  }

  /** The place's name as seen from {@code root}, as /proc and getcwd(2) show it. */
  public String display(VfsPath root) {
    return PathNames.of(this, root);
  }
}
