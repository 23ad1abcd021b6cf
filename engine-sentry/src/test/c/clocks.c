/* Clocks, sleeping, alarms and timers. */
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>

#include "show.h"

static volatile sig_atomic_t count;
static volatile int value, overrun;

static void note(int sig) {
  (void)sig;
  count++;
}

static void timer_note(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  value = info->si_value.sival_int;
  overrun = info->si_code == SI_TIMER;
  count++;
}

static int about(int64_t elapsed, int64_t ms) {
  return elapsed >= ms * 1000000 && elapsed < (ms + 500) * 1000000;
}

int main(void) {
  const clockid_t clocks[] = {CLOCK_REALTIME,           CLOCK_MONOTONIC,
                              CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
                              CLOCK_MONOTONIC_RAW,      CLOCK_REALTIME_COARSE,
                              CLOCK_MONOTONIC_COARSE,   CLOCK_BOOTTIME,
                              CLOCK_TAI};
  struct timespec t;
  for (int i = 0; i < 9; i++) {
    int64_t last = 0, back = 0;
    for (int k = 0; k < 1000; k++) {
      int64_t now = nanos(clocks[i]);
      if (now < last) back++;
      last = now;
    }
    printf("clock %d: %d went back %ld resolution %d\n", (int)clocks[i], clock_gettime(clocks[i], &t),
           (long)back, clock_getres(clocks[i], &t));
  }
  SHOW(clock_gettime(77, &t));
  SHOW(clock_getres(77, &t));
  SHOW(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (void *)8));
  struct timeval tv;
  gettimeofday(&tv, NULL);
  HOLDS(llabs(nanos(CLOCK_REALTIME) / 1000 - (tv.tv_sec * 1000000LL + tv.tv_usec)) < 500000);
  HOLDS(llabs(time(NULL) - tv.tv_sec) <= 1);
  HOLDS(llabs(syscall(SYS_time, NULL) - tv.tv_sec) <= 1);
  HOLDS(tv.tv_sec > 1600000000);
  struct timespec by_call;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &by_call);
  int64_t by_library = nanos(CLOCK_MONOTONIC);
  HOLDS(llabs(by_library - (by_call.tv_sec * 1000000000LL + by_call.tv_nsec)) < 500000000);

  int64_t begin = nanos(CLOCK_MONOTONIC);
  t = (struct timespec){0, 30000000};
  SHOW(nanosleep(&t, NULL));
  HOLDS(about(nanos(CLOCK_MONOTONIC) - begin, 30));
  SHOW(nanosleep(&(struct timespec){0, 1000000000}, NULL));
  SHOW(nanosleep(&(struct timespec){-1, 0}, NULL));
  SHOW(nanosleep((void *)8, NULL));
  begin = nanos(CLOCK_MONOTONIC);
  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_nsec += 30000000;
  if (t.tv_nsec >= 1000000000) t.tv_nsec -= 1000000000, t.tv_sec++;
  SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
  HOLDS(about(nanos(CLOCK_MONOTONIC) - begin, 29));
  SHOW(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){1, 0}, NULL));
  printf("%s\n", error_name(clock_nanosleep(77, 0, &t, NULL)));

  /* CPU time passes while working and not while sleeping. */
  begin = nanos(CLOCK_PROCESS_CPUTIME_ID);
  sleep_ms(50);
  HOLDS(nanos(CLOCK_PROCESS_CPUTIME_ID) - begin < 30000000);
  int64_t end = nanos(CLOCK_THREAD_CPUTIME_ID) + 30000000;
  while (nanos(CLOCK_THREAD_CPUTIME_ID) < end) {
  }
  HOLDS(nanos(CLOCK_PROCESS_CPUTIME_ID) - begin >= 25000000);
  struct tms tms;
  HOLDS(times(&tms) > 0);

  /* alarm and setitimer. */
  struct sigaction sa = {.sa_handler = note};
  sigaction(SIGALRM, &sa, NULL);
  sigaction(SIGVTALRM, &sa, NULL);
  sigaction(SIGPROF, &sa, NULL);
  SHOW(alarm(100));
  SHOW(alarm(0));
  SHOW(alarm(0));
  struct itimerval iv = {{0, 10000}, {0, 10000}}, now;
  SHOW(setitimer(ITIMER_REAL, &iv, NULL));
  while (count < 5) pause();
  SHOW(getitimer(ITIMER_REAL, &now));
  HOLDS(now.it_interval.tv_usec == 10000 && now.it_value.tv_usec <= 10000);
  memset(&iv, 0, sizeof iv);
  SHOW(setitimer(ITIMER_REAL, &iv, &now));
  count = 0;
  sleep_ms(30);
  printf("after stopping: %d\n", (int)count);
  iv.it_value.tv_usec = 1000000;
  SHOW(setitimer(ITIMER_REAL, &iv, NULL));
  SHOW(setitimer(9, &iv, NULL));
  memset(&iv, 0, sizeof iv);
  iv.it_value.tv_usec = 20000;
  count = 0;
  SHOW(setitimer(ITIMER_VIRTUAL, &iv, NULL));
  begin = nanos(CLOCK_MONOTONIC);
  while (!count && nanos(CLOCK_MONOTONIC) - begin < 3000000000LL) {
  }
  printf("virtual timer: %d\n", (int)count);

  /* POSIX timers. */
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
  event.sigev_value.sival_int = 42;
  sa = (struct sigaction){.sa_sigaction = timer_note, .sa_flags = SA_SIGINFO};
  sigaction(SIGRTMIN, &sa, NULL);
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
  struct itimerspec spec = {{0, 0}, {0, 20000000}}, left;
  count = 0;
  SHOW(timer_settime(timer, 0, &spec, NULL));
  SHOW(timer_gettime(timer, &left));
  HOLDS(left.it_value.tv_sec == 0 && left.it_value.tv_nsec <= 20000000);
  while (!count) pause();
  printf("value %d from timer %d\n", value, overrun);
  SHOW(timer_gettime(timer, &left));
  printf("left %ld %ld\n", (long)left.it_value.tv_sec, left.it_value.tv_nsec);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  spec = (struct itimerspec){{0, 1000000}, {0, 1000000}};
  SHOW(timer_settime(timer, 0, &spec, NULL));
  sleep_ms(50);
  siginfo_t info;
  sigwaitinfo(&set, &info);
  HOLDS(timer_getoverrun(timer) >= 20);
  SHOW(timer_delete(timer));
  SHOW(timer_delete(timer));
  SHOW(timer_create(77, &event, &timer));
  event.sigev_notify = SIGEV_NONE;
  SHOW(timer_create(CLOCK_REALTIME, &event, &timer));
  SHOW(timer_delete(timer));
  return 0;
}
