/*
 * The foreground end of "viv run" without a terminal. The sandbox's process, a JVM, does everything, in a session of its
 * own; this program stands where the user and the shell expect the command to be: it hands on signals, and ends as the
 * sandbox does. A second JVM in its place would cost more than the rest of a short run.
 *
 *   front JAVA ARGUMENT...
 *
 * Signals travel through a pipe, one byte each, whose descriptor the environment variable VIVARIUM_FRONT names. So they
 * wait until somebody listens; and when this program is killed, the sandbox reads the end of the file and ends too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FAILED = 125, INSISTENT = 3 };

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM};

static int fail(const char *what) {
  fprintf(stderr, "viv: cannot start the sandbox's process: %s: %s\n", what, strerror(errno));
  return FAILED;
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* So many Ctrl-C within two seconds of each other mean it: SIGKILL for the sandbox. */
static unsigned char meant(int sig) {
  static int in_a_row;
  static double last;
  double now = seconds();
  in_a_row = sig == SIGINT && in_a_row > 0 && now - last < 2 ? in_a_row + 1 : sig == SIGINT;
  last = now;
  return (unsigned char)(in_a_row >= INSISTENT ? SIGKILL : sig);
}

static int end_as(int status) {
  if (WIFEXITED(status))
    return WEXITSTATUS(status);
  fprintf(stderr, "viv: the sandbox's process was killed or crashed; viv ps -a and viv logs --engine tell more\n");
  return FAILED;
}

int main(int argc, char **argv) {
  int pipe_ends[2], status;
  char number[16];
  sigset_t watched, before;
  if (argc < 2) {
    fprintf(stderr, "viv: wrong usage: front JAVA ARGUMENT...; it is started by viv run\n");
    return 2;
  }
  /* A standard stream that is closed must not become the pipe. */
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
      return FAILED;
  if (pipe2(pipe_ends, O_CLOEXEC) != 0)
    return fail("no pipe");
  snprintf(number, sizeof number, "%d", pipe_ends[0]);
  setenv("VIVARIUM_FRONT", number, 1);
  /* One heap of libc's for all threads of the JVM, and what is free of it given back: 5 MiB less. */
  setenv("MALLOC_ARENA_MAX", "1", 0);
  setenv("MALLOC_TRIM_THRESHOLD_", "131072", 0);
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  for (unsigned i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++)
    sigaddset(&watched, forwarded[i]);
  sigprocmask(SIG_BLOCK, &watched, &before);
  /* A disposition of "ignore" would be inherited from a shell that reaps nothing, and then nobody could be waited for. */
  signal(SIGCHLD, SIG_DFL);

  pid_t child = vfork();
  if (child < 0)
    return fail("no process");
  if (child == 0) {
    setsid();
    fcntl(pipe_ends[0], F_SETFD, 0);
    sigprocmask(SIG_SETMASK, &before, NULL);
    execv(argv[1], argv + 1);
    _exit(fail(argv[1]));
  }
  close(pipe_ends[0]);
  signal(SIGPIPE, SIG_IGN);
  for (;;) {
    int sig = sigwaitinfo(&watched, NULL);
    if (sig == SIGCHLD) {
      if (waitpid(child, &status, WNOHANG) == child)
        return end_as(status);
    } else if (sig > 0) {
      unsigned char byte = meant(sig);
      /* Fails only when the sandbox's process is gone, which the next SIGCHLD tells. */
      if (write(pipe_ends[1], &byte, 1) < 0)
        continue;
    }
  }
}
