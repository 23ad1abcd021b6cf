/*
 * Runs programs one after the other and prints which one runs and how it ended, so that one
 * sandbox serves for many of them:
 *
 *   driver SECONDS PROGRAM...
 *
 * A program that runs longer than SECONDS is killed with its process group. It uses as little of
 * the kernel as it can: what it needs must work before anything can be tested.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t running;
static volatile sig_atomic_t timed_out;

/*
 * Who started the driver must not show in what a program prints: neither descriptors that are still open (select(2) looks
 * as far as the descriptor table reaches), nor ignored or blocked signals.
 */
static void forget_parent(void) {
  close_range(3, ~0U, 0);
  for (int sig = 1; sig < NSIG; sig++) signal(sig, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void on_alarm(int sig) {
  (void)sig;
  timed_out = 1;
  if (running > 0) {
    kill(-running, SIGKILL);
    kill(running, SIGKILL);
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  unsigned seconds = (unsigned)atoi(argv[1]);
  forget_parent();
  signal(SIGALRM, on_alarm);
  int null = open("/dev/null", O_RDONLY);
  if (null > 0) dup2(null, 0);
  for (int i = 2; i < argc; i++) {
    printf("@@@ begin %s\n", argv[i]);
    fflush(stdout);
    timed_out = 0;
    running = fork();
    if (running < 0) {
      printf("@@@ end %s cannot fork: %s\n", argv[i], strerror(errno));
      return 1;
    }
    if (running == 0) {
      signal(SIGALRM, SIG_DFL);
      setpgid(0, 0);
      dup2(1, 2);
      execl(argv[i], argv[i], (char *)NULL);
      printf("cannot run: %s\n", strerror(errno));
      fflush(stdout);
      _exit(127);
    }
    setpgid(running, running);
    alarm(seconds);
    int status = 0;
    while (waitpid(running, &status, 0) < 0 && errno == EINTR) {
    }
    alarm(0);
    printf("\n@@@ end %s ", argv[i]);
    if (timed_out)
      printf("timeout\n");
    else if (WIFEXITED(status))
      printf("exit %d\n", WEXITSTATUS(status));
    else
      printf("signal %d\n", WTERMSIG(status));
    fflush(stdout);
  }
  return 0;
}
