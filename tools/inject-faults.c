/*
 * Lets calls of a living process fail, from outside: inject-faults PID CALL[,CALL...] FIRST STEP WHAT
 *
 * The FIRSTth of these calls, and if STEP is not 0 each STEPth after it, of all its threads together, is not made: it returns
 * WHAT (error=NUMBER, retval=NUMBER), or is made late (delay=MICROSECONDS), or is the process's last (signal=NUMBER). A call that
 * writes and is to return a number is made with so many bytes: what is said to be written must be. Instead of a
 * call that is not made another is that does nothing and that each filter of ours allows: strace makes none, which a filter takes for
 * a call that is not in its list. Says "ready" when it has all threads, and at its end how many calls it changed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_CALLS = 16, MAX_THREADS = 4096 };

static struct {
  const char *name;
  long nr;
} names[] = {
#define CALL(n) {#n, SYS_##n}
    CALL(recvmsg),   CALL(sendmsg),   CALL(statx),     CALL(getdents64), CALL(readlinkat), CALL(mkdirat), CALL(renameat2),
    CALL(unlinkat),  CALL(close),     CALL(epoll_wait), CALL(socket),    CALL(connect),    CALL(recvfrom), CALL(epoll_ctl),
    CALL(poll),      CALL(read),      CALL(write),     CALL(wait4),      CALL(tgkill),     CALL(kill),    CALL(sendto),
    CALL(pwritev2),  CALL(preadv2),   CALL(accept),    CALL(openat),     CALL(rename),     CALL(unlink),  CALL(fsync),
    CALL(ftruncate), CALL(fallocate), CALL(madvise),   CALL(pwrite64),   CALL(accept4),    CALL(ioctl),
    CALL(inotify_add_watch), {"openat2", 437},
};

static long calls[MAX_CALLS];
static int call_count;
static struct {
  pid_t tid;
  int changed;
} threads[MAX_THREADS];
/* Lengths in a thread's memory that are shortened while it is in a call, by the places of threads. */
static struct {
  unsigned long at, was;
} shortened[MAX_THREADS];
enum { REPLACED = 1, SHORTENED };
static long seen, changed;
static volatile sig_atomic_t over;

static void stop(int number) {
  (void)number;
  over = 1;
}

static int *state_of(pid_t tid) {
  int empty = -1;
  for (int i = 0; i < MAX_THREADS; i++) {
    if (threads[i].tid == tid)
      return &threads[i].changed;
    if (threads[i].tid == 0 && empty < 0)
      empty = i;
    if (threads[i].tid == 0)
      break;
  }
  if (empty < 0)
    exit(3);
  threads[empty].tid = tid;
  return &threads[empty].changed;
}

/* Has a call write so many bytes at most. */
static void shorten(pid_t tid, int *mine, struct user_regs_struct *regs, unsigned long most) {
  if (regs->orig_rax != SYS_pwritev2) {
    regs->rdx = regs->rdx > most ? most : regs->rdx;
    ptrace(PTRACE_SETREGS, tid, 0, regs);
    return;
  }
  unsigned long at = regs->rsi + 8, was = (unsigned long)ptrace(PTRACE_PEEKDATA, tid, at, 0);
  int place = (int)((char *)mine - (char *)&threads[0].changed) / (int)sizeof threads[0];
  if (was > most && ptrace(PTRACE_POKEDATA, tid, at, most) == 0) {
    shortened[place].at = at;
    shortened[place].was = was;
    *mine = SHORTENED;
  }
  regs->rdx = 1;
  ptrace(PTRACE_SETREGS, tid, 0, regs);
}

/* What a changed call returns, once it is over. */
static void finish(pid_t tid, int *mine, char kind, long amount) {
  struct user_regs_struct regs;
  int place = (int)((char *)mine - (char *)&threads[0].changed) / (int)sizeof threads[0];
  if (*mine == SHORTENED)
    ptrace(PTRACE_POKEDATA, tid, shortened[place].at, shortened[place].was);
  else if (ptrace(PTRACE_GETREGS, tid, 0, &regs) == 0) {
    regs.rax = (unsigned long long)(kind == 'e' ? -amount : amount);
    ptrace(PTRACE_SETREGS, tid, 0, &regs);
  }
  *mine = 0;
}

static void wait_until(const char *what, pid_t tid, int *status) {
  (void)what;
  while (waitpid(tid, status, __WALL) < 0 && errno == EINTR)
    ;
}

int main(int argc, char **argv) {
  if (argc != 6)
    return 2;
  pid_t pid = atoi(argv[1]);
  for (char *name = strtok(argv[2], ","); name; name = strtok(NULL, ",")) {
    unsigned i = 0;
    while (i < sizeof names / sizeof names[0] && strcmp(names[i].name, name))
      i++;
    if (i == sizeof names / sizeof names[0] || call_count == MAX_CALLS) {
      fprintf(stderr, "unknown call: %s\n", name);
      return 2;
    }
    calls[call_count++] = names[i].nr;
  }
  long first = atol(argv[3]), step = atol(argv[4]);
  char *value = strchr(argv[5], '=');
  if (!value)
    return 2;
  long amount = atol(value + 1);
  char kind = argv[5][0];
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);

  char path[64];
  int found;
  do {
    found = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
      pid_t tid = atoi(e->d_name);
      int known = tid == 0;
      for (int i = 0; i < MAX_THREADS && threads[i].tid; i++)
        known |= threads[i].tid == tid;
      if (known || ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE))
        continue;
      *state_of(tid) = 0;
      ptrace(PTRACE_INTERRUPT, tid, 0, 0);
      found++;
    }
    if (dir)
      closedir(dir);
  } while (found);
  if (!threads[0].tid)
    return 1;
  puts("ready");
  fflush(stdout);

  while (!over) {
    int status;
    pid_t tid = waitpid(-1, &status, __WALL);
    if (tid < 0 && errno == EINTR)
      continue;
    if (tid < 0)
      break;
    if (WIFEXITED(status) || WIFSIGNALED(status))
      continue;
    int *mine = state_of(tid), number = WSTOPSIG(status), event = status >> 16, deliver = 0;
    if (number == (SIGTRAP | 0x80)) {
      struct user_regs_struct regs;
      if (ptrace(PTRACE_GETREGS, tid, 0, &regs) == 0) {
        int entry = (long)regs.rax == -ENOSYS, chosen = 0;
        for (int i = 0; i < call_count; i++)
          chosen |= calls[i] == (long)regs.orig_rax;
        chosen &= kind != 'r' || (regs.orig_rax != SYS_ftruncate && regs.orig_rax != SYS_fallocate);
        if (entry && !*mine && chosen) {
          seen++;
          if (seen == first || (seen > first && step && (seen - first) % step == 0)) {
            changed++;
            if (kind == 'd')
              usleep((useconds_t)amount);
            else if (kind == 's')
              kill(pid, (int)amount);
            else if (kind == 'r' && (regs.orig_rax == SYS_write || regs.orig_rax == SYS_pwrite64 || regs.orig_rax == SYS_pwritev2))
              shorten(tid, mine, &regs, (unsigned long)amount);
            else {
              /* The supervisor has no close. */
              regs.orig_rax = calls[0] == SYS_poll || calls[0] == SYS_read || calls[0] == SYS_write || calls[0] == SYS_wait4 || calls[0] == SYS_tgkill
                                  ? SYS_read
                                  : SYS_close;
              regs.rdi = (unsigned long long)-1;
              ptrace(PTRACE_SETREGS, tid, 0, &regs);
              *mine = REPLACED;
            }
          }
        } else if (*mine)
          finish(tid, mine, kind, amount);
      }
    } else if (event == PTRACE_EVENT_STOP && number != SIGTRAP) {
      /* Stopped as a whole, by a signal. */
      ptrace(PTRACE_LISTEN, tid, 0, 0);
      continue;
    } else if (!event)
      deliver = number;
    ptrace(PTRACE_SYSCALL, tid, 0, deliver);
  }
  /* One in the midst of a changed call gets its answer first. */
  for (int i = 0; i < MAX_THREADS && threads[i].tid; i++) {
    int status;
    pid_t tid = threads[i].tid;
    if (ptrace(PTRACE_INTERRUPT, tid, 0, 0))
      continue;
    for (wait_until("stop", tid, &status); WIFSTOPPED(status); wait_until("stop", tid, &status)) {
      int number = WSTOPSIG(status);
      if (threads[i].changed && number == (SIGTRAP | 0x80))
        finish(tid, &threads[i].changed, kind, amount);
      if (!threads[i].changed) {
        ptrace(PTRACE_DETACH, tid, 0, status >> 16 || number == (SIGTRAP | 0x80) ? 0 : number);
        break;
      }
      ptrace(PTRACE_SYSCALL, tid, 0, 0);
    }
  }
  printf("changed %ld of %ld\n", changed, seen);
  return 0;
}
