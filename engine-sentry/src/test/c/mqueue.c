/* POSIX message queues. */
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "show.h"

static char name[64];
static mqd_t q;
static volatile sig_atomic_t got, got_code, got_value, got_pid;
static sem_t called;

static void handler(int signo, siginfo_t *info, void *context) {
  (void)context;
  got = signo;
  got_code = info->si_code;
  got_value = info->si_value.sival_int;
  got_pid = info->si_pid;
}

static void thread_function(union sigval v) {
  printf("thread: %d\n", v.sival_int);
  sem_post(&called);
}

static void receive(const char *what) {
  char b[200];
  unsigned priority = 77;
  ssize_t n = mq_receive(q, b, sizeof b, &priority);
  if (n < 0)
    printf("%s: %s\n", what, error_name(errno));
  else
    printf("%s: \"%.*s\" %u\n", what, (int)n, b, priority);
}

static void show_attr(const char *what) {
  struct mq_attr a;
  if (mq_getattr(q, &a) < 0)
    printf("%s: %s\n", what, error_name(errno));
  else
    printf("%s: flags %lx, at most %ld of %ld, now %ld\n", what, a.mq_flags, a.mq_maxmsg,
           a.mq_msgsize, a.mq_curmsgs);
}

int main(void) {
  struct mq_attr a = {.mq_maxmsg = 3, .mq_msgsize = 100};
  struct stat st;
  char b[200];
  unsigned priority;
  snprintf(name, sizeof name, "/show.%d", getpid());
  umask(022);
  SHOW(mq_open(name, O_RDWR));
  SHOW(mq_open("/", O_RDWR | O_CREAT, 0600, NULL));
  SHOW(mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL));
  SHOW(mq_open("noslash", O_RDWR | O_CREAT, 0600, NULL));
  SHOW(syscall(SYS_mq_open, "..", O_RDWR | O_CREAT, 0600, NULL));
  SHOW(syscall(SYS_mq_open, NULL, O_RDWR | O_CREAT, 0600, NULL));
  SHOW(syscall(SYS_mq_open, name + 1, O_RDWR | O_CREAT, 0600, (void *)8));
  struct mq_attr bad = {.mq_maxmsg = 0, .mq_msgsize = 100};
  SHOW(mq_open(name, O_RDWR | O_CREAT, 0600, &bad));
  bad.mq_maxmsg = 1, bad.mq_msgsize = 0;
  SHOW(mq_open(name, O_RDWR | O_CREAT, 0600, &bad));
  q = SHOW_OK(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0666, &a));
  SHOW(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &a));
  HOLDS(fcntl(q, F_GETFD) == FD_CLOEXEC);
  SHOW(fstat(q, &st));
  printf("mode %o, size %ld, links %ld\n", st.st_mode, (long)st.st_size, (long)st.st_nlink);
  show_attr("new");
  SHOW(mq_send(q, "low", 3, 1));
  SHOW(mq_send(q, "high", 4, 32767));
  SHOW(mq_send(q, "high again", 10, 32767));
  SHOW(mq_send(q, "too high", 8, 32768));
  SHOW(mq_send(q, b, 101, 0));
  show_attr("full");
  struct pollfd p = {q, POLLIN | POLLOUT, 0};
  SHOW(poll(&p, 1, 0));
  printf("events %x\n", p.revents);
  struct timespec past = {1, 0}, wrong = {1, -1};
  SHOW(mq_timedsend(q, "late", 4, 0, &past));
  SHOW(mq_timedsend(q, "late", 4, 0, &wrong));
  SHOW(mq_receive(q, b, 99, NULL));
  SHOW(mq_receive(-1, b, 100, NULL));
  SHOW(mq_receive(0, b, 100, NULL));
  SHOW(syscall(SYS_mq_timedsend, q, NULL, 3, 0, NULL));
  receive("first");
  receive("second");
  SHOW(mq_send(q, "", 0, 5));
  receive("third");
  receive("last");
  SHOW(poll(&p, 1, 0));
  printf("events %x\n", p.revents);
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 20000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  SHOW(mq_timedreceive(q, b, sizeof b, NULL, &soon));
  SHOW(mq_timedreceive(q, b, sizeof b, NULL, &wrong));
  SHOW(mq_send(q, "lost", 4, 0));
  SHOW(syscall(SYS_mq_timedreceive, q, NULL, 100, NULL, NULL));
  show_attr("nothing left");

  a.mq_flags = O_NONBLOCK;
  struct mq_attr old;
  SHOW(mq_setattr(q, &a, &old));
  printf("was %lx\n", old.mq_flags);
  show_attr("non-blocking");
  HOLDS((fcntl(q, F_GETFL) & O_NONBLOCK) != 0);
  receive("empty");
  a.mq_flags = O_APPEND;
  SHOW(mq_setattr(q, &a, NULL));
  SHOW(mq_setattr(0, &old, NULL));
  a.mq_flags = 0;
  SHOW(mq_setattr(q, &a, NULL));
  mqd_t r = mq_open(name, O_RDONLY), w = mq_open(name, O_WRONLY);
  SHOW(mq_send(r, "x", 1, 0));
  SHOW(mq_receive(w, b, sizeof b, NULL));
  SHOW(mq_open(name, O_RDWR | O_WRONLY));

  /* Waiting on both sides. */
  fflush(stdout);
  pid_t pid = fork();
  int status;
  if (pid == 0) {
    for (int i = 0; i < 10; i++) {
      char text[10];
      snprintf(text, sizeof text, "m%d", i);
      if (mq_send(q, text, strlen(text), 0) < 0) _exit(1);
    }
    _exit(0);
  }
  for (int i = 0; i < 10; i++) {
    sleep_ms(i % 3);
    receive("in order");
  }
  waitpid(pid, &status, 0);
  show_status("sender", status);

  /* Notification by a signal. */
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &sa, NULL);
  struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  e.sigev_value.sival_int = 42;
  SHOW(mq_notify(q, &e));
  SHOW(mq_notify(q, &e));
  lseek(q, 0, SEEK_SET);
  ssize_t n = read(q, b, sizeof b - 1);
  b[n > 0 ? n : 0] = 0;
  printf("read gives %zd bytes", n);
  char *at = strstr(b, "NOTIFY_PID");
  if (at) *at = 0;
  printf(": %s\n", b);
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    SHOW(mq_notify(q, &e));
    SHOW(mq_notify(q, NULL));
    SHOW(mq_send(q, "from the child", 14, 3));
    _exit(0);
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  HOLDS(got == SIGUSR1 && got_code == SI_MESGQ && got_value == 42 && got_pid == pid);
  got = 0;
  SHOW(mq_notify(q, &e));
  SHOW(mq_send(q, "not empty", 9, 0));
  HOLDS(got == 0);
  receive("one");
  receive("two");
  SHOW(mq_send(q, "now", 3, 0));
  HOLDS(got == SIGUSR1);
  receive("now");
  got = 0;
  SHOW(mq_notify(q, &e));
  SHOW(mq_notify(q, NULL));
  SHOW(mq_send(q, "unheard", 7, 0));
  HOLDS(got == 0);
  receive("unheard");
  e.sigev_notify = SIGEV_NONE;
  SHOW(mq_notify(q, &e));
  SHOW(mq_send(q, "quiet", 5, 0));
  receive("quiet");
  e.sigev_notify = SIGEV_SIGNAL;
  SHOW(mq_notify(q, &e));
  SHOW(mq_close(w));
  SHOW(mq_notify(q, &e)); /* closing any descriptor of it removed the registration */
  SHOW(mq_notify(q, NULL));
  e.sigev_signo = 65;
  SHOW(mq_notify(q, &e));
  e.sigev_notify = 99;
  SHOW(mq_notify(q, &e));
  SHOW(syscall(SYS_mq_notify, q, (void *)8));
  SHOW(mq_notify(0, NULL));

  /* Notification by a thread. */
  sem_init(&called, 0, 0);
  struct sigevent t = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = thread_function};
  t.sigev_value.sival_int = 7;
  SHOW(mq_notify(q, &t));
  SHOW(mq_send(q, "thread", 6, 0));
  sem_wait(&called);
  receive("thread");

  SHOW(mq_unlink(name));
  SHOW(mq_unlink(name));
  SHOW(mq_open(name, O_RDWR));
  SHOW(mq_send(q, "still there", 11, 0));
  fstat(q, &st);
  printf("links %ld\n", (long)st.st_nlink);
  receive("unlinked");
  SHOW(mq_close(q));
  SHOW(mq_close(q));
  priority = 0;
  (void)priority;
  return 0;
}
