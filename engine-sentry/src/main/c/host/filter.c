/* Filters of host calls, for a process with many threads. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "filter.h"
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

void allow(unsigned nr) {
  jump(BPF_JEQ, nr, 0, 1);
  answer(SECCOMP_RET_ALLOW);
}

void allow_values(unsigned nr, unsigned argument, const unsigned *values, unsigned count) {
  jump(BPF_JEQ, nr, 0, count + 3);
  load(LOW(argument));
  for (unsigned i = 0; i < count; i++)
    jump(BPF_JEQ, values[i], count - i, 0);
  answer(refused);
  answer(SECCOMP_RET_ALLOW);
}

void allow_without(unsigned nr, unsigned argument, unsigned bits) {
  jump(BPF_JEQ, nr, 0, 4);
  load(LOW(argument));
  jump(BPF_JSET, bits, 0, 1);
  answer(refused);
  answer(SECCOMP_RET_ALLOW);
}

void allow_null(unsigned nr, unsigned argument) {
  jump(BPF_JEQ, nr, 0, 6);
  load(LOW(argument));
  jump(BPF_JEQ, 0, 0, 2);
  load(HIGH(argument));
  jump(BPF_JEQ, 0, 1, 0);
  answer(refused);
  answer(SECCOMP_RET_ALLOW);
}

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

  if (with & SHIM)
    allow_shim(own, with);
  else
    allow_sentry(own, with);
  answer(not_there);

  if (length >= MAX_CODE)
    return ENOSPC;
  struct sock_fprog program = {(unsigned short)length, code};
  /* Neither of them runs code of a guest's in its address space: what slows speculation down for such gains nothing. */
  long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                   &program);
  return r == 0 ? 0 : r > 0 ? EBUSY : errno;
}

int restrict_own_calls(void) {
  struct sock_fprog program = {(unsigned short)length, code};

  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : errno;
}
