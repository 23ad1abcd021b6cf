/* Every register of the program is the same after a handler, a fork and a switch as before. */
#include <fenv.h>
#include <immintrin.h>
#include <sched.h>

#include "show.h"

static volatile sig_atomic_t count;
static volatile double spoiled;

static void spoil(int sig) {
  (void)sig;
  double x = count + 0.5;
  for (int i = 0; i < 50; i++) x = x * 1.0001 + 3.25 / (x + 1);
  spoiled = x;
  long double y = (long double)x;
  for (int i = 0; i < 8; i++) y = y * y / 3;
  fesetround(FE_UPWARD);
  __asm__ volatile(
      "pcmpeqd %%xmm0, %%xmm0\n movdqa %%xmm0, %%xmm1\n movdqa %%xmm0, %%xmm7\n"
      "movdqa %%xmm0, %%xmm8\n movdqa %%xmm0, %%xmm15\n" ::
          : "xmm0", "xmm1", "xmm7", "xmm8", "xmm15");
  count++;
}

/* All xmm registers hold known values across a system call that runs a handler. */
static int sse_kept(int pid, int sig) {
  static unsigned char before[16 * 16] __attribute__((aligned(16)));
  static unsigned char after[16 * 16] __attribute__((aligned(16)));
  for (int i = 0; i < 256; i++) before[i] = (unsigned char)(i * 7 + count);
  long rax = 62; /* kill */
  __asm__ volatile(
      "movdqa 0x00(%[b]), %%xmm0\n movdqa 0x10(%[b]), %%xmm1\n movdqa 0x20(%[b]), %%xmm2\n"
      "movdqa 0x30(%[b]), %%xmm3\n movdqa 0x40(%[b]), %%xmm4\n movdqa 0x50(%[b]), %%xmm5\n"
      "movdqa 0x60(%[b]), %%xmm6\n movdqa 0x70(%[b]), %%xmm7\n movdqa 0x80(%[b]), %%xmm8\n"
      "movdqa 0x90(%[b]), %%xmm9\n movdqa 0xa0(%[b]), %%xmm10\n movdqa 0xb0(%[b]), %%xmm11\n"
      "movdqa 0xc0(%[b]), %%xmm12\n movdqa 0xd0(%[b]), %%xmm13\n movdqa 0xe0(%[b]), %%xmm14\n"
      "movdqa 0xf0(%[b]), %%xmm15\n"
      "syscall\n"
      "movdqa %%xmm0, 0x00(%[a])\n movdqa %%xmm1, 0x10(%[a])\n movdqa %%xmm2, 0x20(%[a])\n"
      "movdqa %%xmm3, 0x30(%[a])\n movdqa %%xmm4, 0x40(%[a])\n movdqa %%xmm5, 0x50(%[a])\n"
      "movdqa %%xmm6, 0x60(%[a])\n movdqa %%xmm7, 0x70(%[a])\n movdqa %%xmm8, 0x80(%[a])\n"
      "movdqa %%xmm9, 0x90(%[a])\n movdqa %%xmm10, 0xa0(%[a])\n movdqa %%xmm11, 0xb0(%[a])\n"
      "movdqa %%xmm12, 0xc0(%[a])\n movdqa %%xmm13, 0xd0(%[a])\n movdqa %%xmm14, 0xe0(%[a])\n"
      "movdqa %%xmm15, 0xf0(%[a])\n"
      : "+a"(rax)
      : "D"((long)pid), "S"((long)sig), [b] "r"(before), [a] "r"(after)
      : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  return rax == 0 && memcmp(before, after, sizeof before) == 0;
}

__attribute__((target("avx"))) static int avx_kept(int pid, int sig) {
  static unsigned char before[32] __attribute__((aligned(32)));
  static unsigned char after[32] __attribute__((aligned(32)));
  for (int i = 0; i < 32; i++) before[i] = (unsigned char)(i * 11 + 3);
  long rax = 62;
  __asm__ volatile(
      "vmovdqa (%[b]), %%ymm5\n"
      "syscall\n"
      "vmovdqa %%ymm5, (%[a])\n"
      : "+a"(rax)
      : "D"((long)pid), "S"((long)sig), [b] "r"(before), [a] "r"(after)
      : "rcx", "r11", "memory", "xmm5");
  return rax == 0 && memcmp(before, after, sizeof before) == 0;
}

/* The general registers that a system call must keep, and rcx and r11 as it leaves them. */
static int registers_kept(int pid, int sig) {
  long ok;
  __asm__ volatile(
      "mov $0x1111, %%rbx\n mov $0x2222, %%r12\n mov $0x3333, %%r13\n mov $0x4444, %%r14\n"
      "mov $0x5555, %%r15\n mov $0x6666, %%r8\n mov $0x7777, %%r9\n mov $0x8888, %%r10\n"
      "mov $0x9999, %%rdx\n mov $62, %%eax\n"
      "syscall\n"
      "xor $0x1111, %%rbx\n xor $0x2222, %%r12\n or %%r12, %%rbx\n"
      "xor $0x3333, %%r13\n or %%r13, %%rbx\n xor $0x4444, %%r14\n or %%r14, %%rbx\n"
      "xor $0x5555, %%r15\n or %%r15, %%rbx\n xor $0x6666, %%r8\n or %%r8, %%rbx\n"
      "xor $0x7777, %%r9\n or %%r9, %%rbx\n xor $0x8888, %%r10\n or %%r10, %%rbx\n"
      "xor $0x9999, %%rdx\n or %%rdx, %%rbx\n or %%rax, %%rbx\n mov %%rbx, %0\n"
      : "=m"(ok)
      : "D"((long)pid), "S"((long)sig)
      : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
  return ok == 0;
}

/* The red zone below the stack pointer belongs to the function. */
__attribute__((noinline)) static long red_zone(long pid, long sig) {
  long result;
  __asm__ volatile(
      "movq $0x1234, -8(%%rsp)\n movq $0x5678, -120(%%rsp)\n"
      "mov $62, %%eax\n syscall\n"
      "mov -8(%%rsp), %%rax\n add -120(%%rsp), %%rax\n"
      : "=a"(result)
      : "D"(pid), "S"(sig)
      : "rcx", "r11", "memory");
  return result;
}

int main(void) {
  signal(SIGUSR1, spoil);
  pid_t pid = getpid();
  int good = 0;
  for (int i = 0; i < 50; i++) good += sse_kept(pid, SIGUSR1);
  printf("sse kept %d of 50\n", good);
  good = 0;
  for (int i = 0; i < 50; i++) good += sse_kept(pid, 0);
  printf("sse kept %d of 50 without a signal\n", good);
  if (__builtin_cpu_supports("avx")) {
    good = 0;
    for (int i = 0; i < 50; i++) good += avx_kept(pid, i % 2 ? SIGUSR1 : 0);
  } else {
    good = 50;
  }
  printf("avx kept %d of 50\n", good);
  good = 0;
  for (int i = 0; i < 50; i++) good += registers_kept(pid, i % 2 ? SIGUSR1 : 0);
  printf("registers kept %d of 50\n", good);
  good = 0;
  for (int i = 0; i < 50; i++) good += red_zone(pid, i % 2 ? SIGUSR1 : 0) == 0x1234 + 0x5678;
  printf("red zone kept %d of 50\n", good);

  /* The rounding mode and the x87 stack. */
  fesetround(FE_DOWNWARD);
  volatile long double a = 1.0L;
  long double b = a / 3.0L, c = b * 7.0L;
  raise(SIGUSR1);
  HOLDS(fegetround() == FE_DOWNWARD);
  HOLDS(c == b * 7.0L);
  int status;
  fflush(stdout);
  if (fork() == 0) _exit(fegetround() == FE_DOWNWARD ? 0 : 1);
  wait(&status);
  show_status("rounding in the child", status);
  fesetround(FE_TONEAREST);

  /* A timer interrupts arithmetic everywhere; two processes take turns. */
  signal(SIGALRM, spoil);
  pid_t child = fork();
  double x = child == 0 ? 1.5 : 2.5;
  count = 0;
  ualarm(2000, 2000);
  for (int i = 0; i < 200000; i++) {
    x = x * 1.0000001 + 1e-9;
    if (i % 5000 == 0) sched_yield();
  }
  ualarm(0, 0);
  double y = child == 0 ? 1.5 : 2.5;
  for (int i = 0; i < 200000; i++) y = y * 1.0000001 + 1e-9;
  if (child == 0) _exit(x == y ? 0 : 1);
  HOLDS(x == y);
  wait(&status);
  show_status("arithmetic in the child", status);
  return 0;
}
