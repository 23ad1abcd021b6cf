/* Host calls by number: the stub has no libc. */
#ifndef VIVARIUM_STUB_HOST_H
#define VIVARIUM_STUB_HOST_H

#include "shared.h"

#define NR_close 3
#define NR_mmap 9
#define NR_mprotect 10
#define NR_munmap 11
#define NR_rt_sigaction 13
#define NR_rt_sigreturn 15
#define NR_sched_yield 24
#define NR_mremap 25
#define NR_getpid 39
#define NR_clone 56
#define NR_exit 60
#define NR_arch_prctl 158
#define NR_futex 202
#define NR_sched_setaffinity 203
#define NR_sched_getaffinity 204
#define NR_exit_group 231
#define NR_seccomp 317

#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED 1
#define MAP_FIXED 0x10

static inline s64 host_call6(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  s64 ret;
  register u64 r10 __asm__("r10") = d;
  register u64 r8 __asm__("r8") = e;
  register u64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(ret)
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return ret;
}

static inline s64 host_call4(u64 nr, u64 a, u64 b, u64 c, u64 d) {
  s64 ret;
  register u64 r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return ret;
}

static inline s64 host_call3(u64 nr, u64 a, u64 b, u64 c) {
  s64 ret;
  __asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return ret;
}

static inline s64 host_call2(u64 nr, u64 a, u64 b) { return host_call3(nr, a, b, 0); }

static inline s64 host_call1(u64 nr, u64 a) { return host_call3(nr, a, 0, 0); }

__attribute__((noreturn)) static inline void host_exit(u64 code) {
  for (;;)
    host_call1(NR_exit_group, code);
}

#endif
