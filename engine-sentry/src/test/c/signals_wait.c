/* Waiting for signals, and what a signal does to a call that waits. */
#include <sys/syscall.h>

#include "show.h"

static volatile sig_atomic_t count;

static void note(int sig) {
  (void)sig;
  count++;
}

/* A child that sends SIG to its parent after a while. */
static void send_later(int sig) {
  pid_t parent = getpid();
  fflush(stdout);
  if (fork() == 0) {
    sleep_ms(30);
    kill(parent, sig);
    _exit(0);
  }
}

static void reap(void) {
  while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
  }
}

static void handle(int sig, int flags) {
  struct sigaction sa = {.sa_handler = note, .sa_flags = flags};
  sigaction(sig, &sa, NULL);
}

int main(void) {
  char b[16];
  int p[2], status;
  pipe(p);

  handle(SIGUSR1, 0);
  send_later(SIGUSR1);
  SHOW(pause());
  reap();
  printf("handled %d\n", (int)count);
  send_later(SIGUSR1);
  SHOW(read(p[0], b, 1));
  reap();
  send_later(SIGUSR1);
  struct timespec wait = {5, 0}, left = {0, 0};
  SHOW(nanosleep(&wait, &left));
  HOLDS(left.tv_sec == 4);
  reap();

  /* With SA_RESTART a read goes on and a sleep does not. */
  handle(SIGUSR1, SA_RESTART);
  count = 0;
  pid_t parent = getpid();
  fflush(stdout);
  if (fork() == 0) {
    sleep_ms(30);
    kill(parent, SIGUSR1);
    sleep_ms(30);
    write(p[1], "data", 4);
    _exit(0);
  }
  SHOW(read(p[0], b, sizeof b));
  printf("handled %d\n", (int)count);
  reap();
  send_later(SIGUSR1);
  SHOW(nanosleep(&wait, &left));
  reap();
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    sleep_ms(30);
    kill(parent, SIGUSR1);
    sleep_ms(30);
    _exit(3);
  }
  HOLDS(waitpid(pid, &status, 0) == pid);
  show_status("waitpid went on", status);
  handle(SIGUSR1, 0);
  pid = fork();
  if (pid == 0) {
    sleep_ms(30);
    kill(parent, SIGUSR1);
    sleep_ms(30);
    _exit(3);
  }
  SHOW(waitpid(pid, &status, 0));
  HOLDS(waitpid(pid, &status, 0) == pid);

  /* An ignored signal, and a stop with a continue, interrupt nothing. */
  signal(SIGUSR1, SIG_IGN);
  if (fork() == 0) {
    sleep_ms(20);
    kill(parent, SIGUSR1);
    kill(parent, SIGWINCH);
    sleep_ms(20);
    write(p[1], "x", 1);
    _exit(0);
  }
  SHOW(read(p[0], b, sizeof b));
  reap();
  int q[2];
  pipe(q);
  pid = fork();
  if (pid == 0) {
    char c = 0;
    int64_t t = nanos(CLOCK_MONOTONIC);
    SHOW(read(p[0], &c, 1));
    struct timespec short_wait = {0, 60000000};
    SHOW(nanosleep(&short_wait, NULL));
    HOLDS(nanos(CLOCK_MONOTONIC) - t >= 60000000);
    fflush(stdout);
    _exit(0);
  }
  sleep_ms(20);
  kill(pid, SIGSTOP);
  waitpid(pid, &status, WUNTRACED);
  show_status("child", status);
  kill(pid, SIGCONT);
  sleep_ms(10);
  write(p[1], "x", 1);
  sleep_ms(10);
  kill(pid, SIGSTOP);
  waitpid(pid, &status, WUNTRACED);
  show_status("child", status);
  kill(pid, SIGCONT);
  waitpid(pid, &status, 0);
  show_status("child", status);

  /* sigsuspend, sigtimedwait, sigwaitinfo. */
  sigset_t set, none;
  sigemptyset(&none);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  handle(SIGUSR1, 0);
  count = 0;
  raise(SIGUSR1);
  SHOW(sigsuspend(&none));
  printf("handled %d\n", (int)count);
  sigset_t now;
  sigprocmask(SIG_SETMASK, NULL, &now);
  HOLDS(sigismember(&now, SIGUSR1));
  send_later(SIGUSR1);
  SHOW(sigsuspend(&none));
  printf("handled %d\n", (int)count);
  reap();
  siginfo_t info;
  struct timespec zero = {0, 0}, soon = {0, 20000000}, bad = {0, -1};
  SHOW(sigtimedwait(&set, &info, &zero));
  SHOW(sigtimedwait(&set, &info, &soon));
  SHOW(sigtimedwait(&set, &info, &bad));
  send_later(SIGUSR2);
  SHOW(sigwaitinfo(&set, &info));
  HOLDS(info.si_signo == SIGUSR2 && info.si_code == SI_USER && info.si_pid > 0);
  reap();
  raise(SIGUSR2);
  raise(SIGUSR1);
  SHOW(sigwaitinfo(&set, NULL));
  SHOW(sigwaitinfo(&set, NULL));
  handle(SIGHUP, 0);
  send_later(SIGHUP);
  SHOW(sigwaitinfo(&set, NULL));
  reap();

  /* A blocked signal interrupts nothing and is there afterwards. */
  count = 0;
  send_later(SIGUSR1);
  SHOW(usleep(60000));
  reap();
  printf("handled %d\n", (int)count);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  printf("handled %d\n", (int)count);

  /* alarm and a write to a full pipe. */
  handle(SIGALRM, 0);
  pipe(p);
  fcntl(p[1], F_SETFL, O_NONBLOCK);
  while (write(p[1], b, sizeof b) > 0) {
  }
  fcntl(p[1], F_SETFL, 0);
  ualarm(30000, 0);
  SHOW(write(p[1], b, sizeof b));
  return 0;
}
