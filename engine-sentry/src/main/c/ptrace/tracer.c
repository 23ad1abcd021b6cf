/*
 * The tracer: init of the guest processes' own namespaces, and the one that traces all of them. It makes their empty
 * world, starts the first (tracee.c), and then lets guest threads run, under PTRACE_SYSEMU, until a system call, a
 * fault or an interruption stops them; tells the sentry through the shared region; and has threads carry out the
 * changes of their memory, clones and exits that the sentry orders.
 *
 * When the sentry's socket closes it exits, and the kernel kills all that is left.
 *
 * Descriptors: 0 the sentry's socket (SOCK_SEQPACKET), 2 a file for complaints, 3 guest memory, 4 the shared region,
 * 5 the tracee's ELF file, 6 and up the image's layers.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "../stub/world.h"
#include "shared.h"

#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif

/* To the sentry, once: the world is made; with what is missing of it. */
enum { REPORT_READY = 1 };
enum { MISSING_FILTER = 1, MISSING_OWN_FILTER = 2 };

struct report {
  unsigned int kind;
  int missing; /* of the two filters */
  int unused;
};

/* How often the tracer looks for an answer before it sleeps. */
#define SPIN_ROUNDS 1500
#define ROUNDS_PER_LOOK 64
#define OPTIONS (PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE)
#define USER_CS 0x33
#define USER_SS 0x2b
#define EFLAGS_TF 0x100

enum { TASK_FREE, TASK_RUNNING, TASK_STOPPED, TASK_DEAD };

static struct {
  pid_t tid;
  pid_t process;
  int state;
} tasks[SLOTS];

static u8 *region;
static struct region_header *header;
static u32 orders_taken;
static u32 awaited; /* the slot whose event was told last, until there is an order for it: the answer is near */

/* Set by SIGIO: there is something on the socket. wait_any() does not begin to wait while it is. */
volatile int rung;

/* ---- threads by id ---- */

#define TABLE_SIZE 16384

static struct {
  pid_t tid; /* 0 free */
  u32 slot;
} table[TABLE_SIZE];

static u32 place_of(pid_t tid) {
  u32 i = (u32)tid * 2654435761U % TABLE_SIZE;
  while (table[i].tid != 0 && table[i].tid != tid)
    i = (i + 1) % TABLE_SIZE;
  return i;
}

static void remember(pid_t tid, u32 slot) {
  u32 i = place_of(tid);
  table[i].tid = tid;
  table[i].slot = slot;
}

static void forget(pid_t tid) {
  u32 i = place_of(tid);
  if (table[i].tid == 0)
    return;
  table[i].tid = 0;
  /* What follows may have been displaced by it. */
  for (u32 j = (i + 1) % TABLE_SIZE; table[j].tid != 0; j = (j + 1) % TABLE_SIZE) {
    pid_t moved = table[j].tid;
    u32 slot = table[j].slot;
    table[j].tid = 0;
    remember(moved, slot);
  }
}

/* The slot of a thread, 0 if it has none (any more). */
static u32 slot_of(pid_t tid) {
  u32 i = place_of(tid);
  return table[i].tid == 0 ? 0 : table[i].slot;
}

/* ---- telling the sentry ---- */

static struct trace_slot *slot_at(u32 n) { return (struct trace_slot *)(region + SLOTS_AT + n * TRACE_SLOT_SIZE); }

static void ring(void) {
  if (__atomic_load_n(&header->sentry_asleep, __ATOMIC_SEQ_CST)) {
    __atomic_fetch_add(&header->doorbell, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &header->doorbell, FUTEX_WAKE, 1, NULL, NULL, 0);
  }
}

static void tell(u32 n, u32 event) {
  slot_at(n)->event = event;
  awaited = n;
  u32 made = header->events_made;
  ((u32 *)(region + EVENTS_AT))[made % EVENTS] = n;
  __atomic_store_n(&header->events_made, made + 1, __ATOMIC_SEQ_CST);
  ring();
}

static void done(u32 n) { __atomic_store_n(&slot_at(n)->done, 1, __ATOMIC_SEQ_CST); }

/* ---- waiting ---- */

/*
 * wait4(-1, status, __WALL, NULL), which returns -EINTR if rung is set. A signal that comes between the look at rung
 * and the system call moves the thread past it (on_ring): none is lost.
 */
long wait_any(int *status);
extern char wait_begin[], wait_end[], wait_rung[];
__asm__(
    ".text\n"
    ".globl wait_any\n"
    "wait_any:\n\t"
    "movq %rdi, %rsi\n\t"
    "movq $-1, %rdi\n\t"
    "movl $0x40000000, %edx\n\t"
    "xorl %r10d, %r10d\n"
    "wait_begin:\n\t"
    "cmpl $0, rung(%rip)\n\t"
    "jne wait_rung\n\t"
    "movl $61, %eax\n\t"
    "syscall\n"
    "wait_end:\n\t"
    "ret\n"
    "wait_rung:\n\t"
    "movq $-4, %rax\n\t"
    "ret\n");

static void on_ring(int signo, siginfo_t *info, void *context) {
  (void)signo;
  (void)info;
  greg_t *ip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  rung = 1;
  if (*ip >= (greg_t)wait_begin && *ip < (greg_t)wait_end)
    *ip = (greg_t)wait_rung;
}

/* What was waited for and is not yet looked at: threads that stopped while another one was wanted. */
static struct {
  pid_t tid;
  int status;
} later[4 * SLOTS];
static u32 later_count;

/* Waits for one thread that is known to stop or end soon. */
static int wait_for(pid_t tid) {
  for (u32 i = 0; i < later_count; i++) {
    if (later[i].tid == tid) {
      int status = later[i].status;
      later_count--;
      memmove(&later[i], &later[i + 1], (later_count - i) * sizeof later[0]);
      return status;
    }
  }
  for (;;) {
    int status;
    /* For any: a group's leader is not reported dead before the others have been. */
    pid_t got = (pid_t)syscall(SYS_wait4, -1, &status, __WALL, NULL);
    if (got == tid)
      return status;
    if (got < 0 && errno == ECHILD)
      return 0; /* as if it had exited */
    if (got > 0) {
      if (later_count == 4 * SLOTS)
        _exit(1);
      later[later_count].tid = got;
      later[later_count++].status = status;
    }
  }
}

/* ---- having a thread do something ---- */

static int is_trap_at(pid_t tid, int status, u64 address, struct trace_regs *regs) {
  return WIFSTOPPED(status) && status >> 8 == SIGTRAP && ptrace(PTRACE_GETREGS, tid, NULL, regs) == 0 && regs->rip == address + 1;
}

static void lose(u32 n) {
  if (tasks[n].state != TASK_FREE && tasks[n].state != TASK_DEAD) {
    forget(tasks[n].tid);
    tasks[n].state = TASK_DEAD;
  }
}

static pid_t adopt(pid_t parent);

/* Has a stopped thread make one host call. */
static s64 host_call_of(u32 n, u64 nr, const u64 *args, pid_t *made) {
  pid_t tid = tasks[n].tid;
  struct trace_regs regs = slot_at(n)->regs;
  regs.rax = nr;
  regs.orig_rax = ~0UL;
  regs.rdi = args[0];
  regs.rsi = args[1];
  regs.rdx = args[2];
  regs.r10 = args[3];
  regs.r8 = args[4];
  regs.r9 = args[5];
  regs.rip = TRACEE_SYSCALL;
  regs.cs = USER_CS;
  regs.ss = USER_SS;
  regs.eflags = 0x202;
  if (ptrace(PTRACE_SETREGS, tid, NULL, &regs) != 0 || ptrace(PTRACE_CONT, tid, NULL, 0) != 0) {
    lose(n);
    return -ESRCH;
  }
  for (;;) {
    int status = wait_for(tid);
    if (!WIFSTOPPED(status)) {
      lose(n);
      return -ESRCH;
    }
    int event = status >> 16;
    if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK)
      *made = adopt(tid);
    else if (is_trap_at(tid, status, TRACEE_SYSCALL + 2, &regs))
      return (s64)regs.rax;
    else if (status >> 8 == SIGSYS)
      return -EPERM; /* the filter: an order that should not have been given */
    if (ptrace(PTRACE_CONT, tid, NULL, 0) != 0) {
      lose(n);
      return -ESRCH;
    }
  }
}

/* The new thread that a clone has just made; it is attached, and stops before its first instruction. */
static pid_t adopt(pid_t parent) {
  unsigned long child;
  if (ptrace(PTRACE_GETEVENTMSG, parent, NULL, &child) != 0)
    return 0;
  return WIFSTOPPED(wait_for((pid_t)child)) ? (pid_t)child : 0;
}

static s64 carry_out(u32 n, const struct trace_op *op) {
  struct trace_slot *s = slot_at(n);
  pid_t made = 0;
  s64 result;
  switch (op->kind) {
  case TRACE_MAP:
    result = host_call_of(n, SYS_mmap, (u64[]){op->address, op->length, op->prot, MAP_SHARED | MAP_FIXED, op->fd, op->offset}, &made);
    return result > 0 ? 0 : result;
  case TRACE_UNMAP: return host_call_of(n, SYS_munmap, (u64[]){op->address, op->length, 0, 0, 0, 0}, &made);
  case TRACE_PROTECT: return host_call_of(n, SYS_mprotect, (u64[]){op->address, op->length, op->prot, 0, 0, 0}, &made);
  case TRACE_CLONE:
    result = host_call_of(n, SYS_clone, (u64[]){op->address, 0, 0, 0, 0, 0}, &made);
    if (result > 0 && made > 0 && op->prot < SLOTS) {
      u32 child = op->prot;
      tasks[child].tid = made;
      tasks[child].process = op->address & CLONE_THREAD ? tasks[n].process : made;
      tasks[child].state = TASK_STOPPED;
      slot_at(child)->process = tasks[child].process;
      remember(made, child);
    } else if (result >= 0) {
      result = -EAGAIN;
    }
    s->result = result;
    return 0;
  default: return -EINVAL;
  }
}

static void carry_out_all(u32 n) {
  struct trace_slot *s = slot_at(n);
  u32 count = s->op_count;
  s->op_count = 0;
  for (u32 i = 0; i < count && i < TRACE_MAX_OPS; i++) {
    s64 result = tasks[n].state == TASK_STOPPED ? carry_out(n, &s->ops[i]) : -ESRCH;
    if (result < 0 && s->op_error == 0)
      s->op_error = (s32)result;
  }
}

/* ---- events ---- */

static u8 saved_fp[FP_LIMIT] __attribute__((aligned(64)));

/*
 * Whether a page fault was a read, a write or a fetch is told to nobody but the handler of its signal. So the thread
 * takes the signal, on a stack of ours, and stops at the handler's first instruction; the frame has the processor's
 * error code. The frame can be written by other threads of the same process alone.
 */
static u64 fault_error(u32 n, int signo) {
  pid_t tid = tasks[n].tid;
  struct trace_regs regs = slot_at(n)->regs;
  struct iovec fp = {saved_fp, sizeof saved_fp};
  regs.rsp = TRACEE_FRAMES + TRACEE_FRAMES_SIZE - 64;
  regs.orig_rax = ~0UL;
  regs.cs = USER_CS;
  regs.ss = USER_SS;
  regs.eflags = 0x202;
  if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &fp) != 0 || ptrace(PTRACE_SETREGS, tid, NULL, &regs) != 0 ||
      ptrace(PTRACE_CONT, tid, NULL, signo) != 0)
    return 0;
  for (;;) {
    int status = wait_for(tid);
    if (!WIFSTOPPED(status)) {
      lose(n);
      return 0;
    }
    if (is_trap_at(tid, status, TRACEE_HANDLER, &regs))
      break;
    if (ptrace(PTRACE_CONT, tid, NULL, 0) != 0)
      return 0;
  }
  ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &fp);
  u64 at = regs.rsp + 8 + offsetof(ucontext_t, uc_mcontext.gregs) + REG_ERR * 8;
  errno = 0;
  long error = ptrace(PTRACE_PEEKDATA, tid, at, NULL);
  return errno != 0 ? 0 : (u64)error;
}

/* A thread that ran the guest has stopped. */
static void stopped(u32 n, int status) {
  struct trace_slot *s = slot_at(n);
  pid_t tid = tasks[n].tid;
  int signo = WSTOPSIG(status);
  tasks[n].state = TASK_STOPPED;
  if (ptrace(PTRACE_GETREGS, tid, NULL, &s->regs) != 0) {
    lose(n);
    tell(n, EVENT_LOST);
    return;
  }
  if (signo == (SIGTRAP | 0x80)) {
    /* The syscall instruction leaves its return address in rcx; int $0x80 and 32-bit code do not. */
    int native = s->regs.cs == USER_CS && s->regs.rcx == s->regs.rip;
    s->nr = native ? (s32)s->regs.orig_rax : -1;
    tell(n, EVENT_SYSCALL);
    return;
  }
  siginfo_t info;
  if (status >> 16 != 0 || ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0) {
    tell(n, EVENT_INTERRUPTED);
    return;
  }
  switch (signo) {
  case SIGSYS: /* the filter answered it: a call by way of the vsyscall page */
    s->nr = info.si_arch == AUDIT_ARCH_X86_64 ? info.si_syscall : -1;
    tell(n, EVENT_SYSCALL);
    return;
  case SIGSEGV:
  case SIGBUS:
  case SIGFPE:
  case SIGILL:
  case SIGTRAP:
    if (info.si_code > 0) {
      s->signo = signo;
      s->code = info.si_code;
      s->address = (u64)info.si_addr;
      s->error = 0;
      if (signo == SIGBUS || (signo == SIGSEGV && info.si_code != SI_KERNEL))
        s->error = fault_error(n, signo);
      tell(n, tasks[n].state == TASK_DEAD ? EVENT_LOST : EVENT_FAULT);
      return;
    }
    break;
  default: break;
  }
  tell(n, EVENT_INTERRUPTED); /* somebody on the host sent a signal, which the guest does not get */
}

static void happened(pid_t tid, int status) {
  u32 n = slot_of(tid);
  if (n == 0)
    return; /* told to exit before */
  if (!WIFSTOPPED(status)) {
    int ran = tasks[n].state == TASK_RUNNING;
    lose(n);
    if (ran)
      tell(n, EVENT_LOST);
  } else if (tasks[n].state == TASK_RUNNING) {
    stopped(n, status);
  }
}

/* ---- orders ---- */

static void resume(u32 n) {
  struct trace_slot *s = slot_at(n);
  carry_out_all(n);
  if (tasks[n].state == TASK_STOPPED && s->op_error == 0) {
    struct trace_regs regs = s->regs;
    regs.orig_rax = ~0UL; /* no call to be restarted */
    if (ptrace(PTRACE_SETREGS, tasks[n].tid, NULL, &regs) == 0) {
      tasks[n].state = TASK_RUNNING;
      if (ptrace(PTRACE_SYSEMU, tasks[n].tid, NULL, 0) == 0)
        return;
      tasks[n].state = TASK_STOPPED;
    }
  }
  tell(n, EVENT_LOST);
}

static void leave(u32 n) {
  carry_out_all(n);
  if (tasks[n].state == TASK_STOPPED) {
    struct trace_regs regs = slot_at(n)->regs;
    regs.rax = SYS_exit;
    regs.orig_rax = ~0UL;
    regs.rdi = 0;
    regs.rip = TRACEE_SYSCALL;
    regs.cs = USER_CS;
    regs.ss = USER_SS;
    regs.eflags = 0x202;
    forget(tasks[n].tid);
    if (ptrace(PTRACE_SETREGS, tasks[n].tid, NULL, &regs) == 0)
      ptrace(PTRACE_CONT, tasks[n].tid, NULL, 0);
  }
  tasks[n].state = TASK_FREE;
}

static void fp_state(u32 n, int load) {
  struct trace_slot *s = slot_at(n);
  struct iovec fp = {s->fp, load ? s->fp_size : FP_LIMIT};
  s->result = -ESRCH;
  if (fp.iov_len > FP_LIMIT)
    s->result = -EINVAL;
  else if (tasks[n].state == TASK_STOPPED)
    s->result = ptrace(load ? PTRACE_SETREGSET : PTRACE_GETREGSET, tasks[n].tid, NT_X86_XSTATE, &fp) == 0 ? 0 : -errno;
  if (!load && s->result == 0)
    s->fp_size = (u32)fp.iov_len;
}

static void obey(u32 order) {
  u32 n = order & 0xffff;
  if (n == 0 || n >= SLOTS)
    return;
  /* After anything but these two, the next order is near. */
  if (order >> 16 == ORDER_RESUME || order >> 16 == ORDER_EXIT)
    awaited = n == awaited ? 0 : awaited;
  else if (order >> 16 != ORDER_INTERRUPT)
    awaited = n;
  switch (order >> 16) {
  case ORDER_RESUME:
    resume(n);
    break;
  case ORDER_FLUSH:
    carry_out_all(n);
    done(n);
    break;
  case ORDER_INTERRUPT:
    if (tasks[n].state == TASK_RUNNING)
      ptrace(PTRACE_INTERRUPT, tasks[n].tid, NULL, 0);
    break;
  case ORDER_EXIT:
    leave(n);
    done(n);
    break;
  case ORDER_SAVE_FP:
  case ORDER_LOAD_FP:
    fp_state(n, order >> 16 == ORDER_LOAD_FP);
    done(n);
    break;
  }
}

static int take_orders(void) {
  int any = 0;
  while (orders_taken != __atomic_load_n(&header->orders_made, __ATOMIC_SEQ_CST)) {
    obey(((u32 *)(region + ORDERS_AT))[orders_taken % ORDERS]);
    orders_taken++;
    any = 1;
  }
  return any;
}

static int take_events(void) {
  int any = 0;
  for (;;) {
    int status;
    pid_t tid;
    if (later_count > 0) {
      tid = later[0].tid;
      status = later[0].status;
      later_count--;
      memmove(&later[0], &later[1], later_count * sizeof later[0]);
    } else {
      tid = (pid_t)syscall(SYS_wait4, -1, &status, __WALL | WNOHANG, NULL);
      if (tid <= 0)
        return any;
    }
    happened(tid, status);
    any = 1;
  }
}

static void look_at_socket(void) {
  char bytes[64];
  rung = 0;
  for (;;) {
    ssize_t n = read(0, bytes, sizeof bytes);
    if (n == 0)
      _exit(0); /* the sentry is gone: everything in this pid namespace goes with us */
    if (n < 0) {
      if (errno == EINTR)
        continue;
      if (errno != EAGAIN)
        _exit(0);
      return;
    }
  }
}

static void serve(void) {
  int rounds = 0;
  for (;;) {
    if (rung)
      look_at_socket();
    if (take_orders() | (rounds % ROUNDS_PER_LOOK == 0 && take_events())) {
      rounds = 1;
      continue;
    }
    if (awaited != 0 && rounds++ < SPIN_ROUNDS) {
      __builtin_ia32_pause();
      continue;
    }
    awaited = 0;
    __atomic_store_n(&header->tracer_asleep, 1, __ATOMIC_SEQ_CST);
    if (orders_taken == __atomic_load_n(&header->orders_made, __ATOMIC_SEQ_CST) && later_count == 0) {
      int status;
      long tid = wait_any(&status);
      __atomic_store_n(&header->tracer_asleep, 0, __ATOMIC_SEQ_CST);
      if (tid > 0)
        happened((pid_t)tid, status);
      else if (tid == -ECHILD)
        _exit(1); /* the zygote was killed, and with it there is no way to go on */
    } else {
      __atomic_store_n(&header->tracer_asleep, 0, __ATOMIC_SEQ_CST);
    }
    rounds = 0;
  }
}

/* ---- beginning ---- */

/* False where the host has no seccomp filters. */
static int confine_self(void) {
#define ALLOW(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      ALLOW(SYS_ptrace),
      ALLOW(SYS_wait4),
      ALLOW(SYS_futex),
      ALLOW(SYS_read),
      ALLOW(SYS_write),
      ALLOW(SYS_rt_sigreturn),
      ALLOW(SYS_exit_group),
      ALLOW(SYS_restart_syscall),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Starts the first guest process, and stops it where it has settled. Says what it lacks. */
static int start_zygote(void) {
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0)
    fail("cannot make a pipe");
  prctl(PR_SET_DUMPABLE, 1);
  pid_t pid = fork();
  if (pid < 0)
    fail("cannot fork");
  if (pid == 0) {
    char go;
    if (read(gate[0], &go, 1) != 1)
      _exit(99);
    close(0);
    close(1);
    close(2);
    limit(RLIMIT_CORE, 0);
    limit_processes();
    char *argv[] = {"stub", NULL};
    char *envp[] = {NULL};
    syscall(SYS_execveat, 5, "", argv, envp, AT_EMPTY_PATH);
    _exit(100);
  }
  if (ptrace(PTRACE_SEIZE, pid, NULL, OPTIONS) != 0)
    fail("this host lets no process trace its own child");
  if (write(gate[1], "", 1) != 1)
    fail("cannot start the first guest process");
  close(gate[0]);
  close(gate[1]);
  for (;;) {
    int status;
    if (waitpid(pid, &status, __WALL) < 0 && errno != EINTR)
      fail("the first guest process is gone");
    if (!WIFSTOPPED(status)) {
      errno = 0;
      fail("the first guest process ended");
    }
    if (status >> 8 == SIGTRAP)
      break;
    ptrace(PTRACE_CONT, pid, NULL, 0);
  }
  tasks[1].tid = pid;
  tasks[1].process = pid;
  tasks[1].state = TASK_STOPPED;
  remember(pid, 1);
  struct trace_slot *s = slot_at(1);
  s->process = pid;
  if (ptrace(PTRACE_GETREGS, pid, NULL, &s->regs) != 0)
    fail("cannot read the registers of a guest process");
  fp_state(1, 0);
  if (s->result != 0)
    fail("cannot read the FPU state of a guest process");
  return s->regs.rax == TRACEE_NO_FILTER;
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  go_first_without_memory();
  new_namespaces();
  pid_t init = fork();
  if (init < 0)
    fail("cannot fork");
  if (init > 0) {
    send_descriptor_of(init);
    _exit(0); /* the one in the new pid namespace lives as long as the sentry's socket */
  }
  new_session();
  empty_root();
  sethostname("sandbox", 7);
  drop_privileges();
  region = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 4, 0);
  if (region == MAP_FAILED)
    fail("cannot map the shared region");
  header = (struct region_header *)region;
  int missing = start_zygote() ? MISSING_FILTER : 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_ring;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGIO, &action, NULL);
  if (fcntl(0, F_SETOWN, getpid()) != 0 || fcntl(0, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC) != 0)
    fail("cannot watch the socket");
  close(1);
  if (close_range(3, ~0U, 0) != 0)
    fail("cannot close descriptors");
  if (!confine_self())
    missing |= MISSING_OWN_FILTER;
  struct report ready = {REPORT_READY, missing, 0};
  if (write(0, &ready, sizeof ready) != sizeof ready)
    _exit(0);
  rung = 1; /* whatever came before */
  serve();
}
