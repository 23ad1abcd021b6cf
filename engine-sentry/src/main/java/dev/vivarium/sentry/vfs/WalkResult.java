package dev.vivarium.sentry.vfs;

import org.jspecify.annotations.Nullable;

/** Where {@link PathWalker#walk} leaves what it found. */
public final class WalkResult {
  /** Kinds of a last component. */
  public enum Last {
    /** A name. */
    NORMAL,
    DOT,
    DOTDOT,
    /** The path had no component but slashes. */
    ROOT,
    /** The path ended in a jump link (/proc/PID/fd/N) that was followed. */
    JUMP
  }

  private @Nullable Mount mount;
  private @Nullable Dentry dentry;

  /** With {@link PathWalker#CREATE}, the directory of a negative {@link #dentry}. */
  @Nullable Dentry parent;

  /** The last component, in parent mode and with {@link PathWalker#CREATE}. */
  public String last = "";

  public Last lastKind = Last.NORMAL;

  /** Whether slashes followed the last component. */
  public boolean trailingSlash;

  void set(Mount m, Dentry d) {
    mount = m;
    dentry = d;
  }

  /** The mount through which it was found; in parent mode, that of the parent directory. */
  public Mount mount() {
    Mount m = mount;
    if (m == null) {
      throw new IllegalStateException("nothing was found");
    }
    return m;
  }

  /** What was found; in parent mode, the parent directory. */
  public Dentry dentry() {
    Dentry d = dentry;
    if (d == null) {
      throw new IllegalStateException("nothing was found");
    }
    return d;
  }

  /** What was found; not for a negative dentry. */
  public Inode inode() {
    return dentry().positive();
  }

  public VfsPath path() {
    return new VfsPath(mount(), dentry());
  }
}
