package dev.vivarium.image.erofs;

/** Constants and offsets of {@code fs/erofs/erofs_fs.h}. All numbers are little-endian. */
final class ErofsFormat {
  static final int BLOCK_BITS = 12;
  static final int BLOCK = 1 << BLOCK_BITS;

  static final int SUPER_OFFSET = 1024;
  static final int SUPER_SIZE = 128;
  static final int SUPER_MAGIC = 0xE0F5E1E2;
  static final int FEATURE_COMPAT_SB_CHKSUM = 0x1;
  static final int FEATURE_COMPAT_MTIME = 0x2;

  static final int SB_MAGIC = 0;
  static final int SB_CHECKSUM = 4;
  static final int SB_FEATURE_COMPAT = 8;
  static final int SB_BLKSZBITS = 12;
  static final int SB_ROOT_NID = 14;
  static final int SB_INOS = 16;
  static final int SB_BLOCKS = 36;
  static final int SB_META_BLKADDR = 40;
  static final int SB_VOLUME_NAME = 64;
  static final int SB_FEATURE_INCOMPAT = 80;

  /** Says which program made the file; nothing depends on it. */
  static final String VOLUME_NAME = "vivarium-layer";

  static final int SLOT = 32;
  static final int INODE_SIZE = 64;
  static final int FORMAT_EXTENDED = 1;
  static final int LAYOUT_FLAT_PLAIN = 0;
  static final int LAYOUT_FLAT_INLINE = 2;

  static final int I_FORMAT = 0;
  static final int I_XATTR_ICOUNT = 2;
  static final int I_MODE = 4;
  static final int I_SIZE = 8;
  static final int I_U = 16;
  static final int I_INO = 20;
  static final int I_UID = 24;
  static final int I_GID = 28;
  static final int I_MTIME = 32;
  static final int I_MTIME_NSEC = 40;
  static final int I_NLINK = 44;

  static final int XATTR_HEADER = 12;
  static final int XATTR_ENTRY = 4;
  static final int DIRENT = 12;
  static final int NAME_MAX = 255;

  static final int S_IFMT = 0170000;
  static final int S_IFIFO = 0010000;
  static final int S_IFCHR = 0020000;
  static final int S_IFDIR = 0040000;
  static final int S_IFBLK = 0060000;
  static final int S_IFREG = 0100000;
  static final int S_IFLNK = 0120000;
  static final int S_IFSOCK = 0140000;

  /** Prefixes of attribute names, by {@code e_name_index}. */
  private static final String[] XATTR_PREFIXES = {
    "", "user.", "system.posix_acl_access", "system.posix_acl_default", "trusted.", "", "security."
  };

  private ErofsFormat() {}

  /** The index of the attribute's prefix, or 0 if EROFS cannot hold such a name. */
  static int xattrIndex(String name) {
    for (int i = 1; i < XATTR_PREFIXES.length; i++) {
      String prefix = XATTR_PREFIXES[i];
      if (prefix.isEmpty()) {
        continue;
      }
      boolean whole = i == 2 || i == 3;
      if (whole
          ? name.equals(prefix)
          : name.startsWith(prefix) && name.length() > prefix.length()) {
        return i;
      }
    }
    return 0;
  }

  /** The prefix with this index; empty if there is none. */
  static String xattrPrefix(int index) {
    return index < XATTR_PREFIXES.length ? XATTR_PREFIXES[index] : "";
  }

  /** {@code EROFS_FT_*} for {@code st_mode}. */
  static int fileType(int mode) {
    return switch (mode & S_IFMT) {
      case S_IFREG -> 1;
      case S_IFDIR -> 2;
      case S_IFCHR -> 3;
      case S_IFBLK -> 4;
      case S_IFIFO -> 5;
      case S_IFSOCK -> 6;
      case S_IFLNK -> 7;
      default -> 0;
    };
  }

  /** The kernel's {@code new_encode_dev}. */
  static int encodeDevice(int major, int minor) {
    return (minor & 0xff) | major << 8 | (minor & ~0xff) << 12;
  }
}
