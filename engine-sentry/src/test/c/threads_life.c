/* Threads come and go: many of them, cancellation, exit of one and of all, fork, exec and signals. */
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include "show.h"

static volatile int cleaned, reached;
static int p[2];
static volatile pid_t handled_by;
static volatile sig_atomic_t handled;

static void *nothing(void *arg) { return arg; }

static void clean(void *arg) { cleaned += (int)(long)arg; }

static void *cancelled(void *arg) {
  (void)arg;
  pthread_cleanup_push(clean, (void *)1);
  pthread_cleanup_push(clean, (void *)10);
  char c;
  read(p[0], &c, 1);
  reached = 1;
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
  return NULL;
}

static void *sleeper(void *arg) {
  (void)arg;
  for (;;) sleep(10);
  return NULL;
}

static void *leaver(void *arg) {
  pthread_exit(arg);
  return NULL;
}

static void *ender(void *arg) {
  (void)arg;
  sleep_ms(10);
  exit(7);
}

static void *lone_exit(void *arg) {
  (void)arg;
  syscall(SYS_exit, 0);
  return NULL;
}

static void *outlive(void *arg) {
  (void)arg;
  sleep_ms(20);
  _exit(5);
}

static void *executor(void *arg) {
  execl("/proc/self/exe", (char *)arg, "again", NULL);
  return NULL;
}

static void *spin(void *arg) {
  while (!*(volatile int *)arg) {
  }
  return NULL;
}

static void handler(int sig) {
  (void)sig;
  handled_by = (pid_t)syscall(SYS_gettid);
  handled++;
}

static void *receiver(void *arg) {
  *(pid_t *)arg = (pid_t)syscall(SYS_gettid);
  sigset_t none;
  sigemptyset(&none);
  int before = handled;
  while (handled == before) usleep(1000);
  return (void *)(long)(handled_by == *(pid_t *)arg);
}

static int in_child(void *(*f)(void *), void *arg, int end_first) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    pthread_t t;
    pthread_create(&t, NULL, f, arg);
    if (end_first) pthread_exit(NULL);
    pthread_join(t, NULL);
    _exit(99);
  }
  int status;
  waitpid(pid, &status, 0);
  return status;
}

static int threads_of(pid_t pid) {
  char name[64], line[256];
  int n = -1;
  snprintf(name, sizeof name, "/proc/%d/status", (int)pid);
  FILE *f = fopen(name, "r");
  while (f && fgets(line, sizeof line, f)) sscanf(line, "Threads: %d", &n);
  if (f) fclose(f);
  return n;
}

int main(int argc, char **argv) {
  if (argc > 1) {
    printf("threads after exec %d, leader %d\n", threads_of(getpid()), syscall(SYS_gettid) == getpid());
    fflush(stdout);
    _exit(6);
  }
  pthread_t t[200];
  void *result;
  long sum = 0;
  for (long i = 0; i < 200; i++) NEED(pthread_create(&t[i], NULL, nothing, (void *)i) == 0);
  for (int i = 0; i < 200; i++) {
    pthread_join(t[i], &result);
    sum += (long)result;
  }
  printf("200 threads: %ld\n", sum);
  for (int round = 0; round < 200; round++) {
    pthread_create(&t[0], NULL, nothing, NULL);
    pthread_join(t[0], NULL);
  }
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attr, 65536);
  for (int i = 0; i < 20; i++) NEED(pthread_create(&t[0], &attr, nothing, NULL) == 0);

  pipe(p);
  pthread_create(&t[0], NULL, cancelled, NULL);
  sleep_ms(20);
  SHOW(pthread_cancel(t[0]));
  pthread_join(t[0], &result);
  HOLDS(result == PTHREAD_CANCELED);
  printf("cleaned %d reached %d\n", cleaned, reached);
  pthread_create(&t[0], NULL, leaver, (void *)44);
  pthread_join(t[0], &result);
  printf("pthread_exit: %ld\n", (long)result);
  for (int i = 0; i < 5; i++) pthread_create(&t[i], NULL, sleeper, NULL);
  while (threads_of(getpid()) != 6) sleep_ms(1);
  printf("threads %d\n", threads_of(getpid()));
  show_status("fork copies one thread", in_child(nothing, NULL, 0));
  for (int i = 0; i < 5; i++) pthread_cancel(t[i]);
  for (int i = 0; i < 5; i++) pthread_join(t[i], NULL);

  show_status("exit in a thread", in_child(ender, NULL, 0));
  show_status("leader leaves first", in_child(outlive, NULL, 1));
  show_status("all threads leave", in_child(nothing, NULL, 1));
  show_status("exit of one thread", in_child(lone_exit, NULL, 1));
  show_status("exec in a thread", in_child(executor, argv[0], 0));

  /* A spinning thread does not keep its process from dying. */
  volatile int stop = 0;
  fflush(stdout);
  pid_t pid = fork();
  int status;
  if (pid == 0) {
    pthread_create(&t[0], NULL, spin, (void *)&stop);
    for (;;) pause();
  }
  sleep_ms(20);
  kill(pid, SIGTERM);
  waitpid(pid, &status, 0);
  show_status("killed", status);
  pthread_create(&t[0], NULL, spin, (void *)&stop);
  sleep_ms(5);
  stop = 1;
  pthread_join(t[0], NULL);

  /* A signal for one thread goes to it; one for the process to any that does not block it. */
  signal(SIGUSR1, handler);
  pid_t tid = 0;
  pthread_create(&t[0], NULL, receiver, &tid);
  while (!*(volatile pid_t *)&tid) sched_yield();
  SHOW(pthread_kill(t[0], SIGUSR1));
  pthread_join(t[0], &result);
  printf("received by the right thread: %ld\n", (long)result);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  tid = 0;
  pthread_create(&t[0], NULL, receiver, &tid);
  while (!*(volatile pid_t *)&tid) sched_yield();
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  SHOW(kill(getpid(), SIGUSR1));
  pthread_join(t[0], &result);
  printf("received by the thread that does not block it: %ld\n", (long)result);

  /* A fatal signal in one thread ends them all. */
  pid = fork();
  if (pid == 0) {
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, sleeper, NULL);
    pthread_kill(t[2], SIGKILL);
    pause();
  }
  waitpid(pid, &status, 0);
  show_status("all ended", status);
  return 0;
}
