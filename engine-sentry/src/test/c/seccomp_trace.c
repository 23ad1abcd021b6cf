/* SECCOMP_RET_TRACE: what a tracer sees of a call that a filter leaves to it, and what it may do. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "show.h"

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(number, action) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)

static void filter(void) {
  struct sock_filter code[] = {
      LOAD(nr),
      ANSWER(SYS_getppid, SECCOMP_RET_TRACE | 7),
      ANSWER(SYS_getuid, SECCOMP_RET_ERRNO | ENETDOWN),
      ANSWER(SYS_getpgid, SECCOMP_RET_TRACE | 0xffff),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  NEED(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
}

static long last_result;
static void call(int number) {
  last_result = syscall(number, 0, 0, 0);
  if (last_result == -1) last_result = -errno;
}

/* The child makes these calls, and exits with what it saw. */
static void child(void) {
  pid_t parent = getppid(), group = getpgrp();
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  raise(SIGSTOP);
  filter();
  call(SYS_getppid); /* without the option */
  NEED(last_result == -ENOSYS);
  raise(SIGSTOP);
  call(SYS_getppid); /* let through */
  NEED(last_result == parent);
  call(SYS_getppid); /* made another call */
  NEED(last_result == getpid());
  call(SYS_getppid); /* made a call that the filter refuses */
  NEED(last_result == -ENETDOWN);
  call(SYS_getppid); /* made a call that the filter leaves to the tracer again */
  NEED(last_result == group);
  call(SYS_getppid); /* skipped, with a result */
  NEED(last_result == 4711);
  call(SYS_getpgid);
  NEED(last_result == group);
  call(SYS_getppid); /* killed here */
  _exit(1);
}

static pid_t pid;
static int status;

static void go(int request) {
  NEED(ptrace(request, pid, 0, 0) == 0);
  NEED(waitpid(pid, &status, 0) == pid);
}

static void show_event(void) {
  unsigned long message = 0;
  HOLDS(status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8));
  ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
  printf("message %lu\n", message);
  struct __ptrace_syscall_info info;
  memset(&info, 0, sizeof info);
  long size = ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
  printf("size %ld op %d nr %d data %d\n", size, info.op, (int)info.seccomp.nr, (int)info.seccomp.ret_data);
  struct user_regs_struct regs;
  ptrace(PTRACE_GETREGS, pid, 0, &regs);
  printf("orig_rax %d rax %d\n", (int)regs.orig_rax, (int)regs.rax);
}

static void change(long number, long result) {
  struct user_regs_struct regs;
  ptrace(PTRACE_GETREGS, pid, 0, &regs);
  regs.orig_rax = (unsigned long)number;
  if (number < 0) regs.rax = (unsigned long)result;
  NEED(ptrace(PTRACE_SETREGS, pid, 0, &regs) == 0);
}

int main(void) {
  pid = fork();
  if (pid == 0) child();
  waitpid(pid, &status, 0);
  show_status("child", status);
  go(PTRACE_CONT);
  show_status("child", status);
  SHOW(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD));
  go(PTRACE_CONT);
  show_event();
  go(PTRACE_CONT);
  show_event();
  change(SYS_getpid, 0);
  go(PTRACE_CONT);
  show_event();
  change(SYS_getuid, 0);
  go(PTRACE_CONT);
  show_event();
  change(SYS_getpgid, 0);
  /* The stops of the call itself come on both sides of the filter's. */
  go(PTRACE_SYSCALL);
  printf("stop %x\n", status >> 8);
  go(PTRACE_SYSCALL);
  printf("stop %x\n", status >> 8);
  go(PTRACE_SYSCALL);
  printf("stop %x\n", status >> 8);
  show_event();
  change(-1, 4711);
  go(PTRACE_SYSCALL);
  printf("stop %x\n", status >> 8);
  go(PTRACE_CONT);
  show_event();
  go(PTRACE_CONT);
  show_event();
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  show_status("child", status);
  return 0;
}
