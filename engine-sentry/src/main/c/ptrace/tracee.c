/*
 * The program that a guest process begins as on the ptrace platform. It empties its address space, gives up every host
 * call but those that the tracer makes it carry out, and stops for good: from then on the tracer alone decides what
 * its threads run.
 *
 * Guest code runs under PTRACE_SYSEMU, so that none of its calls is carried out. The filter is the second wall: were a
 * thread ever to run without, its calls would still become signals, which stop it.
 */
#include "../stub/host.h"
#include "../stub/host_vdso.h"
#include "shared.h"

struct sock_filter {
  unsigned short code;
  u8 jt;
  u8 jf;
  u32 k;
};

struct sock_fprog {
  unsigned short len;
  struct sock_filter *filter;
};

#define LD(offset) {0x20, 0, 0, offset}
#define JEQ(value, t, f) {0x15, t, f, value}
#define RET(value) {0x06, 0, 0, value}
#define RET_ALLOW 0x7fff0000
#define RET_TRAP 0x00030000
#define ARCH_X86_64 0xc000003e
#define DATA_NR 0
#define DATA_ARCH 4
#define DATA_IP_LOW 8
#define DATA_IP_HIGH 12
#define DATA_ARG_LOW(n) (16 + 8 * (n))
#define DATA_ARG_HIGH(n) (20 + 8 * (n))

/* CLONE_VM|FS|FILES|SIGHAND|THREAD|SYSVSEM; and CLONE_PARENT|SIGCHLD, so that every process is the tracer's child. */
#define CLONE_GUEST_THREAD 0x50f00
#define CLONE_GUEST_PROCESS 0x8011

/* Only from the one instruction that the tracer uses, which ends at the address that seccomp sees. */
static struct sock_filter filter[] = {
    /*  0 */ LD(DATA_ARCH),
    /*  1 */ JEQ(ARCH_X86_64, 0, 20),
    /*  2 */ LD(DATA_IP_HIGH),
    /*  3 */ JEQ((u32)(TRACEE_SYSCALL >> 32), 0, 18),
    /*  4 */ LD(DATA_IP_LOW),
    /*  5 */ JEQ((u32)TRACEE_SYSCALL + 2, 0, 16),
    /*  6 */ LD(DATA_NR),
    /*  7 */ JEQ(NR_munmap, 13, 0),
    /*  8 */ JEQ(NR_mprotect, 12, 0),
    /*  9 */ JEQ(NR_exit, 11, 0),
    /* 10 */ JEQ(NR_mmap, 2, 0),
    /* 11 */ JEQ(NR_clone, 3, 0),
    /* 12 */ RET(RET_TRAP),
    /* mmap: exactly MAP_SHARED|MAP_FIXED */
    /* 13 */ LD(DATA_ARG_LOW(3)),
    /* 14 */ JEQ(MAP_SHARED | MAP_FIXED, 6, 7),
    /* clone: a guest thread or a guest process */
    /* 15 */ LD(DATA_ARG_HIGH(0)),
    /* 16 */ JEQ(0, 0, 5),
    /* 17 */ LD(DATA_ARG_LOW(0)),
    /* 18 */ JEQ(CLONE_GUEST_THREAD, 2, 0),
    /* 19 */ JEQ(CLONE_GUEST_PROCESS, 1, 0),
    /* 20 */ RET(RET_TRAP),
    /* 21 */ RET(RET_ALLOW),
    /* 22 */ RET(RET_TRAP),
};

struct kernel_sigaction {
  u64 handler;
  u64 flags;
  u64 restorer;
  u64 mask;
};

#define SA_SIGINFO 4
#define SA_RESTORER 0x04000000
#define SA_NODEFER 0x40000000
#define SIGBUS 7
#define SIGSEGV 11
#define NR_prctl 157
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 0x20

extern u8 tracee_text_end[], vdso_start[], vdso_end[];

/* The guest's vDSO, as on systrap. Where it has to make a system call, the tracer sees it like every other. */
__attribute__((section(".vdso_data"), used)) static struct vdso_data vdso_data;
__asm__(
    ".pushsection .vdso_image, \"ax\", @progbits\n"
    ".incbin \"" VDSO_IMAGE "\"\n"
    ".popsection\n");

static struct host_vdso host_vdso;

/* The handler's frame is what tells the kind of a page fault; the tracer reads it, and the handler never returns. */
static void handle(int signo) {
  struct kernel_sigaction action = {TRACEE_HANDLER, SA_SIGINFO | SA_NODEFER | SA_RESTORER, TRACEE_HANDLER, 0};
  if (host_call4(NR_rt_sigaction, (u64)signo, (u64)&action, 0, 8) != 0)
    host_exit(101);
}

__attribute__((used, noreturn)) void settle(void) {
  handle(SIGSEGV);
  handle(SIGBUS);
  /* Everything that the host's exec mapped besides us and what tells the time. */
  u64 text_end = ((u64)tracee_text_end + 0xfff) & ~0xfffUL;
  u64 frames_end = TRACEE_FRAMES + TRACEE_FRAMES_SIZE;
  host_call2(NR_munmap, 0x10000, TRACEE_TEXT - 0x10000);
  host_call2(NR_munmap, text_end, (u64)vdso_start - text_end);
  vdso_data.clock_gettime = host_vdso.clock_gettime;
  u64 kept_end = (u64)vdso_end;
  if (host_vdso.clock_gettime != 0) {
    host_call2(NR_munmap, kept_end, HOST_VDSO_BASE - kept_end);
    kept_end = host_vdso.end;
  }
  host_call2(NR_munmap, kept_end, TRACEE_FRAMES - kept_end);
  host_call2(NR_munmap, frames_end, 0x7ffffffff000UL - frames_end);
  host_call3(NR_mprotect, TRACEE_TEXT, text_end - TRACEE_TEXT, PROT_READ | PROT_EXEC);
  host_call3(NR_mprotect, (u64)vdso_start, (u64)(vdso_end - vdso_start), PROT_READ | PROT_EXEC);
  struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  s64 refused = host_call4(NR_prctl, 22 /* PR_SET_SECCOMP */, 2 /* SECCOMP_MODE_FILTER */, (u64)&program, 0);
  __asm__ volatile("int3" ::"a"(refused != 0 ? TRACEE_NO_FILTER : 0) : "memory");
  host_exit(104);
}

__attribute__((used, noreturn)) void start(u64 *stack) {
  u64 *p = stack + 1 + stack[0] + 1;
  while (*p)
    p++;
  for (p++; p[0]; p += 2)
    if (p[0] == 33 /* AT_SYSINFO_EHDR */)
      host_vdso = take_host_vdso(p[1]);
  s64 frames = host_call6(NR_mmap, TRACEE_FRAMES, TRACEE_FRAMES_SIZE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, (u64)-1, 0);
  if (frames != (s64)TRACEE_FRAMES)
    host_exit(102);
  host_call1(NR_close, FD_CONTROL);
  host_call1(NR_close, FD_STUB);
  __asm__ volatile(
      "movq %0, %%rsp\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "call settle\n\t"
      "hlt" ::"r"(TRACEE_FRAMES + TRACEE_FRAMES_SIZE - 64)
      : "memory");
  __builtin_unreachable();
}

/* The fixed places, at the very beginning of the text. */
__asm__(
    ".section .fixed, \"ax\"\n"
    ".globl _start\n"
    "_start:\n\t"
    "xorl %ebp, %ebp\n\t"
    "movq %rsp, %rdi\n\t"
    "andq $-16, %rsp\n\t"
    "call start\n\t"
    "hlt\n\t"
    ".org 0x100\n\t"
    "syscall\n\t"
    "int3\n\t"
    ".org 0x110\n\t"
    "int3\n\t"
    ".org 0x120\n\t"
    "hlt\n"
    ".text\n");
