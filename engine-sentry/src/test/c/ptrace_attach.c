/* ptrace: attaching, seizing, group stops, PTRACE_LISTEN, threads, who is told what, and how a tracer's end is felt. */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "show.h"

static void end(const char *what, int status) {
  if (WIFEXITED(status))
    printf("%s: exited %d\n", what, WEXITSTATUS(status));
  else if (WIFSIGNALED(status))
    printf("%s: killed by %d\n", what, WTERMSIG(status));
  else if (WIFCONTINUED(status))
    printf("%s: continued\n", what);
  else
    printf("%s: stopped by %d, event %d\n", what, WSTOPSIG(status), status >> 16);
}

static int next(const char *what, pid_t child) {
  int status = 0;
  pid_t got = waitpid(child, &status, __WALL);
  if (got != child)
    printf("%s: wait gave %s\n", what, got < 0 ? error_name(errno) : "another");
  else
    end(what, status);
  return status;
}

/* Waits until the process's state is one of these. */
static char state_of(pid_t pid, const char *wanted) {
  char path[64], line[512], state = '?';
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  for (int i = 0; i < 5000; i++) {
    FILE *f = fopen(path, "r");
    if (f && fgets(line, sizeof line, f)) state = strrchr(line, ')')[2];
    if (f) fclose(f);
    if (strchr(wanted, state)) break;
    usleep(1000);
  }
  return state;
}

static int tracer_of(pid_t pid) {
  char path[64], line[256];
  int tracer = -1;
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE *f = fopen(path, "r");
  while (f && fgets(line, sizeof line, f)) sscanf(line, "TracerPid: %d", &tracer);
  if (f) fclose(f);
  return tracer;
}

static pid_t sleeper(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  state_of(child, "S");
  return child;
}

static void attach(void) {
  printf("-- attach\n");
  pid_t child = sleeper();
  HOLDS(tracer_of(child) == 0);
  SHOW(ptrace(PTRACE_ATTACH, child, 0, 0));
  next("attached", child);
  HOLDS(tracer_of(child) == getpid());
  printf("state %c\n", state_of(child, "t"));
  SHOW(ptrace(PTRACE_DETACH, child, 0, 1000));
  SHOW(ptrace(PTRACE_DETACH, child, 0, 0));
  HOLDS(tracer_of(child) == 0);
  printf("state %c\n", state_of(child, "S"));

  /* To a process that is stopped already. */
  kill(child, SIGSTOP);
  int status = 0;
  waitpid(child, &status, WUNTRACED);
  end("stopped", status);
  printf("state %c\n", state_of(child, "T"));
  SHOW(ptrace(PTRACE_ATTACH, child, 0, 0));
  next("attached", child);
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  next("the pending SIGSTOP", child);
  SHOW(ptrace(PTRACE_DETACH, child, 0, 0));
  printf("state %c\n", state_of(child, "T"));
  kill(child, SIGCONT);
  printf("state %c\n", state_of(child, "S"));
  SHOW(ptrace(PTRACE_ATTACH, child, 0, 0));
  next("attached", child);
  SHOW(ptrace(PTRACE_DETACH, child, 0, SIGTERM));
  next("detached with SIGTERM", child);
}

static void seize(void) {
  printf("-- seize\n");
  pid_t child = sleeper();
  SHOW(ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACESYSGOOD));
  HOLDS(waitpid(child, 0, WNOHANG | __WALL) == 0);
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  SHOW(ptrace(PTRACE_INTERRUPT, child, 0, 0));
  next("interrupted", child);
  siginfo_t si;
  ptrace(PTRACE_GETSIGINFO, child, 0, &si);
  printf("signo %d code %#x\n", si.si_signo, si.si_code);
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  kill(child, SIGSTOP);
  next("signal", child);
  SHOW(ptrace(PTRACE_LISTEN, child, 0, 0));
  SHOW(ptrace(PTRACE_CONT, child, 0, SIGSTOP));
  next("group stop", child);
  ptrace(PTRACE_GETSIGINFO, child, 0, &si);
  printf("signo %d code %#x\n", si.si_signo, si.si_code);
  SHOW(ptrace(PTRACE_LISTEN, child, 0, 0));
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  HOLDS(waitpid(child, 0, WNOHANG | __WALL) == 0);
  kill(child, SIGCONT);
  next("its end", child);
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  next("the signal", child);
  SHOW(ptrace(PTRACE_CONT, child, 0, SIGCONT));
  SHOW(ptrace(PTRACE_INTERRUPT, child, 0, 0));
  next("interrupted", child);
  SHOW(ptrace(PTRACE_DETACH, child, 0, SIGTERM)); /* not a signal's stop: nothing is passed on */
  kill(child, SIGKILL);
  next("end", child);
}

/* A blocked call goes on after a stop as if nothing had been. */
static void restart(void) {
  printf("-- restart\n");
  int fds[2];
  NEED(pipe(fds) == 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    char c;
    _exit(read(fds[0], &c, 1) == 1 ? c : 99);
  }
  state_of(child, "S");
  SHOW(ptrace(PTRACE_ATTACH, child, 0, 0));
  next("attached", child);
  SHOW(ptrace(PTRACE_SYSCALL, child, 0, 0));
  next("leaves or enters", child);
  SHOW(ptrace(PTRACE_DETACH, child, 0, 0));
  NEED(write(fds[1], "\7", 1) == 1);
  next("end", child);
  close(fds[0]);
  close(fds[1]);
}

/* The real parent hears of nothing but the end, and that after the tracer. */
static void somebody_else(void) {
  printf("-- somebody else\n");
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  pid_t child = sleeper();
  int go[2], back[2];
  NEED(pipe(go) == 0 && pipe(back) == 0);
  fflush(stdout);
  pid_t tracer = fork();
  if (tracer == 0) {
    SHOW(ptrace(PTRACE_SEIZE, child, 0, 0));
    SHOW(ptrace(PTRACE_INTERRUPT, child, 0, 0));
    next("tracer: interrupted", child);
    ptrace(PTRACE_CONT, child, 0, 0);
    kill(child, SIGTERM);
    next("tracer: signal", child);
    ptrace(PTRACE_CONT, child, 0, SIGTERM);
    siginfo_t si = {0};
    waitid(P_PID, child, &si, WEXITED | WNOWAIT | __WALL);
    printf("tracer: code %d status %d\n", si.si_code, si.si_status);
    fflush(stdout);
    char c;
    write(go[1], "x", 1);
    read(back[0], &c, 1);
    next("tracer: end", child);
    SHOW(waitpid(child, 0, __WALL));
    fflush(stdout);
    _exit(0);
  }
  char c;
  read(go[0], &c, 1);
  HOLDS(waitpid(child, 0, WNOHANG) == 0);
  fflush(stdout);
  write(back[1], &c, 1);
  next("tracer", tracer);
  next("parent: end", child);
  close(back[0]);
  close(back[1]);
  close(go[0]);
  close(go[1]);
}

static void tracer_ends(int options) {
  printf("-- tracer ends, options %#x\n", options);
  pid_t child = sleeper();
  fflush(stdout);
  pid_t tracer = fork();
  if (tracer == 0) {
    ptrace(PTRACE_SEIZE, child, 0, options);
    ptrace(PTRACE_INTERRUPT, child, 0, 0);
    waitpid(child, 0, __WALL);
    _exit(0);
  }
  next("tracer", tracer);
  if (options == 0) {
    printf("state %c\n", state_of(child, "S"));
    kill(child, SIGKILL);
  }
  next("child", child);
}

static volatile int go_on;
static void *thread_main(void *arg) {
  while (!go_on) usleep(1000);
  syscall(SYS_exit, (long)arg);
  return 0;
}
static void *exec_main(void *arg) {
  execl("/bin/true", "true", (char *)0);
  return arg;
}

static void threads(void) {
  printf("-- threads\n");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    pthread_t t;
    pthread_create(&t, 0, thread_main, (void *)5);
    raise(SIGUSR1);
    go_on = 1;
    pthread_join(t, 0);
    pthread_create(&t, 0, exec_main, 0);
    for (;;) pause();
  }
  next("stop", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC);
  ptrace(PTRACE_CONT, child, 0, 0);
  next("clone", child);
  unsigned long tid = 0;
  ptrace(PTRACE_GETEVENTMSG, child, 0, &tid);
  next("thread", tid);
  HOLDS(tracer_of(tid) == getpid());
  ptrace(PTRACE_CONT, tid, 0, 0);
  ptrace(PTRACE_CONT, child, 0, 0);
  next("signal", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  next("thread's end", tid);
  next("clone", child);
  ptrace(PTRACE_GETEVENTMSG, child, 0, &tid);
  next("thread", tid);
  ptrace(PTRACE_CONT, child, 0, 0);
  ptrace(PTRACE_CONT, tid, 0, 0);
  next("exec", child);
  unsigned long old = 0;
  ptrace(PTRACE_GETEVENTMSG, child, 0, &old);
  HOLDS(old == tid);
  ptrace(PTRACE_CONT, child, 0, 0);
  next("end", child);
}

/* A traced set-user-id program gains nothing; an undumpable process cannot be looked into by its like. */
static void undumpable(void) {
  printf("-- undumpable\n");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  state_of(child, "S");
  pid_t other = fork();
  if (other == 0) {
    if (getuid() == 0) NEED(setgid(65534) == 0 && setuid(65534) == 0);
    SHOW(ptrace(PTRACE_ATTACH, child, 0, 0));
    SHOW(ptrace(PTRACE_SEIZE, getppid(), 0, 0));
    fflush(stdout);
    _exit(0);
  }
  next("other", other);
  kill(child, SIGKILL);
  next("child", child);
}

static void emulated(void) {
  printf("-- emulated\n");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(syscall(SYS_getpid) == 1234 ? 3 : 4);
  }
  next("stop", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  SHOW(ptrace(PTRACE_SYSEMU, child, 0, 0));
  next("call", child);
  SHOW(ptrace(PT_WRITE_U, child, 10 * 8, 1234));
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  next("end", child);
}

int main(void) {
  alarm(25);
  attach();
  seize();
  restart();
  somebody_else();
  tracer_ends(0);
  tracer_ends(PTRACE_O_EXITKILL);
  threads();
  undumpable();
  emulated();
  return 0;
}
