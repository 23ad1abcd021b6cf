/* The alternate stack, faults with their address, jumping out of handlers. */
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>

#include "show.h"

static sigjmp_buf out;
static char *expected;
static volatile int on_alternate, right_address, code, signal_number;
static char *alternate;

static int within(void *p) {
  return (char *)p >= alternate && (char *)p < alternate + 65536;
}

static void probe(int sig) {
  (void)sig;
  char local;
  on_alternate = within(&local);
  stack_t now;
  sigaltstack(NULL, &now);
  printf("inside: on stack %d flag %d\n", on_alternate, now.ss_flags == SS_ONSTACK);
  stack_t other = {.ss_sp = alternate, .ss_size = 65536};
  SHOW(sigaltstack(&other, NULL));
}

static void fault(int sig, siginfo_t *info, void *context) {
  (void)context;
  char local;
  signal_number = sig;
  on_alternate = within(&local);
  right_address = (char *)info->si_addr == expected;
  code = info->si_code;
  siglongjmp(out, 1);
}

static void show_fault(const char *what) {
  printf("%s: SIG%s address %s code %d alternate %d\n", what, sigabbrev_np(signal_number),
         right_address ? "right" : "WRONG", code, on_alternate);
}

static void skip(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  ucontext_t *u = context;
  u->uc_mcontext.gregs[REG_RIP] += 2;
  u->uc_mcontext.gregs[REG_RAX] = 4711;
}

static int dive(int n) {
  volatile char frame[4096];
  frame[0] = (char)n;
  return n < 0 ? 0 : n + dive(n + 1) + frame[0];
}

static void repair(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  mprotect((void *)((uintptr_t)info->si_addr & ~4095UL), 4096, PROT_READ | PROT_WRITE);
  code++;
}

int main(void) {
  alternate = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack_t st = {.ss_sp = alternate, .ss_size = 65536}, old;
  SHOW(sigaltstack(NULL, &old));
  HOLDS(old.ss_flags == SS_DISABLE);
  SHOW(sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = 100}, NULL));
  SHOW(sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = 65536, .ss_flags = 77}, NULL));
  SHOW(sigaltstack(&st, &old));
  struct sigaction sa = {.sa_handler = probe, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);
  sa.sa_flags = 0;
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);

  sa = (struct sigaction){.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &sa, NULL);
  sigaction(SIGBUS, &sa, NULL);
  sigaction(SIGFPE, &sa, NULL);
  sigaction(SIGILL, &sa, NULL);
  sigaction(SIGTRAP, &sa, NULL);
  char *none = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(none + 4096, 4096, PROT_READ);
  munmap(none + 8192, 4096);
  expected = NULL;
  if (!sigsetjmp(out, 1)) *(volatile char *)NULL = 1;
  show_fault("null write");
  expected = none + 8192 + 5;
  if (!sigsetjmp(out, 1)) *(volatile char *)expected;
  show_fault("unmapped read");
  expected = none + 4096 + 77;
  if (!sigsetjmp(out, 1)) *expected = 1;
  show_fault("read-only write");
  expected = none;
  if (!sigsetjmp(out, 1)) ((void (*)(void))none)();
  show_fault("data executed");
  expected = NULL;
  if (!sigsetjmp(out, 1)) *(volatile char *)0x8000000000000000UL = 1;
  show_fault("not canonical");
  enter_work_directory();
  int fd = open("f", O_RDWR | O_CREAT, 0600);
  ftruncate(fd, 4096);
  char *file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  expected = file + 4096;
  if (!sigsetjmp(out, 1)) *expected = 1;
  show_fault("beyond the file");
  right_address = 1;
  if (!sigsetjmp(out, 1)) {
    int quotient = 1, high = 0, zero = 0;
    __asm__ volatile("idivl %2" : "+a"(quotient), "+d"(high) : "r"(zero));
  }
  printf("division: SIG%s code %d\n", sigabbrev_np(signal_number), code);
  if (!sigsetjmp(out, 1)) __asm__ volatile("ud2");
  printf("ud2: SIG%s code %d\n", sigabbrev_np(signal_number), code);
  if (!sigsetjmp(out, 1)) __asm__ volatile("int3");
  printf("int3: SIG%s\n", sigabbrev_np(signal_number));
  if (!sigsetjmp(out, 1)) __asm__ volatile("hlt");
  printf("hlt: SIG%s\n", sigabbrev_np(signal_number));
  sigset_t set;
  sigprocmask(SIG_SETMASK, NULL, &set);
  HOLDS(sigismember(&set, SIGSEGV) == 0);

  /* A handler that changes registers, and one that repairs the mapping. */
  sa.sa_sigaction = skip;
  sigaction(SIGILL, &sa, NULL);
  long rax = 1;
  __asm__ volatile("ud2" : "+a"(rax));
  printf("rax %ld\n", rax);
  sa.sa_sigaction = repair;
  sigaction(SIGSEGV, &sa, NULL);
  code = 0;
  char *many = mmap(NULL, 20 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 20; i++) many[i * 4096 + i] = (char)i;
  int sum = 0;
  for (int i = 0; i < 20; i++) sum += many[i * 4096 + i];
  printf("%d repairs, sum %d\n", code, sum);

  /* Running out of stack. */
  sa.sa_sigaction = fault;
  sigaction(SIGSEGV, &sa, NULL);
  struct rlimit small = {1 << 20, RLIM_INFINITY};
  getrlimit(RLIMIT_STACK, &small);
  small.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_STACK, &small);
  if (!sigsetjmp(out, 1)) dive(0);
  printf("stack overflow: SIG%s alternate %d\n", sigabbrev_np(signal_number), on_alternate);

  /* Without a handler, or with the signal blocked, the process dies. */
  int status;
  small.rlim_cur = small.rlim_max = 0;
  setrlimit(RLIMIT_CORE, &small);
  fflush(stdout);
  if (fork() == 0) {
    signal(SIGSEGV, SIG_DFL);
    *(volatile char *)NULL = 1;
    _exit(0);
  }
  wait(&status);
  show_status("default", status & ~0x80);
  if (fork() == 0) {
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *(volatile char *)NULL = 1;
    _exit(0);
  }
  wait(&status);
  show_status("blocked", status & ~0x80);
  if (fork() == 0) {
    signal(SIGSEGV, SIG_IGN);
    *(volatile char *)NULL = 1;
    _exit(0);
  }
  wait(&status);
  show_status("ignored", status & ~0x80);
  SHOW(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL));
  return 0;
}
