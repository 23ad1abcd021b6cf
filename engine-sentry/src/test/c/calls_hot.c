/*
 * System-call instructions that run often: an implementation may replace them by something faster, and must do so
 * unseen. Registers, the FPU, signals, threads, forks, jumps into the middle, and code that changes itself.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "show.h"

#define ROUNDS 300

/* A call as C libraries make it, with entries at the instruction itself and behind it. */
__asm__(
    ".text\n"
    ".balign 4096\n"
    ".globl hot, hot_at, hot_behind, hot_end\n"
    ".type hot, @function\n"
    "hot:\n\t"
    "movq %rdi, %rax\n\t"
    "movq %rsi, %rdi\n\t"
    "movq %rdx, %rsi\n\t"
    "movq %rcx, %rdx\n"
    "hot_at:\n\t"
    "syscall\n"
    "hot_behind:\n\t"
    "cmpq $-4096, %rax\n\t"
    "ja 1f\n\t"
    "ret\n"
    "1:\n\t"
    "movq $-1, %rax\n\t"
    "ret\n"
    "hot_end:\n"
    ".globl enter_at, enter_behind\n"
    /* Jumps to the call instruction with the number in rax. */
    "enter_at:\n\t"
    "movq %rdi, %rax\n\t"
    "jmp hot_at\n"
    /* Jumps behind it with a result in rax. */
    "enter_behind:\n\t"
    "movq %rdi, %rax\n\t"
    "jmp hot_behind\n"
    /* Makes calls with every register holding something; returns how many came back changed. */
    ".globl keeps\n"
    "keeps:\n\t"
    "pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n\t"
    "movq %rdi, %r15\n\t"
    "xorl %r14d, %r14d\n"
    "2:\n\t"
    "movq $0x1111, %rbx; movq $0x2222, %rbp; movq $0x3333, %r12; movq $0x4444, %r13\n\t"
    "movq $0x5555, %r8; movq $0x6666, %r9; movq $0x7777, %r10\n\t"
    "movq $0x8888, %rdi; movq $0x9999, %rsi; movq $0xaaaa, %rdx\n\t"
    "movq $0xbbbb, -8(%rsp)\n\t" /* the red zone */
    "movq %r13, %xmm0; movq %rbp, %xmm7; movq %rbx, %xmm15\n\t"
    "movl $110, %eax\n\t"
    "syscall\n\t"
    "cmpq $-4096, %rax\n\t"
    "ja 3f\n\t"
    "cmpq $0x1111, %rbx; jne 3f; cmpq $0x2222, %rbp; jne 3f; cmpq $0x3333, %r12; jne 3f\n\t"
    "cmpq $0x4444, %r13; jne 3f; cmpq $0x5555, %r8; jne 3f; cmpq $0x6666, %r9; jne 3f\n\t"
    "cmpq $0x7777, %r10; jne 3f; cmpq $0x8888, %rdi; jne 3f; cmpq $0x9999, %rsi; jne 3f\n\t"
    "cmpq $0xaaaa, %rdx; jne 3f; cmpq $0xbbbb, -8(%rsp); jne 3f\n\t"
    "movq %xmm0, %rax; cmpq %r13, %rax; jne 3f\n\t"
    "movq %xmm7, %rax; cmpq %rbp, %rax; jne 3f\n\t"
    "movq %xmm15, %rax; cmpq %rbx, %rax; je 4f\n"
    "3:\n\t"
    "incq %r14\n"
    "4:\n\t"
    "decq %r15\n\t"
    "jnz 2b\n\t"
    "movq %r14, %rax\n\t"
    "popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n\t"
    "ret\n"
    "keeps_end:\n"
    ".globl keeps_end\n"
    ".balign 4096\n");

extern long hot(long nr, long a, long b, long c);
extern long enter_at(long nr), enter_behind(long result), keeps(long rounds);
extern char hot_at[], hot_end[], keeps_end[];

static void warm(void) {
  long wrong = 0;
  pid_t pid = getpid();
  for (int i = 0; i < ROUNDS; i++) wrong += hot(SYS_getpid, 0, 0, 0) != pid;
  printf("wrong: %ld\n", wrong);
}

static void middle(void) {
  HOLDS(enter_at(SYS_getpid) == getpid());
  HOLDS(enter_at(SYS_getppid) == getppid());
  SHOW(enter_behind(5));
  SHOW(enter_behind(-22) == -1);
  long wrong = 0;
  for (int i = 0; i < ROUNDS; i++) wrong += enter_behind(i) != i || enter_behind(-1 - i % 4095) != -1;
  printf("wrong behind: %ld\n", wrong);
  SHOW(hot(999, 0, 0, 0));
  SHOW(hot(SYS_close, -1, 0, 0));
}

static _Atomic int go;

static void *hammer(void *arg) {
  (void)arg;
  long wrong = 0;
  pid_t tid = (pid_t)syscall(SYS_gettid);
  while (!go) sched_yield();
  for (int i = 0; i < 1000; i++) {
    wrong += hot(SYS_gettid, 0, 0, 0) != tid;
    wrong += hot(SYS_getpid, 0, 0, 0) != getpid();
  }
  return (void *)wrong;
}

/* Before anything is hot: the threads make it so while all of them are in it. */
static void threads(void) {
  pthread_t t[4];
  long wrong = 0;
  for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, hammer, NULL);
  go = 1;
  for (int i = 0; i < 4; i++) {
    void *w;
    pthread_join(t[i], &w);
    wrong += (long)w;
  }
  printf("wrong in threads: %ld\n", wrong);
}

static _Atomic long outside, handled;
static _Atomic int stop;

static void where(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  ucontext_t *u = context;
  uintptr_t rip = (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
  if (rip < (uintptr_t)hot || rip >= (uintptr_t)keeps_end) outside++;
  /* The handler is welcome to the FPU: what it does must not be seen. */
  __asm__ volatile("pxor %%xmm0, %%xmm0; pxor %%xmm7, %%xmm7; pxor %%xmm15, %%xmm15" ::: "xmm0", "xmm7", "xmm15");
  hot(SYS_getppid, 0, 0, 0);
  handled++;
}

static pthread_t victim;

static void *shoot(void *arg) {
  (void)arg;
  for (int i = 0; i < 100 && !stop; i++) {
    long before = handled;
    pthread_kill(victim, SIGUSR1);
    while (handled == before && !stop) usleep(100);
  }
  stop = 1;
  return NULL;
}

static void signals(void) {
  struct sigaction a = {.sa_sigaction = where, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGUSR1, &a, NULL);
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, &old);
  victim = pthread_self();
  pthread_t t;
  pthread_create(&t, NULL, shoot, NULL);
  long changed = 0;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  while (!stop) changed += keeps(50);
  pthread_join(t, NULL);
  HOLDS(handled >= 1);
  printf("registers changed: %ld, handlers that saw foreign code: %ld\n", changed, (long)(outside > handled / 2));
}

static void nothing(int sig) { (void)sig; }

static void *interrupt(void *arg) {
  usleep(30000);
  pthread_kill(victim, SIGUSR2);
  usleep(30000);
  if (write((int)(long)arg, "x", 1) != 1) abort();
  return NULL;
}

static void restarts(int flags) {
  int p[2];
  char c = 0;
  NEED(pipe(p) == 0);
  for (int i = 0; i < ROUNDS; i++) {
    NEED(write(p[1], "y", 1) == 1);
    NEED(hot(SYS_read, p[0], (long)&c, 1) == 1);
  }
  struct sigaction a = {.sa_handler = nothing, .sa_flags = flags};
  sigaction(SIGUSR2, &a, NULL);
  pthread_t t;
  pthread_create(&t, NULL, interrupt, (void *)(long)p[1]);
  long r = hot(SYS_read, p[0], (long)&c, 1);
  printf("read with flags %x: %ld %c\n", flags & SA_RESTART, r, r == 1 ? c : '-');
  pthread_join(t, NULL);
  close(p[0]);
  close(p[1]);
}

static void *forks(void *arg) {
  (void)arg;
  for (int i = 0; i < 5; i++) {
    pid_t pid = i % 2 ? fork() : (pid_t)hot(SYS_fork, 0, 0, 0);
    if (pid == 0) {
      long wrong = 0;
      for (int k = 0; k < 50; k++) wrong += hot(SYS_getppid, 0, 0, 0) == hot(SYS_getpid, 0, 0, 0);
      hot(SYS_exit_group, wrong != 0 || keeps(50) != 0, 0, 0);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    if (status != 0) return (void *)1;
  }
  return NULL;
}

static void children(void) {
  void *r;
  pthread_t t;
  pthread_create(&t, NULL, forks, NULL);
  pthread_join(t, &r);
  printf("forked in a thread: %ld\n", (long)r);
  printf("forked: %ld\n", (long)forks(NULL));
  pid_t pid = vfork();
  if (pid == 0) {
    hot(SYS_getpid, 0, 0, 0);
    _exit(hot(SYS_getppid, 0, 0, 0) == getppid() ? 3 : 4);
  }
  int status;
  waitpid(pid, &status, 0);
  show_status("vfork", status);
  /* An orphan has another parent. */
  int p[2];
  NEED(pipe(p) == 0);
  pid = fork();
  if (pid == 0) {
    pid_t parent = getpid();
    if (fork() == 0) {
      for (int i = 0; i < ROUNDS; i++) hot(SYS_getppid, 0, 0, 0);
      while (hot(SYS_getppid, 0, 0, 0) == parent) usleep(1000);
      NEED(write(p[1], "o", 1) == 1);
      _exit(0);
    }
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  char c = 0;
  SHOW(read(p[0], &c, 1));
}

static void identity(void) {
  pid_t pid = fork();
  if (pid == 0) {
    long wrong = 0;
    for (int i = 0; i < ROUNDS; i++) wrong += hot(SYS_geteuid, 0, 0, 0) != geteuid() || hot(SYS_getgid, 0, 0, 0) != getgid();
    printf("wrong ids: %ld\n", wrong);
    if (geteuid() == 0) {
      NEED(setresgid(77, 78, 79) == 0 && setresuid(55, 56, 57) == 0);
      HOLDS(hot(SYS_getuid, 0, 0, 0) == 55 && hot(SYS_geteuid, 0, 0, 0) == 56);
      HOLDS(hot(SYS_getgid, 0, 0, 0) == 77 && hot(SYS_getegid, 0, 0, 0) == 78);
    } else {
      printf("%s\n%s\n", "hot(SYS_getuid, 0, 0, 0) == 55 && hot(SYS_geteuid, 0, 0, 0) == 56: yes",
             "hot(SYS_getgid, 0, 0, 0) == 77 && hot(SYS_getegid, 0, 0, 0) == 78: yes");
    }
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  show_status("ids", status);
}

/* The code itself changes, and comes back. */
static void changes(void) {
  long page = (long)hot & -4096;
  unsigned char saved[16];
  NEED(mprotect((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
  memcpy(saved, hot_at, sizeof saved);
  HOLDS((unsigned char)hot_at[0] == 0x0f && (unsigned char)hot_at[1] == 0x05);
  memcpy(hot_at, "\xb8\x2a\x00\x00\x00\xc3", 6); /* mov $42, %eax; ret */
  SHOW(hot(SYS_getpid, 0, 0, 0));
  memcpy(hot_at, saved, sizeof saved);
  HOLDS(hot(SYS_getpid, 0, 0, 0) == getpid());
  NEED(mprotect((void *)page, 4096, PROT_READ | PROT_EXEC) == 0);
  warm();
  SHOW(enter_behind(6));
}

static void *segments(void *arg) {
  static long word = 0x1234;
  long seen, wrong = 0;
  (void)arg;
  if (syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, &word) != 0) return (void *)-1;
  for (int i = 0; i < ROUNDS; i++) {
    wrong += hot(SYS_getpid, 0, 0, 0) != getpid();
    __asm__ volatile("movq %%gs:0, %0" : "=r"(seen));
    wrong += seen != 0x1234;
  }
  return (void *)wrong;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  threads();
  warm();
  middle();
  signals();
  restarts(0);
  restarts(SA_RESTART);
  children();
  identity();
  changes();
  pthread_t t;
  void *r;
  pthread_create(&t, NULL, segments, NULL);
  pthread_join(t, &r);
  printf("gs: %ld\n", (long)r);
  warm();
  return 0;
}
