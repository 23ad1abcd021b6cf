package dev.vivarium.image.erofs;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** One inode of an {@link ErofsImage}; a view into the mapped file. */
public final class ErofsInode {
  private static final int MAX_LINK = 4095;

  private final ErofsImage image;
  private final long nid;
  private final long at;

  ErofsInode(ErofsImage image, long nid, long at) {
    this.image = image;
    this.nid = nid;
    this.at = at;
    int format = image.u16(at + ErofsFormat.I_FORMAT);
    int layout = format >> 1;
    if ((format & 1) != ErofsFormat.FORMAT_EXTENDED
        || layout != ErofsFormat.LAYOUT_FLAT_PLAIN && layout != ErofsFormat.LAYOUT_FLAT_INLINE) {
      throw image.bad("an inode of a kind that a layer does not use");
    }
    long size = size();
    if (size < 0) {
      throw image.bad("an inode of impossible size");
    }
    if (size > 0 && holdsContent()) {
      image.check(contentOffset(), size);
    }
  }

  public long nid() {
    return nid;
  }

  public int mode() {
    return image.u16(at + ErofsFormat.I_MODE);
  }

  public boolean isDirectory() {
    return (mode() & ErofsFormat.S_IFMT) == ErofsFormat.S_IFDIR;
  }

  /** Whether this says that a name of lower layers is gone. */
  public boolean isWhiteout() {
    return (mode() & ErofsFormat.S_IFMT) == ErofsFormat.S_IFCHR && rdev() == 0;
  }

  public int uid() {
    return image.i32(at + ErofsFormat.I_UID);
  }

  public int gid() {
    return image.i32(at + ErofsFormat.I_GID);
  }

  public int nlink() {
    return image.i32(at + ErofsFormat.I_NLINK);
  }

  public long size() {
    return image.i64(at + ErofsFormat.I_SIZE);
  }

  /** Device number; 0 for what is no device. */
  public int rdev() {
    int type = mode() & ErofsFormat.S_IFMT;
    return type == ErofsFormat.S_IFCHR || type == ErofsFormat.S_IFBLK
        ? image.i32(at + ErofsFormat.I_U)
        : 0;
  }

  public long mtimeSeconds() {
    return image.i64(at + ErofsFormat.I_MTIME);
  }

  public int mtimeNanos() {
    return image.i32(at + ErofsFormat.I_MTIME_NSEC);
  }

  /** Where the content stands in the file. */
  public long contentOffset() {
    if (image.u16(at) >> 1 == ErofsFormat.LAYOUT_FLAT_INLINE) {
      return at + ErofsFormat.INODE_SIZE + xattrBytes();
    }
    return (image.i32(at + ErofsFormat.I_U) & 0xffff_ffffL) << ErofsFormat.BLOCK_BITS;
  }

  /** The target of a symbolic link. */
  public String readlink() {
    long size = size();
    if ((mode() & ErofsFormat.S_IFMT) != ErofsFormat.S_IFLNK) {
      throw new IllegalStateException("not a symbolic link");
    }
    if (size > MAX_LINK) {
      throw image.bad("a symbolic link that is too long");
    }
    return new String(image.bytes(contentOffset(), (int) size), StandardCharsets.ISO_8859_1);
  }

  /** The directory that this inode is. */
  public ErofsDirectory directory() {
    if (!isDirectory()) {
      throw new IllegalStateException("not a directory");
    }
    return new ErofsDirectory(image, contentOffset(), size());
  }

  /** Extended attributes by full name. */
  public Map<String, byte[]> xattrs() {
    int bytes = xattrBytes();
    if (bytes == 0) {
      return Map.of();
    }
    Map<String, byte[]> xattrs = new LinkedHashMap<>();
    long entry = at + ErofsFormat.INODE_SIZE + ErofsFormat.XATTR_HEADER;
    long end = at + ErofsFormat.INODE_SIZE + bytes;
    while (entry + ErofsFormat.XATTR_ENTRY <= end) {
      int nameLength = image.u8(entry);
      int valueLength = image.u16(entry + 2);
      long next = entry + XattrCodec.entrySize(nameLength, valueLength);
      if (next > end) {
        throw image.bad("an extended attribute that is too long");
      }
      String prefix = ErofsFormat.xattrPrefix(image.u8(entry + 1));
      long name = entry + ErofsFormat.XATTR_ENTRY;
      if (!prefix.isEmpty()) {
        xattrs.put(
            prefix + new String(image.bytes(name, nameLength), StandardCharsets.ISO_8859_1),
            image.bytes(name + nameLength, valueLength));
      }
      entry = next;
    }
    return xattrs;
  }

  /** Whether there are any, at no cost. */
  public boolean hasXattrs() {
    return image.u16(at + ErofsFormat.I_XATTR_ICOUNT) != 0;
  }

  private int xattrBytes() {
    int count = image.u16(at + ErofsFormat.I_XATTR_ICOUNT);
    return count == 0 ? 0 : ErofsFormat.XATTR_HEADER + 4 * (count - 1);
  }

  private boolean holdsContent() {
    int type = mode() & ErofsFormat.S_IFMT;
    return type == ErofsFormat.S_IFREG
        || type == ErofsFormat.S_IFDIR
        || type == ErofsFormat.S_IFLNK;
  }
}
