package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Fcntl;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells those who watch (inotify(7)) what happens to files. An event about a file goes to who
 * watches its directory, with the name, then to who watches the file itself. Watches hang on the
 * inode; where there are none, an event costs two loads.
 */
public final class Notify {
  // linux/inotify.h
  public static final int IN_ACCESS = 1;
  public static final int IN_MODIFY = 2;
  public static final int IN_ATTRIB = 4;
  public static final int IN_CLOSE_WRITE = 8;
  public static final int IN_CLOSE_NOWRITE = 0x10;
  public static final int IN_OPEN = 0x20;
  public static final int IN_MOVED_FROM = 0x40;
  public static final int IN_MOVED_TO = 0x80;
  public static final int IN_CREATE = 0x100;
  public static final int IN_DELETE = 0x200;
  public static final int IN_DELETE_SELF = 0x400;
  public static final int IN_MOVE_SELF = 0x800;
  public static final int IN_Q_OVERFLOW = 0x4000;
  public static final int IN_IGNORED = 0x8000;
  public static final int IN_EXCL_UNLINK = 0x0400_0000;
  public static final int IN_ISDIR = 0x4000_0000;
  public static final int IN_ONESHOT = 0x8000_0000;

  /** What can happen to a file. */
  public static final int ALL_EVENTS = 0xfff;

  private Notify() {}

  /** Who has made watches. */
  public interface Watcher {
    /** Something that the watch asks for has happened. */
    void happened(Watch w, int mask, int cookie, String name);

    /** The file of the watch is gone; the watch has been taken off. */
    void gone(Watch w);
  }

  /** One watch. It holds the dentry, so that the file system goes on using this very inode. */
  public static final class Watch {
    public final Watcher owner;
    public final int descriptor;
    public final Inode inode;
    final VfsPath path;

    /** Events asked for, IN_EXCL_UNLINK and IN_ONESHOT. */
    public int mask;

    public Watch(Watcher owner, int descriptor, VfsPath path, int mask) {
      this.owner = owner;
      this.descriptor = descriptor;
      this.path = path;
      this.inode = path.inode();
      this.mask = mask;
    }

    /** Puts the watch on its inode. */
    public void add() {
      List<Watch> list = inode.watches;
      if (list == null) {
        list = new ArrayList<>(1);
        inode.watches = list;
      }
      list.add(this);
    }

    /** Takes it off. */
    public void remove() {
      List<Watch> list = inode.watches;
      if (list != null && list.remove(this) && list.isEmpty()) {
        inode.watches = null;
      }
    }
  }

  /** The watch of {@code owner} on an inode, or null. */
  public static @Nullable Watch find(Watcher owner, Inode inode) {
    List<Watch> list = inode.watches;
    if (list != null) {
      for (Watch w : list) {
        if (w.owner == owner) {
          return w;
        }
      }
    }
    return null;
  }

  /** Something was done with an open file. */
  public static void event(File f, int mask) {
    VfsPath path = f.path;
    if (path != null) {
      event(path.dentry(), f.inode, mask);
    }
  }

  /** Something was done to the file of a path. */
  public static void event(VfsPath path, int mask) {
    Inode inode = path.dentry().inode();
    if (inode != null) {
      event(path.dentry(), inode, mask);
    }
  }

  /** Attributes of the file of a path were changed, if {@code rc} is 0; returns it. */
  public static long told(VfsPath path, AttrChange change, long rc) {
    if (rc == 0) {
      changed(path, change);
    }
    return rc;
  }

  private static void changed(VfsPath path, AttrChange change) {
    int times = change.set & (AttrChange.ATIME | AttrChange.MTIME);
    int mask = 0;
    if ((change.set & (AttrChange.UID | AttrChange.GID | AttrChange.MODE)) != 0) {
      mask |= IN_ATTRIB;
    }
    if ((change.set & AttrChange.SIZE) != 0 || times == AttrChange.MTIME) {
      mask |= IN_MODIFY;
    }
    if (times == AttrChange.ATIME) {
      mask |= IN_ACCESS;
    } else if (times == (AttrChange.ATIME | AttrChange.MTIME)) {
      mask |= IN_ATTRIB;
    }
    if (mask != 0) {
      event(path, mask);
    }
  }

  static void event(Dentry dentry, Inode inode, int mask) {
    Dentry parent = dentry.parent();
    Inode directory = parent == null ? null : parent.inode();
    if (inode.watches == null && (directory == null || directory.watches == null)) {
      return;
    }
    int told = inode.isDirectory() ? mask | IN_ISDIR : mask;
    if (directory != null) {
      deliver(directory, told, 0, dentry.name(), dentry.isUnhashed());
    }
    deliver(inode, told, 0, "", false);
  }

  /** An open file is closed for good. */
  static void closed(File f) {
    if ((f.flags & Fcntl.O_PATH) == 0) {
      event(f, f.isWritable() ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    }
  }

  /** A name was made in a directory, or removed from it. */
  static void name(Dentry parent, String name, Inode inode, int mask) {
    Inode directory = parent.inode();
    if (directory != null && directory.watches != null) {
      deliver(directory, inode.isDirectory() ? mask | IN_ISDIR : mask, 0, name, false);
    }
  }

  /** Something happened to an inode itself, under whatever name. */
  static void self(Inode inode, int mask) {
    if (inode.watches != null) {
      boolean plain = (mask & (IN_MOVE_SELF | IN_DELETE_SELF)) != 0 || !inode.isDirectory();
      deliver(inode, plain ? mask : mask | IN_ISDIR, 0, "", false);
    }
  }

  /** A name was moved. */
  static void moved(Inode from, String oldName, Inode to, String newName, Inode moved, int cookie) {
    int kind = moved.isDirectory() ? IN_ISDIR : 0;
    deliver(from, IN_MOVED_FROM | kind, cookie, oldName, false);
    deliver(to, IN_MOVED_TO | kind, cookie, newName, false);
  }

  /** Ends the watches of an inode that has neither names nor open files any more. */
  static void goneIfUnused(Inode inode) {
    if (inode.watches == null || inode.nlink > 0 || inode.opens() > 0) {
      return;
    }
    self(inode, IN_DELETE_SELF);
    List<Watch> list = inode.watches;
    inode.watches = null;
    if (list != null) {
      for (Watch w : list) {
        w.owner.gone(w);
      }
    }
  }

  private static void deliver(Inode to, int mask, int cookie, String name, boolean unlinked) {
    List<Watch> list = to.watches;
    if (list == null) {
      return;
    }
    for (Watch w : List.copyOf(list)) {
      if ((w.mask & mask & ALL_EVENTS) != 0 && !(unlinked && (w.mask & IN_EXCL_UNLINK) != 0)) {
        w.owner.happened(w, mask, cookie, name);
      }
    }
  }
}
