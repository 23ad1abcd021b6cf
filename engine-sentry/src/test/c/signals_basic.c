/* Handlers, masks, pending signals, queueing, and the flags of sigaction. */
#include <sys/syscall.h>
#include <ucontext.h>

#include "show.h"

static volatile sig_atomic_t count, last, depth, max_depth;
static volatile int values[16], order[16];
static volatile int orders;

static void note(int sig) {
  count++;
  last = sig;
}

static void nested(int sig) {
  depth++;
  if (depth > max_depth) max_depth = depth;
  if (count++ == 0) raise(sig);
  depth--;
}

static void ordered(int sig) { order[orders++] = sig; }

static void info_handler(int sig, siginfo_t *info, void *context) {
  (void)sig;
  ucontext_t *u = context;
  values[count++] = info->si_value.sival_int;
  last = info->si_code;
  /* The mask that comes back after the handler is the one in the context. */
  if (info->si_value.sival_int == 77) sigaddset(&u->uc_sigmask, SIGUSR2);
}

static int is_blocked(int sig) {
  sigset_t set;
  sigprocmask(SIG_SETMASK, NULL, &set);
  return sigismember(&set, sig);
}

static void mask_probe(int sig) {
  printf("in handler: own %d, USR2 %d\n", is_blocked(sig), is_blocked(SIGUSR2));
}

int main(void) {
  struct sigaction sa = {.sa_handler = note}, old;
  SHOW(sigaction(SIGUSR1, &sa, NULL));
  SHOW(sigaction(SIGUSR1, NULL, &old));
  HOLDS(old.sa_handler == note);
  SHOW(sigaction(SIGKILL, &sa, NULL));
  SHOW(sigaction(SIGSTOP, &sa, NULL));
  SHOW(sigaction(0, &sa, NULL));
  SHOW(sigaction(65, &sa, NULL));
  SHOW(raise(SIGUSR1));
  printf("count %d last %d\n", (int)count, (int)last);
  SHOW(kill(getpid(), SIGUSR1));
  printf("count %d\n", (int)count);
  SHOW(kill(getpid(), 65));
  SHOW(kill(getpid(), 0));
  SHOW(kill(1 << 22, SIGTERM));
  SHOW(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1));
  SHOW(syscall(SYS_tgkill, getpid(), 1 << 22, SIGUSR1));
  SHOW(syscall(SYS_tgkill, -1, 1, SIGUSR1));
  printf("count %d\n", (int)count);

  /* Blocking: standard signals are kept once. */
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGKILL);
  SHOW(sigprocmask(SIG_BLOCK, &set, NULL));
  printf("KILL blocked %d\n", is_blocked(SIGKILL));
  count = 0;
  raise(SIGUSR1);
  raise(SIGUSR1);
  raise(SIGUSR1);
  SHOW(sigpending(&pending));
  printf("pending %d count %d\n", sigismember(&pending, SIGUSR1), (int)count);
  SHOW(sigprocmask(SIG_UNBLOCK, &set, NULL));
  printf("count %d\n", (int)count);
  SHOW(sigprocmask(9, &set, NULL));
  SHOW(sigprocmask(9, NULL, NULL));

  /* A signal that becomes ignored is forgotten. */
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_IGN);
  sigpending(&pending);
  printf("pending %d\n", sigismember(&pending, SIGUSR1));
  raise(SIGUSR1);
  sigpending(&pending);
  printf("pending %d\n", sigismember(&pending, SIGUSR1));
  sigprocmask(SIG_UNBLOCK, &set, NULL);

  /* Real-time signals queue with their values, in order. */
  sa = (struct sigaction){.sa_sigaction = info_handler, .sa_flags = SA_SIGINFO};
  int rt = SIGRTMIN + 1;
  sigaction(rt, &sa, NULL);
  sigemptyset(&set);
  sigaddset(&set, rt);
  sigprocmask(SIG_BLOCK, &set, NULL);
  count = 0;
  for (int i = 0; i < 5; i++) SHOW(sigqueue(getpid(), rt, (union sigval){.sival_int = 10 + i}));
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  printf("%d queued:", (int)count);
  for (int i = 0; i < count; i++) printf(" %d", values[i]);
  printf(" code %d\n", last == SI_QUEUE);
  count = 0;
  kill(getpid(), rt);
  HOLDS(last == SI_USER);
  raise(rt);
  HOLDS(last == SI_TKILL);

  /* Lower numbers first; each handler interrupts the one before it starts. */
  sigset_t several;
  sigemptyset(&several);
  for (int i = 0; i < 4; i++) {
    signal(SIGRTMIN + 2 + i, ordered);
    sigaddset(&several, SIGRTMIN + 2 + i);
  }
  signal(SIGUSR2, ordered);
  sigaddset(&several, SIGUSR2);
  sigprocmask(SIG_BLOCK, &several, NULL);
  for (int i = 3; i >= 0; i--) raise(SIGRTMIN + 2 + i);
  raise(SIGUSR2);
  sigprocmask(SIG_UNBLOCK, &several, NULL);
  printf("order:");
  for (int i = 0; i < orders; i++) printf(" %d", order[i] - (order[i] >= SIGRTMIN ? SIGRTMIN : 0));
  puts("");

  /* The mask during a handler. */
  sa = (struct sigaction){.sa_handler = mask_probe};
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);
  sigaddset(&sa.sa_mask, SIGUSR2);
  sa.sa_flags = SA_NODEFER;
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);
  printf("after: own %d, USR2 %d\n", is_blocked(SIGUSR1), is_blocked(SIGUSR2));
  count = 0;
  sa = (struct sigaction){.sa_handler = nested, .sa_flags = SA_NODEFER};
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);
  printf("depth with NODEFER %d\n", (int)max_depth);
  count = max_depth = 0;
  sa.sa_flags = 0;
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);
  printf("depth without %d, ran %d\n", (int)max_depth, (int)count);

  /* SA_RESETHAND. */
  sa = (struct sigaction){.sa_handler = note, .sa_flags = SA_RESETHAND};
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);
  sigaction(SIGUSR1, NULL, &old);
  HOLDS(old.sa_handler == SIG_DFL);

  /* The handler may change the mask that it returns to. */
  sa = (struct sigaction){.sa_sigaction = info_handler, .sa_flags = SA_SIGINFO};
  sigaction(rt, &sa, NULL);
  count = 0;
  sigqueue(getpid(), rt, (union sigval){.sival_int = 77});
  printf("USR2 blocked %d\n", is_blocked(SIGUSR2));

  /* What fork and exec keep. */
  fflush(stdout);
  raise(SIGUSR2);
  if (fork() == 0) {
    sigpending(&pending);
    printf("child: pending %d blocked %d\n", sigismember(&pending, SIGUSR2), is_blocked(SIGUSR2));
    sigaction(rt, NULL, &old);
    HOLDS(old.sa_sigaction == info_handler);
    fflush(stdout);
    _exit(0);
  }
  int status;
  wait(&status);
  show_status("child", status);
  return 0;
}
