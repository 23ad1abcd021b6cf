/* Folders: listing, seeking, changes during a listing, the current folder, mkdir's errors. */
#include <dirent.h>

#include "show.h"

static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

static void list(const char *name) {
  char *names[64];
  int n = 0;
  DIR *d = opendir(name);
  NEED(d != NULL);
  for (struct dirent *e; (e = readdir(d)) != NULL && n < 64;) {
    struct stat st;
    NEED(fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0);
    char text[300];
    snprintf(text, sizeof text, "%s/%s%s", e->d_name,
             e->d_type == DT_DIR    ? "dir"
             : e->d_type == DT_REG  ? "file"
             : e->d_type == DT_LNK  ? "link"
             : e->d_type == DT_FIFO ? "fifo"
             : e->d_type == DT_SOCK ? "sock"
                                    : "?",
             st.st_ino == e->d_ino || strcmp(e->d_name, "..") == 0 ? "" : " WRONG INODE");
    names[n++] = strdup(text);
  }
  closedir(d);
  qsort(names, (size_t)n, sizeof *names, compare);
  printf("%s:", name);
  for (int i = 0; i < n; i++) printf(" %s", names[i]);
  puts("");
}

/* A place in a folder of /proc that no entry has. */
static void beyond(void) {
  char b[512];
  int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
  static const long places[] = {0x1fffffffeL, 0x7fffffff, 0x80000000L, 1L << 40};
  for (int i = 0; i < 4; i++) {
    lseek(fd, places[i], SEEK_SET); /* Linux does not go so far */
    HOLDS(getdents64(fd, b, sizeof b) >= 0);
  }
  close(fd);
}

int main(void) {
  enter_work_directory();
  beyond();
  SHOW(mkdir("d", 0755));
  SHOW(mkdir("d", 0755));
  SHOW(mkdir("d/a/b", 0755));
  SHOW(mkdir("d/a/", 01777));
  put_file("d/f", "");
  SHOW(mkdir("d/f/x", 0755));
  SHOW(symlink("f", "d/l"));
  SHOW(mkdir("d/l", 0755));
  SHOW(mkfifo("d/p", 0644));
  SHOW(mkdir("", 0755));
  list("d");
  list("d/a");
  struct stat st;
  stat("d/a", &st);
  printf("mode %o\n", st.st_mode);
  stat("d", &st);
  printf("links %d\n", (int)st.st_nlink);

  /* A large folder is listed whole, each name once, also when names go meanwhile. */
  mkdir("many", 0755);
  char name[300];
  for (int i = 0; i < 2000; i++) {
    snprintf(name, sizeof name, "many/entry-with-a-long-name-%d", i);
    int fd = open(name, O_CREAT | O_WRONLY, 0644);
    NEED(fd >= 0);
    close(fd);
  }
  static int seen[2000];
  int total = 0, twice = 0;
  DIR *d = opendir("many");
  for (struct dirent *e; (e = readdir(d)) != NULL;) {
    int i;
    if (sscanf(e->d_name, "entry-with-a-long-name-%d", &i) != 1) continue;
    total++;
    twice += seen[i]++ > 0;
    snprintf(name, sizeof name, "many/%s", e->d_name);
    NEED(unlink(name) == 0);
  }
  printf("%d entries, %d twice\n", total, twice);
  rewinddir(d);
  total = 0;
  while (readdir(d) != NULL) total++;
  printf("%d left\n", total);
  SHOW(rmdir("many"));
  SHOW(readdir(d) == NULL);
  SHOW_OK(openat(dirfd(d), "x", O_CREAT | O_WRONLY, 0644));
  closedir(d);

  /* telldir and seekdir come back to the same entry. */
  d = opendir("d");
  readdir(d);
  long at = telldir(d);
  struct dirent *e = readdir(d);
  snprintf(name, sizeof name, "%s", e->d_name);
  readdir(d);
  seekdir(d, at);
  e = readdir(d);
  HOLDS(strcmp(name, e->d_name) == 0);
  closedir(d);

  /* The current folder. */
  char cwd[512], again[512];
  HOLDS(getcwd(cwd, sizeof cwd) != NULL);
  HOLDS(strcmp(cwd, work_directory) == 0);
  SHOW(chdir("d/a"));
  HOLDS(getcwd(again, sizeof again) != NULL);
  puts(again + strlen(cwd));
  SHOW(getcwd(again, 3) == NULL);
  puts(error_name(errno));
  SHOW(chdir(".."));
  SHOW(chdir("f"));
  SHOW(chdir("missing"));
  SHOW(chdir("../d/./a/../a"));
  HOLDS(getcwd(again, sizeof again) != NULL);
  puts(again + strlen(cwd));
  int fd = open("..", O_RDONLY | O_DIRECTORY);
  SHOW(fchdir(fd));
  HOLDS(getcwd(again, sizeof again) != NULL);
  puts(again + strlen(cwd));
  mkdir("gone", 0755);
  SHOW(chdir("gone"));
  SHOW(rmdir("../gone"));
  SHOW(getcwd(again, sizeof again) == NULL);
  puts(error_name(errno));
  SHOW_OK(open(".", O_RDONLY));
  SHOW_OK(open("x", O_CREAT | O_WRONLY, 0644));
  SHOW(mkdir("x", 0755));
  SHOW(chdir(work_directory));
  SHOW(chdir("/.."));
  HOLDS(getcwd(again, sizeof again) != NULL && strcmp(again, "/") == 0);
  SHOW(chdir(work_directory));

  /* A folder in which setgid is set hands its group on. */
  mkdir("sg", 0755);
  if (geteuid() == 0) SHOW(chown("sg", 0, 100));
  SHOW(chmod("sg", 02775));
  SHOW(mkdir("sg/sub", 0755));
  stat("sg/sub", &st);
  printf("mode %o\n", st.st_mode);
  put_file("sg/file", "");
  struct stat parent;
  stat("sg", &parent);
  stat("sg/file", &st);
  HOLDS(st.st_gid == parent.st_gid);
  return 0;
}
