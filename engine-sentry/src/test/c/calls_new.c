/* needs: Linux 6.12
   Calls that came with recent kernels: futex_wake and its relatives, mseal, lsm_list_modules. */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "show.h"

#define FUTEX_WAKE_NR 454
#define FUTEX_WAIT_NR 455
#define FUTEX_REQUEUE_NR 456
#define MSEAL_NR 462

static unsigned word, other;
static int woken;

struct waiter {
  uint64_t value, address;
  uint32_t flags, reserved;
};

static long wake(void *at, unsigned long mask, int count, unsigned flags) {
  return syscall(FUTEX_WAKE_NR, at, mask, count, flags);
}

static long wait_for(void *at, unsigned long value, unsigned long mask, unsigned flags,
                     struct timespec *until, int clock) {
  return syscall(FUTEX_WAIT_NR, at, value, mask, flags, until, clock);
}

static void *waiter(void *mask) {
  if (wait_for(&word, 0, (uintptr_t)mask, 0x82, NULL, 0) == 0)
    __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

static long requeue(struct waiter *w, unsigned flags, int count, int more) {
  return syscall(FUTEX_REQUEUE_NR, w, flags, count, more);
}

static void futexes(void) {
  pthread_t a, b;
  struct timespec soon, bad = {0, -1};
  SHOW(wake(&word, 1, 1, 0x82));
  SHOW(wake(&word, 1, 1, 0x80));
  SHOW(wake(&word, 1, 1, 0x81));
  SHOW(wake(&word, 1, 1, 0x182));
  SHOW(wake(&word, 0, 1, 0x82));
  SHOW(wake(&word, 1UL << 32, 1, 0x82));
  SHOW(wake((char *)&word + 1, 1, 1, 0x82));
  SHOW(wait_for(&word, 1, 1, 0x82, NULL, 0));
  SHOW(wait_for(&word, 1UL << 32, 1, 0x82, NULL, 0));
  SHOW(wait_for(&word, 0, 0, 0x82, NULL, 0));
  SHOW(wait_for(&word, 0, 1, 0x83, NULL, 0));
  SHOW(wait_for((void *)8, 0, 1, 0x82, NULL, 0));
  clock_gettime(CLOCK_MONOTONIC, &soon);
  SHOW(wait_for(&word, 0, 1, 0x82, &soon, CLOCK_MONOTONIC));
  SHOW(wait_for(&word, 0, 1, 0x82, &soon, 7));
  SHOW(wait_for(&word, 0, 1, 0x82, &bad, CLOCK_MONOTONIC));
  clock_gettime(CLOCK_REALTIME, &soon);
  SHOW(wait_for(&word, 0, 1, 2, &soon, CLOCK_REALTIME));
  pthread_create(&a, NULL, waiter, (void *)1);
  pthread_create(&b, NULL, waiter, (void *)2);
  while (wake(&word, 4, 1, 0x82) != 0 || woken) {
  }
  long n;
  while ((n = wake(&word, 2, 10, 0x82)) == 0) sleep_ms(1);
  printf("woken by mask: %ld\n", n);
  pthread_join(b, NULL);
  printf("one of two: %d\n", woken);
  struct waiter w[2] = {{0, (uintptr_t)&word, 0x82, 0}, {0, (uintptr_t)&other, 0x82, 0}};
  SHOW(requeue(w, 1, 0, 1));
  SHOW(requeue(NULL, 0, 0, 1));
  SHOW(requeue((void *)8, 0, 0, 1));
  SHOW(requeue(w, 0, -1, 1));
  w[0].value = 5;
  SHOW(requeue(w, 0, 0, 1));
  w[0].value = 0;
  w[1].flags = 3;
  SHOW(requeue(w, 0, 0, 1));
  w[1].flags = 0x82;
  while ((n = requeue(w, 0, 0, 1)) == 0) sleep_ms(1);
  printf("moved: %ld\n", n);
  SHOW(wake(&word, ~0U, 1, 0x82));
  SHOW(wake(&other, ~0U, 1, 0x82));
  pthread_join(a, NULL);
  printf("both: %d\n", woken);
}

static void seals(void) {
  char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *free_place = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(free_place, 4096);
  strcpy(p + 4096, "sealed");
  SHOW(syscall(MSEAL_NR, p, 4096, 1));
  SHOW(syscall(MSEAL_NR, p + 1, 4096, 0));
  SHOW(syscall(MSEAL_NR, p, 0, 0));
  SHOW(syscall(MSEAL_NR, p, -4096L, 0));
  SHOW(syscall(MSEAL_NR, p + 4096, 4000, 0));
  SHOW(syscall(MSEAL_NR, p + 4096, 4096, 0));
  SHOW(munmap(p + 4096, 4096));
  SHOW(munmap(p, 3 * 4096));
  SHOW(mprotect(p + 4096, 4096, PROT_READ));
  SHOW(mprotect(p, 4096, PROT_READ));
  HOLDS(mremap(p + 4096, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED && errno == EPERM);
  HOLDS(mmap(p + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
            MAP_FAILED &&
        errno == EPERM);
  SHOW(madvise(p + 4096, 4096, MADV_DONTNEED));
  HOLDS(p[4096] == 0);
  strcpy(p + 4096, "again");
  HOLDS(strcmp(p + 4096, "again") == 0);
  SHOW(munmap(p, 4096));
  SHOW(munmap(p + 8192, 4096));
  char *r = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SHOW(syscall(MSEAL_NR, r, 4096, 0));
  SHOW(madvise(r, 4096, MADV_DONTNEED));
  SHOW(madvise(r, 4096, MADV_NORMAL));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    SHOW(munmap(p + 4096, 4096));
    _exit(0);
  }
  waitpid(pid, NULL, 0);
}

int main(void) {
  futexes();
  seals();
  return 0;
}
