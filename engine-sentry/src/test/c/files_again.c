/* A folder that is listed again and again: in buffers of all sizes, from each place, by the old call too, with changes between. */
#include <dirent.h>
#include <sys/syscall.h>

#include "show.h"

enum { MOST = 64, NAMES = 40 };

struct old_entry {
  unsigned long ino, off;
  unsigned short length;
  char name[];
};

static char names[MOST][32];
static long offsets[MOST];
static int count;

/* Takes the names of what a call gave. */
static void take(const char *b, long n, int old) {
  for (long at = 0; at < n && count < MOST;) {
    const struct dirent64 *e = (const void *)(b + at);
    const struct old_entry *o = (const void *)(b + at);
    HOLDS(e->d_reclen % 8 == 0 && (old ? o->name : e->d_name) + strlen(old ? o->name : e->d_name) < b + at + e->d_reclen);
    snprintf(names[count], sizeof names[0], "%.24s.%d", old ? o->name : e->d_name, old ? b[at + o->length - 1] : e->d_type);
    offsets[count++] = (long)e->d_off;
    at += e->d_reclen;
  }
}

/* Lists from where the descriptor stands; the errno that ended it, or 0. */
static int list(int fd, int size, int old) {
  char b[4096];
  long n;
  while ((n = syscall(old ? SYS_getdents : SYS_getdents64, fd, b, size)) > 0) take(b, n, old);
  return n < 0 ? errno : 0;
}

static int compare(const void *a, const void *b) { return strcmp(a, b); }

static void show(const char *what) {
  qsort(names, (size_t)count, sizeof names[0], compare);
  printf("%s: %d:", what, count);
  for (int i = 0; i < count; i++) printf(" %s", names[i]);
  puts("");
  count = 0;
}

static void make(int i) {
  char name[40];
  snprintf(name, sizeof name, "d/%.*s%d", i % 20, "abcdefghijklmnopqrst", i);
  if (i % 5 == 0)
    mkdir(name, 0755);
  else
    put_file(name, "");
}

int main(void) {
  enter_work_directory();
  mkdir("d", 0755);
  for (int i = 0; i < NAMES; i++) make(i);
  int fd = open("d", O_RDONLY | O_DIRECTORY);
  for (int again = 0; again < 3; again++) {
    lseek(fd, 0, SEEK_SET);
    SHOW(list(fd, 4096, 0));
    show("whole");
  }
  for (int old = 0; old < 2; old++)
    for (int size = 48; size < 4096; size += size) {
      lseek(fd, 0, SEEK_SET);
      SHOW(list(fd, size, old));
      show("in parts");
    }
  lseek(fd, 0, SEEK_SET);
  SHOW(list(fd, 23, 0)); /* not even "." */
  count = 0;

  /* From behind each entry the rest follows. */
  lseek(fd, 0, SEEK_SET);
  list(fd, 4096, 0);
  static long places[MOST];
  static char order[MOST][32];
  int all = count;
  memcpy(places, offsets, sizeof places);
  memcpy(order, names, sizeof order);
  count = 0;
  for (int i = 0; i < all - 1; i++) {
    lseek(fd, places[i], SEEK_SET);
    list(fd, 4096, 0);
    HOLDS(count == all - 1 - i && strcmp(names[0], order[i + 1]) == 0);
    count = 0;
  }

  /* What came and went shows at once. */
  for (int i = 0; i < 6; i++) {
    if (i % 2 == 0)
      make(NAMES + i);
    else
      SHOW(rmdir(i == 1 ? "d/0" : i == 3 ? "d/abcde5" : "d/abcdefghij10"));
    lseek(fd, 0, SEEK_SET);
    list(fd, 512, 0);
    show("changed");
    lseek(fd, 0, SEEK_SET);
    list(fd, 4096, 0);
    show("again");
  }
  SHOW(rename("d/a1", "d/renamed"));
  lseek(fd, 0, SEEK_SET);
  list(fd, 4096, 0);
  show("renamed");
  return 0;
}
