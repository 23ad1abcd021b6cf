package dev.vivarium.sentry.gofer;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.vfs.Inode;

/** What the gofer says about a file ({@code struct gofer_node}), checked. */
record Attributes(
    long ino,
    long dev,
    int mode,
    int nlink,
    int uid,
    int gid,
    long rdev,
    long size,
    long atimeNanos,
    long mtimeNanos,
    long ctimeNanos) {

  static Attributes read(byte[] from, int at) {
    long rdev = Fields.getLong(from, at + Wire.NODE_RDEV);
    return new Attributes(
        Fields.getLong(from, at + Wire.NODE_INO),
        Fields.getLong(from, at + Wire.NODE_DEV),
        Fields.getInt(from, at + Wire.NODE_MODE) & 0xffff,
        Fields.getInt(from, at + Wire.NODE_NLINK),
        Fields.getInt(from, at + Wire.NODE_UID),
        Fields.getInt(from, at + Wire.NODE_GID),
        makedev((int) (rdev >>> 32), (int) rdev),
        Math.max(0, Fields.getLong(from, at + Wire.NODE_LENGTH)),
        Fields.getLong(from, at + Wire.NODE_ATIME),
        Fields.getLong(from, at + Wire.NODE_MTIME),
        Fields.getLong(from, at + Wire.NODE_CTIME));
  }

  private static long makedev(int major, int minor) {
    return (minor & 0xffL)
        | (major & 0xfffL) << 8
        | (minor & 0xffffff00L) << 12
        | (major & 0xfffff000L) << 32;
  }

  void applyTo(Inode inode) {
    inode.mode = mode;
    inode.nlink = nlink;
    inode.uid = uid;
    inode.gid = gid;
    inode.rdev = rdev;
    inode.size = size;
    inode.atimeNanos = atimeNanos;
    inode.mtimeNanos = mtimeNanos;
    inode.ctimeNanos = ctimeNanos;
  }
}
