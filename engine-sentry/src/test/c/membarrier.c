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

/* Store, then load, on two sides: without a barrier on both both may miss the other's store. */
static volatile int x, y, seen, turn, ended;

static void *fast(void *arg) {
  int last = 0;
  (void)arg;
  while (!ended) {
    if (turn == last) {
      sched_yield();
      continue;
    }
    last = turn;
    x = last;
    __asm__ volatile("" ::: "memory"); /* the other side's membarrier is this one's barrier too */
    seen = y == last ? last : -last;
    while (!ended && turn == last) {
    }
  }
  return NULL;
}

static int both_missed(int rounds) {
  int missed = 0;
  pthread_t thread;
  pthread_create(&thread, NULL, fast, NULL);
  for (int i = 1; i <= rounds; i++) {
    turn = i;
    y = i;
    membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0);
    int saw = x == i;
    while (seen != i && seen != -i) sched_yield();
    if (!saw && seen == -i) missed++;
  }
  ended = 1;
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
  HOLDS(both_missed(500) == 0);
  return 0;
}
