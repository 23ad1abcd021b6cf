/*
 * The host calls that the sentry's JVM may make once a guest runs. docs/security.md gives the reason for each, and a
 * test compares. Whatever else it tries does not exist for it (ENOSYS): the C library and the JDK have ways around calls
 * that an older kernel lacks, clone3 for one, whose flags no filter can see. What one call of the list can do as well as
 * another is done with that (host.c).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "walls.h"

#define FIRST_X32 0x40000000
#define LOW(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define HIGH(n) (LOW(n) + 4)

enum { MAX_CODE = 512 };

static struct sock_filter code[MAX_CODE];
static unsigned length;

static void emit(struct sock_filter instruction) {
  if (length < MAX_CODE)
    code[length++] = instruction;
}

static void load(unsigned offset) {
  emit((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

static void answer(unsigned action) {
  emit((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void jump(unsigned kind, unsigned value, unsigned if_true, unsigned if_false) {
  emit((struct sock_filter)BPF_JUMP(BPF_JMP | kind | BPF_K, value, (unsigned char)if_true, (unsigned char)if_false));
}

static const unsigned not_there = SECCOMP_RET_ERRNO | ENOSYS;
static const unsigned refused = SECCOMP_RET_ERRNO | EPERM;

static void allow(unsigned nr) {
  jump(BPF_JEQ, nr, 0, 1);
  answer(SECCOMP_RET_ALLOW);
}

/* Only with one of these values of an argument that the kernel takes as an int. */
static void allow_values(unsigned nr, unsigned argument, const unsigned *values, unsigned count) {
  jump(BPF_JEQ, nr, 0, count + 3);
  load(LOW(argument));
  for (unsigned i = 0; i < count; i++)
    jump(BPF_JEQ, values[i], count - i, 0);
  answer(refused);
  answer(SECCOMP_RET_ALLOW);
}

/* Only with none of these bits in an argument that the kernel takes as an int. */
static void allow_without(unsigned nr, unsigned argument, unsigned bits) {
  jump(BPF_JEQ, nr, 0, 4);
  load(LOW(argument));
  jump(BPF_JSET, bits, 0, 1);
  answer(refused);
  answer(SECCOMP_RET_ALLOW);
}

/* Only with a null pointer. */
static void allow_null(unsigned nr, unsigned argument) {
  jump(BPF_JEQ, nr, 0, 6);
  load(LOW(argument));
  jump(BPF_JEQ, 0, 0, 2);
  load(HIGH(argument));
  jump(BPF_JEQ, 0, 1, 0);
  answer(refused);
  answer(SECCOMP_RET_ALLOW);
}

#define ALLOW(name) allow(SYS_##name)
#define ALLOW_VALUES(name, argument, ...)                                                                              \
  do {                                                                                                                 \
    static const unsigned values[] = {__VA_ARGS__};                                                                    \
    allow_values(SYS_##name, argument, values, sizeof values / sizeof values[0]);                                      \
  } while (0)
#define ALLOW_WITHOUT(name, argument, bits) allow_without(SYS_##name, argument, bits)
#define ALLOW_NULL(name, argument) allow_null(SYS_##name, argument)
#define ALLOW_OWN(name, argument, own) allow_values(SYS_##name, argument, &(own), 1)

int restrict_calls(int pid, int with) {
  const unsigned own = (unsigned)pid;

  length = 0;
  load(offsetof(struct seccomp_data, arch));
  jump(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0);
  answer(SECCOMP_RET_KILL_PROCESS);
  load(offsetof(struct seccomp_data, nr));
  jump(BPF_JGE, FIRST_X32, 0, 1);
  answer(not_there);

  /*
   * Not made, and answered as by a kernel that has no room there: the C library then takes its memory by mmap. An error's
   * number it would take for an address.
   */
  jump(BPF_JEQ, SYS_brk, 0, 1);
  answer(SECCOMP_RET_ERRNO | 0);

  /* What a JVM's threads do. */
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

  /* Descriptors that it has. */
  ALLOW(read);
  ALLOW(pread64);
  ALLOW(write);
  ALLOW(preadv2);
  ALLOW(pwritev2);
  ALLOW(lseek);
  ALLOW(fstat);
  ALLOW(close);
  ALLOW(poll);
  ALLOW(fsync);
  ALLOW(ftruncate);
  ALLOW_VALUES(fcntl, 1, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_SETLK, F_DUPFD_CLOEXEC);
  ALLOW_VALUES(ioctl, 1, FIONREAD, TIOCOUTQ);

  /* Its own directories; Landlock says which these are. */
  ALLOW_WITHOUT(openat, 2, O_PATH);
  ALLOW(newfstatat);
  ALLOW(statx);
  ALLOW(rename);
  ALLOW(unlink);
  ALLOW(rmdir);

  /* Sockets that it was given, and clients that come. */
  ALLOW(accept);
  ALLOW(getsockname);
  ALLOW(recvmsg);
  ALLOW(shutdown);
  ALLOW_NULL(sendto, 4);

  /* The gofers, by the descriptors that it has of them. */
  ALLOW(pidfd_send_signal);

  if (with & WITH_NETWORK) {
    ALLOW(epoll_wait);
    ALLOW(epoll_ctl);
    ALLOW(getsockopt);
    ALLOW(setsockopt);
  }
  if (with & WITH_MOUNTS) {
    ALLOW(fallocate);
    ALLOW(inotify_rm_watch);
  }
  if (with & WITH_FOLDERS)
    ALLOW(stat);
  answer(not_there);

  if (length >= MAX_CODE)
    return ENOSPC;
  struct sock_fprog program = {(unsigned short)length, code};
  /* The sentry runs no code of a guest's in its address space: what slows speculation down for such gains nothing. */
  long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                   &program);
  return r == 0 ? 0 : r > 0 ? EBUSY : errno;
}

int restrict_own_calls(void) {
  struct sock_fprog program = {(unsigned short)length, code};

  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : errno;
}
