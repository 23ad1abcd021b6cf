/* open and openat: every flag that decides whether and how a file is opened. */
#include "show.h"

int main(void) {
  enter_work_directory();
  put_file("f", "hello");
  mkdir("d", 0755);
  symlink("f", "l");
  symlink("nowhere", "dangling");

  SHOW_OK(open("f", O_RDONLY));
  SHOW_OK(open("missing", O_RDONLY));
  SHOW_OK(open("", O_RDONLY));
  SHOW_OK(open(NULL, O_RDONLY));
  SHOW_OK(open("f/x", O_RDONLY));
  SHOW_OK(open("f/", O_RDONLY));
  SHOW_OK(open("missing/x", O_CREAT | O_WRONLY, 0600));
  SHOW_OK(open("new/", O_CREAT | O_WRONLY, 0600));
  SHOW_OK(open("f", O_CREAT | O_EXCL | O_WRONLY, 0600));
  SHOW_OK(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0600));
  SHOW_OK(open("dangling", O_RDONLY));
  SHOW_OK(open("dangling", O_CREAT | O_WRONLY, 0600));
  show_file("nowhere");
  SHOW_OK(open("d", O_RDONLY));
  SHOW_OK(open("d", O_RDWR));
  SHOW_OK(open("d", O_WRONLY));
  SHOW_OK(open("d", O_CREAT | O_RDONLY, 0600));
  SHOW_OK(open("d", O_DIRECTORY | O_RDONLY));
  SHOW_OK(open("f", O_DIRECTORY | O_RDONLY));
  SHOW_OK(open("l", O_NOFOLLOW | O_RDONLY));
  SHOW_OK(open("l", O_RDONLY));
  SHOW_OK(open("l", O_DIRECTORY | O_NOFOLLOW));
  SHOW_OK(open("f", O_TRUNC | O_WRONLY));
  show_file("f");

  int fd = open("f", O_RDONLY);
  SHOW(write(fd, "x", 1));
  close(fd);
  fd = open("f", O_WRONLY);
  char c;
  SHOW(read(fd, &c, 1));
  close(fd);
  SHOW(close(fd));
  SHOW(close(-1));
  fd = open("d", O_RDONLY);
  SHOW(read(fd, &c, 1));
  close(fd);

  int path = open("f", O_PATH);
  SHOW(read(path, &c, 1));
  SHOW(fcntl(path, F_GETFL) == O_PATH);
  struct stat st;
  SHOW(fstat(path, &st));
  SHOW(fchmod(path, 0600));
  int dir = open("d", O_PATH | O_DIRECTORY);
  SHOW_OK(openat(dir, "inner", O_CREAT | O_WRONLY, 0640));
  SHOW(fstatat(dir, "inner", &st, 0));
  printf("mode %o\n", st.st_mode);
  SHOW_OK(openat(path, "x", O_RDONLY));
  SHOW_OK(openat(-1, "x", O_RDONLY));
  SHOW_OK(openat(999, "x", O_RDONLY));
  SHOW_OK(openat(999, "/dev/null", O_RDONLY));
  int l = open("l", O_PATH | O_NOFOLLOW);
  SHOW(fstat(l, &st));
  HOLDS(S_ISLNK(st.st_mode));
  SHOW(readlinkat(l, "", &c, 1));

  umask(027);
  fd = open("u", O_CREAT | O_RDWR, 0777);
  fstat(fd, &st);
  printf("mode %o\n", st.st_mode);
  fd = open("s", O_CREAT | O_RDWR, 06755);
  fstat(fd, &st);
  printf("mode %o\n", st.st_mode);
  fd = open("ro", O_CREAT | O_RDWR, 0400);
  SHOW(write(fd, "ok", 2));
  show_file("ro");

  fd = open(".", O_TMPFILE | O_RDWR, 0600);
  if (fd >= 0) {
    SHOW(write(fd, "tmp", 3));
    SHOW(fstat(fd, &st));
    printf("links %d\n", (int)st.st_nlink);
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    SHOW(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    show_file("named");
  } else {
    printf("O_TMPFILE %s\n", error_name(errno));
  }

  char longname[300];
  memset(longname, 'a', sizeof longname);
  longname[255] = 0;
  SHOW_OK(open(longname, O_CREAT | O_RDWR, 0600));
  longname[255] = 'a';
  longname[256] = 0;
  SHOW_OK(open(longname, O_CREAT | O_RDWR, 0600));
  char *longpath = malloc(5000);
  memset(longpath, '/', 4999);
  longpath[4999] = 0;
  SHOW_OK(open(longpath, O_RDONLY));
  longpath[4094] = '.';
  longpath[4095] = 0;
  SHOW_OK(open(longpath, O_RDONLY));

  SHOW_OK(creat("c", 0644));
  fd = open("c", O_RDWR);
  HOLDS((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
  HOLDS(fcntl(fd, F_GETFD) == 0);
  fd = open("c", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_APPEND);
  HOLDS(fcntl(fd, F_GETFD) == FD_CLOEXEC);
  HOLDS((fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND)) == (O_NONBLOCK | O_APPEND));
  return 0;
}
