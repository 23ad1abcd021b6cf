package dev.vivarium.image.erofs;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One inode of a file that is being written. */
class Inode {
  final int mode;
  int uid;
  int gid;
  long mtimeSeconds;
  int mtimeNanos;
  int nlink;
  int rdev;
  long size;

  /** First block of a regular file's content, or of what does not fit beside the inode. */
  int firstBlock;

  /** Target of a symbolic link. */
  @Nullable String target;

  Map<String, byte[]> xattrs = Map.of();

  /** Slot in the metadata area, and place in the order of inodes; 0 while not laid out. */
  long nid;

  Inode(int mode) {
    this.mode = mode;
  }

  boolean isDirectory() {
    return false;
  }

  int xattrBytes() {
    return XattrCodec.size(xattrs);
  }

  /** A directory; its mode is settled by the last entry that names it. */
  static final class Directory extends Inode {
    final Directory parent;
    int permissions;

    /** No entry of the tar names it: it is there because of what is in it. */
    boolean implied = true;

    /** Hides what lower layers have under this name. */
    boolean opaque;

    /** A whiteout names it too. */
    boolean removed;

    /** It or a directory above it is opaque. */
    boolean opaqueAbove;

    /** Something of this layer is in it, besides whiteouts. */
    boolean real;

    @Nullable Map<String, Inode> children;

    /** The children's names in order with "." and "..", once nothing is added any more. */
    String[] names = {};

    Inode[] inodes = {};

    Directory(@Nullable Directory parent) {
      super(ErofsFormat.S_IFDIR);
      this.parent = parent == null ? this : parent;
      this.permissions = 0755;
      this.nlink = 2;
    }

    @Override
    boolean isDirectory() {
      return true;
    }

    @Nullable Inode child(String name) {
      return children == null ? null : children.get(name);
    }

    void put(String name, Inode inode) {
      if (children == null) {
        children = new HashMap<>(4);
      }
      children.put(name, inode);
    }
  }
}
