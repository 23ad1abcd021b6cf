#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "checkpoint.h"
#include "checkpoints.h"

extern char **environ;

enum {
  PATIENCE = 5,  /* seconds; what runs now has the processors */
  MOST_LEFT = 3, /* other ones that are kept: another language, another build */
  MOST_FOUND = 64,
  ROOM = 1024, /* MiB that the disk must have left */
  WORST_NICE = 19,
};

static const char prefix[] = "start-";

static int is(const char *name, const char *value) {
  const char *found = getenv(name);
  return found && !strcmp(found, value);
}

/* In the user's cache, which is the user's alone. */
static int directory_of(char *out, size_t size) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  int length;
  if (cache && *cache == '/')
    length = snprintf(out, size, "%s/vivarium", cache);
  else if (home && *home == '/')
    length = snprintf(out, size, "%s/.cache/vivarium", home);
  else
    return 0;
  return length > 0 && (size_t)length < size;
}

/* FNV-1a, 64 bits: surroundings have names of their own; the whole of them is in the file, and compared. */
static uint64_t digest(const char *bytes, size_t size) {
  uint64_t value = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; i++)
    value = (value ^ (unsigned char)bytes[i]) * 0x100000001b3;
  return value;
}

static int is_usable(const char *path) {
  struct stat st;
  return !lstat(path, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022);
}

struct found {
  time_t made;
  char name[256];
};

static int newest_first(const void *a, const void *b) {
  time_t x = ((const struct found *)a)->made, y = ((const struct found *)b)->made;
  return (x < y) - (x > y);
}

/* Removes those of earlier boots, and of the others all but the newest. */
static void clear(const char *directory) {
  struct found all[MOST_FOUND];
  int count = 0;
  struct timespec now, up;
  struct dirent *entry;
  DIR *open = opendir(directory);
  if (!open)
    return;
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &up);
  while (count < MOST_FOUND && (entry = readdir(open))) {
    struct stat st;
    if (strncmp(entry->d_name, prefix, sizeof prefix - 1) || fstatat(dirfd(open), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
      continue;
    snprintf(all[count].name, sizeof all->name, "%s", entry->d_name);
    all[count++].made = st.st_mtim.tv_sec;
  }
  qsort(all, (size_t)count, sizeof *all, newest_first);
  for (int i = 0; i < count; i++)
    if (i >= MOST_LEFT || all[i].made < now.tv_sec - up.tv_sec - 60)
      unlinkat(dirfd(open), all[i].name, 0);
  closedir(open);
}

/* For its user alone, and not where it could fill the disk. */
static int make_directory(const char *directory) {
  char parent[CHECKPOINT_PATH];
  struct stat st;
  struct statvfs disk;
  snprintf(parent, sizeof parent, "%s", directory);
  *strrchr(parent, '/') = 0;
  if (mkdir(parent, 0700) && errno != EEXIST)
    return 0;
  if (mkdir(directory, 0700) && errno != EEXIST)
    return 0;
  return !lstat(directory, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022) && !statvfs(directory, &disk) &&
         (uint64_t)disk.f_bavail * disk.f_frsize >> 20 >= ROOM;
}

/* Becomes the JVM that writes itself down. Its own descriptors lie above those that whoever begins with the checkpoint may have. */
static _Noreturn void make(const char *path, const char *jar, const char *java, const char *arguments, const char *cache, int talkative) {
  int null = open("/dev/null", O_RDWR);
  if (null < 0)
    _exit(1);
  if (!talkative)
    dup2(null, 1), dup2(null, 2);
  dup2(null, 0);
  close_range(3, ~0u, 0);
  for (int number = 1; number < NSIG; number++)
    signal(number, SIG_DFL); /* What a JVM finds ignored it ignores. */
  for (int fd = 3; fd < CHECKPOINT_FIRST_DESCRIPTOR; fd++)
    if (dup(2) < 0)
      _exit(1);
  setenv("MALLOC_ARENA_MAX", "1", 0);
  setenv("MALLOC_TRIM_THRESHOLD_", "131072", 0);
  unsetenv("VIVARIUM_CHECKPOINT");
  if (chdir("/"))
    _exit(1);
  execl(java, java, arguments, cache, "dev.vivarium.cli.CheckpointMain", path, jar, (char *)NULL);
  _exit(1);
}

/* In a process of its own, which nobody waits for, unless it is wanted now. One at a time. */
static void begin(const char *directory, const char *path, const char *jar, const char *java, const char *arguments, const char *cache, int now) {
  char lock[CHECKPOINT_PATH];
  int status;
  pid_t child = fork();
  if (child < 0)
    return;
  if (child) {
    waitpid(child, &status, 0);
    return;
  }
  if (!now) {
    setsid();
    if (fork())
      _exit(0);
  }
  signal(SIGHUP, SIG_IGN);
  if (!make_directory(directory))
    _exit(1);
  snprintf(lock, sizeof lock, "%s/.making", directory);
  int held = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (held < 0 || flock(held, now ? LOCK_EX : LOCK_EX | LOCK_NB))
    _exit(1);
  if (!now) {
    /* Whose pipes these are must not wait for this process. */
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2; fd++)
      dup2(null, fd);
    setpriority(PRIO_PROCESS, 0, WORST_NICE);
    sleep(PATIENCE);
  }
  if (is_usable(path))
    _exit(0);
  clear(directory);
  child = fork();
  if (child == 0)
    make(path, jar, java, arguments, cache, now);
  waitpid(child, &status, 0);
  _exit(0);
}

const char *checkpoint_for_now(const char *jar, const char *java, const char *arguments, const char *cache, int wanted) {
  static char directory[CHECKPOINT_PATH - 64], path[CHECKPOINT_PATH];
  char identity[CHECKPOINT_IDENTITY];
  int now = is("VIVARIUM_CHECKPOINT", "now");
  if (is("VIVARIUM_CHECKPOINT", "off") || !directory_of(directory, sizeof directory))
    return NULL;
  checkpoint_identity(identity, environ, jar);
  snprintf(path, sizeof path, "%s/%s%016lx", directory, prefix, digest(identity, sizeof identity));
  if (is_usable(path))
    return path;
  if (wanted && (now || !is("VIVARIUM_NO_TRAINING", "1")))
    begin(directory, path, jar, java, arguments, cache, now);
  return now && is_usable(path) ? path : NULL;
}
