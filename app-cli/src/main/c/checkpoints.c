#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "checkpoint.h"
#include "checkpoints.h"

extern char **environ;

enum {
  PATIENCE = 5,  /* seconds; what runs now has the processors */
  MOST_LEFT = 3, /* other ones that are kept: another language, another build */
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

/* Removes those of earlier boots, and of the others all but the newest. */
static void clear(const char *directory) {
  struct timespec now, up;
  int left = 0;
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &up);
  struct dirent **entries;
  int count = scandir(directory, &entries, NULL, NULL);
  for (int i = 0; i < count; i++) {
    char path[CHECKPOINT_PATH];
    struct stat st;
    if (!strncmp(entries[i]->d_name, prefix, sizeof prefix - 1) &&
        snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name) < (int)sizeof path && !lstat(path, &st) &&
        (st.st_mtim.tv_sec < now.tv_sec - up.tv_sec - 60 || ++left > MOST_LEFT))
      unlink(path);
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
}

/* Room for it and for what comes: a checkpoint is no reason for a full disk. */
static int make_directory(const char *directory) {
  char parent[CHECKPOINT_PATH];
  struct stat st;
  snprintf(parent, sizeof parent, "%s", directory);
  *strrchr(parent, '/') = 0;
  if (mkdir(parent, 0700) && errno != EEXIST)
    return 0;
  if (mkdir(directory, 0700) && errno != EEXIST)
    return 0;
  return !lstat(directory, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022);
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
