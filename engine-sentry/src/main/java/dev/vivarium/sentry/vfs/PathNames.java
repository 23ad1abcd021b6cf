package dev.vivarium.sentry.vfs;

/** Names of places, from the mounts and dentries up (Linux's {@code d_path}). */
public final class PathNames {
  private PathNames() {}

  /**
   * The name of a place as seen from a root. A name that was removed ends in " (deleted)"; a place
   * outside the root begins with "(unreachable)"; pipes and the like show their own name.
   */
  public static String of(VfsPath path, VfsPath root) {
    Dentry d = path.dentry();
    if (d.parent() == null && d.isUnhashed()) {
      return d.name();
    }
    StringBuilder reversed = new StringBuilder();
    boolean reachable = build(path, root, reversed);
    String name = reversed.isEmpty() ? "/" : reversed.toString();
    if (!reachable) {
      name = "(unreachable)" + name;
    }
    return d.isUnhashed() ? name + " (deleted)" : name;
  }

  /** Whether a place lies at or below a root. */
  public static boolean isReachable(VfsPath path, VfsPath root) {
    return build(path, root, new StringBuilder());
  }

  private static boolean build(VfsPath path, VfsPath root, StringBuilder out) {
    Mount m = path.mount();
    Dentry d = path.dentry();
    for (; ; ) {
      if (m == root.mount() && d == root.dentry()) {
        return true;
      }
      if (d == m.root) {
        Dentry at = m.mountpoint();
        Mount up = m.parent();
        if (at == null || up == null) {
          return false;
        }
        d = at;
        m = up;
        continue;
      }
      Dentry parent = d.parent();
      if (parent == null) {
        return false;
      }
      out.insert(0, d.name()).insert(0, '/');
      d = parent;
    }
  }
}
