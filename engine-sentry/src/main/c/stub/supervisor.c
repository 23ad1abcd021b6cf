/*
 * The supervisor: init of the stubs' own namespaces. It makes an empty world (user, pid, mount, net, ipc, uts and
 * cgroup namespaces, an empty root, no capabilities, no way to new privileges), starts the zygote in it, and then
 * does two things for the sentry: interrupt a stub thread (whose pid means something only in here), and report
 * which stub process has ended. When the sentry's socket closes it exits, and the kernel kills all that is left.
 *
 * Descriptors: 0 the sentry's socket (SOCK_SEQPACKET), 2 a file for complaints, 3 guest memory, 4 the control region,
 * 5 the stub's ELF file, 6 and up the image's layers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"

/*
 * From the sentry: interrupt a thread, kill a process, or say that we are there. To the sentry: a process has ended, we are
 * ready, we are there.
 */
enum { ORDER_INTERRUPT = 1, ORDER_KILL = 2, ORDER_ANSWER = 3 };
/* How long the host may have no room for a message. */
enum { PATIENCE_MILLIS = 2000 };
enum { REPORT_READY = 1, REPORT_ENDED = 2, REPORT_THERE = 3 };

struct order {
  unsigned int kind;
  int process;
  int thread;
};

struct report {
  unsigned int kind;
  int process;
  int status;
};

/* After the zygote runs, the supervisor itself needs little. */
static void confine_self(void) {
#define ALLOW(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      ALLOW(SYS_read),
      ALLOW(SYS_write),
      ALLOW(SYS_poll),
      ALLOW(SYS_wait4),
      ALLOW(SYS_tgkill),
      ALLOW(SYS_kill),
      ALLOW(SYS_exit_group),
      ALLOW(SYS_restart_syscall),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    fail("cannot confine the supervisor");
}

static void start_zygote(void) {
  pid_t pid = fork();
  if (pid < 0)
    fail("cannot fork");
  if (pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close(0);
    close(1);
    close(2);
    limit(RLIMIT_CORE, 0);
    limit_processes();
    /* The sentry goes first where both want the processor: a guest waits for it, never the other way round. */
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 4);
    char *argv[] = {"stub", NULL};
    char *envp[] = {NULL};
    syscall(SYS_execveat, 5, "", argv, envp, AT_EMPTY_PATH);
    _exit(100);
  }
}

/* What the host has no room for now it may have soon. */
static int is_for_later(int error) {
  return error == EINTR || error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

static void report(unsigned int kind, int process, int status) {
  struct report r = {kind, process, status};
  ssize_t n;
  for (int tries = 0; (n = write(0, &r, sizeof r)) != sizeof r; tries++) {
    if (n >= 0 || !is_for_later(errno) || tries == PATIENCE_MILLIS)
      _exit(0);
    if (errno != EINTR)
      poll(NULL, 0, 1);
  }
}

static void serve(int children) {
  struct pollfd fds[2] = {{.fd = 0, .events = POLLIN}, {.fd = children, .events = POLLIN}};
  for (int tries = 0;;) {
    if (poll(fds, 2, -1) < 0) {
      if (!is_for_later(errno) || tries++ == PATIENCE_MILLIS)
        _exit(1);
      continue;
    }
    tries = 0;
    if (fds[0].revents) {
      struct order o;
      ssize_t n = read(0, &o, sizeof o);
      if (n <= 0 && !(n < 0 && (errno == EINTR || errno == EAGAIN)))
        _exit(0); /* the sentry is gone: everything in this pid namespace goes with us */
      if (n == sizeof o && o.kind == ORDER_ANSWER)
        report(REPORT_THERE, 0, 0);
      if (n == sizeof o && o.process > 1) {
        if (o.kind == ORDER_INTERRUPT)
          syscall(SYS_tgkill, o.process, o.thread, SIGURG);
        else if (o.kind == ORDER_KILL)
          kill(o.process, SIGKILL);
      }
    }
    if (fds[1].revents) {
      struct signalfd_siginfo info;
      if (read(children, &info, sizeof info) < 0 && errno != EINTR && errno != EAGAIN)
        _exit(1);
      int status;
      pid_t pid;
      while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        report(REPORT_ENDED, pid, status);
    }
  }
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  go_first_without_memory();
  new_namespaces();
  pid_t init = fork();
  if (init < 0)
    fail("cannot fork");
  if (init > 0) {
    send_descriptor_of(init);
    _exit(0); /* the one in the new pid namespace lives as long as the sentry's socket */
  }
  new_session();
  empty_root();
  sethostname("sandbox", 7);
  drop_privileges();
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (children < 0)
    fail("cannot watch children");
  start_zygote();
  report(REPORT_READY, 0, 0);
  if (dup2(children, 1) != 1 || close_range(3, ~0U, 0) != 0)
    fail("cannot close descriptors");
  confine_self();
  serve(1);
}
