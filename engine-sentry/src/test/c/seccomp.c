/* Filters that a program puts on its own system calls. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>

#include "show.h"

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define IF(value, instructions) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, instructions)
#define PROGRAM(...)                                  \
  (struct sock_fprog) {                               \
    sizeof((struct sock_filter[]){__VA_ARGS__}) / 8,  \
        (struct sock_filter[]) { __VA_ARGS__ }        \
  }

static int filter(struct sock_fprog p, int flags) {
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

/* What getppid gets once it is refused this way. */
static void refuse(unsigned action) {
  NEED(filter(PROGRAM(LOAD(nr), IF(SYS_getppid, 1), RETURN(action), RETURN(SECCOMP_RET_ALLOW)), 0) ==
       0);
}

static void in_child(const char *what, void (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    body();
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  show_status(what, status);
}

static void errors(void) {
  struct sock_fprog none = {0, NULL}, bad = {1, (void *)8}, many = {4097, (void *)8};
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL));
  SHOW(filter(none, 0));
  SHOW(filter(bad, 0));
  SHOW(filter(many, 0));
  SHOW(filter(PROGRAM(RETURN(SECCOMP_RET_ALLOW)), 1 << 20));
  SHOW(filter(PROGRAM(LOAD(nr)), 0));
  SHOW(filter(PROGRAM(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), RETURN(0)), 0));
  SHOW(filter(PROGRAM(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), RETURN(0)), 0));
  SHOW(filter(PROGRAM(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), RETURN(0)), 0));
  SHOW(filter(PROGRAM(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RETURN(0)), 0));
  SHOW(filter(PROGRAM(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RETURN(0)), 0));
  SHOW(filter(PROGRAM(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 2), RETURN(0)), 0));
  SHOW(filter(PROGRAM(BPF_STMT(BPF_JMP | BPF_JA, 1), RETURN(0)), 0));
  SHOW(filter(PROGRAM(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), RETURN(0)), 0));
  SHOW(filter(PROGRAM(BPF_STMT(BPF_LD | BPF_MEM, 0), RETURN(0)), 0));
  SHOW(filter(PROGRAM(BPF_STMT(BPF_ST, 16), RETURN(0)), 0));
  SHOW(filter(PROGRAM(BPF_STMT(0xffff, 0), RETURN(0)), 0));
  SHOW(syscall(SYS_seccomp, 99, 0, NULL));
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL));
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, &none));
  SHOW(prctl(PR_SET_SECCOMP, 3, 0, 0, 0));
  SHOW(prctl(PR_GET_SECCOMP));
  unsigned actions[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
                        SECCOMP_RET_ERRNO,        SECCOMP_RET_LOG,         SECCOMP_RET_TRACE,
                        SECCOMP_RET_ALLOW,        0x12340000};
  for (unsigned i = 0; i < sizeof actions / sizeof *actions; i++)
    SHOW(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &actions[i]));
  SHOW(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 1, &actions[0]));
  SHOW(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, (void *)8));
}

static void no_privileges(void) {
  struct sock_fprog allow = PROGRAM(RETURN(SECCOMP_RET_ALLOW));
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &allow));
}

static void by_errno(void) {
  refuse(SECCOMP_RET_ERRNO | 77);
  SHOW(syscall(SYS_getppid));
  HOLDS(syscall(SYS_getpid) == getpid());
  SHOW(prctl(PR_GET_SECCOMP));
  refuse(SECCOMP_RET_ERRNO | 0xffff);
  HOLDS(syscall(SYS_getppid) == -1 && errno == 4095);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    HOLDS(syscall(SYS_getppid) == -1 && errno == 4095);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  show_status("inherited", status);
  refuse(SECCOMP_RET_ALLOW);
  HOLDS(syscall(SYS_getppid) == -1);
  refuse(SECCOMP_RET_ERRNO);
  SHOW(syscall(SYS_getppid));
}

static void by_arguments(void) {
  NEED(filter(PROGRAM(LOAD(arch), IF(0xc000003e, 5), LOAD(nr), IF(SYS_dup, 3), LOAD(args[0]),
                      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 100, 0, 1),
                      RETURN(SECCOMP_RET_ERRNO | EDOM), RETURN(SECCOMP_RET_ALLOW)),
              0) == 0);
  SHOW(dup(100));
  SHOW(dup(101));
  SHOW(syscall(SYS_dup, 0x100000001UL) >= 0);
  /* Arithmetic: the low word of the argument, doubled twice over scratch memory, minus the length. */
  NEED(filter(PROGRAM(LOAD(nr), IF(SYS_close, 11), LOAD(args[0]), BPF_STMT(BPF_ST, 3),
                      BPF_STMT(BPF_LDX | BPF_MEM, 3), BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
                      BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 1),
                      BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0),
                      BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0), IF(4 * 500 - 64, 3),
                      BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 100),
                      BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO),
                      BPF_STMT(BPF_RET | BPF_A, 0), RETURN(SECCOMP_RET_ALLOW)),
              0) == 0);
  SHOW(close(500));
  SHOW(close(501));
}

static volatile sig_atomic_t trapped;

static void on_sys(int signo, siginfo_t *info, void *context) {
  ucontext_t *u = context;
  trapped = signo == SIGSYS && info->si_code == 1 && info->si_errno == 5 &&
            info->si_syscall == SYS_getppid && info->si_arch == 0xc000003e &&
            (uintptr_t)info->si_call_addr == (uintptr_t)u->uc_mcontext.gregs[REG_RIP] &&
            u->uc_mcontext.gregs[REG_RAX] == SYS_getppid;
  u->uc_mcontext.gregs[REG_RAX] = 4711;
}

static void by_trap(void) {
  struct sigaction sa = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &sa, NULL);
  refuse(SECCOMP_RET_TRAP | 5);
  SHOW(syscall(SYS_getppid));
  HOLDS(trapped);
  signal(SIGSYS, SIG_IGN);
  syscall(SYS_getppid);
}

static void by_kill(void) {
  refuse(SECCOMP_RET_KILL_PROCESS);
  puts("before");
  syscall(SYS_getppid);
  puts("after");
}

static void by_log(void) {
  refuse(SECCOMP_RET_LOG);
  HOLDS(syscall(SYS_getppid) > 0);
}

static void by_trace(void) {
  refuse(SECCOMP_RET_TRACE | 1);
  SHOW(syscall(SYS_getppid));
}

static void by_nobody(void) {
  refuse(SECCOMP_RET_USER_NOTIF);
  SHOW(syscall(SYS_getppid));
}

static void *call_it(void *argument) {
  syscall(SYS_getppid);
  return argument;
}

static void by_kill_thread(void) {
  pthread_t thread;
  refuse(SECCOMP_RET_KILL_THREAD);
  pthread_create(&thread, NULL, call_it, NULL);
  sleep_ms(50);
  puts("the process goes on");
  fflush(stdout);
  syscall(SYS_getppid);
}

static void strict(void) {
  SHOW(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
  write(1, "strict\n", 7);
  syscall(SYS_getpid);
  write(1, "not here\n", 9);
}

static void strict_exit(void) {
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
  syscall(SYS_exit, 9);
}

static int fds[2];

static void *wait_for_word(void *argument) {
  char c;
  read(fds[0], &c, 1);
  SHOW(syscall(SYS_getppid));
  SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  return argument;
}

static void *own_filter(void *argument) {
  refuse(SECCOMP_RET_ERRNO | EXDEV);
  return wait_for_word(argument);
}

static void synchronize(void) {
  pthread_t thread;
  pipe(fds);
  pthread_create(&thread, NULL, wait_for_word, NULL);
  struct sock_fprog p = PROGRAM(LOAD(nr), IF(SYS_getppid, 1), RETURN(SECCOMP_RET_ERRNO | EDOM),
                                RETURN(SECCOMP_RET_ALLOW));
  SHOW(filter(p, SECCOMP_FILTER_FLAG_TSYNC));
  write(fds[1], "x", 1);
  pthread_join(thread, NULL);
  pthread_create(&thread, NULL, own_filter, NULL);
  sleep_ms(50);
  HOLDS(filter(p, SECCOMP_FILTER_FLAG_TSYNC) > 0);
  SHOW(filter(p, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH));
  write(fds[1], "x", 1);
  pthread_join(thread, NULL);
}

static void through_exec(void) {
  refuse(SECCOMP_RET_ERRNO | EDOM);
  execl("/proc/self/exe", "seccomp", "child", NULL);
}

static void too_many(void) {
  static struct sock_filter code[4096];
  for (int i = 0; i < 4095; i++) code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
  code[4095] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
  for (int i = 0; i < 9; i++) SHOW(filter((struct sock_fprog){4096, code}, 0));
}

int main(int argc, char **argv) {
  if (argc > 1) {
    (void)argv;
    SHOW(syscall(SYS_getppid));
    return 0;
  }
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    if (geteuid() == 0) NEED(setresuid(65534, 65534, 65534) == 0);
    no_privileges();
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  in_child("errors", errors);
  in_child("errno", by_errno);
  in_child("arguments", by_arguments);
  in_child("trap", by_trap);
  in_child("kill", by_kill);
  in_child("log", by_log);
  in_child("trace", by_trace);
  in_child("nobody listens", by_nobody);
  in_child("kill thread", by_kill_thread);
  in_child("strict", strict);
  in_child("strict exit", strict_exit);
  in_child("synchronize", synchronize);
  in_child("exec", through_exec);
  in_child("too many", too_many);
  return 0;
}
