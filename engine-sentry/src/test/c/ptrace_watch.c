/*
 * ptrace: what debug registers take. That they work is not shown here, for there are virtual
 * machines in which they never do: gdb's tests look at that in a sandbox alone.
 */
#include "show.h"
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

static volatile long cell __attribute__((aligned(8)));
static volatile char bytes[8] __attribute__((aligned(8)));

static void __attribute__((noinline, noclone)) add(long n) { cell += n; }

static long dr(pid_t child, int n) {
  errno = 0;
  return ptrace(PTRACE_PEEKUSER, child, offsetof(struct user, u_debugreg) + 8 * n, 0);
}

static long set_dr(pid_t child, int n, unsigned long value) {
  return ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg) + 8 * n, value);
}

/* Enables slot n for writes (1) or execution (0) of a length as the register encodes it. */
static unsigned long on(int n, int kind, int length) {
  return 1ul << (2 * n) | (unsigned long)(kind | length << 2) << (16 + 4 * n);
}

static pid_t start(void) {
  int status;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    add(1);
    _exit((int)cell);
  }
  NEED(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
  return child;
}

int main(void) {
  pid_t child = start();
  printf("fresh: %lx %lx %lx %lx control %lx\n", dr(child, 0), dr(child, 1), dr(child, 2), dr(child, 3),
         dr(child, 7));
  SHOW(set_dr(child, 4, 1));
  SHOW(set_dr(child, 0, (unsigned long)&cell));
  HOLDS(dr(child, 0) == (long)&cell);
  SHOW(set_dr(child, 7, on(0, 2, 0)));
  SHOW(set_dr(child, 7, on(0, 0, 3)));
  SHOW(set_dr(child, 1, (unsigned long)bytes + 1));
  SHOW(set_dr(child, 7, on(1, 1, 1)));
  SHOW(set_dr(child, 7, on(0, 1, 2)));
  HOLDS(dr(child, 7) == (long)on(0, 1, 2));
  SHOW(set_dr(child, 0, (unsigned long)&cell + 4));
  HOLDS(dr(child, 0) == (long)&cell);
  SHOW(set_dr(child, 2, (unsigned long)add));
  SHOW(set_dr(child, 7, on(0, 1, 2) | on(2, 0, 0)));
  SHOW(set_dr(child, 6, 0x4001));
  HOLDS((dr(child, 6) & 0x400f) == 0x4001);
  SHOW(set_dr(child, 7, 0));
  HOLDS(dr(child, 7) == 0 && dr(child, 2) == (long)add);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return 0;
}
