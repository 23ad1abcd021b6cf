/* inotify: what is told of each change. */
#include <dirent.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include "show.h"

static int in;

static const struct {
  unsigned bit;
  const char *name;
} names[] = {{IN_ACCESS, "access"},         {IN_MODIFY, "modify"},
             {IN_ATTRIB, "attrib"},         {IN_CLOSE_WRITE, "close-write"},
             {IN_CLOSE_NOWRITE, "close"},   {IN_OPEN, "open"},
             {IN_MOVED_FROM, "moved-from"}, {IN_MOVED_TO, "moved-to"},
             {IN_CREATE, "create"},         {IN_DELETE, "delete"},
             {IN_DELETE_SELF, "delete-self"}, {IN_MOVE_SELF, "move-self"},
             {IN_UNMOUNT, "unmount"},       {IN_Q_OVERFLOW, "overflow"},
             {IN_IGNORED, "ignored"},       {IN_ISDIR, "dir"}};

static void show(const char *what) {
  char b[65536] __attribute__((aligned(8)));
  ssize_t n = read(in, b, sizeof b);
  unsigned cookie = 0;
  printf("%s:", what);
  if (n < 0) printf(" %s", error_name(errno));
  for (ssize_t at = 0; at < n;) {
    struct inotify_event *e = (struct inotify_event *)(b + at);
    printf(" [%d", e->wd);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
      if (e->mask & names[i].bit) printf(" %s", names[i].name);
    if (e->len) printf(" %s/%u", e->name, e->len);
    if (e->cookie) printf(" %s", e->cookie == cookie ? "same" : "new");
    cookie = e->cookie;
    printf("]");
    at += sizeof *e + e->len;
  }
  puts("");
}

int main(void) {
  char b[100];
  enter_work_directory();
  SHOW(inotify_init1(1));
  in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  HOLDS(fcntl(in, F_GETFD) == FD_CLOEXEC);
  mkdir("d", 0755);
  put_file("file", "content");
  symlink("file", "link");
  SHOW(inotify_add_watch(in, "nothing", IN_ALL_EVENTS));
  SHOW(inotify_add_watch(in, "d", 0));
  SHOW(inotify_add_watch(99, "d", IN_ALL_EVENTS));
  SHOW(inotify_add_watch(1, "d", IN_ALL_EVENTS));
  SHOW(inotify_add_watch(in, NULL, IN_ALL_EVENTS));
  SHOW(inotify_add_watch(in, "file", IN_ALL_EVENTS | IN_ONLYDIR));
  SHOW(inotify_add_watch(in, "d", IN_ALL_EVENTS));
  SHOW(inotify_add_watch(in, "d", IN_ALL_EVENTS));
  SHOW(inotify_add_watch(in, "d", IN_ALL_EVENTS | IN_MASK_CREATE));
  SHOW(inotify_add_watch(in, "d", IN_ALL_EVENTS | IN_MASK_CREATE | IN_MASK_ADD));
  SHOW(inotify_rm_watch(in, 77));
  SHOW(inotify_rm_watch(99, 1));
  SHOW(inotify_rm_watch(1, 1));
  show("nothing");

  int fd = open("d/new", O_RDWR | O_CREAT, 0644);
  show("made");
  write(fd, "hello", 5);
  show("written");
  write(fd, "hello", 5);
  write(fd, "hello", 5);
  show("written twice, told once");
  pread(fd, b, 10, 0);
  show("read");
  pread(fd, b, 10, 100);
  show("read at the end");
  ftruncate(fd, 3);
  show("truncated");
  fchmod(fd, 0600);
  show("mode");
  fchown(fd, geteuid(), getegid());
  show("owner");
  struct timespec both[2] = {{1, 0}, {2, 0}}, later[2] = {{0, UTIME_OMIT}, {3, 0}};
  futimens(fd, both);
  show("times");
  futimens(fd, later);
  show("one time");
  close(fd);
  show("closed");
  fd = open("d/new", O_RDONLY);
  close(fd);
  show("opened and closed");
  fd = open("d/new", O_PATH);
  close(fd);
  show("by path only");
  truncate("d/new", 1);
  show("truncate");
  link("d/new", "d/second");
  show("linked");
  symlink("new", "d/symbolic");
  show("symbolic");
  mkfifo("d/fifo", 0600);
  show("fifo");
  mkdir("d/sub", 0755);
  show("directory");
  rename("d/new", "d/other");
  show("renamed");
  rename("d/other", "outside");
  show("moved out");
  rename("outside", "d/a-much-longer-name-than-before");
  show("moved in");
  rename("d/sub", "d/under");
  show("directory renamed");
  rename("d/a-much-longer-name-than-before", "d/second"); /* the same file: nothing is done */
  show("onto itself");
  unlink("d/symbolic");
  unlink("d/fifo");
  rmdir("d/under");
  show("removed");
  DIR *dir = opendir("d");
  while (readdir(dir)) {
  }
  closedir(dir);
  show("listed");
  chmod("d", 0700);
  show("mode of the watched");
  int one, two;
  put_file("d/x", "x");
  SHOW(ioctl(in, FIONREAD, &one));
  SHOW(read(in, b, 10));
  two = read(in, b, 32);
  printf("%d of %d\n", two, one);
  show("rest");

  /* The file itself. */
  int wd = SHOW(inotify_add_watch(in, "d/x", IN_ALL_EVENTS));
  fd = open("d/x", O_RDWR);
  write(fd, "y", 1);
  show("both told");
  unlink("d/x");
  show("unlinked while open");
  write(fd, "z", 1);
  close(fd);
  show("last close");
  SHOW(inotify_rm_watch(in, wd));
  put_file("d/y", "y");
  show("y");
  wd = SHOW(inotify_add_watch(in, "d/y", IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB));
  rename("d/y", "d/z");
  show("moved");
  link("d/z", "linked");
  show("one more name");
  unlink("linked");
  show("one less");
  put_file("d/w", "w");
  show("w");
  rename("d/w", "d/z");
  show("replaced");

  /* Only what was asked for. */
  int d2 = inotify_init1(IN_NONBLOCK), saved = in;
  close(in);
  in = d2;
  (void)saved;
  SHOW(inotify_add_watch(in, "d", IN_CREATE));
  put_file("d/p", "p");
  show("only made");
  SHOW(inotify_add_watch(in, "d", IN_DELETE | IN_MASK_ADD));
  put_file("d/q", "q");
  unlink("d/q");
  show("made and removed");
  SHOW(inotify_add_watch(in, "d", IN_OPEN | IN_ONESHOT));
  put_file("d/p", "p");
  put_file("d/p", "p");
  show("once");
  wd = inotify_add_watch(in, "link", IN_OPEN);
  fd = open("file", O_RDONLY);
  show("through the link");
  close(fd);
  SHOW(inotify_rm_watch(in, wd));
  show("ignored");
  wd = inotify_add_watch(in, "link", IN_ATTRIB | IN_DONT_FOLLOW);
  chmod("file", 0600);
  show("the link itself");
  inotify_rm_watch(in, wd);
  show("ignored");
  wd = inotify_add_watch(in, "d", IN_MODIFY | IN_DELETE | IN_EXCL_UNLINK);
  fd = open("d/p", O_RDWR);
  unlink("d/p");
  write(fd, "x", 1);
  show("not after the name is gone");
  close(fd);
  inotify_rm_watch(in, wd);
  show("ignored");
  mkdir("e", 0755);
  wd = inotify_add_watch(in, "e", IN_ALL_EVENTS);
  mkdir("e/f", 0755);
  inotify_add_watch(in, "e/f", IN_ALL_EVENTS);
  rename("e/f", "e/g");
  show("directory moved");
  rmdir("e/g");
  show("directory removed");
  rmdir("e");
  show("the watched one removed");

  /* poll and a blocking read. */
  inotify_add_watch(in, ".", IN_CREATE);
  struct pollfd p = {in, POLLIN, 0};
  SHOW(poll(&p, 1, 0));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    sleep_ms(20);
    put_file("late", "x");
    _exit(0);
  }
  SHOW(poll(&p, 1, 10000));
  show("by the child");
  waitpid(pid, NULL, 0);
  return 0;
}
