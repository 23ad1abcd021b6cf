package dev.vivarium.microvm;

/** Numbers of system calls, and what some of their arguments can be (x86-64). */
final class Calls {
  static final int OPEN = 2;
  static final int CLOSE = 3;
  static final int ACCESS_MODE = 3;
  static final int DUP = 32;
  static final int DUP2 = 33;
  static final int SOCKET = 41;
  static final int ACCEPT = 43;
  static final int CLONE = 56;
  static final int FORK = 57;
  static final int VFORK = 58;
  static final int FCNTL = 72;
  static final int TRUNCATE = 76;
  static final int FTRUNCATE = 77;
  static final int CHDIR = 80;
  static final int FCHDIR = 81;
  static final int RENAME = 82;
  static final int MKDIR = 83;
  static final int RMDIR = 84;
  static final int CREAT = 85;
  static final int LINK = 86;
  static final int UNLINK = 87;
  static final int SYMLINK = 88;
  static final int CHMOD = 90;
  static final int FCHMOD = 91;
  static final int CHOWN = 92;
  static final int FCHOWN = 93;
  static final int LCHOWN = 94;
  static final int MKNOD = 133;
  static final int PIVOT_ROOT = 155;
  static final int CHROOT = 161;
  static final int MOUNT = 165;
  static final int SETXATTR = 188;
  static final int LSETXATTR = 189;
  static final int FSETXATTR = 190;
  static final int OPENAT = 257;
  static final int MKDIRAT = 258;
  static final int MKNODAT = 259;
  static final int FCHOWNAT = 260;
  static final int UNLINKAT = 263;
  static final int RENAMEAT = 264;
  static final int LINKAT = 265;
  static final int SYMLINKAT = 266;
  static final int FCHMODAT = 268;
  static final int ACCEPT4 = 288;
  static final int EPOLL_CREATE1 = 291;
  static final int DUP3 = 292;
  static final int SETNS = 308;
  static final int RENAMEAT2 = 316;
  static final int MEMFD_CREATE = 319;
  static final int CLONE3 = 435;
  static final int CLOSE_RANGE = 436;
  static final int OPENAT2 = 437;
  static final int FCHMODAT2 = 452;

  static final int O_CREAT = 0100;
  static final int O_EXCL = 0200;
  static final int O_TRUNC = 01000;
  static final int O_WRONLY = 1;
  static final int AT_REMOVEDIR = 0x200;
  static final int EAGAIN = 11;

  private Calls() {}
}
