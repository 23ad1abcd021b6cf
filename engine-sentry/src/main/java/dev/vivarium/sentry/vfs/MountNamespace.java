package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Errno;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A tree of mounts, as the processes of one mount namespace see it. */
public final class MountNamespace {
  /** Linux's default for {@code fs.mount-max} is far higher; a sandbox needs few. */
  private static final int MAX_MOUNTS = 4096;

  private final Mount root;
  private int nextId;
  private int count = 1;

  /** Makes a namespace with {@code fs} as its root. */
  public MountNamespace(FileSystem fs, String source, int flags) {
    this.root = new Mount(1, fs, fs.rootDentry(), source, flags);
    this.nextId = 20;
  }

  private MountNamespace(Mount root, int nextId) {
    this.root = root;
    this.nextId = nextId;
  }

  public Mount root() {
    return root;
  }

  /** The root directory as a path, for a first process. */
  public VfsPath rootPath() {
    return top(new VfsPath(root, root.root));
  }

  /** What is seen at a place: the uppermost of the mounts stacked there. */
  public static VfsPath top(VfsPath at) {
    VfsPath p = at;
    for (Mount m = p.mount().childAt(p.dentry()); m != null; m = p.mount().childAt(p.dentry())) {
      p = new VfsPath(m, m.root);
    }
    return p;
  }

  /**
   * Mounts a file system, or the part of one below {@code part}, on a place.
   *
   * @return 0, -ENOSPC (too many mounts) or -ENOTDIR (directory and file do not mix)
   */
  public long mount(VfsPath where, FileSystem fs, Dentry part, String source, int flags) {
    VfsPath at = top(where);
    if (at.dentry().positive().isDirectory() != part.positive().isDirectory()) {
      return -Errno.ENOTDIR;
    }
    if (count >= MAX_MOUNTS) {
      return -Errno.ENOSPC;
    }
    new Mount(nextId++, fs, part, source, flags).attach(at.mount(), at.dentry());
    count++;
    return 0;
  }

  /**
   * Mounts {@code part} of a mount elsewhere, with what is mounted below it if {@code recursive}.
   */
  public long bind(VfsPath from, VfsPath where, boolean recursive) {
    VfsPath at = top(where);
    long rc = mount(at, from.mount().fs, from.dentry(), from.mount().source, from.mount().flags());
    if (rc < 0 || !recursive) {
      return rc;
    }
    Mount made = top(at).mount();
    for (Mount child : List.copyOf(from.mount().children())) {
      Dentry point = child.mountpoint();
      if (child != made && point != null && from.dentry().isAncestorOf(point)) {
        rc = bind(new VfsPath(child, child.root), new VfsPath(made, point), true);
        if (rc < 0) {
          return rc;
        }
      }
    }
    return 0;
  }

  /**
   * Takes a mount away.
   *
   * @param lazily with everything that is mounted below it (MNT_DETACH)
   */
  public long unmount(Mount m, boolean lazily) {
    if (m == root) {
      return -Errno.EINVAL;
    }
    if (!m.children().isEmpty()) {
      if (!lazily) {
        return -Errno.EBUSY;
      }
      for (Mount child : List.copyOf(m.children())) {
        unmount(child, true);
      }
    }
    m.detach();
    count--;
    return 0;
  }

  /** Sets the MS_* flags of a mount. */
  public void remount(Mount m, int flags) {
    m.setFlags(flags);
  }

  /** All mounts, a parent before its children. */
  public List<Mount> mounts() {
    List<Mount> all = new ArrayList<>();
    collect(root, all);
    return all;
  }

  private static void collect(Mount m, List<Mount> all) {
    all.add(m);
    for (Mount child : m.children()) {
      collect(child, all);
    }
  }

  /** A copy for CLONE_NEWNS; {@link Copy#translate} finds the twin of a path. */
  public Copy copy() {
    Map<Mount, Mount> twins = new IdentityHashMap<>();
    Mount top = new Mount(root.id, root.fs, root.root, root.source, root.flags());
    MountNamespace ns = new MountNamespace(top, nextId);
    twins.put(root, top);
    for (Mount m : mounts()) {
      Mount parent = m.parent();
      Dentry point = m.mountpoint();
      if (parent != null && point != null) {
        Mount twin = new Mount(ns.nextId++, m.fs, m.root, m.source, m.flags());
        Mount onto = twins.get(parent);
        if (onto != null) {
          twin.attach(onto, point);
          ns.count++;
          twins.put(m, twin);
        }
      }
    }
    return new Copy(ns, twins);
  }

  /** A copied namespace, and which mount of it stands for which of the original. */
  public record Copy(MountNamespace namespace, Map<Mount, Mount> twins) {
    public VfsPath translate(VfsPath p) {
      Mount twin = twins.get(p.mount());
      return twin == null ? p : new VfsPath(twin, p.dentry());
    }
  }

  /** The mount of this namespace that a mount belongs to, if it is one of them. */
  public boolean contains(@Nullable Mount m) {
    Mount top = m;
    while (top != null && top.parent() != null) {
      top = top.parent();
    }
    return top == root;
  }
}
