/* The futex call itself, robust lists, and locks shared between processes. */
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "show.h"

static long futex(volatile int *word, int op, int value, const void *timeout, void *word2, int v3) {
  return syscall(SYS_futex, word, op, value, timeout, word2, v3);
}

struct shared {
  volatile int word, second;
  pthread_mutex_t mutex, robust;
  pthread_cond_t cond;
  int state;
};

static volatile int local, local2;

static void *wait_local(void *arg) {
  (void)arg;
  return (void *)futex(&local, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void *lock_and_leave(void *arg) {
  pthread_mutex_lock(arg);
  return NULL;
}

static void *wait_bits(void *arg) {
  return (void *)futex(&local, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, (int)(long)arg);
}

/* Comes back when so many threads wait on the word: it moves them to another word and back. */
static void settle(int waiters) {
  static volatile int elsewhere;
  for (int i = 0; i < 5000; i++) {
    long moved = futex(&local, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)100, (void *)&elsewhere, 0);
    futex(&elsewhere, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)100, (void *)&local, 0);
    if (moved == waiters) return;
    sleep_ms(1);
  }
  printf("%d waiters never came\n", waiters);
}

static void note(int sig) { (void)sig; }

int main(void) {
  SHOW(futex(&local, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
  SHOW(futex(&local, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
  SHOW(futex((int *)((char *)&local + 1), FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
  SHOW(futex((int *)8, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
  SHOW(futex(&local, 77, 0, NULL, NULL, 0));
  struct timespec t = {0, 20000000}, bad = {0, 1000000000};
  int64_t begin = nanos(CLOCK_MONOTONIC);
  SHOW(futex(&local, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0));
  HOLDS(nanos(CLOCK_MONOTONIC) - begin >= 20000000);
  SHOW(futex(&local, FUTEX_WAIT_PRIVATE, 0, &bad, NULL, 0));
  SHOW(futex(&local, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 0));
  clock_gettime(CLOCK_MONOTONIC, &t);
  SHOW(futex(&local, FUTEX_WAIT_BITSET_PRIVATE, 0, &t, NULL, -1));
  clock_gettime(CLOCK_REALTIME, &t);
  SHOW(futex(&local, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &t, NULL, -1));
  struct sigaction sa = {.sa_handler = note};
  sigaction(SIGALRM, &sa, NULL);
  ualarm(20000, 0);
  SHOW(futex(&local, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));

  pthread_t threads[6];
  for (int i = 0; i < 5; i++) pthread_create(&threads[i], NULL, wait_local, NULL);
  settle(5);
  SHOW(futex(&local, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0));
  SHOW(futex(&local, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, (void *)&local2, 9));
  SHOW(futex(&local, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, (void *)&local2, 0));
  SHOW(futex(&local, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0));
  SHOW(futex(&local2, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0));
  for (int i = 0; i < 5; i++) pthread_join(threads[i], NULL);
  pthread_create(&threads[0], NULL, wait_bits, (void *)1);
  pthread_create(&threads[1], NULL, wait_bits, (void *)6);
  settle(2);
  SHOW(futex(&local, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 8));
  SHOW(futex(&local, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 2));
  SHOW(futex(&local, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 3));
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  pthread_create(&threads[0], NULL, wait_local, NULL);
  settle(1);
  local2 = 0;
  int op = FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0);
  SHOW(futex(&local, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, (void *)&local2, op));
  printf("word %d\n", local2);
  pthread_join(threads[0], NULL);

  /* Between processes, in shared memory. */
  struct shared *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  fflush(stdout);
  if (fork() == 0) _exit((int)futex(&s->word, FUTEX_WAIT, 0, NULL, NULL, 0));
  int woken = 0;
  while ((woken = (int)futex(&s->word, FUTEX_WAKE, 1, NULL, NULL, 0)) == 0) sleep_ms(1);
  int status;
  wait(&status);
  printf("woken %d ", woken);
  show_status("child", status);

  pthread_mutexattr_t ma;
  pthread_condattr_t ca;
  pthread_mutexattr_init(&ma);
  pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&s->mutex, &ma);
  pthread_condattr_init(&ca);
  pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&s->cond, &ca);
  fflush(stdout);
  if (fork() == 0) {
    for (int i = 0; i < 100; i++) {
      pthread_mutex_lock(&s->mutex);
      while (s->state % 2 == 0) pthread_cond_wait(&s->cond, &s->mutex);
      s->state++;
      pthread_cond_signal(&s->cond);
      pthread_mutex_unlock(&s->mutex);
    }
    _exit(0);
  }
  for (int i = 0; i < 100; i++) {
    pthread_mutex_lock(&s->mutex);
    while (s->state % 2 == 1) pthread_cond_wait(&s->cond, &s->mutex);
    s->state++;
    pthread_cond_signal(&s->cond);
    pthread_mutex_unlock(&s->mutex);
  }
  wait(&status);
  printf("turns %d\n", s->state);

  /* A robust mutex whose owner dies. */
  pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&s->robust, &ma);
  fflush(stdout);
  if (fork() == 0) {
    pthread_mutex_lock(&s->robust);
    kill(getpid(), SIGKILL);
  }
  wait(&status);
  show_status("owner", status);
  printf("lock: %s\n", error_name(pthread_mutex_lock(&s->robust)));
  printf("consistent: %d\n", pthread_mutex_consistent(&s->robust));
  printf("unlock: %d\n", pthread_mutex_unlock(&s->robust));
  pthread_create(&threads[0], NULL, lock_and_leave, &s->robust);
  pthread_join(threads[0], NULL);
  printf("lock: %s\n", error_name(pthread_mutex_lock(&s->robust)));
  printf("unlock: %d\n", pthread_mutex_unlock(&s->robust));
  printf("lock: %s\n", error_name(pthread_mutex_lock(&s->robust)));
  return 0;
}
