/* membarrier: who may ask for what, and that other threads have really come by. */
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "show.h"

#define KNOWN                                                                                            \
  (MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | \
   MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
#define GET_REGISTRATIONS (1 << 9)

static long membarrier(int command, unsigned flags) { return syscall(SYS_membarrier, command, flags, 0); }

/*
 * Each side stores and then looks at what the other one stores. A processor may look before its store is seen, so that both
 * miss the other's, unless both have a barrier in between; one side's membarrier is both's.
 */
#define APART __attribute__((aligned(128))) /* in cache lines of their own */
static volatile int x APART, y APART, fast_ready APART, slow_ready APART, fast_saw APART, last APART;

/* Waits for the other side, for both to start at the same time. */
static void meet(volatile int *mine, volatile int *others, int round) {
  *mine = round;
  for (int spins = 0; *others < round && last == 0; spins++)
    if (spins > 2000) sched_yield();
}

static void *fast(void *arg) {
  (void)arg;
  for (int i = 1; last == 0 || i <= last; i++) {
    (void)x, (void)y; /* both sides have them in their caches */
    meet(&fast_ready, &slow_ready, i);
    x = i;
    __asm__ volatile("" ::: "memory");
    int saw = y;
    fast_saw = saw == i ? i : -i;
  }
  return NULL;
}

static int both_missed(int milliseconds) {
  int missed = 0;
  pthread_t thread;
  pthread_create(&thread, NULL, fast, NULL);
  int64_t end = nanos(CLOCK_MONOTONIC) + milliseconds * 1000000LL;
  for (int i = 1;; i++) {
    (void)x, (void)y;
    meet(&slow_ready, &fast_ready, i);
    y = i;
    membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0);
    int saw = x;
    while (fast_saw != i && fast_saw != -i) sched_yield();
    missed += saw != i && fast_saw == -i;
    if (nanos(CLOCK_MONOTONIC) > end) {
      last = i;
      break;
    }
  }
  pthread_join(thread, NULL);
  return missed;
}

int main(void) {
  HOLDS((membarrier(MEMBARRIER_CMD_QUERY, 0) & KNOWN) == KNOWN);
  SHOW(membarrier(MEMBARRIER_CMD_QUERY, 1));
  SHOW(membarrier(-1, 0));
  SHOW(membarrier(3, 0));
  SHOW(membarrier(1 << 20, 0));
  SHOW(membarrier(MEMBARRIER_CMD_GLOBAL, 0));
  SHOW(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0));
  SHOW(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
  SHOW(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0));
  SHOW(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0));
  SHOW(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
  SHOW(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0));
  SHOW(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0));
  long registered = membarrier(GET_REGISTRATIONS, 0); /* since Linux 6.3 */
  HOLDS(registered == -1 || registered == (MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
  fflush(stdout);
  if (fork() == 0) {
    SHOW(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  HOLDS(both_missed(300) == 0);
  return 0;
}
