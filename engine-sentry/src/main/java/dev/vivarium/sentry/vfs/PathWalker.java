package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import org.jspecify.annotations.Nullable;

/**
 * Resolves path names: components, "..", mounts, symbolic links, and the limits that openat2(2)
 * sets.
 */
public final class PathWalker {
  /** Follow a symbolic link in the last component. */
  public static final int FOLLOW = 1;

  /** The result must be a directory. */
  public static final int DIRECTORY = 2;

  /** An empty path means the directory descriptor itself (AT_EMPTY_PATH). */
  public static final int EMPTY = 4;

  /** Stop at the directory that holds the last component, which need not exist. */
  public static final int PARENT = 8;

  /** For O_CREAT: the last component may be missing; the result is then a negative dentry. */
  public static final int CREATE = 16;

  public static final int NO_XDEV = 32;
  public static final int NO_MAGICLINKS = 64;
  public static final int NO_SYMLINKS = 128;
  public static final int BENEATH = 256;
  public static final int IN_ROOT = 512;

  /** Symbolic links followed in one walk before -ELOOP. */
  private static final int MAX_LINKS = 40;

  public static final int NAME_MAX = 255;
  public static final int PATH_MAX = 4096;

  private final Task t;
  private final int flags;
  private final WalkResult out;
  private Mount rootMount;
  private Dentry rootDentry;
  private Mount mount;
  private Dentry dentry;

  /** What is left of the path that is being walked, and where the paths with links to it go on. */
  private PathName path;

  private int next;
  private @Nullable Rest outer;

  /** The rest of a path behind a link; it has at least one more component. */
  private record Rest(PathName path, int next, @Nullable Rest outer) {}

  private PathWalker(
      Task t, int flags, VfsPath root, VfsPath start, PathName path, WalkResult out) {
    this.path = path;
    this.t = t;
    this.flags = flags;
    this.out = out;
    this.rootMount = root.mount();
    this.rootDentry = root.dentry();
    this.mount = start.mount();
    this.dentry = start.dentry();
  }

  /**
   * Resolves {@code path}.
   *
   * @param dirfd where a relative path starts: a descriptor or AT_FDCWD
   * @param flags the constants of this class
   * @return 0 or a negative errno
   */
  public static long walk(Task t, int dirfd, PathName path, int flags, WalkResult out) {
    boolean absolute = path.isAbsolute();
    if (path.isEmpty() && (flags & EMPTY) == 0) {
      return -Errno.ENOENT;
    }
    if (absolute && (flags & BENEATH) != 0) {
      return -Errno.EXDEV;
    }
    VfsPath root = t.fs.root();
    VfsPath start;
    if (absolute && (flags & (BENEATH | IN_ROOT)) == 0) {
      start = root;
    } else if (dirfd == Fcntl.AT_FDCWD) {
      start = t.fs.cwd();
    } else {
      File f = t.fds.getAny(dirfd);
      if (f == null) {
        return -Errno.EBADF;
      }
      if (path.isEmpty()) {
        start = f.where();
      } else if (f.path == null || !f.inode.isDirectory()) {
        return -Errno.ENOTDIR;
      } else {
        start = f.path;
      }
    }
    return walk(t, start, path, flags, out);
  }

  /** {@link #walk(Task, int, PathName, int, WalkResult)} of a path that no call gave. */
  public static long walk(Task t, int dirfd, String path, int flags, WalkResult out) {
    return walk(t, dirfd, PathName.of(path), flags, out);
  }

  /** {@link #walk(Task, int, PathName, int, WalkResult)} from a given directory. */
  public static long walk(Task t, VfsPath start, PathName path, int flags, WalkResult out) {
    if (path.length() >= PATH_MAX) {
      return -Errno.ENAMETOOLONG;
    }
    boolean absolute = path.isAbsolute();
    if (absolute && (flags & BENEATH) != 0) {
      return -Errno.EXDEV;
    }
    boolean scoped = (flags & (BENEATH | IN_ROOT)) != 0;
    VfsPath root = scoped ? start : t.fs.root();
    VfsPath from = absolute ? root : start;
    return new PathWalker(t, flags, root, from, path, out).run();
  }

  private long run() {
    int links = 0;
    out.lastKind = WalkResult.Last.ROOT;
    out.trailingSlash = false;
    out.parent = null;
    out.last = "";
    // Slashes behind a link that is the last component are slashes behind what it leads to.
    boolean slash = path.hasTrailingSlash();
    while (hasMore()) {
      Inode directory = dentry.positive();
      if (!directory.isDirectory()) {
        return -Errno.ENOTDIR;
      }
      long rc = Permissions.check(t, directory, Permissions.EXEC);
      if (rc < 0) {
        return rc;
      }
      String name = path.name(next++);
      boolean last = next == path.count() && outer == null;
      out.trailingSlash = last && slash;
      out.lastKind = kind(name);
      out.last = name;
      if (last && (flags & PARENT) != 0) {
        out.set(mount, dentry);
        return 0;
      }
      if (out.lastKind == WalkResult.Last.DOT) {
        continue;
      }
      if (out.lastKind == WalkResult.Last.DOTDOT) {
        rc = up();
        if (rc < 0) {
          return rc;
        }
        continue;
      }
      if (name.length() > NAME_MAX) {
        return -Errno.ENAMETOOLONG;
      }
      if (out.trailingSlash && (flags & CREATE) != 0) {
        return -Errno.EISDIR;
      }
      Dentry child = known(dentry, name);
      if (child == null) {
        InodeRef error = new InodeRef();
        child = find(t, dentry, name, error);
        if (child == null) {
          return error.errno;
        }
      }
      Inode inode = child.inode();
      if (inode == null) {
        if (!last || (flags & CREATE) == 0) {
          return -Errno.ENOENT;
        }
        out.parent = dentry;
        out.set(mount, child);
        return 0;
      }
      if (inode.isSymlink() && (!last || (flags & FOLLOW) != 0 || out.trailingSlash)) {
        if (++links > MAX_LINKS || (flags & NO_SYMLINKS) != 0) {
          return -Errno.ELOOP;
        }
        if (last && !Permissions.mayFollow(t, directory, inode)) {
          return -Errno.EACCES;
        }
        VfsPath jump = inode.jump(t);
        if (jump != null) {
          rc = jumpTo(jump);
          if (rc < 0) {
            return rc;
          }
          out.lastKind = WalkResult.Last.JUMP;
          continue;
        }
        String target = inode.readlink(t);
        if (target == null || target.isEmpty()) {
          return -Errno.ENOENT;
        }
        if (target.charAt(0) == '/') {
          if ((flags & BENEATH) != 0) {
            return -Errno.EXDEV;
          }
          if ((flags & NO_XDEV) != 0 && mount != rootMount) {
            return -Errno.EXDEV;
          }
          mount = rootMount;
          dentry = rootDentry;
          out.lastKind = WalkResult.Last.ROOT;
        }
        if (next < path.count()) {
          outer = new Rest(path, next, outer);
        }
        path = PathName.of(target);
        next = 0;
        slash |= outer == null && path.hasTrailingSlash();
        continue;
      }
      out.parent = dentry;
      dentry = child;
      rc = down();
      if (rc < 0) {
        return rc;
      }
    }
    if ((out.trailingSlash || (flags & DIRECTORY) != 0) && !dentry.positive().isDirectory()) {
      return -Errno.ENOTDIR;
    }
    out.set(mount, dentry);
    return 0;
  }

  /** Whether there is another component, which is then the next one of {@link #path}. */
  private boolean hasMore() {
    Rest rest = outer;
    if (next == path.count() && rest != null) {
      path = rest.path;
      next = rest.next;
      outer = rest.outer;
    }
    return next < path.count();
  }

  private static WalkResult.Last kind(String name) {
    if (name.charAt(0) != '.') {
      return WalkResult.Last.NORMAL;
    }
    return name.equals(".")
        ? WalkResult.Last.DOT
        : name.equals("..") ? WalkResult.Last.DOTDOT : WalkResult.Last.NORMAL;
  }

  private long jumpTo(VfsPath jump) {
    if ((flags & NO_MAGICLINKS) != 0) {
      return -Errno.ELOOP;
    }
    if ((flags & (BENEATH | IN_ROOT)) != 0 || ((flags & NO_XDEV) != 0 && jump.mount() != mount)) {
      return -Errno.EXDEV;
    }
    mount = jump.mount();
    dentry = jump.dentry();
    return 0;
  }

  /** Enters what is mounted on the present place. */
  private long down() {
    for (Mount m = mount.childAt(dentry); m != null; m = mount.childAt(dentry)) {
      if ((flags & NO_XDEV) != 0) {
        return -Errno.EXDEV;
      }
      mount = m;
      dentry = m.root;
    }
    return 0;
  }

  private long up() {
    for (; ; ) {
      if (mount == rootMount && dentry == rootDentry) {
        return (flags & BENEATH) != 0 ? -Errno.EXDEV : 0;
      }
      if (dentry != mount.root) {
        Dentry parent = dentry.parent();
        if (parent == null) {
          return 0;
        }
        dentry = parent;
        return down();
      }
      Mount above = mount.parent();
      Dentry point = mount.mountpoint();
      if (above == null || point == null) {
        return 0;
      }
      if ((flags & NO_XDEV) != 0) {
        return -Errno.EXDEV;
      }
      mount = above;
      dentry = point;
    }
  }

  /**
   * The dentry of a name in a directory, from the cache or the file system; negative if there is no
   * such name.
   *
   * @return null and {@link InodeRef#errno} on an error
   */
  public static @Nullable Dentry lookup(Task t, Dentry directory, String name, InodeRef error) {
    Dentry known = known(directory, name);
    return known != null ? known : find(t, directory, name, error);
  }

  /** What the cache has of a name, if it is to be believed. */
  private static @Nullable Dentry known(Dentry directory, String name) {
    Dentry known = directory.child(name);
    if (known == null) {
      return null;
    }
    Inode inode = directory.positive();
    if (inode.cachesLookups()) {
      return known;
    }
    Inode there = known.inode();
    return there != null && there.wasJustFoundAt(inode, name) ? known : null;
  }

  private static @Nullable Dentry find(Task t, Dentry directory, String name, InodeRef error) {
    Inode inode = directory.positive();
    boolean cached = inode.cachesLookups();
    error.inode = null;
    long rc = inode.lookup(t, name, error);
    if (rc < 0 && rc != -Errno.ENOENT) {
      error.errno = rc;
      return null;
    }
    Inode found = rc < 0 ? null : error.inode;
    // The lookup may have waited, and another task may have been quicker: there is one dentry only.
    Dentry known = directory.child(name);
    if (known != null && (cached || known.inode() == found)) {
      return known;
    }
    return directory.addChild(name, found, cached);
  }
}
