/*
 * Sweeps a system call over hostile arguments: starting from arguments with which it works, each is replaced by every value
 * of its kind (a closed descriptor, a pointer into a hole, an undefined flag ...), and then every two at a time, which
 * shows in which order a kernel checks them. Each case is one line: the call, its arguments, what came of it.
 *
 * All cases run in a child without privileges, in a folder of its own, with descriptors and memory at fixed places, so that
 * what is printed depends on the kernel alone. SyscallSweepTest holds that no implemented call is left out.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include <dirent.h>
#include <grp.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#include "show.h"

/* A value that an argument may take. */
struct value {
  const char *name;
  long value;
};

/* Values of one sort; those before OR are also tried together with those of other arguments. */
struct kind {
  const struct value *values;
  unsigned long bits; /* which bits are also flipped one by one */
};

/* An argument that works, and what to put in its place. */
struct arg {
  const char *name;
  long value;
  const struct kind *kind;
};

#define V(v) {#v, (long)(v)}
#define OR {"|", 0}
#define KIND(id, flipped, ...)                                                            \
  static const struct value id##_values[] = {__VA_ARGS__, {NULL, 0}};                     \
  static const struct kind id __attribute__((unused)) = {id##_values, flipped}
#define A(v, kind) {#v, (long)(v), &kind}

/* A 32-bit argument with something in the half that the kernel must not look at. */
#define HIGH(v) ((long)((unsigned)(v)) | 0x100000000L)

/* The descriptors; all that can wait are non-blocking. */
enum {
  FILE_FD = 10, /* keep/open, eight bytes long */
  DIR_FD,       /* keep */
  PATH_FD,      /* keep/open, with O_PATH */
  READ_ONLY_FD,
  WRITE_ONLY_FD,
  APPEND_FD,
  PIPE_READ,
  PIPE_WRITE,
  SOCKET_FD, /* one of a connected pair */
  PEER_FD,
  EPOLL_FD,
  EVENT_FD,
  TIMER_FD,
  SIGNAL_FD,
  INOTIFY_FD,
  NULL_FD,
  MEMFD,
  PATH_DIR_FD,
  PIDFD,
  SECOND_FD, /* keep/second, on the same file system as FILE_FD */
  WORK_FD,
  CLOSED_FD = 99,
  FD_LIMIT = 120
};

/* The memory: what each place holds, and holes between. */
#define BASE 0x100000000000L
#define PAGE 4096L
#define DATA (BASE + 8 * PAGE)                  /* four pages to read and write, and then nothing */
#define CROSSING (DATA + 4 * PAGE - 4)          /* four bytes, and then nothing */
#define UNMAPPED (BASE + 16 * PAGE)             /* nothing */
#define READ_ONLY (BASE + 24 * PAGE)            /* one page */
#define NO_ACCESS (BASE + 32 * PAGE)            /* one page that cannot be touched */
#define UNENDING (BASE + 41 * PAGE - 4)         /* text without an end, and then nothing */
#define SCRATCH (BASE + 64 * PAGE)              /* for the sweep's own structures: 16 pages */
#define KERNEL (-0x7f0000000000L)               /* where programs have no addresses */
#define LAST_BYTE (-1L)

/* At a place in the scratch pages. */
#define AT(offset) (SCRATCH + (offset))
#define PUT(type, offset, ...) (*(type *)AT(offset) = (type)__VA_ARGS__, AT(offset))

static char LONG_NAME[NAME_MAX + 2];
static char LONG_PATH[PATH_MAX + 2];

KIND(FDS, 0, V(CLOSED_FD), V(PATH_FD), V(DIR_FD), OR, V(-1), V(1 << 20), V(READ_ONLY_FD), V(WRITE_ONLY_FD),
     V(APPEND_FD), V(PIPE_READ), V(PIPE_WRITE), V(SOCKET_FD), V(EPOLL_FD), V(EVENT_FD), V(TIMER_FD), V(SIGNAL_FD),
     V(INOTIFY_FD), V(NULL_FD), V(MEMFD), V(HIGH(FILE_FD)));
/* Files in a file system: whether others have an owner and a mode depends on Linux's version. */
KIND(FILE_FDS, 0, V(CLOSED_FD), V(PATH_FD), OR, V(-1), V(1 << 20), V(DIR_FD), V(READ_ONLY_FD), V(WRITE_ONLY_FD), V(PIPE_READ),
     V(SOCKET_FD), V(MEMFD), V(HIGH(FILE_FD)));
KIND(DIRS, 0, V(CLOSED_FD), V(FILE_FD), OR, V(-1), V(PATH_FD), V(PATH_DIR_FD), V(DIR_FD), V(PIPE_READ), V(SOCKET_FD),
     V(HIGH(AT_FDCWD)));
KIND(FILLED, 0, V(NULL), V(UNMAPPED), OR, V(READ_ONLY), V(NO_ACCESS), V(CROSSING), V(KERNEL), V(LAST_BYTE));
KIND(GIVEN, 0, V(NULL), V(UNMAPPED), OR, V(NO_ACCESS), V(CROSSING), V(KERNEL), V(LAST_BYTE));
KIND(PATHS, 0, V("missing"), V("file/below"), V(NULL), OR, V(""), V("loop"), V("loop/below"), V(LONG_NAME), V(LONG_PATH),
     V("locked/below"), V(UNMAPPED), V(UNENDING), V(KERNEL), V("dangling"), V("link"), V("dirlink"), V("dirlink/"), V("dir"),
     V("dir/"), V("file/"), V("missing/"), V("missing/below"), V("."), V("dir/."), V("full"), V("full/.."), V("fifo"),
     V("locked"), V("secret"), V("other"), V("dangling/"), V("link/"));
KIND(MODES, 0xffffffffUL, V(-1), OR, V(HIGH(0644)));
KIND(TEXTS, 0, V("missing"), V(NULL), OR, V(""), V("loop"), V(LONG_NAME), V(LONG_PATH), V(UNMAPPED), V(UNENDING), V(KERNEL),
     V("file/below"));
KIND(NEW_PATHS, 0, V("file"), V("file/below"), V(NULL), OR, V(""), V("loop"), V("loop/new"), V(LONG_NAME), V(LONG_PATH),
     V("locked/new"), V(UNMAPPED), V(UNENDING), V("dangling"), V("link"), V("dirlink"), V("dir"), V("dir/"), V("new/"),
     V("missing/new"), V("."), V("dir/."), V("dir/.."), V("full"), V("full/new"), V("dir/new"), V("dirlink/new"), V("/proc/new"),
     V("other"), V("fifo"), V("dangling/"));
KIND(FLAGS, 0xffffffffUL, V(-1), OR, V(HIGH(0)));
KIND(HIGHS, 0, V(HIGH(0)));
KIND(SIZES, 0, V(0), V(-1), OR, V(1), V(INT_MAX), V(1L << 32), V(LONG_MIN), V(LONG_MAX));
KIND(OFFSETS, 0, V(-1), OR, V(0), V(1), V(100), V(LONG_MIN), V(LONG_MAX), V(1L << 32));
KIND(NUMBERS, 0, V(-1), V(0), OR, V(1), V(INT_MIN), V(INT_MAX), V(1L << 32), V(LONG_MIN), V(LONG_MAX));
KIND(FIXED, 0, OR);

/* What is printed of a good result. */
enum style {
  VALUE,      /* the number */
  GOOD,       /* that it is good: the number differs from run to run */
  DESCRIPTOR, /* the same; it is closed again */
};

static void (*before_each)(void);  /* makes good what a case may have changed */
static void (*after_success)(void); /* the same, where only a success changes anything */
static int may_wait;               /* whether a case has to be woken by a signal */

static void woken(int sig) { (void)sig; }

static void wake_every(long us) {
  struct itimerval t = {{0, us}, {0, us}};
  setitimer(ITIMER_REAL, &t, NULL);
}

static void sweep_case(const char *call, long number, enum style style, const struct arg *args, int count) {
  long v[6] = {0};
  for (int i = 0; i < count; i++) v[i] = args[i].value;
  if (before_each) before_each();
  if (may_wait) wake_every(20000);
  long result = syscall(number, v[0], v[1], v[2], v[3], v[4], v[5]);
  int error = errno;
  if (may_wait) wake_every(0);
  printf("%s(", call);
  for (int i = 0; i < count; i++) printf("%s%s", i ? ", " : "", args[i].name);
  if (result == -1)
    printf(") = -1 %s\n", error_name(error));
  else if (style == VALUE)
    printf(") = %ld\n", result);
  else
    printf(") = ok\n");
  if (result >= 0 && style == DESCRIPTOR) close((int)result);
  if (result != -1 && after_success) after_success();
}

static int is_end_of_pairs(const struct value *v) { return v->name == NULL || strcmp(v->name, "|") == 0; }

static void sweep(const char *call, long number, enum style style, const struct arg *args, int count) {
  struct arg with[6];
  char flipped[6][64];
  memcpy(with, args, sizeof *args * count);
  sweep_case(call, number, style, with, count);
  for (int i = 0; i < count; i++) {
    for (const struct value *v = args[i].kind->values; v->name; v++) {
      if (strcmp(v->name, "|") == 0) continue;
      with[i] = (struct arg){v->name, v->value, args[i].kind};
      sweep_case(call, number, style, with, count);
    }
    for (int bit = 0; bit < 64; bit++) {
      if ((args[i].kind->bits >> bit & 1) == 0) continue;
      snprintf(flipped[i], sizeof flipped[i], "%s^%#lx", args[i].name, 1UL << bit);
      with[i] = (struct arg){flipped[i], args[i].value ^ 1L << bit, args[i].kind};
      sweep_case(call, number, style, with, count);
    }
    with[i] = args[i];
  }
  for (int i = 0; i < count; i++) {
    for (int k = i + 1; k < count; k++) {
      for (const struct value *v = args[i].kind->values; !is_end_of_pairs(v); v++) {
        for (const struct value *w = args[k].kind->values; !is_end_of_pairs(w); w++) {
          with[i] = (struct arg){v->name, v->value, args[i].kind};
          with[k] = (struct arg){w->name, w->value, args[k].kind};
          sweep_case(call, number, style, with, count);
        }
      }
      with[i] = args[i];
      with[k] = args[k];
    }
  }
}

#define SWEEP_AS(style, call, ...)                                                \
  do {                                                                            \
    const struct arg list[] = {__VA_ARGS__};                                      \
    sweep(#call, SYS_##call, style, list, (int)(sizeof list / sizeof list[0]));   \
  } while (0)
#define SWEEP(call, ...) SWEEP_AS(VALUE, call, __VA_ARGS__)
#define SWEEP_GOOD(call, ...) SWEEP_AS(GOOD, call, __VA_ARGS__)
#define SWEEP_FD(call, ...) SWEEP_AS(DESCRIPTOR, call, __VA_ARGS__)

static void place(int fd, int where) {
  NEED(fd >= 0);
  if (fd == where) return;
  NEED(dup2(fd, where) == where);
  close(fd);
}

static void sweep_memory(void) {
  struct {
    long at, pages;
    int prot;
  } areas[] = {{DATA, 4, PROT_READ | PROT_WRITE},
               {READ_ONLY, 1, PROT_READ},
               {NO_ACCESS, 1, PROT_NONE},
               {UNENDING & -PAGE, 1, PROT_READ | PROT_WRITE},
               {SCRATCH, 16, PROT_READ | PROT_WRITE}};
  for (size_t i = 0; i < sizeof areas / sizeof *areas; i++)
    NEED(mmap((void *)areas[i].at, areas[i].pages * PAGE, areas[i].prot,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)areas[i].at);
  memset((void *)(UNENDING & -PAGE), 'a', PAGE);
  memset(LONG_NAME, 'n', sizeof LONG_NAME - 1);
  memset(LONG_PATH, '/', sizeof LONG_PATH - 1);
}

static int sweep_remove(const char *name, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type;
  if (ftw->level == 0 || strcmp(name, "./keep") == 0 || strcmp(name, "./keep/open") == 0 || strcmp(name, "./keep/second") == 0)
    return 0;
  return remove(name);
}

/* A number for what is in the folder: which names, of what kind, whose, how large. */
static uint64_t sweep_fingerprint(void) {
  static const char *const folders[] = {".", "keep", "dir", "full"};
  uint64_t sum = 1469598103934665603UL;
  for (int i = 0; i < 4; i++) {
    DIR *folder = opendir(folders[i]);
    for (struct dirent *e; folder && (e = readdir(folder));) {
      struct stat st = {0};
      if (strcmp(e->d_name, "..") == 0) continue;
      fstatat(dirfd(folder), e->d_name, &st, AT_SYMLINK_NOFOLLOW);
      uint64_t parts[] = {(uint64_t)i, st.st_ino, st.st_mode, st.st_nlink, st.st_uid, st.st_gid,
                          S_ISDIR(st.st_mode) ? 0 : (uint64_t)st.st_size};
      uint64_t one = 0;
      for (const char *c = e->d_name; *c; c++) one = (one ^ (uint64_t)*c) * 1099511628211UL;
      for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) one = (one ^ parts[k]) * 1099511628211UL;
      sum += one; /* in whatever order they come */
    }
    if (folder) closedir(folder);
  }
  return sum;
}

static uint64_t sweep_tree_was;

/* The folder as every case finds it; made anew. */
static void sweep_new_tree(void) {
  fchdir(WORK_FD);
  static const char *const folders[] = {"locked", "dir", "full"};
  for (int i = 0; i < 3; i++) chmod(folders[i], 0700);
  nftw(".", sweep_remove, 16, FTW_DEPTH | FTW_PHYS);
  put_file("file", "contents");
  put_file("other", "otherwise");
  put_file("keep/file", "kept");
  put_file("secret", "");
  chmod("secret", 0);
  mkdir("dir", 0755);
  mkdir("full", 0755);
  put_file("full/inside", "");
  symlink("loop", "loop");
  symlink("missing", "dangling");
  symlink("file", "link");
  symlink("dir", "dirlink");
  mkfifo("fifo", 0644);
  mkdir("locked", 0);
  sweep_tree_was = sweep_fingerprint();
}

/* The same, if it has changed. */
static inline void sweep_tree(void) {
  fchdir(WORK_FD);
  if (sweep_fingerprint() != sweep_tree_was) sweep_new_tree();
}

static void sweep_descriptors(void) {
  int pair[2];
  close_range(3, ~0U, 0);
  chdir(work_directory);
  place(open(".", O_RDONLY | O_DIRECTORY), WORK_FD);
  mkdir("keep", 0755);
  place(open("keep/open", O_RDWR | O_CREAT, 0644), FILE_FD);
  write(FILE_FD, "contents", 8);
  place(open("keep/second", O_RDWR | O_CREAT, 0644), SECOND_FD);
  place(open("keep", O_RDONLY | O_DIRECTORY), DIR_FD);
  place(open("keep/open", O_PATH), PATH_FD);
  place(open("keep/open", O_RDONLY), READ_ONLY_FD);
  place(open("keep/open", O_WRONLY), WRITE_ONLY_FD);
  place(open("keep/open", O_RDWR | O_APPEND), APPEND_FD);
  NEED(pipe2(pair, O_NONBLOCK) == 0);
  place(pair[1], 110);
  place(pair[0], PIPE_READ);
  place(110, PIPE_WRITE);
  NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
  place(pair[1], 110);
  place(pair[0], SOCKET_FD);
  place(110, PEER_FD);
  place(epoll_create1(0), EPOLL_FD);
  place(eventfd(0, EFD_NONBLOCK), EVENT_FD);
  place(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), TIMER_FD);
  sigset_t usr2;
  sigemptyset(&usr2);
  sigaddset(&usr2, SIGUSR2);
  place(signalfd(-1, &usr2, SFD_NONBLOCK), SIGNAL_FD);
  place(inotify_init1(IN_NONBLOCK), INOTIFY_FD);
  place(open("/dev/null", O_RDWR), NULL_FD);
  place(memfd_create("sweep", MFD_ALLOW_SEALING), MEMFD);
  place(open("keep", O_PATH), PATH_DIR_FD);
  place((int)syscall(SYS_pidfd_open, getpid(), 0), PIDFD);
}

static void sweep_prepare(void) {
  if (geteuid() == 0) {
    NEED(setgroups(0, NULL) == 0);
    NEED(setresgid(65534, 65534, 65534) == 0);
    NEED(setresuid(65534, 65534, 65534) == 0);
    prctl(PR_SET_DUMPABLE, 1);
  }
  struct rlimit limit = {FD_LIMIT, FD_LIMIT};
  NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  struct sigaction action = {.sa_handler = woken};
  sigaction(SIGALRM, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  sweep_memory();
  sweep_descriptors();
  sweep_new_tree();
}

static void sweep_all(void);

int main(void) {
  enter_work_directory();
  NEED(chmod(".", 0777) == 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    static char output[1 << 16];
    setvbuf(stdout, output, _IOFBF, sizeof output);
    sweep_prepare();
    sweep_all();
    fflush(stdout);
    fchdir(WORK_FD);
    chmod("locked", 0700);
    _exit(0);
  }
  int status;
  NEED(waitpid(child, &status, 0) == child);
  show_status("sweep", status);
  return status != 0;
}

/* Numbers that are younger than the headers of older distributions. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack 453
#endif
#ifndef SYS_futex_wake
#define SYS_futex_wake 454
#define SYS_futex_wait 455
#define SYS_futex_requeue 456
#endif
#ifndef SYS_lsm_get_self_attr
#define SYS_lsm_get_self_attr 459
#define SYS_lsm_set_self_attr 460
#define SYS_lsm_list_modules 461
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#endif
