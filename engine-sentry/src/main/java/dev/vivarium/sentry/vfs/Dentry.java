package dev.vivarium.sentry.vfs;

import java.lang.ref.WeakReference;
import java.util.HashMap;
import org.jspecify.annotations.Nullable;

/**
 * A name in a directory, cached; negative if it has no inode.
 *
 * <p>A child holds its parent strongly, a parent its children weakly. So a dentry stays, and stays
 * the only one of its name, as long as a file, a working directory, a mount or a child of it is in
 * use; {@link DentryCache} keeps the recently used ones besides these. Nobody counts references.
 */
public final class Dentry {
  private final FileSystem fs;
  private @Nullable Dentry parent;
  private String name;
  private @Nullable Inode inode;
  private @Nullable HashMap<String, Ref> children;
  private boolean unhashed;
  private boolean linkable;

  /** How many mounts of any namespace sit on this dentry. */
  int mounts;

  /** Set at each use; cleared by the cache's clock hand. */
  boolean referenced = true;

  private Dentry(FileSystem fs, @Nullable Dentry parent, String name, @Nullable Inode inode) {
    this.fs = fs;
    this.parent = parent;
    this.name = name;
    this.inode = inode;
  }

  /** The root of a file system's tree. */
  static Dentry root(Inode inode) {
    return new Dentry(inode.fs, null, "/", inode);
  }

  /** A dentry that is in no directory: that of a pipe, a socket, an O_TMPFILE file. */
  public static Dentry disconnected(String name, Inode inode) {
    Dentry d = new Dentry(inode.fs, null, name, inode);
    d.unhashed = true;
    return d;
  }

  /** A dentry for a file without a name (O_TMPFILE) made in a directory. */
  static Dentry disconnectedIn(Dentry directory, String name, Inode inode) {
    Dentry d = new Dentry(inode.fs, directory, name, inode);
    d.unhashed = true;
    return d;
  }

  /** Says that a file without a name may get one (O_TMPFILE without O_EXCL). */
  void makeLinkable() {
    linkable = true;
  }

  boolean isLinkable() {
    return linkable;
  }

  /** Whether something is mounted here, in any namespace. */
  public boolean isMountpoint() {
    return mounts > 0;
  }

  public FileSystem fs() {
    return fs;
  }

  /** The last component; "/" for a root. */
  public String name() {
    return name;
  }

  /** The directory it is in; null for roots and disconnected ones. */
  public @Nullable Dentry parent() {
    return parent;
  }

  /** What it names; null if it is negative: the name is known not to exist. */
  public @Nullable Inode inode() {
    return inode;
  }

  /** What a dentry that is known to be positive names. */
  public Inode positive() {
    Inode i = inode;
    if (i == null) {
      throw new IllegalStateException("negative dentry: " + name);
    }
    return i;
  }

  public boolean isNegative() {
    return inode == null;
  }

  /** Whether the name was removed (or never was in a directory). */
  public boolean isUnhashed() {
    return unhashed;
  }

  /** Whether this is {@code other} or above it, within one file system. */
  public boolean isAncestorOf(Dentry other) {
    for (Dentry d = other; d != null; d = d.parent) {
      if (d == this) {
        return true;
      }
    }
    return false;
  }

  /** The cached child of this name, positive or negative; null if nothing is cached. */
  @Nullable Dentry child(String childName) {
    HashMap<String, Ref> map = children;
    if (map == null) {
      return null;
    }
    Ref ref = map.get(childName);
    Dentry d = ref == null ? null : ref.get();
    if (d != null) {
      d.referenced = true;
    }
    return d;
  }

  /**
   * Makes the dentry of a name in this directory, in place of the one that may be cached.
   *
   * @param keep whether the cache is to hold it although nobody uses it
   */
  Dentry addChild(String childName, @Nullable Inode childInode, boolean keep) {
    Dentry d = new Dentry(fs, this, childName, childInode);
    Dentry old = child(childName);
    if (old != null) {
      old.unhashed = true;
    }
    d.hash(this);
    if (keep) {
      fs.dentries().keep(d);
    }
    return d;
  }

  private void hash(Dentry directory) {
    HashMap<String, Ref> map = directory.children;
    if (map == null) {
      map = new HashMap<>();
      directory.children = map;
    }
    map.put(name, new Ref(this, map, name, fs.dentries()));
    fs.dentries().forgetCollected();
  }

  private void unhash() {
    Dentry p = parent;
    HashMap<String, Ref> map = p == null ? null : p.children;
    if (map != null) {
      Ref ref = map.get(name);
      if (ref != null && ref.get() == this) {
        map.remove(name);
      }
    }
  }

  /** A negative dentry becomes what was just made under its name. */
  void instantiate(Inode made) {
    inode = made;
  }

  /** The name is gone from its directory; open files keep this dentry, others find none. */
  void delete() {
    unhash();
    unhashed = true;
  }

  /** Gives this dentry another name, as rename(2) does; what had that name is deleted. */
  void move(Dentry newParent, String newName) {
    Dentry old = newParent.child(newName);
    if (old != null && old != this) {
      old.delete();
    }
    unhash();
    parent = newParent;
    name = newName;
    hash(newParent);
    fs.dentries().keep(this);
  }

  /** Swaps the names of two dentries of one file system. */
  static void exchange(Dentry a, Dentry b) {
    Dentry parentOfA = a.parent;
    String nameOfA = a.name;
    Dentry parentOfB = b.parent;
    String nameOfB = b.name;
    if (parentOfA == null || parentOfB == null) {
      throw new IllegalStateException("a root has no name to exchange");
    }
    a.unhash();
    b.unhash();
    a.parent = parentOfB;
    a.name = nameOfB;
    b.parent = parentOfA;
    b.name = nameOfA;
    a.hash(parentOfB);
    b.hash(parentOfA);
  }

  /** A parent's hold on a child, which takes itself out of the parent's map when the child goes. */
  static final class Ref extends WeakReference<Dentry> {
    private final HashMap<String, Ref> map;
    private final String name;

    Ref(Dentry dentry, HashMap<String, Ref> map, String name, DentryCache cache) {
      super(dentry, cache.collected());
      this.map = map;
      this.name = name;
    }

    void forget() {
      map.remove(name, this);
    }
  }

  @Override
  public String toString() {
    return (parent == null ? "" : parent + "/") + name + (inode == null ? " (negative)" : "");
  }
}
