package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Times;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An inode in memory: attributes and extended attributes. */
public abstract class MemInode extends Inode {
  /** Flags of setxattr(2). */
  private static final int XATTR_CREATE = 1;

  private static final int XATTR_REPLACE = 2;

  /** Most extended attributes of one inode, and bytes of all of them. */
  private static final int MAX_XATTRS = 256;

  private static final int MAX_XATTR_BYTES = 64 * 1024;

  protected final MemoryFs memoryFs;
  private @Nullable Map<String, byte[]> xattrs;
  private boolean counted = true;

  /** The budget has been asked for this inode. */
  protected MemInode(MemoryFs fs, long ino, int mode) {
    super(fs, ino, mode);
    this.memoryFs = fs;
    long now = Times.now();
    atimeNanos = now;
    mtimeNanos = now;
    ctimeNanos = now;
  }

  /** An inode that shows another one and costs no budget. */
  protected MemInode(MemoryFs fs, Inode original) {
    super(fs, original.ino, original.mode);
    this.memoryFs = fs;
    this.counted = false;
    uid = original.uid;
    gid = original.gid;
    nlink = original.nlink;
    rdev = original.rdev;
    size = original.size;
    atimeNanos = original.atimeNanos;
    mtimeNanos = original.mtimeNanos;
    ctimeNanos = original.ctimeNanos;
  }

  /** Takes over the attributes of another inode. */
  protected final void copyAttributes(Inode from) {
    mode = from.mode;
    uid = from.uid;
    gid = from.gid;
    nlink = from.nlink;
    rdev = from.rdev;
    size = from.size;
    atimeNanos = from.atimeNanos;
    mtimeNanos = from.mtimeNanos;
    ctimeNanos = from.ctimeNanos;
  }

  @Override
  public long setattr(Task t, AttrChange change) {
    if ((change.set & AttrChange.SIZE) != 0) {
      long rc = resize(t, change.size);
      if (rc < 0) {
        return rc;
      }
      mtimeNanos = Times.now();
    }
    memoryFs.changing(this);
    return applyAttributes(change);
  }

  /** Sets the length of the content. */
  protected long resize(Task t, long newSize) {
    return -Errno.EINVAL;
  }

  /** A name of this inode was added. */
  final void linked() {
    memoryFs.changing(this);
    nlink++;
    ctimeNanos = Times.now();
  }

  /** A name of this inode is gone. */
  final void unlinked(int names) {
    memoryFs.changing(this);
    nlink -= names;
    ctimeNanos = Times.now();
    evictIfUnused();
  }

  /** Frees the inode if it got no name (a failed create, an O_TMPFILE that was closed). */
  public final void evictIfNameless() {
    evictIfUnused();
  }

  @Override
  public void evict() {
    if (counted) {
      counted = false;
      memoryFs.budget().giveInode();
    }
    memoryFs.evicted(this);
  }

  private Map<String, byte[]> xattrs(Task t) {
    Map<String, byte[]> map = xattrs;
    if (map == null) {
      map = new LinkedHashMap<>();
      Inode original = memoryFs.originalOf(this);
      if (original != null) {
        for (String name : original.listxattr(t)) {
          byte[] value = original.getxattr(t, name);
          if (value != null) {
            map.put(name, value);
          }
        }
      }
      xattrs = map;
    }
    return map;
  }

  @Override
  public byte @Nullable [] getxattr(Task t, String name) {
    if (xattrs == null) {
      Inode original = memoryFs.originalOf(this);
      return original == null ? null : original.getxattr(t, name);
    }
    return xattrs.get(name);
  }

  @Override
  public long setxattr(Task t, String name, byte[] value, int flags) {
    Map<String, byte[]> map = xattrs(t);
    byte[] old = map.get(name);
    if ((flags & XATTR_CREATE) != 0 && old != null) {
      return -Errno.EEXIST;
    }
    if ((flags & XATTR_REPLACE) != 0 && old == null) {
      return -Errno.ENODATA;
    }
    int bytes = name.length() + value.length;
    for (Map.Entry<String, byte[]> e : map.entrySet()) {
      bytes += e.getKey().length() + e.getValue().length;
    }
    if (bytes > MAX_XATTR_BYTES || (old == null && map.size() >= MAX_XATTRS)) {
      return -Errno.ENOSPC;
    }
    memoryFs.changing(this);
    map.put(name, value);
    ctimeNanos = Times.now();
    return 0;
  }

  @Override
  public long removexattr(Task t, String name) {
    Map<String, byte[]> map = xattrs(t);
    if (!map.containsKey(name)) {
      return -Errno.ENODATA;
    }
    memoryFs.changing(this);
    map.remove(name);
    ctimeNanos = Times.now();
    return 0;
  }

  @Override
  public Collection<String> listxattr(Task t) {
    if (xattrs == null) {
      Inode original = memoryFs.originalOf(this);
      return original == null ? List.of() : original.listxattr(t);
    }
    return List.copyOf(xattrs.keySet());
  }
}
