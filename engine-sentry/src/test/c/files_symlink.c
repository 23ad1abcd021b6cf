/* Symbolic links: following, loops, depth, trailing slashes, and readlink. */
#include "show.h"

int main(void) {
  enter_work_directory();
  put_file("f", "text");
  mkdir("d", 0755);
  put_file("d/in", "inner");
  char b[300];
  SHOW(symlink("f", "l"));
  SHOW(symlink("f", "l"));
  SHOW(symlink("", "empty"));
  SHOW(symlink("x", ""));
  SHOW(symlink("x", "no/where"));
  SHOW(readlink("l", b, sizeof b));
  SHOW(readlink("f", b, sizeof b));
  SHOW(readlink("missing", b, sizeof b));
  SHOW(readlink("l", b, 0));
  symlink("a-longer-target", "long");
  SHOW(readlink("long", b, 4));
  printf("%.4s\n", b);

  symlink("loop2", "loop1");
  symlink("loop1", "loop2");
  symlink("self", "self");
  SHOW_OK(open("loop1", O_RDONLY));
  SHOW_OK(open("self", O_RDONLY));
  SHOW_OK(open("self/x", O_RDONLY));
  struct stat st;
  SHOW(stat("loop1", &st));
  SHOW(lstat("loop1", &st));
  SHOW(chdir("self"));

  symlink("d", "dl");
  symlink("../d/../dl", "d/up");
  show_file("dl/in");
  show_file("dl/up/up/up/in");
  SHOW(lstat("dl/", &st));
  HOLDS(S_ISDIR(st.st_mode));
  SHOW(lstat("dl", &st));
  HOLDS(S_ISLNK(st.st_mode));
  printf("size %ld mode %o\n", (long)st.st_size, st.st_mode);
  SHOW(lstat("l/", &st));
  SHOW(rmdir("dl"));
  SHOW(unlink("dl/"));
  SHOW(rmdir("dl/"));
  SHOW(mkdir("dl", 0755));
  SHOW(chdir("dl"));
  SHOW(access("../f", F_OK));
  SHOW(chdir(".."));

  /* The kernel follows forty links and not one more. */
  char from[16], to[16];
  strcpy(to, "f");
  for (int i = 0; i < 41; i++) {
    snprintf(from, sizeof from, "chain%d", i);
    symlink(to, from);
    strcpy(to, from);
  }
  SHOW_OK(open("chain38", O_RDONLY));
  SHOW_OK(open("chain39", O_RDONLY));
  SHOW_OK(open("chain40", O_RDONLY));

  symlink("/proc/self", "proc");
  SHOW_OK(open("proc/status", O_RDONLY));
  char abs[600];
  snprintf(abs, sizeof abs, "%s/f", work_directory);
  symlink(abs, "abs");
  show_file("abs");
  SHOW(unlink("abs"));
  show_file("f");
  char *real = realpath("dl/up/in", NULL);
  HOLDS(real != NULL && strcmp(real + strlen(work_directory), "/d/in") == 0);
  SHOW(realpath("loop1", NULL) == NULL);
  puts(error_name(errno));
  SHOW(rename("l", "dl"));
  SHOW(readlink("dl", b, sizeof b));
  SHOW(unlink("dl"));
  show_file("f");
  return 0;
}
