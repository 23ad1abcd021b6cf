/*
 * What the differential programs share. A program prints relations and results that are the same
 * on every Linux (never an address, a pid or a time), so that its output natively and behind the
 * sentry can be compared byte by byte.
 */
#ifndef SHOW_H
#define SHOW_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Prints the call and its result, or the name of its error. */
#define SHOW(call) show_result(#call, (errno = 0, (long)(call)))
/* The same for a call whose good result (a descriptor, a pid) differs from run to run. */
#define SHOW_OK(call) show_ok(#call, (errno = 0, (long)(call)))
/* Prints whether the relation holds. */
#define HOLDS(relation) printf("%s: %s\n", #relation, (relation) ? "yes" : "NO")
/* Ends the program when something it stands on does not work. */
#define NEED(call)                                                          \
  do {                                                                      \
    if (!(call)) {                                                          \
      printf("line %d: %s failed: %s\n", __LINE__, #call, strerror(errno)); \
      exit(1);                                                              \
    }                                                                       \
  } while (0)

static inline const char *error_name(int error) {
  const char *name = strerrorname_np(error);
  return name ? name : "?";
}

static inline long show_result(const char *call, long result) {
  int error = errno;
  if (result == -1)
    printf("%s = -1 %s\n", call, error_name(error));
  else
    printf("%s = %ld\n", call, result);
  errno = error;
  return result;
}

static inline long show_ok(const char *call, long result) {
  int error = errno;
  if (result < 0)
    printf("%s = -1 %s\n", call, error_name(error));
  else
    printf("%s = ok\n", call);
  errno = error;
  return result;
}

/* Prints how a child ended. */
static inline void show_status(const char *who, int status) {
  if (WIFEXITED(status))
    printf("%s: exit %d\n", who, WEXITSTATUS(status));
  else if (WIFSIGNALED(status))
    printf("%s: killed by %s%s\n", who, sigabbrev_np(WTERMSIG(status)), "");
  else if (WIFSTOPPED(status))
    printf("%s: stopped by %s\n", who, sigabbrev_np(WSTOPSIG(status)));
  else if (WIFCONTINUED(status))
    printf("%s: continued\n", who);
  else
    printf("%s: status %x\n", who, status);
}

static inline int64_t nanos(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline void sleep_ms(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&t, &t) == -1 && errno == EINTR) {
  }
}

static char work_directory[256];
static pid_t work_owner;

static inline int remove_entry(const char *name, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(name);
}

static inline void leave_work_directory(void) {
  if (getpid() != work_owner) return;
  if (chdir("/") == 0) nftw(work_directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Makes a folder of the program's own, goes there, and removes it at exit. */
static inline void enter_work_directory(void) {
  const char *tmp = getenv("TMPDIR");
  snprintf(work_directory, sizeof work_directory, "%s/show.XXXXXX", tmp ? tmp : "/tmp");
  work_owner = getpid();
  NEED(mkdtemp(work_directory) != NULL);
  NEED(chmod(work_directory, 0755) == 0);
  NEED(chdir(work_directory) == 0);
  umask(022);
  atexit(leave_work_directory);
}

static inline void put_file(const char *name, const char *text) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  NEED(fd >= 0);
  NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
}

/* Prints a file's whole text on one line. */
static inline void show_file(const char *name) {
  char text[4096];
  int fd = open(name, O_RDONLY);
  if (fd < 0) {
    printf("%s: %s\n", name, error_name(errno));
    return;
  }
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n < 0) {
    printf("%s: read %s\n", name, error_name(errno));
    return;
  }
  printf("%s: \"", name);
  for (ssize_t i = 0; i < n; i++) {
    if (text[i] >= ' ' && text[i] < 127)
      putchar(text[i]);
    else
      printf("\\%o", text[i] & 255);
  }
  printf("\"\n");
}

static inline void __attribute__((constructor)) prepare_output(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
}

#endif
