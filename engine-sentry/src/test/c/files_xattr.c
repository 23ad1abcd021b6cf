/* Extended attributes of the user. namespace. */
#include <sys/xattr.h>

#include "show.h"

static void list(const char *name) {
  char names[256];
  long n = listxattr(name, names, sizeof names);
  printf("%s: %s\n", name, n < 0 ? error_name(errno) : n == 0 ? "none" : "");
  int count = 0, a = 0, b = 0;
  for (long i = 0; i < n; i += (long)strlen(names + i) + 1) {
    if (strncmp(names + i, "user.", 5) != 0) continue;
    count++;
    a |= strcmp(names + i, "user.a") == 0;
    b |= strcmp(names + i, "user.b") == 0;
  }
  printf("%d user attributes, a %d b %d\n", count, a, b);
}

int main(void) {
  enter_work_directory();
  put_file("f", "");
  mkdir("d", 0755);
  symlink("f", "l");
  char b[64] = {0};
  list("f");
  SHOW(getxattr("f", "user.a", b, sizeof b));
  SHOW(setxattr("f", "user.a", "value", 5, 0));
  SHOW(getxattr("f", "user.a", b, sizeof b));
  puts(b);
  SHOW(getxattr("f", "user.a", b, 2));
  SHOW(getxattr("f", "user.a", NULL, 0));
  SHOW(setxattr("f", "user.a", "other", 5, XATTR_CREATE));
  SHOW(setxattr("f", "user.b", "other", 5, XATTR_REPLACE));
  SHOW(setxattr("f", "user.b", "", 0, XATTR_CREATE));
  SHOW(getxattr("f", "user.b", b, sizeof b));
  SHOW(setxattr("f", "user.a", "longer value", 12, XATTR_REPLACE));
  SHOW(getxattr("f", "user.a", b, sizeof b));
  list("f");
  SHOW(listxattr("f", b, 1));
  SHOW(removexattr("f", "user.b"));
  SHOW(removexattr("f", "user.b"));
  list("f");
  SHOW(setxattr("f", "user.", "x", 1, 0));
  SHOW(setxattr("f", "nonsense.a", "x", 1, 0));
  SHOW(setxattr("f", "", "x", 1, 0));
  SHOW(setxattr("missing", "user.a", "x", 1, 0));
  SHOW(setxattr("d", "user.a", "dir", 3, 0));
  SHOW(getxattr("d", "user.a", b, sizeof b));
  SHOW(lsetxattr("l", "user.a", "x", 1, 0));
  SHOW(getxattr("l", "user.a", b, sizeof b));
  SHOW(lgetxattr("l", "user.a", b, sizeof b));
  int fd = open("f", O_RDWR);
  SHOW(fsetxattr(fd, "user.fd", "1", 1, 0));
  SHOW(fgetxattr(fd, "user.fd", b, sizeof b));
  SHOW(fremovexattr(fd, "user.fd"));
  SHOW(flistxattr(fd, NULL, 0) > 0);
  /* They follow the file, not its name. */
  SHOW(rename("f", "g"));
  SHOW(getxattr("g", "user.a", b, sizeof b));
  SHOW(setxattr("g", "user.a", "x", 1, 8));
  return 0;
}
