/* What stat says about each kind of file, and how times move. */
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>

#include "show.h"

static void kind(const char *name) {
  struct stat st;
  if (lstat(name, &st) != 0) {
    printf("%s: %s\n", name, error_name(errno));
    return;
  }
  printf("%s: mode %o links %d", name, st.st_mode, (int)st.st_nlink);
  if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) printf(" size %ld", (long)st.st_size);
  if (S_ISCHR(st.st_mode)) printf(" rdev %d:%d", major(st.st_rdev), minor(st.st_rdev));
  puts("");
}

static int later(struct timespec a, struct timespec b) {
  return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

int main(void) {
  enter_work_directory();
  put_file("f", "hello");
  mkdir("d", 0750);
  symlink("hello", "l");
  mkfifo("p", 0620);
  kind("f");
  kind("d");
  kind("l");
  kind("p");
  kind("missing");
  kind("f/x");
  kind("/dev/null");
  kind("/dev/zero");
  kind("/dev/full");
  kind("/dev/random");
  kind("/dev/urandom");
  kind("/dev/tty");

  struct stat a, b;
  stat("f", &a);
  HOLDS(a.st_blksize >= 512 && a.st_blksize <= 1 << 20);
  HOLDS(a.st_blocks >= 0 && a.st_blocks <= 8);
  HOLDS(a.st_uid == geteuid());
  stat(".", &b);
  HOLDS(a.st_dev == b.st_dev);
  HOLDS(a.st_ino != b.st_ino);
  HOLDS(llabs(a.st_mtime - time(NULL)) < 5);
  stat("/proc", &b);
  HOLDS(a.st_dev != b.st_dev);

  /* Which call moves which time. */
  sleep_ms(20);
  int fd = open("f", O_RDWR);
  write(fd, "x", 1);
  stat("f", &b);
  HOLDS(later(b.st_mtim, a.st_mtim) && later(b.st_ctim, a.st_ctim));
  HOLDS(b.st_atim.tv_nsec == a.st_atim.tv_nsec);
  a = b;
  sleep_ms(20);
  chmod("f", 0600);
  stat("f", &b);
  HOLDS(!later(b.st_mtim, a.st_mtim) && later(b.st_ctim, a.st_ctim));
  a = b;
  sleep_ms(20);
  link("f", "f2");
  stat("f", &b);
  HOLDS(!later(b.st_mtim, a.st_mtim) && later(b.st_ctim, a.st_ctim));
  a = b;
  sleep_ms(20);
  ftruncate(fd, 2);
  stat("f", &b);
  HOLDS(later(b.st_mtim, a.st_mtim));
  stat("d", &a);
  sleep_ms(20);
  put_file("d/new", "");
  stat("d", &b);
  HOLDS(later(b.st_mtim, a.st_mtim) && later(b.st_ctim, a.st_ctim));
  a = b;
  sleep_ms(20);
  put_file("d/new", "more");
  stat("d", &b);
  HOLDS(!later(b.st_mtim, a.st_mtim));

  /* Setting times. */
  struct timespec t[2] = {{1000000, 123456789}, {2000000, 987654321}};
  SHOW(utimensat(AT_FDCWD, "f", t, 0));
  stat("f", &a);
  printf("%ld.%09ld %ld.%09ld\n", (long)a.st_atim.tv_sec, a.st_atim.tv_nsec,
         (long)a.st_mtim.tv_sec, a.st_mtim.tv_nsec);
  t[0].tv_nsec = UTIME_OMIT;
  t[1].tv_nsec = UTIME_NOW;
  SHOW(futimens(fd, t));
  stat("f", &a);
  printf("%ld.%09ld\n", (long)a.st_atim.tv_sec, a.st_atim.tv_nsec);
  HOLDS(llabs(a.st_mtime - time(NULL)) < 5);
  t[0].tv_nsec = 1000000000;
  SHOW(utimensat(AT_FDCWD, "f", t, 0));
  struct timespec old[2] = {{5, 0}, {6, 0}};
  SHOW(utimensat(AT_FDCWD, "l", old, AT_SYMLINK_NOFOLLOW));
  lstat("l", &a);
  printf("%ld %ld\n", (long)a.st_atime, (long)a.st_mtime);
  SHOW(utimensat(AT_FDCWD, "l", old, 0));

  /* statx agrees with stat. */
  struct statx x;
  SHOW(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
  stat("f", &a);
  HOLDS((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
  HOLDS(x.stx_ino == a.st_ino && x.stx_size == (unsigned long)a.st_size);
  HOLDS(x.stx_mode == a.st_mode && x.stx_nlink == a.st_nlink);
  HOLDS(x.stx_mtime.tv_nsec == a.st_mtim.tv_nsec);
  HOLDS(makedev(x.stx_dev_major, x.stx_dev_minor) == a.st_dev);
  SHOW(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
  SHOW(syscall(SYS_statx, fd, "", 0, STATX_BASIC_STATS, &x));
  SHOW(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0x80000000, &x));
  SHOW(fstatat(fd, "", &a, AT_EMPTY_PATH));
  SHOW(fstatat(fd, "", &a, 0));
  SHOW(fstatat(fd, "", &a, 0x40000000));

  struct statfs fs;
  SHOW(statfs(".", &fs));
  HOLDS(fs.f_bsize > 0 && fs.f_namelen == 255 && fs.f_bavail <= fs.f_blocks);
  SHOW(statfs("/proc", &fs));
  HOLDS(fs.f_type == 0x9fa0);
  SHOW(statfs("missing", &fs));
  SHOW(fstatfs(fd, &fs));

  int pipes[2];
  pipe(pipes);
  fstat(pipes[0], &a);
  HOLDS(S_ISFIFO(a.st_mode));
  printf("pipe mode %o links %d\n", a.st_mode, (int)a.st_nlink);
  return 0;
}
