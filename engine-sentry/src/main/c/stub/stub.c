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

/*
 * Time-stamp ticks from a call to its answer, both sides' sleep and waking included, below which it pays not to sleep.
 */
#define SOON 600000UL
/* The least part of the looks that is always made. */
#define PATIENCE_LEAST 24
/* Looks more after each answer that came without sleep. */
#define PATIENCE_GROWTH 750
/* Stops in a row on the sentry's processor after which a thread goes to another, and the least time between two moves. */
#define CROWDED_MOST 8
#define MOVE_PAUSE 40000000UL

static inline struct control_header *header(void) { return (struct control_header *)CONTROL_BASE; }

static inline struct slot *slot_number(u32 n) {
  return (struct slot *)(CONTROL_BASE + (u64)n * SLOT_SIZE);
}

static inline void relax(void) { __asm__ volatile("pause"); }

static inline u64 ticks(void) {
  u32 low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (u64)high << 32 | low;
}

/* Set by start() before the text is made read-only; every stub process inherits it. */
static u32 has_fsgsbase;
static struct host_vdso host_vdso;
/* The processors that the zygote was allowed to use, and how many bytes of them the kernel told. */
static u64 allowed[16];
static s64 allowed_size;

#define NO_CPU (~0U)

/*
 * Where the thread runs, or NO_CPU where the host's vDSO does not tell. That the guest calls code of that vDSO too is why
 * on_signal is told that this time it is us: it would take it for the guest, and the stop that we are in would never end.
 */
static inline u32 this_cpu(struct slot *s) {
  u32 cpu;
  if (host_vdso.getcpu == 0)
    return NO_CPU;
  s->at_host = 1;
  s64 result = ((s64(*)(u32 *, u32 *, void *))host_vdso.getcpu)(&cpu, 0, 0);
  s->at_host = 0;
  return result == 0 ? cpu : NO_CPU;
}

static void set_gs(u64 base) {
  if (has_fsgsbase)
    __asm__ volatile("wrgsbase %0" ::"r"(base));
  else
    host_call2(NR_arch_prctl, 0x1001 /* ARCH_SET_GS */, base);
}

static void load_bases(struct slot *s) {
  u32 which = s->set_bases;
  if (which == 0)
    return;
  s->set_bases = 0;
  if (which & 1) {
    if (has_fsgsbase)
      __asm__ volatile("wrfsbase %0" ::"r"(s->fs_base));
    else
      host_call2(NR_arch_prctl, 0x1002 /* ARCH_SET_FS */, s->fs_base);
  }
  /* A guest that does not use gs lends it to us: it is how a patched site finds its slot. */
  if (which & 2)
    set_gs(s->gs_base ? s->gs_base : (u64)s);
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
    case OP_SAVE_FPU:
      __asm__ volatile("xsave64 (%0)" ::"r"((u64)s + SLOT_FPU), "a"((u32)op->address), "d"((u32)(op->address >> 32))
                       : "memory");
      break;
    case OP_LOAD_FPU:
      __asm__ volatile("xrstor64 (%0)" ::"r"((u64)s + SLOT_FPU), "a"((u32)op->address), "d"((u32)(op->address >> 32))
                       : "memory");
      break;
    }
    if (result < 0 && s->op_error == 0)
      s->op_error = (s32)result;
  }
}

/*
 * Called when the thread stops on the processor that the sentry is on, where neither can spin for the other. The
 * scheduler leaves them together for long if it sees no cache that processors share, or when a third takes turns on
 * the other one: whoever stops here again and again goes elsewhere once, and is then free as before. Returns whether it
 * went.
 */
static int leave_crowd(struct slot *s, u32 cpu) {
  u64 now = ticks();
  s->crowded = now - s->crowded_at < SOON ? s->crowded + 1 : 0;
  s->crowded_at = now;
  if (s->crowded < CROWDED_MOST || now - s->moved_at < MOVE_PAUSE || allowed_size <= 0 || cpu >= 8 * sizeof allowed)
    return 0;
  s->moved_at = now;
  s->crowded = 0;
  u64 others[sizeof allowed / sizeof allowed[0]];
  for (u32 i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
    others[i] = allowed[i];
  others[cpu / 64] &= ~(1UL << cpu % 64);
  /* Refused if there are no others. */
  if (host_call3(NR_sched_setaffinity, 0, (u64)allowed_size, (u64)others) != 0)
    return 0;
  host_call3(NR_sched_setaffinity, 0, (u64)allowed_size, (u64)allowed);
  return 1;
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
      if (__atomic_load_n(&h->sentry_asleep, __ATOMIC_SEQ_CST)) {
        __atomic_fetch_add(&h->doorbell, 1, __ATOMIC_SEQ_CST);
        host_call3(NR_futex, (u64)&h->doorbell, FUTEX_WAKE, 1);
      }
    }
    u32 most = h->spin_rounds;
    u32 least = most / PATIENCE_LEAST;
    u32 rounds = s->patience < most ? s->patience : most;
    if (rounds < least)
      rounds = least;
    /* Where we are on its processor the sentry cannot be running: it will when we sleep, or are elsewhere. */
    u32 cpu = this_cpu(s);
    s->cpu = cpu;
    if (cpu == h->sentry_cpu && !leave_crowd(s, cpu))
      rounds = 0;
    u64 since = 0;
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
        if (state == STATE_EVENT && since == 0)
          since = ticks();
        if (!__atomic_compare_exchange_n(&s->state, &seen, STATE_ASLEEP, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
          continue;
      }
      host_call4(NR_futex, (u64)&s->state, FUTEX_WAIT, STATE_ASLEEP, 0);
    }
    /*
     * Whoever spins in vain keeps the sentry, or another guest, from the processor; whoever sleeps for an answer that
     * is about to come pays for two switches. What the last answers did tells which it will be.
     */
    if (since != 0)
      s->patience = ticks() - since < SOON ? most : s->patience / 2;
    else if (state != STATE_PARKED)
      s->patience = s->patience + PATIENCE_GROWTH < most ? s->patience + PATIENCE_GROWTH : most;
    carry_out(s);
    if (state == STATE_RESUME)
      break;
  }
  load_bases(s);
  __atomic_store_n(&s->state, STATE_RUNNING, __ATOMIC_RELEASE);
}

/* A new thread's first code: waits for its first order, then becomes what its prepared frame says. */
void child_main(struct slot *s) {
  s->self = (u64)s;
  s->interrupted = 0;
  s->at_host = 0;
  set_gs((u64)s);
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

/*
 * Calls from patched sites. The trampoline (memory.Patcher) has put into rcx where the site's next instruction is, as
 * the syscall instruction does, and into r11 where the trampoline goes on; all else is the guest's. The registers are
 * stored in the slot's own frame, where the sentry looks for them as after a trap.
 *
 * Signals may come at any time here. SIGURG, which is to bring the thread to the sentry, is only noted
 * (on_signal): before the event is published the sentry will see the thread anyway, and restore looks for the note
 * when the last answer has come. From that look up to the jump back, on_signal starts restore again, which it can
 * because restore only reads what is in the slot.
 */
#define GREG(n) (*(u64 *)((u64)s + SLOT_FRAME + 40 + 8 * (n)))
#define GREG_RAX 13
#define GREG_RIP 16

void direct_call(struct slot *s) __attribute__((used));
void direct_interrupted(struct slot *s) __attribute__((used));
extern u8 restore[], restore_end[];

__asm__(
    ".pushsection .text.entry, \"ax\", @progbits\n"
    ".set F, 0x1028\n" /* SLOT_FRAME + offset of gregs */
    "direct_entry:\n\t"
    "movq %rsp, %gs:(F + 15*8)\n\t"
    "movq %gs:72, %rsp\n\t"
    "leaq 0x3fc0(%rsp), %rsp\n\t"
    "pushfq\n\t"
    "popq %gs:(F + 17*8)\n\t"
    "movq %r11, %gs:80\n\t"
    "movq %r8, %gs:(F + 0*8)\n\t"
    "movq %r9, %gs:(F + 1*8)\n\t"
    "movq %r10, %gs:(F + 2*8)\n\t"
    "movq %gs:(F + 17*8), %r11\n\t"
    "movq %r11, %gs:(F + 3*8)\n\t"
    "movq %r12, %gs:(F + 4*8)\n\t"
    "movq %r13, %gs:(F + 5*8)\n\t"
    "movq %r14, %gs:(F + 6*8)\n\t"
    "movq %r15, %gs:(F + 7*8)\n\t"
    "movq %rdi, %gs:(F + 8*8)\n\t"
    "movq %rsi, %gs:(F + 9*8)\n\t"
    "movq %rbp, %gs:(F + 10*8)\n\t"
    "movq %rbx, %gs:(F + 11*8)\n\t"
    "movq %rdx, %gs:(F + 12*8)\n\t"
    "movq %rax, %gs:(F + 13*8)\n\t"
    "movq %rcx, %gs:(F + 14*8)\n\t"
    "movq %rcx, %gs:(F + 16*8)\n\t"
    "cld\n\t"
    "xorl %ebp, %ebp\n\t"
    "movq %gs:72, %rdi\n\t"
    "call direct_call\n"
    "restore:\n\t"
    "movq %gs:72, %rdi\n\t"
    "leaq 0x3fc0(%rdi), %rsp\n\t"
    "cmpl $0, %gs:68\n\t"
    "je 1f\n\t"
    "call direct_interrupted\n\t"
    "jmp restore\n"
    "1:\n\t"
    "movq %gs:(F + 0*8), %r8\n\t"
    "movq %gs:(F + 1*8), %r9\n\t"
    "movq %gs:(F + 2*8), %r10\n\t"
    "movq %gs:(F + 3*8), %r11\n\t"
    "movq %gs:(F + 4*8), %r12\n\t"
    "movq %gs:(F + 5*8), %r13\n\t"
    "movq %gs:(F + 6*8), %r14\n\t"
    "movq %gs:(F + 7*8), %r15\n\t"
    "movq %gs:(F + 8*8), %rdi\n\t"
    "movq %gs:(F + 9*8), %rsi\n\t"
    "movq %gs:(F + 10*8), %rbp\n\t"
    "movq %gs:(F + 11*8), %rbx\n\t"
    "movq %gs:(F + 12*8), %rdx\n\t"
    "movq %gs:(F + 13*8), %rax\n\t"
    "movq %gs:(F + 14*8), %rcx\n\t"
    "pushq %gs:(F + 17*8)\n\t"
    "popfq\n\t"
    "movq %gs:(F + 15*8), %rsp\n\t"
    "jmpq *%gs:88\n"
    "restore_end:\n"
    ".popsection\n");

_Static_assert(__builtin_offsetof(struct slot, interrupted) == 68, "direct_entry knows it");
_Static_assert(__builtin_offsetof(struct slot, self) == 72, "direct_entry knows it");
_Static_assert(__builtin_offsetof(struct slot, tail) == 80, "direct_entry knows it");
_Static_assert(__builtin_offsetof(struct slot, go) == 88, "direct_entry knows it");
_Static_assert(SLOT_SIZE == 0x4000 && SLOT_FRAME == 0x1000, "direct_entry knows them");

/* Waits for the sentry with what is in the slot's frame, and decides where the thread goes on. */
static void stop_directly(struct slot *s, u32 signo, u64 behind) {
  s->signo = signo;
  s->code = 0;
  s->frame = SLOT_FRAME;
  s->interrupted = 0;
  stop_until_resumed(s, 0);
  u64 rip = GREG(GREG_RIP);
  s->go = rip == behind ? s->tail : rip;
}

/* Length of a trampoline's trapping syscall instruction, which lies before its tail. */
#define SYSCALL_LENGTH 2

void direct_call(struct slot *s) {
  u64 nr = (u32)GREG(GREG_RAX);
  switch (nr) {
  /* What makes threads, changes programs or sets whole register files is left to the trap. */
  case NR_rt_sigreturn:
  case NR_clone:
  case 57: /* fork */
  case 58: /* vfork */
  case 59: /* execve */
  case NR_arch_prctl:
  case 322: /* execveat */
  case 435: /* clone3 */
    s->go = s->tail - SYSCALL_LENGTH;
    return;
  }
  /* Not where a trace, a tracer or a filter must see every call. */
  if (s->answers & 1) {
    u32 which;
    if (nr == NR_sched_yield) {
      GREG(GREG_RAX) = (u64)host_call1(NR_sched_yield, 0);
      s->go = s->tail;
      return;
    }
    switch (nr) {
    case NR_getpid: which = 0; break;
    case 186: which = 1; break; /* gettid */
    case 110: which = 2; break; /* getppid */
    case 102: which = 3; break; /* getuid */
    case 107: which = 4; break; /* geteuid */
    case 104: which = 5; break; /* getgid */
    case 108: which = 6; break; /* getegid */
    default: which = 8; break;
    }
    if (which < 8) {
      GREG(GREG_RAX) = s->ids[which];
      s->go = s->tail;
      return;
    }
  }
  stop_directly(s, 0, GREG(GREG_RIP));
}

/* The sentry wants to see the thread, whose registers are all in the frame. */
void direct_interrupted(struct slot *s) {
  GREG(GREG_RIP) = s->go;
  stop_directly(s, SIGURG, ~0UL);
}

static void on_signal(int signo, struct stub_siginfo *info, void *ucontext) {
  struct slot *s = (struct slot *)((u64)__builtin_frame_address(0) & ~(SLOT_SIZE - 1));
  u64 *rip = (u64 *)((u64)ucontext + 40 + 8 * GREG_RIP);
  if ((*rip >= STUB_TEXT_BASE && *rip < STUB_TEXT_BASE + STUB_TEXT_SIZE) || s->at_host) {
    if (signo == SIGURG) {
      s->interrupted = 1;
      if (*rip >= (u64)restore && *rip < (u64)restore_end)
        *rip = (u64)restore;
      return;
    }
    if (signo == SIGTRAP)
      return; /* a guest that steps itself steps over us */
  }
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
      host_vdso = take_host_vdso(p[1]);
  }

  allowed_size = host_call3(NR_sched_getaffinity, 0, sizeof allowed, (u64)allowed);

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
  vdso_data.clock_gettime = host_vdso.clock_gettime;
  if (host_vdso.clock_gettime != 0) {
    host_call2(NR_munmap, kept_end, HOST_VDSO_BASE - kept_end);
    host_call2(NR_munmap, host_vdso.end, CONTROL_BASE - host_vdso.end);
  } else {
    host_call2(NR_munmap, kept_end, CONTROL_BASE - kept_end);
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
