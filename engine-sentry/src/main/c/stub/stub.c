/*
 * The stub: the only code of ours in a guest process. A seccomp filter turns every system call of the guest
 * into SIGSYS; the handler below hands the registers to the sentry through the thread's slot, waits for the
 * answer, carries out the memory operations that come with it, and returns to the guest.
 *
 * Freestanding, and hostile guest code runs beside it: it trusts nothing in memory for its own safety, because
 * there is nothing to protect here. What it can ask of the host is limited by the filter (filter.h), whoever
 * jumps into it with whatever registers.
 */
#include "shared.h"
#include "filter.h"
#include "host.h"
#include "host_vdso.h"

/* Linux's own layouts (asm/ucontext.h, asm/siginfo.h). */
struct kernel_sigaction {
  void *handler;
  u64 flags;
  void *restorer;
  u64 mask;
};

#define SA_SIGINFO 4
#define SA_ONSTACK 0x08000000
#define SA_RESTORER 0x04000000

#define SIGILL 4
#define SIGTRAP 5
#define SIGBUS 7
#define SIGFPE 8
#define SIGSEGV 11
#define SIGURG 23
#define SIGSYS 31

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

static inline struct control_header *header(void) { return (struct control_header *)CONTROL_BASE; }

static inline struct slot *slot_number(u32 n) {
  return (struct slot *)(CONTROL_BASE + (u64)n * SLOT_SIZE);
}

static inline void relax(void) { __asm__ volatile("pause"); }

/* Set by start() before the text is made read-only; every stub process inherits it. */
static u32 has_fsgsbase;
static struct host_vdso host_vdso;

static void load_bases(struct slot *s) {
  u32 which = s->set_bases;
  if (which == 0)
    return;
  s->set_bases = 0;
  if (has_fsgsbase) {
    if (which & 1)
      __asm__ volatile("wrfsbase %0" ::"r"(s->fs_base));
    if (which & 2)
      __asm__ volatile("wrgsbase %0" ::"r"(s->gs_base));
  } else {
    if (which & 1)
      host_call2(NR_arch_prctl, 0x1002 /* ARCH_SET_FS */, s->fs_base);
    if (which & 2)
      host_call2(NR_arch_prctl, 0x1001 /* ARCH_SET_GS */, s->gs_base);
  }
}

/* Ends this thread. The slot may have a new owner as soon as its state says so: no memory is touched after. */
__attribute__((noreturn)) static void leave(struct slot *s) {
  __asm__ volatile(
      "movl %[dead], %[state]\n\t"
      "xorl %%edi, %%edi\n\t"
      "movl %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt"
      : [state] "=m"(s->state)
      : [dead] "i"(STATE_DEAD), [exit] "i"(NR_exit)
      : "rax", "rdi", "rcx", "r11", "memory");
  __builtin_unreachable();
}

void child_main(struct slot *s) __attribute__((noreturn, used));

/* clone(2) into another slot's stack; the child never returns here. */
static s64 clone_into(u64 flags, u32 number) {
  u64 stack = (u64)slot_number(number) + SLOT_SIZE - 64;
  register u64 rdx __asm__("rdx") = 0;
  register u64 r10 __asm__("r10") = 0;
  register u64 r8 __asm__("r8") = 0;
  s64 ret;
  __asm__ volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %%rsp, %%rdi\n\t"
      "andq %[mask], %%rdi\n\t"
      "call child_main\n\t"
      "hlt\n"
      "1:"
      : "=a"(ret)
      : "a"(NR_clone), "D"(flags), "S"(stack), "r"(rdx), "r"(r10), "r"(r8), [mask] "i"(-(int)SLOT_SIZE)
      : "rcx", "r11", "memory");
  return ret;
}

static void carry_out(struct slot *s) {
  u32 count = s->op_count;
  s->op_count = 0;
  for (u32 i = 0; i < count && i < MAX_OPS; i++) {
    struct op *op = &s->ops[i];
    s64 result = 0;
    switch (op->kind) {
    case OP_MAP:
      result = host_call6(NR_mmap, op->address, op->length, op->prot, MAP_SHARED | MAP_FIXED, op->fd, op->offset);
      if (result > 0)
        result = 0;
      break;
    case OP_UNMAP:
      result = host_call2(NR_munmap, op->address, op->length);
      break;
    case OP_PROTECT:
      result = host_call3(NR_mprotect, op->address, op->length, op->prot);
      break;
    case OP_CLONE:
      s->clone_result = clone_into(op->address, op->prot);
      break;
    case OP_EXIT:
      leave(s);
    }
    if (result < 0 && s->op_error == 0)
      s->op_error = (s32)result;
  }
}

/*
 * Tells the sentry that the slot has an event, and waits until it says to go on. A new thread has no event to
 * tell; its first answer may have come before it runs at all.
 */
static void stop_until_resumed(struct slot *s, int is_new) {
  for (;;) {
    struct control_header *h = header();
    if (is_new) {
      u32 unanswered = STATE_RUNNING;
      __atomic_compare_exchange_n(&s->state, &unanswered, STATE_EVENT, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
      is_new = 0;
    } else {
      __atomic_store_n(&s->state, STATE_EVENT, __ATOMIC_SEQ_CST);
    }
    if (__atomic_load_n(&h->sentry_asleep, __ATOMIC_SEQ_CST)) {
      __atomic_fetch_add(&h->doorbell, 1, __ATOMIC_SEQ_CST);
      host_call3(NR_futex, (u64)&h->doorbell, FUTEX_WAKE, 1);
    }
    u32 rounds = h->spin_rounds;
    u32 state;
    for (;;) {
      state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE);
      if (state == STATE_RESUME || state == STATE_FLUSH)
        break;
      if (state == STATE_EVENT && rounds > 0) {
        rounds--;
        relax();
        continue;
      }
      if (state == STATE_EVENT || state == STATE_PARKED) {
        u32 seen = state;
        if (!__atomic_compare_exchange_n(&s->state, &seen, STATE_ASLEEP, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
          continue;
      }
      host_call4(NR_futex, (u64)&s->state, FUTEX_WAIT, STATE_ASLEEP, 0);
    }
    carry_out(s);
    if (state == STATE_RESUME)
      break;
  }
  load_bases(s);
  __atomic_store_n(&s->state, STATE_RUNNING, __ATOMIC_RELEASE);
}

/* A new thread's first code: waits for its first order, then becomes what its prepared frame says. */
void child_main(struct slot *s) {
  stop_until_resumed(s, 1);
  u64 frame = (u64)s + SLOT_FRAME;
  __asm__ volatile(
      "movq %0, %%rsp\n\t"
      "movl %1, %%eax\n\t"
      "syscall\n\t"
      "hlt" ::"r"(frame),
      "i"(NR_rt_sigreturn)
      : "memory");
  __builtin_unreachable();
}

struct stub_siginfo {
  s32 signo;
  s32 error;
  s32 code;
  s32 pad;
  u64 address; /* si_addr, si_call_addr */
  s32 syscall; /* si_syscall */
  u32 arch;    /* si_arch */
};

static void on_signal(int signo, struct stub_siginfo *info, void *ucontext) {
  struct slot *s = (struct slot *)((u64)__builtin_frame_address(0) & ~(SLOT_SIZE - 1));
  s->signo = signo;
  s->code = info->code;
  s->address = info->address;
  s->nr = info->syscall;
  s->arch = info->arch;
  s->frame = (u32)((u64)ucontext - (u64)s);
  stop_until_resumed(s, 0);
}

void restorer(void);
__asm__(
    ".text\n"
    ".globl restorer\n"
    "restorer:\n\t"
    "movl $15, %eax\n\t"
    "syscall\n");

static void handle(int signo) {
  struct kernel_sigaction action = {(void *)on_signal, SA_SIGINFO | SA_ONSTACK | SA_RESTORER, (void *)restorer, ~0UL};
  if (host_call4(NR_rt_sigaction, signo, (u64)&action, 0, 8) != 0)
    host_exit(101);
}

extern u8 stub_text_start[], stub_text_end[], vdso_start[], vdso_end[];

/* The guest's vDSO as the build made it, with the page before it. */
__attribute__((section(".vdso_data"), used)) static struct vdso_data vdso_data;
__asm__(
    ".pushsection .vdso_image, \"ax\", @progbits\n"
    ".incbin \"" VDSO_IMAGE "\"\n"
    ".popsection\n");

/*
 * The zygote: makes its address space empty but for the stub and the control region, gives up every host call
 * that the stub does not need, and then makes the first processes at the sentry's order.
 */
__attribute__((used, noreturn)) void start(u64 *stack) {
  u64 argc = stack[0];
  u64 *p = stack + 1 + argc + 1;
  while (*p)
    p++;
  for (p++; p[0]; p += 2) {
    if (p[0] == 26 /* AT_HWCAP2 */ && (p[1] & 2) /* HWCAP2_FSGSBASE */)
      has_fsgsbase = 1;
    if (p[0] == 33 /* AT_SYSINFO_EHDR */)
      host_vdso = find_host_vdso(p[1]);
  }
  /* Its place must not be where ours or the guest's memory is to go. */
  if (host_vdso.start < CONTROL_BASE + CONTROL_SIZE)
    host_vdso.start = 0;

  s64 control = host_call6(NR_mmap, CONTROL_BASE, CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, FD_CONTROL, 0);
  if (control != (s64)CONTROL_BASE)
    host_exit(102);
  host_call1(NR_close, FD_CONTROL);
  host_call1(NR_close, FD_STUB);

  struct slot *s = slot_number(1);
  __asm__ volatile(
      "movq %0, %%rsp\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %1, %%rdi\n\t"
      "call become_zygote\n\t"
      "hlt" ::"r"((u64)s + SLOT_SIZE - 64),
      "r"(s)
      : "memory", "rdi");
  __builtin_unreachable();
}

__attribute__((used, noreturn)) void become_zygote(struct slot *s) {
  handle(SIGSYS);
  handle(SIGSEGV);
  handle(SIGBUS);
  handle(SIGFPE);
  handle(SIGILL);
  handle(SIGTRAP);
  handle(SIGURG);

  /* Everything that the host's exec mapped besides us: below, between and above. */
  u64 text_start = (u64)stub_text_start;
  u64 text_end = ((u64)stub_text_end + 0xfff) & ~0xfffUL;
  u64 kept_end = (u64)vdso_end;
  u64 control_end = CONTROL_BASE + CONTROL_SIZE;
  host_call2(NR_munmap, 0x10000, text_start - 0x10000);
  host_call2(NR_munmap, text_end, (u64)vdso_start - text_end);
  host_call2(NR_munmap, kept_end, CONTROL_BASE - kept_end);
  if (host_vdso.start != 0) {
    vdso_data.clock_gettime = host_vdso.clock_gettime;
    host_call2(NR_munmap, control_end, host_vdso.start - control_end);
    control_end = host_vdso.end;
  }
  host_call2(NR_munmap, control_end, 0x7ffffffff000UL - control_end);
  host_call3(NR_mprotect, text_start, text_end - text_start, PROT_READ | PROT_EXEC);
  host_call3(NR_mprotect, (u64)vdso_start, kept_end - (u64)vdso_start, PROT_READ | PROT_EXEC);

  struct sock_fprog program = {sizeof(stub_filter) / sizeof(stub_filter[0]), stub_filter};
  if (host_call3(NR_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, 0, (u64)&program) != 0)
    host_exit(103);

  /*
   * From here on the zygote is a thread that has made a system call which is never answered: it serves the
   * sentry's orders from inside the handler, and its frame shows the sentry what the FPU state looks like here.
   */
  (void)s;
  for (;;)
    host_call1(NR_getpid, 0);
}

__asm__(
    ".text\n"
    ".globl _start\n"
    "_start:\n\t"
    "xorl %ebp, %ebp\n\t"
    "movq %rsp, %rdi\n\t"
    "andq $-16, %rsp\n\t"
    "call start\n\t"
    "hlt\n");
