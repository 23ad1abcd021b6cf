/* rename's matrix of files, folders and links, and link and unlink. */
#include <sys/syscall.h>

#include "show.h"

static void list(void) {
  struct stat st;
  const char *names[] = {"a", "b", "d", "e", "d/x", "e/x", "l"};
  for (int i = 0; i < 7; i++)
    if (lstat(names[i], &st) == 0)
      printf(" %s:%c%d", names[i],
             S_ISDIR(st.st_mode)   ? 'd'
             : S_ISLNK(st.st_mode) ? 'l'
                                   : 'f',
             (int)st.st_nlink);
  puts("");
}

static int renameat_flags(const char *from, const char *to, unsigned flags) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

int main(void) {
  enter_work_directory();
  put_file("a", "A");
  put_file("b", "B");
  mkdir("d", 0755);
  mkdir("e", 0755);
  put_file("d/x", "X");
  symlink("a", "l");
  list();

  SHOW(rename("a", "b"));
  show_file("b");
  list();
  SHOW(rename("missing", "b"));
  SHOW(rename("b", "d"));
  SHOW(rename("d", "b"));
  SHOW(rename("d", "e"));
  list();
  mkdir("d", 0755);
  SHOW(rename("d", "e"));
  SHOW(rename("e", "d"));
  list();
  SHOW(rename("d", "d/sub"));
  SHOW(rename("d", "d"));
  SHOW(rename("d/", "e/"));
  SHOW(rename("b", "c/"));
  SHOW(rename("b/", "c"));
  SHOW(rename(".", "x"));
  SHOW(rename("e/.", "x"));
  SHOW(rename("e", "no/where"));
  SHOW(rename("l", "m"));
  SHOW(readlink("m", (char[8]){0}, 8));
  SHOW(rename("m", "b"));
  list();

  put_file("a", "A");
  SHOW(link("a", "h"));
  SHOW(rename("a", "h"));
  SHOW(access("a", F_OK));
  SHOW(link("a", "h"));
  SHOW(link("missing", "q"));
  SHOW(link("e", "q"));
  SHOW(link("a", "e/q"));
  struct stat x, y;
  SHOW(stat("a", &x));
  SHOW(stat("e/q", &y));
  HOLDS(x.st_ino == y.st_ino);
  printf("links %d\n", (int)x.st_nlink);
  SHOW(unlink("a"));
  SHOW(stat("e/q", &y));
  printf("links %d\n", (int)y.st_nlink);
  SHOW(unlink("e"));
  SHOW(rmdir("e"));
  SHOW(rmdir("h"));
  SHOW(unlink("missing"));
  SHOW(rmdir("missing"));
  SHOW(rmdir("."));
  SHOW(rmdir("e/.."));
  SHOW(unlink("h/"));
  symlink("h", "s");
  SHOW(link("s", "s2"));
  SHOW(lstat("s2", &x));
  HOLDS(S_ISLNK(x.st_mode));
  SHOW(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
  SHOW(lstat("s3", &x));
  HOLDS(S_ISREG(x.st_mode));

  /* An open file lives on after its last name is gone. */
  put_file("gone", "still here");
  int fd = open("gone", O_RDWR);
  SHOW(unlink("gone"));
  char t[16] = {0};
  SHOW(read(fd, t, sizeof t));
  puts(t);
  SHOW(fstat(fd, &x));
  printf("links %d\n", (int)x.st_nlink);
  SHOW(write(fd, "!", 1));
  char name[64], target[512] = {0};
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  HOLDS(readlink(name, target, sizeof target - 1) > 10);
  HOLDS(strcmp(target + strlen(target) - 10, " (deleted)") == 0);
  SHOW_OK(open(name, O_RDONLY));

  /* The flags of renameat2. */
  put_file("a", "A");
  put_file("b2", "B");
  SHOW(renameat_flags("a", "b2", 1 /* NOREPLACE */));
  SHOW(renameat_flags("a", "n", 1));
  SHOW(renameat_flags("n", "b2", 2 /* EXCHANGE */));
  show_file("n");
  show_file("b2");
  SHOW(renameat_flags("n", "missing", 2));
  SHOW(renameat_flags("n", "b2", 3));
  SHOW(renameat_flags("n", "b2", 64));
  mkdir("xd", 0755);
  SHOW(renameat_flags("n", "xd", 2));
  show_file("xd");
  SHOW(rmdir("n"));
  /* A directory moved elsewhere keeps its contents and changes its parent. */
  mkdir("p1", 0755);
  mkdir("p1/c", 0755);
  mkdir("p2", 0755);
  SHOW(rename("p1/c", "p2/c"));
  stat("p1", &x);
  stat("p2", &y);
  printf("links %d %d\n", (int)x.st_nlink, (int)y.st_nlink);
  stat("p2/c/..", &x);
  HOLDS(x.st_ino == y.st_ino);
  return 0;
}
