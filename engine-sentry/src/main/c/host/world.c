/*
 * Namespaces for a process with threads, and a root with nothing in it but what it is left (confine.c): one thread makes them, the
 * others follow by setns(2), each for itself. A user namespace cannot be entered so: who has no right to make these brings one along
 * from before its JVM was started (engine-microvm's enclosure).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "walls.h"

#define DESCRIPTORS "/proc/self/fd"
#define STAGE "/tmp" /* where the root is until it is the root */

enum { MAX_PLACES = 512 };

/* What of the host's tree goes where in ours. */
static struct place {
  char *path;     /* on the host; NULL: nothing of it, a directory of ours */
  char *at;       /* below the root */
  int stands_for; /* a descriptor that is to lead there; or negative */
  int tree;       /* a detached mount, or with O_PATH a link; or negative */
  bool writable;
} *places;
static int count;

static struct {
  const char *name;
  int flag, fd;
} kinds[] = {{"net", CLONE_NEWNET, -1}, {"ipc", CLONE_NEWIPC, -1}, {"uts", CLONE_NEWUTS, -1}, {"cgroup", CLONE_NEWCGROUP, -1}, {"mnt", CLONE_NEWNS, -1}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };
static bool made;

bool has_world(void) {
  return made;
}

static bool is_below(const char *path, const char *directory) {
  size_t length = strlen(directory);

  return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* 0 or an errno. */
static int add(const char *path, const char *root, const char *at, int stands_for, bool writable) {
  char whole[PATH_MAX];

  if ((size_t)snprintf(whole, sizeof whole, "%s%s", root, at) >= sizeof whole)
    return ENAMETOOLONG;
  for (int i = 0; i < count; i++)
    if (strcmp(places[i].at, whole) == 0) {
      places[i].writable |= writable;
      return 0;
    }
  if (count == MAX_PLACES)
    return E2BIG;
  places[count] = (struct place){path ? strdup(path) : NULL, strdup(whole), stands_for, -1, writable};
  if ((path && !places[count].path) || !places[count].at)
    return ENOMEM;
  count++;
  return 0;
}

/* A rule of confine.c, while the host's tree is there. */
static int add_place(const char *rule) {
  char target[PATH_MAX], number[16];
  const char *path = rule + 1;
  bool writable = strchr("wfdpm", rule[0]) != NULL;
  struct stat st;

  if (is_below(path, DESCRIPTORS)) {
    int fd = atoi(path + sizeof DESCRIPTORS);
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n < 0)
      return errno;
    target[n] = 0;
    snprintf(number, sizeof number, "/%d", fd);
    return rule[0] == 'b' ? add(NULL, "", "/machine", fd, false) : add(target, "/given", number, fd, writable);
  }
  switch (rule[0]) {
  case 'h':
    return add(path, "/machine", path, -1, false);
  case 'e':
    return lstat(path, &st) == 0 ? add(NULL, "/machine", path, -1, false) : 0;
  }
  int error = add(path, "", path, -1, writable);
  if (!error && realpath(path, target) && strcmp(path, target) != 0)
    error = add(target, "", target, -1, writable);
  return error;
}

static int in_order(const void *a, const void *b) {
  size_t one = strlen(((const struct place *)a)->at), other = strlen(((const struct place *)b)->at);

  return one < other ? -1 : one > other;
}

/* A mount point inside could not be taken away, as the run directory is at its end. */
static bool is_in_another(int place) {
  for (int i = 0; i < place; i++)
    if (places[place].writable && places[i].writable && is_below(places[place].at, places[i].at))
      return true;
  return false;
}

static int take(struct place *p) {
  struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID};
  struct stat here, there;
  int source = AT_FDCWD, how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
  const char *name = p->path;

  if (!name)
    return 0;
  if (lstat(name, &there) == 0 && S_ISLNK(there.st_mode) && is_below(p->at, "/machine")) {
    /* Such as /lib, which leads into /usr. */
    p->tree = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return p->tree < 0 ? errno : 0;
  }
  if (p->stands_for >= 0) {
    source = open(name, O_PATH | O_CLOEXEC);
    if (source < 0)
      return errno;
    if (fstat(source, &there) != 0 || fstat(p->stands_for, &here) != 0 || here.st_dev != there.st_dev || here.st_ino != there.st_ino) {
      close(source);
      return ESTALE;
    }
    name = "";
    how |= AT_EMPTY_PATH;
  }
  p->tree = (int)syscall(SYS_open_tree, source, name, how);
  int error = p->tree < 0 ? errno : 0;
  if (source >= 0)
    close(source);
  if (error) /* What is not there, or cannot be reached, Landlock has no rule for either. */
    return (error == ENOENT || error == ENOTDIR || error == EACCES) && p->stands_for < 0 ? 0 : error;
  if (!is_below(p->at, "/dev"))
    attr.attr_set |= MOUNT_ATTR_NODEV;
  if (!p->writable)
    attr.attr_set |= MOUNT_ATTR_RDONLY;
  /* Of the rest, the JDK loads libraries. */
  if (p->writable || is_below(p->at, "/machine") || is_below(p->at, "/given"))
    attr.attr_set |= MOUNT_ATTR_NOEXEC;
  return syscall(SYS_mount_setattr, p->tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) == 0 ? 0 : errno;
}

static int make_directories(char *path, bool last) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    int r = mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : errno;
    *slash = '/';
    if (r)
      return r;
  }
  return !last || mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : errno;
}

static int put(struct place *p) {
  char path[PATH_MAX], target[PATH_MAX];
  struct stat st;

  if (p->path && p->tree < 0)
    return 0;
  if ((size_t)snprintf(path, sizeof path, STAGE "%s", p->at) >= sizeof path)
    return ENAMETOOLONG;
  if (!p->path)
    return make_directories(path, true);
  if (fstatat(p->tree, "", &st, AT_EMPTY_PATH) != 0)
    return errno;
  int error = make_directories(path, S_ISDIR(st.st_mode));
  if (error)
    return error;
  if (S_ISLNK(st.st_mode)) {
    ssize_t n = readlinkat(p->tree, "", target, sizeof target - 1);
    if (n < 0)
      return errno;
    target[n] = 0;
    return symlink(target, path) == 0 || errno == EEXIST ? 0 : errno;
  }
  if (!S_ISDIR(st.st_mode) && mknod(path, S_IFREG | 0444, 0) != 0 && errno != EEXIST)
    return errno;
  return syscall(SYS_move_mount, p->tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) == 0 ? 0 : errno;
}

/* Makes a root of all places, and lets descriptors lead into it. */
static int make_root(void) {
  unsigned long bare = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  int error = 0;

  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    return errno;
  for (int i = 0; i < count && !error; i++)
    error = is_in_another(i) ? 0 : take(&places[i]);
  if (!error && mount("world", STAGE, "tmpfs", bare, "size=256k,mode=0755") != 0)
    error = errno;
  for (int i = 0; i < count && !error; i++)
    error = is_in_another(i) ? 0 : put(&places[i]);
  if (error)
    return error;
  if (mount(NULL, STAGE, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | bare, NULL) != 0 || chdir(STAGE) != 0 ||
      syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
    return errno;
  for (int i = 0; i < count; i++) {
    struct place *p = &places[i];
    int fd = p->stands_for < 0 || p->path ? p->tree : open(p->at, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (p->stands_for >= 0 && (fd < 0 || dup3(fd, p->stands_for, O_CLOEXEC) < 0))
      return errno;
    if (fd >= 0)
      close(fd);
  }
  return 0;
}

int make_world(const char *const *rules) {
  char path[64];
  int error = 0, flags = 0;

  /* Older than what is needed: better found out while there is a way back. */
  if (syscall(SYS_mount_setattr, -1, "", 0, NULL, 0) != 0 && errno == ENOSYS)
    return ENOSYS;
  places = calloc(MAX_PLACES, sizeof *places);
  if (!places)
    return ENOMEM;
  /* By which it opens for real what it has found. */
  snprintf(path, sizeof path, "/proc/%d/fd", (int)getpid());
  error = add(path, "", DESCRIPTORS, -1, false);
  for (; *rules && !error; rules++)
    error = add_place(*rules);
  qsort(places, (size_t)count, sizeof *places, in_order);
  for (int i = 0; i < KINDS; i++)
    flags |= kinds[i].flag;
  if (!error && unshare(flags) != 0)
    error = errno;
  else if (!error)
    made = true;
  for (int i = 0; i < KINDS && !error; i++) {
    snprintf(path, sizeof path, "/proc/thread-self/ns/%s", kinds[i].name);
    kinds[i].fd = open(path, O_RDONLY | O_CLOEXEC);
    if (kinds[i].fd < 0)
      error = errno;
  }
  if (!error)
    error = make_root();
  for (int i = 0; i < count; i++) {
    free(places[i].path);
    free(places[i].at);
  }
  free(places);
  return error;
}

int enter_world(void) {
  if (made && unshare(CLONE_FS) != 0)
    return errno;
  for (int i = 0; i < KINDS && made; i++)
    if (setns(kinds[i].fd, kinds[i].flag) != 0)
      return errno;
  return 0;
}

void close_world(void) {
  for (int i = 0; i < KINDS; i++)
    if (kinds[i].fd >= 0)
      close(kinds[i].fd);
}
