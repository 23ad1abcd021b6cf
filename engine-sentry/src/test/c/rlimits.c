/* What each resource limit does (needs: root). */
#include <mqueue.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "show.h"

#define MIB (1L << 20)
#define SOME_USER 54321

static int limit(int resource, rlim_t soft, rlim_t hard) {
  struct rlimit l = {soft, hard};
  return setrlimit(resource, &l);
}

typedef void body(void);

static void in_child(const char *name, body *what) {
  int status;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    limit(RLIMIT_CORE, 0, 0);
    what();
    fflush(stdout);
    _exit(0);
  }
  NEED(waitpid(pid, &status, 0) == pid);
  show_status(name, status);
}

static void become_ordinary(void) {
  NEED(setgid(SOME_USER) == 0 && setuid(SOME_USER) == 0);
}

/* ---- setting them ---- */

static void rules(void) {
  struct rlimit l;
  SHOW(limit(RLIMIT_NOFILE, 100, 50));
  SHOW(limit(16, 1, 1));
  SHOW(limit(-1, 1, 1));
  SHOW(getrlimit(RLIMIT_NOFILE, (void *)8));
  SHOW(setrlimit(RLIMIT_NOFILE, (void *)8));
  SHOW(prlimit(1 << 22, RLIMIT_NOFILE, NULL, NULL));
  SHOW(limit(RLIMIT_NOFILE, 1 << 20, 1L << 40));
  SHOW(limit(RLIMIT_LOCKS, 5, 6));
  SHOW(getrlimit(RLIMIT_LOCKS, &l));
  printf("%d %d\n", (int)l.rlim_cur, (int)l.rlim_max);
  SHOW(limit(RLIMIT_RSS, 4096, 4096));
  SHOW(limit(RLIMIT_RTTIME, 7, 8));
  SHOW(getrlimit(RLIMIT_RTTIME, &l));
  printf("%d %d\n", (int)l.rlim_cur, (int)l.rlim_max);
  SHOW(limit(RLIMIT_NOFILE, 40, 40));
  become_ordinary();
  SHOW(limit(RLIMIT_NOFILE, 40, 41));
  SHOW(limit(RLIMIT_NOFILE, 30, 35));
  SHOW(limit(RLIMIT_NOFILE, 35, 35));
  SHOW(prlimit(getppid(), RLIMIT_NOFILE, NULL, &l));
}

/* ---- processor time ---- */

static volatile sig_atomic_t signals;
static void count(int sig) {
  (void)sig;
  signals++;
}

static void processor_time(void) {
  struct rlimit l;
  signal(SIGXCPU, count);
  SHOW(limit(RLIMIT_CPU, 1, 100));
  while (signals == 0) {
  }
  SHOW(getrlimit(RLIMIT_CPU, &l));
  printf("soft %d hard %d\n", (int)l.rlim_cur, (int)l.rlim_max);
  /* A child begins anew, and a limit that is behind it already ends it. */
  fflush(stdout);
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    printf("signals %d\n", (int)signals);
    fflush(stdout);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  show_status("child", status);
  fflush(stdout);
  limit(RLIMIT_CPU, 1, 1); /* it may end here already */
  for (;;) {
  }
}

/* ---- memory ---- */

static void address_space(void) {
  char *p = mmap(NULL, 8 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  HOLDS(p != MAP_FAILED);
  SHOW(limit(RLIMIT_AS, 4096, RLIM_INFINITY));
  HOLDS(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
  HOLDS(mremap(p, 8 * MIB, 9 * MIB, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
  HOLDS(mremap(p, 8 * MIB, 7 * MIB, 0) == p);
  HOLDS(munmap(p, 7 * MIB) == 0);
  void *old = (void *)syscall(SYS_brk, 0);
  HOLDS((void *)syscall(SYS_brk, (char *)old + MIB) == old);
}

static void data(void) {
  SHOW(limit(RLIMIT_DATA, 4096, RLIM_INFINITY));
  HOLDS(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
  void *p = mmap(NULL, MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  HOLDS(p != MAP_FAILED);
  SHOW(mprotect(p, MIB, PROT_READ | PROT_WRITE));
  HOLDS(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
  void *old = (void *)syscall(SYS_brk, 0);
  HOLDS((void *)syscall(SYS_brk, (char *)old + MIB) == old);
}

static int deep(int n) {
  volatile char room[4096];
  room[0] = (char)n;
  return n == 0 ? room[0] : deep(n - 1) + room[0];
}

static void small_stack(void) {
  limit(RLIMIT_STACK, MIB, MIB);
  char *args[] = {"/proc/self/exe", "deep", NULL}, *env[] = {NULL};
  execve(args[0], args, env);
}

static void large_stack(void) {
  SHOW(limit(RLIMIT_STACK, 64 * MIB, RLIM_INFINITY));
  printf("%d\n", deep(8000) != 0);
}

static void locked(void) {
  become_ordinary();
  char *p = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SHOW(limit(RLIMIT_MEMLOCK, 4 * 4096, 4 * 4096));
  SHOW(mlock(p, 5 * 4096));
  SHOW(mlock(p, 3 * 4096));
  SHOW(mlock(p, 3 * 4096));
  SHOW(mlock(p + 3 * 4096, 2 * 4096));
  HOLDS(mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED && errno == EAGAIN);
  HOLDS(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) != MAP_FAILED);
  SHOW(mlockall(MCL_CURRENT));
  SHOW(munlockall());
  SHOW(mlockall(MCL_FUTURE));
  HOLDS(mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EAGAIN);
  void *old = (void *)syscall(SYS_brk, 0);
  HOLDS((void *)syscall(SYS_brk, (char *)old + MIB) == old);
  SHOW(munlockall());
  SHOW(limit(RLIMIT_MEMLOCK, 0, 0));
  SHOW(mlock(p, 4096));
  SHOW(mlockall(MCL_FUTURE));
  HOLDS(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED && errno == EPERM);
}

/* ---- files ---- */

static void file_size(void) {
  signal(SIGXFSZ, count);
  int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
  char bytes[100] = {0};
  SHOW(limit(RLIMIT_FSIZE, 250, RLIM_INFINITY));
  SHOW(write(fd, bytes, 100));
  SHOW(write(fd, bytes, 100));
  SHOW(write(fd, bytes, 100));
  printf("signals %d\n", (int)signals);
  SHOW(write(fd, bytes, 100));
  printf("signals %d\n", (int)signals);
  SHOW(pwrite(fd, bytes, 100, 240));
  SHOW(pwrite(fd, bytes, 100, 1000));
  SHOW(ftruncate(fd, 251));
  SHOW(ftruncate(fd, 250));
  SHOW(fallocate(fd, 0, 200, 100));
  SHOW(truncate("file", 1000));
  printf("signals %d\n", (int)signals);
  signal(SIGXFSZ, SIG_IGN);
  SHOW(write(fd, bytes, 100));
  SHOW(write(fd, bytes, 0));
  signal(SIGXFSZ, SIG_DFL);
  write(fd, bytes, 100);
}

static void descriptors(void) {
  for (int fd = 3; fd < 64; fd++) close(fd);
  SHOW(limit(RLIMIT_NOFILE, 6, 100));
  SHOW(dup(0));
  SHOW(dup(0));
  SHOW(dup(0));
  SHOW(dup(0));
  SHOW(dup2(0, 6));
  SHOW(dup2(0, 5));
  SHOW(fcntl(0, F_DUPFD, 6));
  SHOW(open("/dev/null", O_RDONLY));
  int pair[2];
  SHOW(pipe(pair));
  close(5);
  SHOW(pipe(pair));
  SHOW(open("/dev/null", O_RDONLY));
}

/* ---- processes ---- */

static void processes(void) {
  become_ordinary();
  int until[2], made = 0;
  NEED(pipe(until) == 0);
  SHOW(limit(RLIMIT_NPROC, 4, 4));
  for (;;) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
      char c;
      close(until[1]);
      read(until[0], &c, 1);
      _exit(0);
    }
    if (pid < 0) break;
    made++;
  }
  printf("%d and then %s\n", made, error_name(errno));
  close(until[1]);
  while (wait(NULL) > 0) {
  }
}

static void too_many_for_exec(void) {
  char *args[] = {"/bin/true", NULL}, *env[] = {NULL};
  limit(RLIMIT_NPROC, 0, 0);
  SHOW(setuid(SOME_USER + 1));
  SHOW(fork());
  SHOW(execve(args[0], args, env));
}

/* ---- signals and messages ---- */

static void queued_signals(void) {
  become_ordinary();
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  SHOW(limit(RLIMIT_SIGPENDING, 5, 5));
  union sigval v = {.sival_int = 1};
  int queued = 0;
  while (queued < 100 && sigqueue(getpid(), SIGRTMIN, v) == 0) queued++;
  printf("%d and then %s\n", queued, error_name(errno));
  SHOW(kill(getpid(), SIGUSR1));
  SHOW(kill(getpid(), SIGRTMIN));
  siginfo_t info;
  SHOW(sigwaitinfo(&set, &info) == SIGUSR1);
  HOLDS(info.si_code == SI_USER && info.si_pid == getpid());
  HOLDS(sigwaitinfo(&set, &info) == SIGRTMIN);
  SHOW(sigqueue(getpid(), SIGRTMIN, v));

  /* A user's processes share it, and timers have their place from the start. */
  while (sigtimedwait(&set, &info, &(struct timespec){0}) > 0) {
  }
  int tell[2], go[2];
  char c;
  NEED(pipe(tell) == 0 && pipe(go) == 0);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    for (int i = 0; i < 3; i++) sigqueue(getpid(), SIGRTMIN, v);
    write(tell[1], "", 1);
    read(go[0], &c, 1);
    _exit(0);
  }
  read(tell[0], &c, 1);
  timer_t timer, other;
  SHOW(timer_create(CLOCK_MONOTONIC, NULL, &timer));
  SHOW(sigqueue(getpid(), SIGRTMIN, v));
  SHOW(sigqueue(getpid(), SIGRTMIN, v));
  SHOW(timer_create(CLOCK_MONOTONIC, NULL, &other));
  int fd = open("/proc/self/status", O_RDONLY);
  char text[4096] = "";
  read(fd, text, sizeof text - 1);
  close(fd);
  char *line = strstr(text, "SigQ:");
  printf("%.8s\n", line ? line : "none");
  SHOW(timer_delete(timer));
  SHOW(sigqueue(getpid(), SIGRTMIN, v));
  SHOW(sigqueue(getpid(), SIGRTMIN, v));
  write(go[1], "", 1);
  waitpid(pid, NULL, 0);
  SHOW(sigqueue(getpid(), SIGRTMIN, v));
}

static void message_queues(void) {
  become_ordinary();
  struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 1024};
  SHOW(limit(RLIMIT_MSGQUEUE, 1000, 1000));
  HOLDS(mq_open("/rlimits-test", O_CREAT | O_EXCL | O_RDWR, 0600, &attr) == -1 && errno == EMFILE);
}

/* ---- scheduling ---- */

static void priorities(void) {
  struct sched_param rt = {.sched_priority = 5}, none = {0};
  SHOW(setpriority(PRIO_PROCESS, 0, 10));
  SHOW(limit(RLIMIT_NICE, 15, 15));
  SHOW(limit(RLIMIT_RTPRIO, 0, 0));
  become_ordinary();
  SHOW(setpriority(PRIO_PROCESS, 0, 4));
  SHOW(setpriority(PRIO_PROCESS, 0, 5));
  SHOW(getpriority(PRIO_PROCESS, 0));
  SHOW(setpriority(PRIO_PROCESS, 0, 3));
  SHOW(sched_setscheduler(0, SCHED_FIFO, &rt));
  SHOW(sched_setscheduler(0, SCHED_BATCH, &none));
  SHOW(sched_setscheduler(0, SCHED_IDLE, &none));
  SHOW(setpriority(PRIO_PROCESS, 0, 19));
  SHOW(limit(RLIMIT_NICE, 0, 0));
  SHOW(sched_setscheduler(0, SCHED_OTHER, &none));
  SHOW(sched_setscheduler(0, SCHED_IDLE | SCHED_RESET_ON_FORK, &none));
  SHOW(sched_setscheduler(0, SCHED_IDLE, &none));
  fflush(stdout);
  if (fork() == 0) {
    SHOW(sched_getscheduler(0));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "deep") == 0) return deep(8000);
  enter_work_directory();
  chmod(".", 0777);
  in_child("rules", rules);
  in_child("processor time", processor_time);
  in_child("address space", address_space);
  in_child("data", data);
  in_child("small stack", small_stack);
  in_child("large stack", large_stack);
  in_child("locked memory", locked);
  in_child("file size", file_size);
  in_child("descriptors", descriptors);
  in_child("processes", processes);
  in_child("exec", too_many_for_exec);
  in_child("queued signals", queued_signals);
  in_child("message queues", message_queues);
  in_child("priorities", priorities);
  return 0;
}
