package dev.vivarium.sentry.gofer;

import dev.vivarium.sentry.vfs.Inode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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

  static Attributes read(MemorySegment from, long at) {
    long rdev = from.get(ValueLayout.JAVA_LONG_UNALIGNED, at + Wire.NODE_RDEV);
    return new Attributes(
        from.get(ValueLayout.JAVA_LONG_UNALIGNED, at + Wire.NODE_INO),
        from.get(ValueLayout.JAVA_LONG_UNALIGNED, at + Wire.NODE_DEV),
        from.get(ValueLayout.JAVA_INT_UNALIGNED, at + Wire.NODE_MODE) & 0xffff,
        from.get(ValueLayout.JAVA_INT_UNALIGNED, at + Wire.NODE_NLINK),
        from.get(ValueLayout.JAVA_INT_UNALIGNED, at + Wire.NODE_UID),
        from.get(ValueLayout.JAVA_INT_UNALIGNED, at + Wire.NODE_GID),
        makedev((int) (rdev >>> 32), (int) rdev),
        Math.max(0, from.get(ValueLayout.JAVA_LONG_UNALIGNED, at + Wire.NODE_LENGTH)),
        from.get(ValueLayout.JAVA_LONG_UNALIGNED, at + Wire.NODE_ATIME),
        from.get(ValueLayout.JAVA_LONG_UNALIGNED, at + Wire.NODE_MTIME),
        from.get(ValueLayout.JAVA_LONG_UNALIGNED, at + Wire.NODE_CTIME));
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
