/* pthread mutexes, conditions, barriers, read-write locks, semaphores, once and thread-local data. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/syscall.h>

#include "show.h"

enum { THREADS = 8, ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static sem_t sem;
static __thread int local = 5;
static long counter, sum, destroyed, once_ran;
static int queue[4], queued;
static volatile int rw_value, torn;

static void *add(void *arg) {
  (void)arg;
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex);
    long c = counter;
    if (i % 500 == 0) sched_yield();
    counter = c + 1;
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void *produce(void *arg) {
  for (int i = 0; i < 500; i++) {
    pthread_mutex_lock(&mutex);
    while (queued == 4) pthread_cond_wait(&not_full, &mutex);
    queue[queued++] = (int)(long)arg * 1000 + i;
    pthread_cond_signal(&not_empty);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void *consume(void *arg) {
  long n = (long)arg;
  while (n-- > 0) {
    pthread_mutex_lock(&mutex);
    while (queued == 0) pthread_cond_wait(&not_empty, &mutex);
    sum += queue[--queued];
    pthread_cond_signal(&not_full);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void *phases(void *arg) {
  long last = 0;
  (void)arg;
  for (int i = 0; i < 50; i++) {
    __atomic_add_fetch(&counter, 1, __ATOMIC_SEQ_CST);
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) last++;
    if (__atomic_load_n(&counter, __ATOMIC_SEQ_CST) < (i + 1) * THREADS) torn++;
    pthread_barrier_wait(&barrier);
  }
  return (void *)last;
}

static void *read_or_write(void *arg) {
  for (int i = 0; i < 300; i++) {
    if ((long)arg < 2) {
      pthread_rwlock_wrlock(&rwlock);
      rw_value++;
      if (i % 50 == 0) sched_yield();
      rw_value++;
      pthread_rwlock_unlock(&rwlock);
    } else {
      pthread_rwlock_rdlock(&rwlock);
      if (rw_value % 2) torn++;
      pthread_rwlock_unlock(&rwlock);
    }
  }
  return NULL;
}

static void initialize(void) { once_ran++; }

static void destroy(void *value) { __atomic_add_fetch(&destroyed, (long)value, __ATOMIC_SEQ_CST); }

static void *locals(void *arg) {
  pthread_once(&once, initialize);
  pthread_setspecific(key, arg);
  local += (int)(long)arg;
  sched_yield();
  return (void *)(long)(local == 5 + (int)(long)arg && pthread_getspecific(key) == arg);
}

static void *post(void *arg) {
  (void)arg;
  for (int i = 0; i < 100; i++) sem_post(&sem);
  return NULL;
}

static long run(void *(*f)(void *), int n) {
  pthread_t t[64];
  long total = 0;
  for (long i = 0; i < n; i++) NEED(pthread_create(&t[i], NULL, f, (void *)i) == 0);
  for (int i = 0; i < n; i++) {
    void *result;
    pthread_join(t[i], &result);
    total += (long)result;
  }
  return total;
}

static void *try_lock(void *arg) {
  (void)arg;
  return (void *)(long)pthread_mutex_trylock(&mutex);
}

static void *timed(void *arg) {
  (void)arg;
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 30000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  return (void *)(long)pthread_mutex_timedlock(&mutex, &until);
}

static void *identify(void *arg) {
  (void)arg;
  return (void *)(long)(getpid() == *(pid_t *)&(pid_t){getpid()} && syscall(SYS_gettid) != getpid());
}

int main(void) {
  run(add, THREADS);
  printf("mutex: %ld\n", counter);
  pthread_t producers[3], consumers[2];
  for (long i = 0; i < 3; i++) pthread_create(&producers[i], NULL, produce, (void *)i);
  for (long i = 0; i < 2; i++) pthread_create(&consumers[i], NULL, consume, (void *)750);
  for (int i = 0; i < 3; i++) pthread_join(producers[i], NULL);
  for (int i = 0; i < 2; i++) pthread_join(consumers[i], NULL);
  printf("conditions: %ld\n", sum);
  counter = 0;
  pthread_barrier_init(&barrier, NULL, THREADS);
  printf("barrier: %ld serial", run(phases, THREADS));
  printf(", %d early\n", torn);
  run(read_or_write, THREADS);
  printf("rwlock: %d torn %d\n", rw_value, torn);
  pthread_key_create(&key, destroy);
  printf("locals: %ld", run(locals, THREADS));
  printf(" once %ld destroyed %ld mine %d\n", once_ran, destroyed, local);
  sem_init(&sem, 0, 0);
  pthread_t t;
  pthread_create(&t, NULL, post, NULL);
  for (int i = 0; i < 100; i++) sem_wait(&sem);
  pthread_join(t, NULL);
  SHOW(sem_trywait(&sem));
  pthread_mutex_lock(&mutex);
  printf("trylock: %s\n", error_name((int)run(try_lock, 1)));
  printf("timedlock: %s\n", error_name((int)run(timed, 1)));
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  printf("timedwait: %s\n", error_name(pthread_cond_timedwait(&not_empty, &mutex, &until)));
  pthread_mutex_unlock(&mutex);
  printf("identity: %ld\n", run(identify, 4));

  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_t m;
  pthread_mutex_init(&m, &attr);
  printf("recursive: %d %d\n", pthread_mutex_lock(&m), pthread_mutex_lock(&m));
  pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&m, &attr);
  pthread_mutex_lock(&m);
  printf("errorcheck: %s\n", error_name(pthread_mutex_lock(&m)));
  pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_DEFAULT);
  pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
  printf("pi: %d", pthread_mutex_init(&m, &attr));
  printf(" %d", pthread_mutex_lock(&m));
  printf(" %d\n", pthread_mutex_unlock(&m));
  return 0;
}
