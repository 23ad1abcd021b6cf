/*
 * Confines the process that it is called in, all threads of it. Namespaces are of one thread, what Landlock and capabilities take away
 * they take from one thread, and a JVM has two dozen when a sandbox is ready; so each gets a signal, in whose handler it confines itself
 * and then stands still until all others have. A thread that stands still makes no new one: once a look at all threads
 * finds none that moves, there is none left, and whoever is made later inherits the walls.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "walls.h"

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define ACCESS_IOCTL_DEV (1ULL << 15)
#define EVERYTHING ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)

/* What the threads that stand are told. */
enum { GO = 1, GO_WITH_FILTER };

enum { MAX_THREADS = 4096, PATIENCE_MILLIS = 5000, SLICE_NANOS = 2000000 };

/* A signal that neither the C library nor HotSpot nor the JDK uses. */
#define STAND_STILL (SIGRTMIN + 9)

/* tid of a thread that was called, 0 if it ended instead of coming; and whether it stands. */
struct called {
  _Atomic int tid;
  _Atomic bool stands;
};

static struct called threads[MAX_THREADS];
static _Atomic int count;
/* Counts those that came: what the caller sleeps on. */
static _Atomic int arrivals;
static _Atomic int over;
static _Atomic long failure;
static int ruleset = -1;
/* What it rules over. */
static uint64_t handled;

static long failed(enum wall wall, int error) {
  return -((long)wall << WALL_SHIFT | error);
}

static void sleep_on(_Atomic int *word, int value, long nanos) {
  struct timespec time = {0, nanos};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nanos ? &time : NULL, NULL, 0);
}

static void wake(_Atomic int *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Capabilities that stay, if it has them. */
static uint32_t kept;

/*
 * Of the calling thread. Async-signal-safe. The bounding set stays as it is: it counts at an exec alone, which there is none
 * of, and to empty it takes 41 calls for each thread.
 */
static long confine_thread(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct has[2] = {0}, stay[2] = {0};

  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return failed(WALL_PRIVILEGES, errno);
  if (ruleset >= 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
    return failed(WALL_PATHS, errno);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (kept && syscall(SYS_capget, &header, has) == 0)
    stay[0].permitted = stay[0].effective = has[0].permitted & kept;
  if (syscall(SYS_capset, &header, stay) != 0)
    return failed(WALL_PRIVILEGES, errno);
  return 0;
}

static void stand_still(int signal) {
  int saved = errno;
  int self = (int)syscall(SYS_gettid);
  int apart = enter_world();
  long error = apart ? failed(WALL_WORLD, apart) : confine_thread();

  (void)signal;
  if (error)
    atomic_store(&failure, error);
  for (int i = 0; i < atomic_load(&count); i++)
    if (atomic_load(&threads[i].tid) == self)
      atomic_store(&threads[i].stands, true);
  atomic_fetch_add(&arrivals, 1);
  wake(&arrivals);
  while (!atomic_load(&over))
    sleep_on(&over, 0, 0);
  if (atomic_load(&over) == GO_WITH_FILTER) {
    int refused = restrict_own_calls();
    if (refused)
      atomic_store(&failure, failed(WALL_CALLS, refused));
    atomic_fetch_sub(&arrivals, 1);
    wake(&arrivals);
  }
  errno = saved;
}

static bool was_called(int tid) {
  for (int i = 0; i < atomic_load(&count); i++)
    if (atomic_load(&threads[i].tid) == tid)
      return true;
  return false;
}

/* Calls whoever was not called yet; how many, or a negative errno. */
static int call_threads(int directory, int pid, int self) {
  char buffer[4096];
  int called = 0;
  long n;

  if (lseek(directory, 0, SEEK_SET) != 0)
    return -errno;
  while ((n = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
    for (long at = 0; at < n;) {
      struct dirent64 *entry = (struct dirent64 *)(buffer + at);
      int tid = atoi(entry->d_name), place = atomic_load(&count);

      at += entry->d_reclen;
      if (tid <= 0 || tid == self || was_called(tid))
        continue;
      if (place == MAX_THREADS)
        return -E2BIG;
      atomic_store(&threads[place].tid, tid);
      atomic_store(&count, place + 1);
      if (syscall(SYS_tgkill, pid, tid, STAND_STILL) == 0)
        called++;
      else if (errno == ESRCH)
        atomic_store(&threads[place].tid, 0);
      else
        return -errno;
    }
  return n < 0 ? -errno : called;
}

/* Whether all that were called stand, but for those that ended. */
static bool all_stand(int pid) {
  for (int i = 0; i < atomic_load(&count); i++) {
    int tid = atomic_load(&threads[i].tid);

    if (tid == 0 || atomic_load(&threads[i].stands))
      continue;
    if (syscall(SYS_tgkill, pid, tid, 0) == 0 || errno != ESRCH)
      return false;
    atomic_store(&threads[i].tid, 0);
  }
  return true;
}

static long millis(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns once every other thread of this process is confined and stands still. */
static long stop_threads(int directory, int pid, int self) {
  long deadline = millis() + PATIENCE_MILLIS, error = 0;
  int called = 1;

  while (!error && called > 0) {
    called = call_threads(directory, pid, self);
    if (called < 0)
      error = failed(WALL_THREADS, -called);
    for (int seen = atomic_load(&arrivals); !error && !all_stand(pid); seen = atomic_load(&arrivals)) {
      if (millis() > deadline)
        error = failed(WALL_THREADS, ETIMEDOUT);
      else
        sleep_on(&arrivals, seen, SLICE_NANOS);
    }
  }
  return error ? error : atomic_load(&failure);
}

/* A rule is a letter and a path: what is not there, or cannot be reached, needs no rule. */
static int add_rule(const char *rule) {
  struct landlock_path_beneath_attr attr = {0};
  struct stat st;
  int r = 0;

  switch (rule[0]) {
  case 'r': /* its files can be read */
  case 'h': /* the same, of what a guest is shown of this machine */
    attr.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    break;
  case 'w': /* its own directory */
    attr.allowed_access = OF_FILES | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                          LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK;
    break;
  case 'b': /* this machine's root, of which the guest is shown that: its directories can be listed */
    attr.allowed_access = LANDLOCK_ACCESS_FS_READ_DIR;
    break;
  case 'e': /* and of which it is shown that it is there */
    return 0;
  case 'o': /* a file in it, whatever its name stands for by then */
    attr.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
    break;
  case 'p': /* the same, to be written */
    attr.allowed_access = OF_FILES;
    break;
  case 'm': /* all that is no device */
    attr.allowed_access = (EVERYTHING | LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE) &
                          ~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK);
    break;
  case 'f': /* names of files can be taken away */
    attr.allowed_access = LANDLOCK_ACCESS_FS_REMOVE_FILE;
    break;
  case 'd': /* and of empty directories */
    attr.allowed_access = LANDLOCK_ACCESS_FS_REMOVE_DIR;
    break;
  default:
    return EINVAL;
  }
  attr.allowed_access &= handled;
  attr.parent_fd = open(rule + 1, O_PATH | O_CLOEXEC);
  if (attr.parent_fd < 0)
    return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : errno;
  if (fstat(attr.parent_fd, &st) != 0)
    r = errno;
  else if (!S_ISDIR(st.st_mode))
    attr.allowed_access &= OF_FILES;
  if (r == 0 && attr.allowed_access &&
      syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) != 0)
    r = errno;
  close(attr.parent_fd);
  return r;
}

/* 0 or an errno. */
static int make_rules(const char *const *rules) {
  struct {
    uint64_t fs, net, scoped;
  } attr = {.fs = EVERYTHING};
  size_t size = sizeof attr.fs;
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  int error = 0;

  if (abi < 0)
    return errno;
  if (abi >= 2)
    attr.fs |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3)
    attr.fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (abi >= 4) {
    attr.net = 3; /* bind and connect of TCP */
    size = 2 * sizeof attr.fs;
  }
  if (abi >= 5)
    attr.fs |= ACCESS_IOCTL_DEV;
  if (abi >= 6) {
    attr.scoped = 1; /* abstract sockets; not signals, or no gofer that hangs could be ended */
    size = sizeof attr;
  }
  ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
  if (ruleset < 0)
    return errno;
  handled = attr.fs;
  for (; *rules && !error; rules++)
    error = add_rule(*rules);
  return error;
}

/* Lets the threads go on behind a filter of their own; returns when all have it. */
static long filter_threads(void) {
  long deadline = millis() + PATIENCE_MILLIS;

  atomic_store(&over, GO_WITH_FILTER);
  wake(&over);
  for (int left = atomic_load(&arrivals); left > 0; left = atomic_load(&arrivals)) {
    if (millis() > deadline)
      return failed(WALL_CALLS, ETIMEDOUT);
    sleep_on(&arrivals, left, SLICE_NANOS);
  }
  return atomic_load(&failure);
}

/*
 * Confines this process, once. 0, or the wall that is missing (walls.h) and an errno: what stands by then stays, and the
 * process had better end. With DEGRADED, a host without Landlock, seccomp or namespaces is no reason to
 * fail: then what is missing, as bits.
 */
static int64_t confine(int64_t rules, int32_t with) {
  static atomic_flag begun = ATOMIC_FLAG_INIT;
  struct sigaction ours = {.sa_handler = stand_still, .sa_flags = SA_RESTART}, ignored = {.sa_handler = SIG_IGN};
  int pid = getpid(), self = (int)syscall(SYS_gettid), missing = 0, error, apart = 0;
  long result;

  if (atomic_flag_test_and_set(&begun))
    return failed(WALL_ONCE, EALREADY);
  if (with & READS_OF_OTHERS)
    kept |= 1U << CAP_DAC_READ_SEARCH;
  if (with & FILES_OF_OTHERS)
    kept |= 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER;
  error = make_rules((const char *const *)rules);
  if (error && !(with & DEGRADED))
    return failed(WALL_PATHS, error);
  if (error && ruleset >= 0) {
    close(ruleset);
    ruleset = -1;
  }
  int directory = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  sigfillset(&ours.sa_mask);
  if (directory < 0 || sigaction(STAND_STILL, &ours, NULL) != 0)
    return failed(WALL_THREADS, errno);
  if (with & SHIM)
    apart = make_world((const char *const *)rules);
  if (apart && (has_world() || !(with & DEGRADED)))
    return failed(WALL_WORLD, apart);
  if (has_world() && ruleset >= 0)
    add_rule("b/machine");
  result = stop_threads(directory, pid, self);
  close(directory);
  close_world();
  if (!result)
    result = confine_thread();
  sigaction(STAND_STILL, &ignored, NULL);
  if (ruleset >= 0)
    close(ruleset);
  if (!result && restrict_calls(pid, with) != 0) {
    /* Where seccomp(2) itself is refused, each thread puts the filter up for itself. */
    missing = restrict_own_calls() ? NO_CALLS : 0;
    if (!missing)
      result = filter_threads();
    else if (!(with & DEGRADED))
      result = failed(WALL_CALLS, EPERM);
  }
  if (!atomic_load(&over)) {
    atomic_store(&over, GO);
    wake(&over);
  }
  return result ? result : missing | (error ? NO_PATHS : 0) | (apart ? NO_WORLD : 0);
}

#define NATIVE(class) __attribute__((visibility("default"))) int64_t Java_dev_vivarium_##class##_confine0

NATIVE(sentry_host_DirectCalls)(void *env, void *class, int64_t rules, int32_t with) {
  (void)env, (void)class;
  return confine(rules, with);
}

NATIVE(microvm_host_ShimWalls)(void *env, void *class, int64_t rules, int32_t with) {
  (void)env, (void)class;
  return confine(rules, with | SHIM);
}
