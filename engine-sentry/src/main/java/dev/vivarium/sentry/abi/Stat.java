package dev.vivarium.sentry.abi;

/** File types and permission bits (linux/stat.h) and directory entry types (dirent.h). */
public final class Stat {
  public static final int S_IFMT = 0xf000;
  public static final int S_IFSOCK = 0xc000;
  public static final int S_IFLNK = 0xa000;
  public static final int S_IFREG = 0x8000;
  public static final int S_IFBLK = 0x6000;
  public static final int S_IFDIR = 0x4000;
  public static final int S_IFCHR = 0x2000;
  public static final int S_IFIFO = 0x1000;
  public static final int S_ISUID = 0x800;
  public static final int S_ISGID = 0x400;
  public static final int S_ISVTX = 0x200;
  public static final int S_IRWXU = 0x1c0;
  public static final int S_IRUSR = 0x100;
  public static final int S_IWUSR = 0x80;
  public static final int S_IXUSR = 64;
  public static final int S_IRWXG = 56;
  public static final int S_IRGRP = 32;
  public static final int S_IWGRP = 16;
  public static final int S_IXGRP = 8;
  public static final int S_IRWXO = 7;
  public static final int S_IROTH = 4;
  public static final int S_IWOTH = 2;
  public static final int S_IXOTH = 1;
  public static final int DT_UNKNOWN = 0;
  public static final int DT_FIFO = 1;
  public static final int DT_CHR = 2;
  public static final int DT_DIR = 4;
  public static final int DT_BLK = 6;
  public static final int DT_REG = 8;
  public static final int DT_LNK = 10;
  public static final int DT_SOCK = 12;

  private Stat() {}
}
