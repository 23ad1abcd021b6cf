/*
 * The guest's vDSO: what the C library and the Go runtime call for the time, without a system call.
 *
 * The host kernel has mapped a vDSO of its own into every process, with the page from which it reads the time. Ours
 * asks that one, so that its clocks are the host kernel's to the nanosecond (and the sentry's, which reads the same),
 * run on when the sentry sleeps, and follow whatever the host does to them. Which clock is which is the sentry's
 * decision (syscalls/SysTime.java): for those it answers in another way, and where the host has no vDSO, the system
 * call is made, which traps like every other.
 */
#include "shared.h"

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_TAI 11

#define NR_gettimeofday 96
#define NR_time 201
#define NR_clock_gettime 228
#define NR_clock_getres 229
#define NR_getcpu 309

#define EXPORT(name) \
  extern __typeof__(__vdso_##name) name __attribute__((alias("__vdso_" #name), visibility("default")))

static inline const struct vdso_data *data(void) { return (const struct vdso_data *)VDSO_DATA; }

static inline s64 call(u64 nr, u64 a, u64 b, u64 c) {
  s64 ret;
  __asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return ret;
}

/* The host's clock that stands for the guest's; -1 for those that the sentry alone knows. */
static inline s32 host_clock(s32 clock) {
  switch (clock) {
  case CLOCK_REALTIME:
  case CLOCK_REALTIME_COARSE:
  case CLOCK_TAI:
    return CLOCK_REALTIME;
  case CLOCK_MONOTONIC:
  case CLOCK_MONOTONIC_RAW:
  case CLOCK_MONOTONIC_COARSE:
  case CLOCK_BOOTTIME:
    return CLOCK_MONOTONIC;
  default:
    return -1;
  }
}

int __vdso_clock_gettime(s32 clock, struct timespec64 *to) {
  int (*host)(s32, struct timespec64 *) = (void *)data()->clock_gettime;
  s32 of_host = host_clock(clock);
  if (host && of_host >= 0)
    return host(of_host, to);
  return (int)call(NR_clock_gettime, (u64)(s64)clock, (u64)to, 0);
}

int __vdso_gettimeofday(struct timespec64 *to, u64 *zone) {
  int (*host)(s32, struct timespec64 *) = (void *)data()->clock_gettime;
  if (!host || zone)
    return (int)call(NR_gettimeofday, (u64)to, (u64)zone, 0);
  if (to) {
    host(CLOCK_REALTIME, to);
    to->nanoseconds /= 1000;
  }
  return 0;
}

s64 __vdso_time(s64 *to) {
  int (*host)(s32, struct timespec64 *) = (void *)data()->clock_gettime;
  struct timespec64 now;
  if (!host)
    return call(NR_time, (u64)to, 0, 0);
  host(CLOCK_REALTIME, &now);
  if (to)
    *to = now.seconds;
  return now.seconds;
}

int __vdso_clock_getres(s32 clock, struct timespec64 *to) {
  return (int)call(NR_clock_getres, (u64)(s64)clock, (u64)to, 0);
}

int __vdso_getcpu(u32 *cpu, u32 *node, void *unused) {
  return (int)call(NR_getcpu, (u64)cpu, (u64)node, (u64)unused);
}

EXPORT(clock_gettime);
EXPORT(gettimeofday);
EXPORT(time);
EXPORT(clock_getres);
EXPORT(getcpu);
