/* needs: Linux 6.12
   Calls that change what a path leads to: names, owners, modes, times and extended attributes. */
#include <sys/xattr.h>
#include <utime.h>

#include "sweep.h"

KIND(NODE_MODES, 0xfffffe00UL, V(-1), V(0170000), OR, V(S_IFREG | 0644), V(S_IFDIR | 0755), V(S_IFLNK | 0777), V(S_IFCHR | 0644),
     V(S_IFBLK | 0644), V(S_IFSOCK | 0644), V(0644), V(HIGH(S_IFIFO | 0644)));
/* Where another call has shown every bit. */
KIND(FEW_MODES, 0, V(-1), OR, V(0), V(07777), V(HIGH(0644)));
KIND(OWNERS, 0, V(0), OR, V(1), V(-1), V(INT_MAX), V(HIGH(-1)));
KIND(TIMES, 0, V(UNMAPPED), V(NO_ACCESS), OR, V(CROSSING), V(KERNEL), V(AT(32)), V(AT(64)), V(AT(96)), V(AT(128)),
     V(AT(160)), V(NULL));
KIND(MICROSECONDS, 0, V(UNMAPPED), V(NO_ACCESS), OR, V(CROSSING), V(KERNEL), V(AT(256)), V(AT(288)), V(NULL));
/* Whether the place or the name is looked at first depends on Linux's version. */
KIND(PLACES, 0, OR, V("missing"), V("file/below"), V(NULL), V(""), V("loop"), V("locked/below"), V(LONG_PATH), V(UNENDING), V("dir"), V("link"),
     V("fifo"), V("secret"));
KIND(PLACE_FDS, 0, OR, V(CLOSED_FD), V(PATH_FD), V(DIR_FD), V(PIPE_READ), V(SOCKET_FD), V(MEMFD), V(HIGH(FILE_FD)));
KIND(XATTRS, 0, V("user.missing"), V(NULL), OR, V(""), V("user."), V("user"), V("plain"), V("nothing.at.all"), V(UNMAPPED), V(UNENDING),
     V("trusted.x"), V("security.x"), V("system.x"), V(LONG_NAME), V("security."), V("trusted."));
KIND(XATTR_FLAGS, 0xffffffffUL, V(-1), V(1), OR, V(3), V(HIGH(0)));
KIND(XATTR_SIZES, 0, V(-1), V(0), OR, V(1), V(65536), V(65537), V(1L << 32), V(1000));
KIND(LENGTHS, 0, V(-1), V(0), OR, V(LONG_MIN), V(100));

static void changes(void) {
  after_success = sweep_tree;
  SWEEP(mkdir, A("new", NEW_PATHS), A(0755, MODES));
  SWEEP(mkdirat, A(AT_FDCWD, DIRS), A("new", NEW_PATHS), A(0755, FEW_MODES));
  SWEEP(rmdir, A("dir", PATHS));
  SWEEP(unlink, A("file", PATHS));
  SWEEP(unlinkat, A(AT_FDCWD, DIRS), A("file", PATHS), A(0, FLAGS));
  SWEEP(unlinkat, A(AT_FDCWD, FIXED), A("dir", PATHS), A(AT_REMOVEDIR, FLAGS));
  SWEEP(symlink, A("target", TEXTS), A("new", NEW_PATHS));
  SWEEP(symlinkat, A("target", TEXTS), A(AT_FDCWD, DIRS), A("new", NEW_PATHS));
  SWEEP(link, A("file", PATHS), A("new", NEW_PATHS));
  SWEEP(linkat, A(AT_FDCWD, DIRS), A("file", PATHS), A(AT_FDCWD, DIRS), A("new", NEW_PATHS), A(0, FLAGS));
  SWEEP(linkat, A(AT_FDCWD, FIXED), A("link", PATHS), A(AT_FDCWD, FIXED), A("new", FIXED), A(AT_SYMLINK_FOLLOW, FLAGS));
  SWEEP(linkat, A(FILE_FD, FDS), A("", FIXED), A(AT_FDCWD, FIXED), A("new", FIXED), A(AT_EMPTY_PATH, FIXED));
  SWEEP(rename, A("file", PATHS), A("new", NEW_PATHS));
  SWEEP(rename, A("dir", PATHS), A("new", NEW_PATHS));
  SWEEP(rename, A("dir", FIXED), A("dir/new", FIXED));
  SWEEP(rename, A("full/inside", FIXED), A("full", FIXED));
  SWEEP(renameat, A(AT_FDCWD, DIRS), A("file", PATHS), A(AT_FDCWD, DIRS), A("new", NEW_PATHS));
  SWEEP(renameat2, A(AT_FDCWD, DIRS), A("file", PATHS), A(AT_FDCWD, DIRS), A("new", NEW_PATHS), A(0, FLAGS));
  SWEEP(renameat2, A(AT_FDCWD, FIXED), A("file", PATHS), A(AT_FDCWD, FIXED), A("other", NEW_PATHS), A(2, FLAGS));
  SWEEP(renameat2, A(AT_FDCWD, FIXED), A("file", PATHS), A(AT_FDCWD, FIXED), A("new", NEW_PATHS), A(1, FLAGS));
  SWEEP(mknod, A("new", NEW_PATHS), A(S_IFIFO | 0644, NODE_MODES), A(0, NUMBERS));
  SWEEP(mknodat, A(AT_FDCWD, DIRS), A("new", NEW_PATHS), A(S_IFIFO | 0644, NODE_MODES), A(0, NUMBERS));
  SWEEP(chmod, A("file", PATHS), A(0644, MODES));
  SWEEP(fchmodat, A(AT_FDCWD, DIRS), A("file", PATHS), A(0644, FEW_MODES), A(0, FLAGS));
  SWEEP(fchmodat2, A(AT_FDCWD, DIRS), A("file", PATHS), A(0644, FEW_MODES), A(0, FLAGS));
  SWEEP(chown, A("file", PATHS), A(-1, OWNERS), A(-1, OWNERS));
  SWEEP(lchown, A("link", PATHS), A(-1, OWNERS), A(-1, OWNERS));
  SWEEP(fchownat, A(AT_FDCWD, DIRS), A("file", PATHS), A(-1, OWNERS), A(-1, OWNERS), A(0, FLAGS));
  SWEEP(truncate, A("file", PATHS), A(4, LENGTHS));
}

static void times(void) {
  struct timespec *t = (void *)AT(0);
  t[0] = (struct timespec){1, 2}, t[1] = (struct timespec){3, 4};
  t = (void *)AT(32);
  t[0] = (struct timespec){1, -1}, t[1] = (struct timespec){3, 4};
  t = (void *)AT(64);
  t[0] = (struct timespec){1, 2}, t[1] = (struct timespec){3, 1000000000};
  t = (void *)AT(96);
  t[0] = (struct timespec){0, UTIME_NOW}, t[1] = (struct timespec){0, UTIME_NOW};
  t = (void *)AT(128);
  t[0] = (struct timespec){-1, UTIME_OMIT}, t[1] = (struct timespec){0, UTIME_OMIT};
  t = (void *)AT(160);
  t[0] = (struct timespec){-5, 0}, t[1] = (struct timespec){0, UTIME_NOW};
  *(struct utimbuf *)AT(200) = (struct utimbuf){1, 2};
  struct timeval *v = (void *)AT(224);
  v[0] = (struct timeval){1, 2}, v[1] = (struct timeval){3, 4};
  v = (void *)AT(256);
  v[0] = (struct timeval){1, -1}, v[1] = (struct timeval){3, 4};
  v = (void *)AT(288);
  v[0] = (struct timeval){1, 2}, v[1] = (struct timeval){3, 1000000};
  after_success = sweep_tree;
  SWEEP(utime, A("file", PATHS), A(AT(200), MICROSECONDS));
  SWEEP(utimes, A("file", PATHS), A(AT(224), MICROSECONDS));
  SWEEP(futimesat, A(AT_FDCWD, DIRS), A("file", PATHS), A(AT(224), MICROSECONDS));
  SWEEP(utimensat, A(AT_FDCWD, DIRS), A("file", PATHS), A(AT(0), TIMES), A(0, FLAGS));
  SWEEP(utimensat, A(FILE_FD, FILE_FDS), A(NULL, FIXED), A(AT(0), TIMES), A(0, FLAGS));
  SWEEP(utimensat, A(FILE_FD, FILE_FDS), A("", FIXED), A(AT(0), FIXED), A(AT_EMPTY_PATH, FIXED));
}

static void xattrs(void) {
  after_success = sweep_new_tree;
  strcpy((char *)DATA, "value");
  SWEEP(setxattr, A("file", PLACES), A("user.name", XATTRS), A(DATA, GIVEN), A(5, XATTR_SIZES), A(0, XATTR_FLAGS));
  SWEEP(lsetxattr, A("file", PLACES), A("user.name", XATTRS), A(DATA, GIVEN), A(5, XATTR_SIZES), A(0, XATTR_FLAGS));
  SWEEP(fsetxattr, A(FILE_FD, PLACE_FDS), A("user.name", XATTRS), A(DATA, GIVEN), A(5, XATTR_SIZES), A(0, XATTR_FLAGS));
  after_success = NULL;
  fsetxattr(FILE_FD, "user.name", "value", 5, 0);
  setxattr("file", "user.name", "value", 5, 0);
  SWEEP(getxattr, A("file", PLACES), A("user.name", XATTRS), A(DATA, FILLED), A(64, XATTR_SIZES));
  SWEEP(lgetxattr, A("file", PLACES), A("user.name", XATTRS), A(DATA, FILLED), A(64, XATTR_SIZES));
  SWEEP(fgetxattr, A(FILE_FD, PLACE_FDS), A("user.name", XATTRS), A(DATA, FILLED), A(64, XATTR_SIZES));
  SWEEP(removexattr, A("file", FIXED), A("user.missing", FIXED));
}

static void list_xattrs(void) {
  /* What a security module adds to the list is not looked at: only whether the list can be had. */
  SWEEP_GOOD(listxattr, A("file", PLACES), A(DATA, FILLED), A(1024, SIZES));
  SWEEP_GOOD(llistxattr, A("file", PLACES), A(DATA, FILLED), A(1024, SIZES));
  SWEEP_GOOD(flistxattr, A(FILE_FD, PLACE_FDS), A(DATA, FILLED), A(1024, SIZES));
  SWEEP(removexattr, A("file", PLACES), A("user.name", XATTRS));
  SWEEP(lremovexattr, A("file", PLACES), A("user.name", XATTRS));
  SWEEP(fremovexattr, A(FILE_FD, PLACE_FDS), A("user.name", XATTRS));
}

static void sweep_all(void) {
  changes();
  times();
  xattrs();
  list_xattrs();
}
