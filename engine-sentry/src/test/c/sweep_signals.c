/* needs: Linux 6.12
   Signals, timers and clocks over hostile arguments. */
#include <sys/timex.h>

#include "sweep.h"

KIND(SIGNALS, 0, V(65), V(-1), OR, V(0), V(SIGKILL), V(SIGSTOP), V(64), V(32), V(INT_MAX), V(INT_MIN), V(HIGH(10)));
KIND(SET_SIZES, 0, V(0), V(-1), OR, V(4), V(16), V(7), V(128), V(1L << 32));
KIND(HOWS, 0, V(3), V(-1), OR, V(1), V(2), V(INT_MAX), V(HIGH(0)));
KIND(MAYBE_GIVEN, 0, V(UNMAPPED), V(NULL), OR, V(NO_ACCESS), V(CROSSING), V(KERNEL));
KIND(MAYBE_FILLED, 0, V(UNMAPPED), V(NULL), OR, V(READ_ONLY), V(CROSSING), V(KERNEL));
KIND(STACKS, 0, V(UNMAPPED), V(NULL), OR, V(CROSSING), V(KERNEL), V(AT(232)), V(AT(264)), V(AT(296)), V(AT(328)));
KIND(INFOS, 0, V(UNMAPPED), V(NULL), OR, V(DATA + 4 * PAGE - 16), V(KERNEL), V(AT(1024)), V(AT(1152)), V(AT(1280)));
KIND(MASK_FDS, 0, V(CLOSED_FD), V(FILE_FD), OR, V(PATH_FD), V(EPOLL_FD), V(SIGNAL_FD), V(HIGH(-1)));
KIND(SIGNALFD_FLAGS, 0xffffffffUL, V(-1), OR, V(HIGH(0)));
KIND(SPECS, 0, V(UNMAPPED), V(NULL), OR, V(CROSSING), V(KERNEL), V(AT(16)), V(AT(32)), V(AT(48)));
KIND(INTERVALS, 0, V(UNMAPPED), V(NULL), OR, V(CROSSING), V(KERNEL), V(AT(96)), V(AT(128)), V(AT(160)));
/* The clocks that wake a machine (8 and 9) are for those that can be woken. */
KIND(CLOCKS, 0, V(-1), V(99), OR, V(0), V(1), V(4), V(5), V(6), V(7), V(10), V(11), V(12), V(-2), V(-3), V(-6), V(-7),
     V(INT_MAX), V(INT_MIN), V(HIGH(0)));
/* CLOCK_REALTIME and CLOCK_MONOTONIC, and those that do not exist: waiting on the others is not for every user. */
KIND(WAIT_CLOCKS, 0, V(-1), V(99), OR, V(0), V(4), V(5), V(6), V(3), V(10), V(11), V(12), V(-3), V(HIGH(1)));
KIND(TIMER_IDS, 0, V(-1), V(1000), OR, V(INT_MAX), V(INT_MIN), V(HIGH(0)));
KIND(TIMER_FLAGS, 0xffffffffUL & ~1UL, V(-1), OR, V(HIGH(0)));
KIND(EVENTS, 0, V(UNMAPPED), OR, V(DATA + 4 * PAGE - 16), V(KERNEL), V(AT(464)), V(AT(528)), V(AT(592)), V(AT(656)), V(NULL));
KIND(WHICH, 0, V(3), V(-1), OR, V(0), V(1), V(2), V(HIGH(0)));
KIND(PROCESSES, 0, V(-0x3fffff), V(INT_MAX), OR, V(0x3fffff), V(INT_MIN));
KIND(THREADS, 0, V(-1), V(INT_MAX), OR, V(0), V(INT_MIN), V(0x3fffff));
KIND(FLAG_BITS, 0xffffffffUL, V(-1), OR, V(HIGH(0)));
KIND(PID_SIGNAL_FLAGS, 0xffffffffUL & ~7UL, V(-1), OR, V(7), V(HIGH(0)));

static int pid;

static void actions(void) {
  struct {
    void *handler;
    unsigned long flags;
    void *restorer;
    unsigned long mask;
  } *action = (void *)AT(0);
  memset(action, 0, sizeof *action);
  SWEEP(rt_sigaction, A(SIGUSR1, SIGNALS), A(AT(0), MAYBE_GIVEN), A(DATA, MAYBE_FILLED), A(8, SET_SIZES));
  SWEEP(rt_sigaction, A(SIGKILL, FIXED), A(NULL, MAYBE_GIVEN), A(DATA, MAYBE_FILLED), A(8, SET_SIZES));
  memset((void *)AT(0), 0, 64);
  SWEEP(rt_sigprocmask, A(SIG_BLOCK, HOWS), A(AT(0), MAYBE_GIVEN), A(DATA, MAYBE_FILLED), A(8, SET_SIZES));
  SWEEP(rt_sigprocmask, A(77, HOWS), A(NULL, FIXED), A(DATA, MAYBE_FILLED), A(8, SET_SIZES));
  SWEEP(rt_sigpending, A(DATA, FILLED), A(8, SET_SIZES));
  may_wait = 1;
  SWEEP(rt_sigsuspend, A(AT(0), GIVEN), A(8, SET_SIZES));
  may_wait = 0;
  *(struct timespec *)AT(64) = (struct timespec){0, 0};
  *(struct timespec *)AT(16) = (struct timespec){0, -1};
  *(struct timespec *)AT(32) = (struct timespec){-1, 0};
  *(struct timespec *)AT(48) = (struct timespec){0, 1000000000};
  *(long *)AT(0) = 1L << (SIGUSR2 - 1);
  may_wait = 1;
  SWEEP(rt_sigtimedwait, A(AT(0), GIVEN), A(DATA, MAYBE_FILLED), A(AT(64), SPECS), A(8, SET_SIZES));
  may_wait = 0;
  *(stack_t *)AT(200) = (stack_t){.ss_flags = SS_DISABLE};
  *(stack_t *)AT(232) = (stack_t){.ss_sp = (void *)DATA, .ss_size = 100};
  *(stack_t *)AT(264) = (stack_t){.ss_flags = 7};
  *(stack_t *)AT(296) = (stack_t){.ss_flags = SS_ONSTACK, .ss_sp = (void *)DATA, .ss_size = 8192};
  *(stack_t *)AT(328) = (stack_t){.ss_flags = 1 << 31 /* SS_AUTODISARM */, .ss_sp = (void *)DATA, .ss_size = 2047};
  SWEEP(sigaltstack, A(AT(200), STACKS), A(DATA, MAYBE_FILLED));
  SWEEP(sigaltstack, A(AT(200), FIXED), A(NULL, FIXED));
}

static void sending(void) {
  siginfo_t *info = (void *)AT(896);
  memset(info, 0, 512);
  info[0].si_code = SI_QUEUE;
  info[1].si_code = SI_USER;
  info[2].si_code = SI_KERNEL;
  info[3].si_code = SI_TKILL;
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  signal(SIGUSR1, SIG_IGN);
  SWEEP(kill, A(pid, PROCESSES), A(0, FIXED));
  SWEEP(kill, A(1, PROCESSES), A(0, SIGNALS));
  SWEEP(kill, A(INT_MAX, FIXED), A(0, SIGNALS));
  SWEEP(kill, A(pid, FIXED), A(65, FIXED));
  SWEEP(tkill, A(pid, THREADS), A(0, FIXED));
  SWEEP(tkill, A(INT_MAX, THREADS), A(0, SIGNALS));
  SWEEP(tgkill, A(pid, THREADS), A(pid, THREADS), A(0, FIXED));
  SWEEP(tgkill, A(INT_MAX, THREADS), A(1, THREADS), A(0, SIGNALS));
  SWEEP(rt_sigqueueinfo, A(pid, THREADS), A(SIGUSR1, FIXED), A(AT(896), INFOS));
  SWEEP(rt_sigqueueinfo, A(1, THREADS), A(SIGUSR1, FIXED), A(AT(896), INFOS));
  SWEEP(rt_sigqueueinfo, A(INT_MAX, FIXED), A(SIGUSR1, SIGNALS), A(AT(896), INFOS));
  SWEEP(rt_tgsigqueueinfo, A(pid, THREADS), A(pid, THREADS), A(SIGUSR1, FIXED), A(AT(896), INFOS));
  SWEEP(rt_tgsigqueueinfo, A(1, THREADS), A(INT_MAX, THREADS), A(SIGUSR1, SIGNALS), A(AT(896), INFOS));
  SWEEP(pidfd_send_signal, A(PIDFD, FDS), A(0, FIXED), A(NULL, INFOS), A(0, PID_SIGNAL_FLAGS));
  SWEEP(pidfd_send_signal, A(PIDFD, FIXED), A(65, FIXED), A(NULL, FIXED), A(0, FIXED));
  SWEEP_FD(pidfd_open, A(pid, THREADS), A(0, FLAG_BITS));
  SWEEP_FD(pidfd_getfd, A(PIDFD, FDS), A(FILE_FD, FDS), A(0, FLAG_BITS));
  SWEEP_FD(signalfd, A(-1, MASK_FDS), A(AT(0), GIVEN), A(8, SET_SIZES));
  SWEEP_FD(signalfd4, A(-1, MASK_FDS), A(AT(0), GIVEN), A(8, SET_SIZES), A(0, SIGNALFD_FLAGS));
  sweep_descriptors();
}

static void put_intervals(void) {
  struct itimerspec *t = (void *)AT(64);
  t[0] = (struct itimerspec){{0, 0}, {0, 0}};
  t[1] = (struct itimerspec){{0, 0}, {0, -1}};
  t[2] = (struct itimerspec){{0, 1000000000}, {0, 0}};
  t[3] = (struct itimerspec){{-1, 0}, {1000, 0}};
}

static void sleeping(void) {
  put_intervals();
  *(struct timespec *)AT(0) = (struct timespec){0, 0};
  *(struct timespec *)AT(16) = (struct timespec){0, -1};
  *(struct timespec *)AT(32) = (struct timespec){-1, 0};
  *(struct timespec *)AT(48) = (struct timespec){0, 1000000000};
  SWEEP(nanosleep, A(AT(0), SPECS), A(NULL, FILLED));
  SWEEP(clock_nanosleep, A(CLOCK_MONOTONIC, WAIT_CLOCKS), A(0, FLAGS), A(AT(0), SPECS), A(NULL, FILLED));
  SWEEP(clock_nanosleep, A(CLOCK_REALTIME, FIXED), A(TIMER_ABSTIME, FIXED), A(AT(0), SPECS), A(NULL, FILLED));
  SWEEP(clock_gettime, A(CLOCK_MONOTONIC, CLOCKS), A(DATA, FILLED));
  SWEEP(clock_getres, A(CLOCK_MONOTONIC, CLOCKS), A(DATA, FILLED));
  SWEEP(clock_getres, A(CLOCK_MONOTONIC, FIXED), A(NULL, FIXED));
  SWEEP(clock_settime, A(CLOCK_REALTIME, CLOCKS), A(AT(0), SPECS));
  SWEEP(gettimeofday, A(DATA, FILLED), A(DATA, FILLED));
  SWEEP(settimeofday, A(AT(0), SPECS), A(NULL, GIVEN));
  SWEEP(settimeofday, A(AT(0), FIXED), A(DATA, FIXED));
  SWEEP_GOOD(time, A(DATA, FILLED));
  memset((void *)DATA, 0, sizeof(struct timex));
  SWEEP_GOOD(adjtimex, A(DATA, FILLED));
  memset((void *)AT(4096), 0, sizeof(struct timex));
  SWEEP_GOOD(clock_adjtime, A(CLOCK_REALTIME, CLOCKS), A(AT(4096), FILLED));
  ((struct timex *)AT(4096))->modes = ADJ_FREQUENCY;
  SWEEP_GOOD(clock_adjtime, A(CLOCK_REALTIME, CLOCKS), A(AT(4096), FILLED));
  SWEEP_GOOD(adjtimex, A(AT(4096), FILLED));
}

static void timers(void) {
  put_intervals();
  SWEEP(getitimer, A(ITIMER_REAL, WHICH), A(DATA, FILLED));
  SWEEP(setitimer, A(ITIMER_REAL, WHICH), A(AT(64), INTERVALS), A(DATA, MAYBE_FILLED));
  put_intervals();
  ((struct itimerval *)AT(96))[0].it_value.tv_usec = 1000000;
  SWEEP(setitimer, A(ITIMER_REAL, FIXED), A(AT(96), FIXED), A(DATA, FIXED));
  SWEEP(alarm, A(0, FIXED));
  SWEEP(alarm, A(100, FIXED));
  SWEEP(alarm, A(HIGH(0), FIXED));
  SWEEP(alarm, A(0, FIXED));
  put_intervals();
  for (int i = 0; i < 5; i++) {
    struct sigevent *event = (void *)AT(400 + 64 * i);
    memset(event, 0, 64);
    event->sigev_notify = SIGEV_NONE;
  }
  ((struct sigevent *)AT(464))->sigev_notify = 7;
  ((struct sigevent *)AT(528))->sigev_notify = SIGEV_SIGNAL;
  ((struct sigevent *)AT(592))->sigev_notify = SIGEV_SIGNAL;
  ((struct sigevent *)AT(592))->sigev_signo = 65;
  ((struct sigevent *)AT(656))->sigev_notify = SIGEV_THREAD_ID;
  ((struct sigevent *)AT(656))->sigev_signo = SIGUSR1;
  ((struct sigevent *)AT(656))->_sigev_un._tid = 1;
  SWEEP(timer_create, A(CLOCK_MONOTONIC, FIXED), A(AT(400), FIXED), A(DATA, FIXED));
  SWEEP(timer_settime, A(0, TIMER_IDS), A(0, TIMER_FLAGS), A(AT(64), INTERVALS), A(DATA, MAYBE_FILLED));
  SWEEP(timer_gettime, A(0, TIMER_IDS), A(DATA, FILLED));
  SWEEP(timer_getoverrun, A(0, TIMER_IDS));
  SWEEP(timer_create, A(CLOCK_REALTIME, WAIT_CLOCKS), A(AT(400), EVENTS), A(DATA, FILLED));
  for (int i = 1; i < 100; i++) syscall(SYS_timer_delete, i);
  SWEEP(timer_delete, A(0, TIMER_IDS));
  SWEEP(timer_delete, A(0, FIXED));
  SWEEP(timer_gettime, A(0, FIXED), A(DATA, FILLED));
  SWEEP(timer_settime, A(0, FIXED), A(0, FIXED), A(AT(64), INTERVALS), A(DATA, MAYBE_FILLED));
  SWEEP_FD(timerfd_create, A(CLOCK_MONOTONIC, WAIT_CLOCKS), A(0, FLAG_BITS));
  SWEEP_FD(timerfd_create, A(CLOCK_BOOTTIME_ALARM, FIXED), A(TFD_NONBLOCK | TFD_CLOEXEC, FIXED));
  SWEEP(timerfd_settime, A(TIMER_FD, FDS), A(0, FLAG_BITS), A(AT(64), INTERVALS), A(DATA, MAYBE_FILLED));
  SWEEP(timerfd_gettime, A(TIMER_FD, FDS), A(DATA, FILLED));
}

static void sweep_all(void) {
  pid = getpid();
  actions();
  sending();
  sleeping();
  timers();
}
