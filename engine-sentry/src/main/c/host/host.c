/*
 * The host calls of the sentry's JVM, for dev.vivarium.sentry.host.DirectCalls: any system call, and the start of a
 * program; and any system call of the JVM beside a virtual machine. Needs nothing of the JVM but its calling convention
 * (environment and class come first), so no jni.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define NATIVE(type, name) __attribute__((visibility("default"))) type Java_dev_vivarium_sentry_host_DirectCalls_##name

/* As the kernel answers: the result or a negative errno. */
static int64_t ask(int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f) {
  int64_t result;
  register int64_t r10 __asm__("r10") = d;
  register int64_t r8 __asm__("r8") = e;
  register int64_t r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

/*
 * Any call. Some are made as another that does the same, so that a confined process needs fewer (calls.c); the processor
 * is known without one.
 */
NATIVE(int64_t, call)(void *env, void *self, int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f) {
  struct iovec io = {(void *)b, (size_t)c};
  struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
  int cpu;

  (void)env, (void)self;
  switch (nr) {
  case SYS_pwrite64:
    return ask(SYS_pwritev2, a, (int64_t)&io, 1, d, 0, 0);
  case SYS_recvfrom:
    if (e)
      break;
    return ask(SYS_recvmsg, a, (int64_t)&message, d, 0, 0, 0);
  case SYS_getcpu:
    cpu = sched_getcpu();
    if (cpu < 0 || b || c)
      break;
    *(int *)a = cpu;
    return 0;
  }
  return ask(nr, a, b, c, d, e, f);
}

__attribute__((visibility("default"))) int64_t Java_dev_vivarium_microvm_host_SystemCall_call0(void *env, void *self, int64_t nr, int64_t a,
                                                                                            int64_t b, int64_t c, int64_t d, int64_t e,
                                                                                            int64_t f) {
  (void)env, (void)self;
  return ask(nr, a, b, c, d, e, f);
}

/* See HostCalls.spawn. */
NATIVE(int32_t, spawn0)(void *env, void *self, int64_t path, int64_t argv, int64_t envp, int64_t fds, int32_t count) {
  (void)env, (void)self;
  const int32_t *given = (const int32_t *)fds;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  pid_t pid;
  int error = posix_spawn_file_actions_init(&actions);
  if (error)
    return -error;
  error = posix_spawnattr_init(&attributes);
  for (int i = 0; i < count && !error; i++)
    if (given[i] >= 0)
      error = posix_spawn_file_actions_adddup2(&actions, given[i], i);
  /* A negative entry must not let through what the sentry has at that number. */
  for (int i = 0; i < (count > 3 ? count : 3) && !error; i++)
    if (i >= count || given[i] < 0)
      error = posix_spawn_file_actions_addclose(&actions, i);
  if (!error)
    error = posix_spawn_file_actions_addclosefrom_np(&actions, count > 3 ? count : 3);
  if (!error) {
    sigset_t none, all;
    sigemptyset(&none);
    /* Not sigfillset, which leaves out libc's own two; those may have been ignored by whoever started us. */
    memset(&all, 0xff, sizeof all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  }
  if (!error)
    error = posix_spawn(&pid, (const char *)path, &actions, &attributes, (char **)argv, (char **)envp);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error ? -error : pid;
}
