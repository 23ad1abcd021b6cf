/* fork, exit and every way to wait. */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "show.h"

static void nothing(int sig) { (void)sig; }

static pid_t child(int how) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid != 0) return pid;
  if (how >= 1000) {
    signal(how - 1000, SIG_DFL);
    kill(getpid(), how - 1000);
    pause();
  }
  _exit(how);
}

int main(void) {
  int status = -1;
  SHOW(wait(&status));
  SHOW(waitpid(-1, &status, WNOHANG));
  SHOW(waitpid(1 << 22, &status, 0));
  SHOW(waitpid(-1, &status, 0x4000));
  for (int code = 0; code <= 300; code += 60) {
    child(code);
    wait(&status);
    show_status("child", status);
  }
  const int signals[] = {SIGTERM, SIGKILL, SIGABRT, SIGSEGV, SIGUSR1, SIGALRM, SIGPIPE, SIGHUP};
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  for (int i = 0; i < 8; i++) {
    child(1000 + signals[i]);
    wait(&status);
    show_status("child", status & ~0x80);
  }
  if (fork() == 0) {
    signal(SIGCHLD, SIG_DFL);
    kill(getpid(), SIGCHLD);
    kill(getpid(), SIGWINCH);
    kill(getpid(), SIGURG);
    kill(getpid(), SIGCONT);
    _exit(9);
  }
  wait(&status);
  show_status("ignored by default", status);

  /* A zombie stays until it is waited for. */
  pid_t pid = child(3);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  SHOW(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
  HOLDS(info.si_pid == pid && info.si_signo == SIGCHLD && info.si_code == CLD_EXITED);
  printf("status %d\n", info.si_status);
  SHOW(kill(pid, 0));
  SHOW(kill(pid, SIGKILL));
  char path[64], text[512] = {0};
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY);
  read(fd, text, sizeof text - 1);
  close(fd);
  HOLDS(strstr(text, ") Z ") != NULL);
  HOLDS(waitpid(pid, &status, 0) == pid);
  show_status("zombie", status);
  SHOW(kill(pid, 0));
  SHOW(waitpid(pid, &status, 0));

  /* Stopping and continuing. */
  fflush(stdout);
  int until[2];
  NEED(pipe(until) == 0);
  pid = fork();
  if (pid == 0) {
    raise(SIGSTOP);
    close(until[1]);
    read(until[0], &status, 1); /* its being continued is seen before its end */
    _exit(4);
  }
  HOLDS(waitpid(pid, &status, WUNTRACED) == pid);
  show_status("child", status);
  SHOW(waitpid(pid, &status, WUNTRACED | WNOHANG));
  kill(pid, SIGCONT);
  HOLDS(waitpid(pid, &status, WCONTINUED) == pid);
  show_status("child", status);
  close(until[1]);
  HOLDS(waitpid(pid, &status, 0) == pid);
  show_status("child", status);

  pid = fork();
  if (pid == 0) {
    raise(SIGSTOP);
    _exit(5);
  }
  memset(&info, 0, sizeof info);
  SHOW(waitid(P_ALL, 0, &info, WSTOPPED));
  HOLDS(info.si_code == CLD_STOPPED && info.si_status == SIGSTOP && info.si_pid == pid);
  kill(pid, SIGKILL);
  memset(&info, 0, sizeof info);
  SHOW(waitid(P_ALL, 0, &info, WEXITED));
  HOLDS(info.si_code == CLD_KILLED && info.si_status == SIGKILL);
  memset(&info, 1, sizeof info);
  SHOW(waitid(P_ALL, 0, &info, WEXITED));
  SHOW(waitid(P_ALL, 0, &info, 0));
  SHOW(waitid(77, 0, &info, WEXITED));
  pid = child(6);
  struct rusage usage;
  HOLDS(wait4(pid, &status, 0, &usage) == pid);
  HOLDS(usage.ru_utime.tv_sec == 0);

  /* By process group. */
  pid_t a = fork();
  if (a == 0) {
    setpgid(0, 0);
    pause();
  }
  setpgid(a, a);
  pid_t b = child(7);
  SHOW(waitpid(-a, &status, WNOHANG));
  HOLDS(waitpid(0, &status, 0) == b);
  kill(-a, SIGTERM);
  HOLDS(waitpid(-a, &status, 0) == a);
  show_status("group", status);

  /* WNOHANG does not wait; SIGCHLD ignored leaves no zombie. */
  int p[2];
  pipe(p);
  pid = fork();
  if (pid == 0) {
    close(p[1]);
    char c;
    read(p[0], &c, 1);
    _exit(0);
  }
  SHOW(waitpid(pid, &status, WNOHANG));
  memset(&info, 1, sizeof info);
  SHOW(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG));
  printf("pid %d\n", (int)info.si_pid);
  close(p[1]);
  HOLDS(waitpid(pid, &status, 0) == pid);
  signal(SIGCHLD, SIG_IGN);
  child(8);
  SHOW(wait(&status));
  struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_NOCLDWAIT};
  sigaction(SIGCHLD, &sa, NULL);
  child(8);
  int r;
  while ((r = wait(&status)) == -1 && errno == EINTR) {
  }
  printf("%d %s\n", r, error_name(errno));
  signal(SIGCHLD, SIG_DFL);

  /* Orphans go to the nearest subreaper. */
  SHOW(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
  fflush(stdout);
  if (fork() == 0) {
    if (fork() == 0) {
      sleep_ms(30);
      _exit(getppid() == 1 ? 1 : 11);
    }
    _exit(10);
  }
  wait(&status);
  show_status("first", status);
  wait(&status);
  show_status("orphan", status);

  /* The parent is told with the signal, and with which. */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  pid = child(12);
  HOLDS(sigwaitinfo(&set, &info) == SIGCHLD);
  HOLDS(info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 12);
  HOLDS(waitpid(pid, &status, 0) == pid);
  SHOW(prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0));
  int death = 0;
  SHOW(prctl(PR_GET_PDEATHSIG, &death));
  printf("%d\n", death);

  int pidfd = (int)syscall(SYS_pidfd_open, pid = child(13), 0);
  HOLDS(pidfd >= 0);
  SHOW(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
  printf("status %d\n", info.si_status);
  return 0;
}
