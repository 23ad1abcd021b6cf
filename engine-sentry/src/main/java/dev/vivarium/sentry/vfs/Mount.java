package dev.vivarium.sentry.vfs;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A file system, or a part of it (bind mount), as it is mounted somewhere. */
public final class Mount {
  // The MS_* of mount(2) that stay with a mount (linux/mount.h).
  public static final int RDONLY = 1;
  public static final int NOSUID = 2;
  public static final int NODEV = 4;
  public static final int NOEXEC = 8;
  public static final int NOATIME = 1024;
  public static final int NODIRATIME = 2048;
  public static final int RELATIME = 1 << 21;

  /** As in /proc/PID/mountinfo. */
  public final int id;

  public final FileSystem fs;

  /** What of the file system is seen here. */
  public final Dentry root;

  /** The first field of /proc/mounts. */
  public final String source;

  private int flags;
  private @Nullable Mount parent;
  private @Nullable Dentry mountpoint;
  private @Nullable Map<Dentry, Mount> children;

  public Mount(int id, FileSystem fs, Dentry root, String source, int flags) {
    this.id = id;
    this.fs = fs;
    this.root = root;
    this.source = source;
    this.flags = flags;
  }

  public int flags() {
    return flags;
  }

  public void setFlags(int flags) {
    this.flags = flags;
  }

  public boolean isReadOnly() {
    return (flags & RDONLY) != 0 || fs.isReadOnly();
  }

  /** The mount that this one sits on; null for a namespace's root and internal mounts. */
  public @Nullable Mount parent() {
    return parent;
  }

  /** Where in {@link #parent} it sits. */
  public @Nullable Dentry mountpoint() {
    return mountpoint;
  }

  /** What is mounted directly on this dentry as seen through this mount. */
  @Nullable Mount childAt(Dentry d) {
    return d.mounts == 0 || children == null ? null : children.get(d);
  }

  Collection<Mount> children() {
    return children == null ? List.of() : children.values();
  }

  void attach(Mount onto, Dentry at) {
    if (parent != null) {
      throw new IllegalStateException("mounted already");
    }
    Map<Dentry, Mount> map = onto.children;
    if (map == null) {
      map = new LinkedHashMap<>();
      onto.children = map;
    }
    if (map.putIfAbsent(at, this) != null) {
      throw new IllegalStateException("covered already: " + at);
    }
    parent = onto;
    mountpoint = at;
    at.mounts++;
  }

  void detach() {
    Mount p = parent;
    Dentry at = mountpoint;
    if (p != null && at != null && p.children != null) {
      p.children.remove(at);
      at.mounts--;
    }
    parent = null;
    mountpoint = null;
  }
}
