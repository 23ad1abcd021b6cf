/* ptrace: tracing a child from its start: stops at signals and system calls, registers, memory, steps, its end. */
#include "show.h"
#include <elf.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <signal.h>
#include <linux/ptrace.h>

static void show_end(const char *what, int status) {
  if (WIFEXITED(status))
    printf("%s: exited %d\n", what, WEXITSTATUS(status));
  else if (WIFSIGNALED(status))
    printf("%s: killed by %d\n", what, WTERMSIG(status));
  else if (WIFSTOPPED(status))
    printf("%s: stopped by %d, event %d\n", what, WSTOPSIG(status), status >> 16);
  else
    printf("%s: %#x\n", what, status);
}

static int next(const char *what, pid_t child) {
  int status = 0;
  pid_t got = waitpid(child, &status, __WALL);
  if (got != child)
    printf("%s: wait gave %s %d\n", what, got < 0 ? "an error" : "another", got < 0 ? errno : 0);
  else
    show_end(what, status);
  return status;
}

static volatile long cell = 41;
static const volatile long constant = 17;
static long __attribute__((noinline)) answer(void) { return constant; }

static void handler(int signo) { (void)signo; }

static void say(const char *what, long rc) { printf("%s: %ld %s\n", what, rc < 0 ? -1 : rc, rc < 0 ? strerror(errno) : ""); }

static void calls(void) {
  pid_t child = fork();
  if (child == 0) {
    say("traceme", ptrace(PTRACE_TRACEME, 0, 0, 0));
    fflush(stdout);
    raise(SIGSTOP);
    syscall(SYS_getppid);
    syscall(SYS_close, -1);
    syscall(999);
    long changed = syscall(SYS_getpgid, 0);
    _exit(changed == 4242 ? 7 : 8);
  }
  next("stop", child);
  say("options", ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD));
  say("bad options", ptrace(PTRACE_SETOPTIONS, child, 0, 0x7fff0000));
  for (int i = 0;; i++) {
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) {
      show_end("end", status);
      break;
    }
    struct user_regs_struct r;
    ptrace(PTRACE_GETREGS, child, 0, &r);
    struct ptrace_syscall_info info;
    memset(&info, 0xee, sizeof info);
    long size = ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
      printf("entry %d: orig_rax %lld rax %lld info nr %llu arg0 %d size %ld\n", WSTOPSIG(status), r.orig_rax, r.rax, info.entry.nr,
             r.orig_rax == SYS_close ? (int)info.entry.args[0] : 0, size);
    else
      printf("exit %d: orig_rax %lld failed %d size %ld %s\n", WSTOPSIG(status), r.orig_rax, info.exit.is_error, size,
             info.exit.is_error ? strerror(-info.exit.rval) : "");
    if (r.orig_rax == SYS_getpgid && info.op == PTRACE_SYSCALL_INFO_EXIT) {
      r.rax = 4242;
      say("setregs", ptrace(PTRACE_SETREGS, child, 0, &r));
    }
    siginfo_t si;
    say("siginfo", ptrace(PTRACE_GETSIGINFO, child, 0, &si));
    if (i < 2)
      printf("signo %d code %#x\n", si.si_signo, si.si_code);
  }
}

static void memory(void) {
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(cell == 43 && constant == 18 && answer() == 18 ? 3 : 4);
  }
  next("stop", child);
  errno = 0;
  printf("peek %ld\n", ptrace(PTRACE_PEEKDATA, child, &cell, 0));
  say("poke", ptrace(PTRACE_POKEDATA, child, &cell, 43));
  say("poke read-only", ptrace(PTRACE_POKETEXT, child, &constant, 18));
  printf("ours stay %ld %ld\n", cell, constant);
  errno = 0;
  ptrace(PTRACE_PEEKDATA, child, 8, 0);
  printf("peek nothing: %s\n", strerror(errno));
  say("poke nothing", ptrace(PTRACE_POKEDATA, child, 8, 0));
  errno = 0;
  ptrace(PTRACE_PEEKUSER, child, 3, 0);
  printf("peekuser odd: %s\n", strerror(errno));
  errno = 0;
  ptrace(PTRACE_PEEKUSER, child, 4096, 0);
  printf("peekuser beyond: %s\n", strerror(errno));
  long word = 0, copy = 0;
  struct iovec here = {&word, 8}, there = {(void *)&cell, 8};
  printf("process_vm_readv %zd", process_vm_readv(child, &here, 1, &there, 1, 0));
  printf(" %ld\n", word);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", child);
  int fd = open(path, O_RDWR);
  printf("mem %zd", pread(fd, &copy, 8, (off_t)(uintptr_t)&constant));
  printf(" %ld\n", copy);
  copy = 18;
  printf("mem write %zd\n", pwrite(fd, &copy, 8, (off_t)(uintptr_t)&constant));
  close(fd);
  say("unknown request", ptrace(0x4321, child, 0, 0));
  say("bad signal", ptrace(PTRACE_CONT, child, 0, 999));
  ptrace(PTRACE_CONT, child, 0, 0);
  next("end", child);
  say("gone", ptrace(PTRACE_CONT, child, 0, 0));
}

static void signals(void) {
  pid_t child = fork();
  if (child == 0) {
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, handler);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGUSR1);
    raise(SIGUSR2);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, 0);
    raise(SIGTERM);
    raise(SIGWINCH);
    _exit(5);
  }
  next("ignored", child);
  siginfo_t si;
  ptrace(PTRACE_GETSIGINFO, child, 0, &si);
  printf("code %d ours %d\n", si.si_code, si.si_pid == child);
  ptrace(PTRACE_CONT, child, 0, SIGUSR1);
  next("caught", child);
  ptrace(PTRACE_CONT, child, 0, SIGUSR2);
  next("term", child);
  uint64_t mask = 0;
  say("getsigmask", ptrace(PTRACE_GETSIGMASK, child, 8, &mask));
  printf("mask %#lx\n", (long)mask & ~(1L << 31 | 1L << 32));
  say("getsigmask size", ptrace(PTRACE_GETSIGMASK, child, 4, &mask));
  mask = 0;
  say("setsigmask", ptrace(PTRACE_SETSIGMASK, child, 8, &mask));
  ptrace(PTRACE_CONT, child, 0, 0);
  next("winch", child);
  ptrace(PTRACE_CONT, child, 0, SIGKILL);
  next("killed by injection", child);

  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    *(volatile int *)16 = 1;
    _exit(0);
  }
  next("stop", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  next("fault", child);
  ptrace(PTRACE_GETSIGINFO, child, 0, &si);
  printf("signo %d code %d addr %p\n", si.si_signo, si.si_code, si.si_addr);
  ptrace(PTRACE_CONT, child, 0, SIGSEGV);
  next("end", child);

  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    for (;;)
      pause();
  }
  next("stop", child);
  say("kill", ptrace(PTRACE_KILL, child, 0, 0));
  next("end", child);
}

static void steps(void) {
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    __asm__ volatile("int3\n\tnop\n\tnop\n\tmovl $39, %%eax\n\tsyscall\n\tnop\n\tint3" ::: "rax", "rcx", "r11", "memory");
    _exit(6);
  }
  next("breakpoint", child);
  struct user_regs_struct r, before;
  ptrace(PTRACE_GETREGS, child, 0, &before);
  printf("orig_rax %lld cs %llx ss %llx\n", before.orig_rax, before.cs, before.ss);
  for (int i = 0; i < 5; i++) {
    ptrace(PTRACE_SINGLESTEP, child, 0, 0);
    int status;
    waitpid(child, &status, 0);
    ptrace(PTRACE_GETREGS, child, 0, &r);
    siginfo_t si;
    ptrace(PTRACE_GETSIGINFO, child, 0, &si);
    printf("step %d: stop %d at +%lld code %d flags %llx\n", i, WSTOPSIG(status), r.rip - before.rip, si.si_code, r.eflags & 0x100);
  }
  printf("getpid came back %d\n", r.rax == child);
  ptrace(PTRACE_CONT, child, 0, 0);
  next("second breakpoint", child);
  struct user_fpregs_struct fp;
  say("getfpregs", ptrace(PTRACE_GETFPREGS, child, 0, &fp));
  printf("mxcsr %x cwd %x\n", fp.mxcsr, fp.cwd);
  fp.mxcsr = 0x9f80;
  say("setfpregs", ptrace(PTRACE_SETFPREGS, child, 0, &fp));
  memset(&fp, 0, sizeof fp);
  ptrace(PTRACE_GETFPREGS, child, 0, &fp);
  printf("mxcsr %x\n", fp.mxcsr);
  struct iovec iov = {&r, sizeof r};
  say("getregset", ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  printf("length %zu\n", iov.iov_len);
  iov.iov_len = 5;
  say("getregset odd", ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  iov.iov_len = 16;
  say("getregset short", ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  say("getregset unknown", ptrace(PTRACE_GETREGSET, child, 77, &iov));
  char big[16384];
  struct iovec wide = {big, sizeof big};
  say("xstate", ptrace(PTRACE_GETREGSET, child, 0x202, &wide));
  printf("xstate has a header %d, sse %d\n", wide.iov_len > 512, (int)(*(uint64_t *)(big + 464) & 3));
  say("setxstate", ptrace(PTRACE_SETREGSET, child, 0x202, &wide));
  r.rip += 0;
  ptrace(PTRACE_CONT, child, 0, 0);
  next("end", child);
}

static void events(void) {
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    pid_t grandchild = fork();
    if (grandchild == 0)
      _exit(9);
    waitpid(grandchild, 0, 0);
    if ((grandchild = vfork()) == 0)
      _exit(10);
    waitpid(grandchild, 0, 0);
    execl("/bin/true", "true", (char *)0);
    _exit(1);
  }
  next("stop", child);
  ptrace(PTRACE_SETOPTIONS, child, 0,
         PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
  ptrace(PTRACE_CONT, child, 0, 0);
  /* What the child does is in order; what its own children do comes between, so each is waited for by name. */
  for (int i = 0; i < 6; i++) {
    int status = next("child", child);
    if (!WIFSTOPPED(status))
      break;
    unsigned long message = 0;
    ptrace(PTRACE_GETEVENTMSG, child, 0, &message);
    int event = status >> 16;
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK) {
      pid_t grandchild = message;
      next("grandchild starts", grandchild);
      ptrace(PTRACE_CONT, grandchild, 0, 0);
      ptrace(PTRACE_CONT, child, 0, 0);
      next("grandchild exits", grandchild);
      ptrace(PTRACE_GETEVENTMSG, grandchild, 0, &message);
      printf("message %#lx\n", message);
      ptrace(PTRACE_CONT, grandchild, 0, 0);
      next("grandchild", grandchild);
      continue;
    }
    if (event == PTRACE_EVENT_EXEC)
      printf("old tid is the same %d\n", message == (unsigned long)child);
    int pass = event == 0 ? WSTOPSIG(status) : 0;
    ptrace(PTRACE_CONT, child, 0, pass);
  }
}

static void refused(void) {
  say("attach to oneself", ptrace(PTRACE_ATTACH, getpid(), 0, 0));
  say("attach to nobody", ptrace(PTRACE_ATTACH, 0x3fffffff, 0, 0));
  pid_t child = fork();
  if (child == 0)
    for (;;)
      pause();
  say("not traced", ptrace(PTRACE_CONT, child, 0, 0));
  say("seize with an address", ptrace(PTRACE_SEIZE, child, 8, 0));
  say("seize with bad options", ptrace(PTRACE_SEIZE, child, 0, 0x7fff0000));
  say("attach", ptrace(PTRACE_ATTACH, child, 0, 0));
  say("attach again", ptrace(PTRACE_ATTACH, child, 0, 0));
  next("stop", child);
  say("interrupt", ptrace(PTRACE_INTERRUPT, child, 0, 0));
  say("listen", ptrace(PTRACE_LISTEN, child, 0, 0));
  say("traceme while traced", ptrace(PTRACE_DETACH, child, 0, 0));
  kill(child, SIGKILL);
  next("end", child);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  alarm(25);
  printf("-- calls\n"), calls();
  printf("-- memory\n"), memory();
  printf("-- signals\n"), signals();
  printf("-- steps\n"), steps();
  printf("-- events\n"), events();
  printf("-- refused\n"), refused();
  return 0;
}
