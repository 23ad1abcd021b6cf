/*
 * The host calls that the threads of any JVM make, and so those of the sentry's and of a shim: docs/security.md gives the reason for
 * each, and a test compares.
 */
#define _GNU_SOURCE
#include <sched.h>
#include "filter.h"

void allow_threads(unsigned own) {
  ALLOW(futex);
  ALLOW(gettid);
  ALLOW(getpid);
  ALLOW(rt_sigprocmask);
  ALLOW(rt_sigreturn);
  ALLOW(restart_syscall);
  ALLOW(clock_nanosleep);
  ALLOW(clock_gettime);
  ALLOW(mmap);
  ALLOW(munmap);
  ALLOW(mprotect);
  ALLOW(madvise);
  ALLOW(rseq);
  ALLOW(sched_getaffinity);
  ALLOW(sched_yield);
  ALLOW(exit);
  ALLOW(exit_group);
  ALLOW_VALUES(clone, 0,
               CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                   CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID);
  ALLOW_OWN(tgkill, 0, own);
}
