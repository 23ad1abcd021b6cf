/* needs: root */
/* Users, groups, sessions, process groups, limits, priorities, umask and prctl. */
#include <grp.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "show.h"

static void show_ids(void) {
  uid_t r, e, s;
  gid_t gr, ge, gs;
  getresuid(&r, &e, &s);
  getresgid(&gr, &ge, &gs);
  printf("uid %d %d %d gid %d %d %d\n", r, e, s, gr, ge, gs);
}

static void in_child(void (*work)(void)) {
  fflush(stdout);
  int status;
  if (fork() == 0) {
    work();
    fflush(stdout);
    _exit(0);
  }
  wait(&status);
  if (status) show_status("child", status);
}

static void drop(void) {
  gid_t groups[4] = {7, 8, 9};
  SHOW(setgroups(3, groups));
  memset(groups, 0, sizeof groups);
  SHOW(getgroups(0, NULL));
  SHOW(getgroups(2, groups));
  SHOW(getgroups(4, groups));
  printf("%d %d %d\n", groups[0], groups[1], groups[2]);
  SHOW(setresgid(10, 20, 30));
  SHOW(setresuid(100, 200, 300));
  show_ids();
  SHOW(setuid(300));
  show_ids();
  SHOW(setuid(0));
  SHOW(setresuid(-1, 100, 100));
  show_ids();
  SHOW(setreuid(300, -1));
  SHOW(setreuid(100, 100));
  show_ids();
  SHOW(setgid(30));
  SHOW(setgid(0));
  SHOW(setgroups(0, NULL));
  SHOW(setfsuid(55));
  SHOW(setfsuid(-1));
  SHOW(kill(getppid(), 0));
  SHOW(setpriority(PRIO_PROCESS, 0, -5));
  SHOW(chroot("/"));
  SHOW(syscall(SYS_sethostname, "x", 1));
}

static void become(void) {
  SHOW(setuid(1000));
  show_ids();
  SHOW(setuid(0));
  SHOW(seteuid(0));
  SHOW(setresuid(0, -1, -1));
}

static void session(void) {
  HOLDS(getpgid(0) == getpgrp());
  HOLDS(setsid() == getpid());
  HOLDS(getsid(0) == getpid() && getpgrp() == getpid());
  SHOW(setsid());
  SHOW(setpgid(0, 0));
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  SHOW(setpgid(child, child));
  HOLDS(getpgid(child) == child && getsid(child) == getpid());
  SHOW(setpgid(child, 1));
  SHOW(setpgid(1 << 22, 0));
  SHOW(setpgid(child, -1));
  SHOW(getpgid(1 << 22));
  SHOW(killpg(child, SIGTERM));
  int status;
  waitpid(child, &status, 0);
  show_status("group member", status);
  SHOW(killpg(child, SIGTERM));
}

static void limits(void) {
  struct rlimit l, old;
  SHOW(getrlimit(RLIMIT_NOFILE, &l));
  HOLDS(l.rlim_cur >= 256 && l.rlim_cur <= l.rlim_max);
  SHOW(getrlimit(RLIMIT_STACK, &l));
  HOLDS(l.rlim_cur >= 1 << 20);
  SHOW(getrlimit(77, &l));
  l = (struct rlimit){100, 50};
  SHOW(setrlimit(RLIMIT_NOFILE, &l));
  l = (struct rlimit){50, 100};
  SHOW(setrlimit(RLIMIT_NOFILE, &l));
  SHOW(prlimit(0, RLIMIT_NOFILE, NULL, &old));
  printf("%ld %ld\n", (long)old.rlim_cur, (long)old.rlim_max);
  SHOW(sysconf(_SC_OPEN_MAX));
  if (fork() == 0) {
    getrlimit(RLIMIT_NOFILE, &l);
    _exit((int)l.rlim_cur);
  }
  int status;
  wait(&status);
  show_status("inherited", status);
  enter_work_directory();
  l = (struct rlimit){1000, RLIM_INFINITY};
  getrlimit(RLIMIT_FSIZE, &l);
  l.rlim_cur = 1000;
  SHOW(setrlimit(RLIMIT_FSIZE, &l));
  signal(SIGXFSZ, SIG_IGN);
  int fd = open("f", O_CREAT | O_RDWR, 0600);
  char b[600] = {0};
  SHOW(write(fd, b, 600));
  SHOW(write(fd, b, 600));
  SHOW(write(fd, b, 600));
  SHOW(ftruncate(fd, 5000));
  unlink("f");
  leave_work_directory();
  setresuid(1000, 1000, 1000);
  l = (struct rlimit){50, 200};
  SHOW(setrlimit(RLIMIT_NOFILE, &l));
}

int main(void) {
  show_ids();
  HOLDS(getpid() > 0 && getppid() > 0 && syscall(SYS_gettid) == getpid());
  in_child(drop);
  in_child(become);
  in_child(session);
  in_child(limits);
  SHOW(umask(077));
  SHOW(umask(01777));
  SHOW(umask(022));
  HOLDS(getpriority(PRIO_PROCESS, 0) >= 0); /* whatever the test itself runs with */
  SHOW(setpriority(PRIO_PROCESS, 0, 5));
  SHOW(getpriority(PRIO_PROCESS, 0));
  SHOW(nice(3));
  SHOW(sched_getscheduler(0));
  SHOW(sched_get_priority_max(SCHED_FIFO));
  cpu_set_t cpus;
  SHOW(sched_getaffinity(0, sizeof cpus, &cpus));
  HOLDS(CPU_COUNT(&cpus) >= 1);
  SHOW(sched_yield());
  unsigned cpu = 9999;
  SHOW(getcpu(&cpu, NULL));
  HOLDS(cpu < 4096);

  char name[16] = {0};
  SHOW(prctl(PR_SET_NAME, "a name that is too long"));
  SHOW(prctl(PR_GET_NAME, name));
  puts(name);
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_SET_DUMPABLE, 0));
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  SHOW(prctl(PR_SET_KEEPCAPS, 1));
  SHOW(prctl(PR_GET_KEEPCAPS));
  SHOW(prctl(PR_GET_TIMERSLACK) > 0);
  SHOW(prctl(12345, 0, 0, 0, 0));
  struct rusage u;
  SHOW(getrusage(RUSAGE_SELF, &u));
  SHOW(getrusage(RUSAGE_CHILDREN, &u));
  SHOW(getrusage(77, &u));
  return 0;
}
