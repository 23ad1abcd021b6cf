package dev.vivarium.microvm.files;

/** Numbers of the FUSE protocol, 7.31 (include/uapi/linux/fuse.h), and of Linux's errors. */
final class Fuse {
  static final int LOOKUP = 1;
  static final int FORGET = 2;
  static final int GETATTR = 3;
  static final int SETATTR = 4;
  static final int READLINK = 5;
  static final int SYMLINK = 6;
  static final int MKNOD = 8;
  static final int MKDIR = 9;
  static final int UNLINK = 10;
  static final int RMDIR = 11;
  static final int RENAME = 12;
  static final int LINK = 13;
  static final int OPEN = 14;
  static final int READ = 15;
  static final int WRITE = 16;
  static final int STATFS = 17;
  static final int RELEASE = 18;
  static final int FSYNC = 20;
  static final int FLUSH = 25;
  static final int INIT = 26;
  static final int OPENDIR = 27;
  static final int READDIR = 28;
  static final int RELEASEDIR = 29;
  static final int FSYNCDIR = 30;
  static final int CREATE = 35;
  static final int INTERRUPT = 36;
  static final int DESTROY = 38;
  static final int BATCH_FORGET = 42;
  static final int FALLOCATE = 43;
  static final int READDIRPLUS = 44;
  static final int RENAME2 = 45;
  static final int LSEEK = 46;
  static final int MOST_OPCODES = 64;

  static final int IN_HEADER = 40;
  static final int OUT_HEADER = 16;
  static final long ROOT_ID = 1;

  static final int MAJOR = 7;
  static final int MINOR = 31;

  // What INIT agrees on.
  static final int ASYNC_READ = 1;
  static final int BIG_WRITES = 1 << 5;
  static final int AUTO_INVAL_DATA = 1 << 12;
  static final int DO_READDIRPLUS = 1 << 13;
  static final int NO_OPEN_SUPPORT = 1 << 17;
  static final int PARALLEL_DIROPS = 1 << 18;
  static final int MAX_PAGES = 1 << 22;
  static final int CACHE_SYMLINKS = 1 << 23;

  static final int FOPEN_KEEP_CACHE = 2;

  static final int GETATTR_FH = 1;

  // What SETATTR sets.
  static final int SET_MODE = 1;
  static final int SET_UID = 1 << 1;
  static final int SET_GID = 1 << 2;
  static final int SET_SIZE = 1 << 3;
  static final int SET_ATIME = 1 << 4;
  static final int SET_MTIME = 1 << 5;
  static final int SET_FH = 1 << 6;
  static final int SET_ATIME_NOW = 1 << 7;
  static final int SET_MTIME_NOW = 1 << 8;

  static final int S_IFMT = 0xf000;
  static final int S_IFSOCK = 0xc000;
  static final int S_IFLNK = 0xa000;
  static final int S_IFREG = 0x8000;
  static final int S_IFDIR = 0x4000;
  static final int S_IFIFO = 0x1000;

  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int EBADF = 9;
  static final int EACCES = 13;
  static final int ENOTDIR = 20;
  static final int EISDIR = 21;
  static final int EINVAL = 22;
  static final int ENFILE = 23;
  static final int EROFS = 30;
  static final int ENAMETOOLONG = 36;
  static final int ENOSYS = 38;
  static final int ELOOP = 40;
  static final int EIO = 5;
  static final int ENXIO = 6;
  static final int EOPNOTSUPP = 95;
  static final int ESTALE = 116;

  private Fuse() {}
}
