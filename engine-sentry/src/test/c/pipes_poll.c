/* poll, ppoll, select and pselect on pipes, files and closed descriptors. */
#include <poll.h>
#include <sys/select.h>

#include "show.h"

static void show_poll(const char *what, int fd, short events) {
  struct pollfd f = {fd, events, 0};
  int r = poll(&f, 1, 0);
  printf("%s: %d", what, r);
  if (f.revents & POLLIN) printf(" IN");
  if (f.revents & POLLOUT) printf(" OUT");
  if (f.revents & POLLERR) printf(" ERR");
  if (f.revents & POLLHUP) printf(" HUP");
  if (f.revents & POLLNVAL) printf(" NVAL");
  if (f.revents & POLLRDHUP) printf(" RDHUP");
  puts("");
}

static volatile sig_atomic_t got;

static void on_signal(int sig) { got = sig; }

int main(void) {
  int p[2];
  char b[65536];
  pipe2(p, O_NONBLOCK);
  show_poll("empty, read end", p[0], POLLIN | POLLOUT);
  show_poll("empty, write end", p[1], POLLIN | POLLOUT);
  write(p[1], "x", 1);
  show_poll("one byte, read end", p[0], POLLIN);
  while (write(p[1], b, sizeof b) > 0) {
  }
  show_poll("full, write end", p[1], POLLOUT);
  read(p[0], b, sizeof b);
  show_poll("drained, write end", p[1], POLLOUT);
  close(p[1]);
  show_poll("no writer, with data or not", p[0], POLLIN);
  close(p[0]);
  pipe(p);
  close(p[0]);
  show_poll("no reader, write end", p[1], POLLOUT);
  show_poll("no reader, nothing asked", p[1], 0);
  close(p[1]);
  show_poll("closed", p[1], POLLIN);
  show_poll("negative", -1, POLLIN);
  int fd = open("/dev/null", O_RDWR);
  show_poll("/dev/null", fd, POLLIN | POLLOUT);
  fd = open("/proc/self/exe", O_RDONLY);
  show_poll("a file", fd, POLLIN | POLLOUT);

  /* Waiting. */
  pipe(p);
  struct pollfd f[2] = {{p[0], POLLIN, 0}, {-1, 0, 0}};
  int64_t t = nanos(CLOCK_MONOTONIC);
  SHOW(poll(f, 2, 50));
  t = nanos(CLOCK_MONOTONIC) - t;
  HOLDS(t >= 50000000 && t < 500000000);
  fflush(stdout);
  if (fork() == 0) {
    sleep_ms(30);
    write(p[1], "x", 1);
    _exit(0);
  }
  SHOW(poll(f, 2, -1));
  HOLDS(f[0].revents == POLLIN);
  wait(NULL);
  read(p[0], b, 1);
  SHOW(poll(NULL, 0, 10));
  SHOW(poll((struct pollfd *)8, 1, 0));

  /* Signals. */
  struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &sa, NULL);
  pid_t parent = getpid();
  if (fork() == 0) {
    sleep_ms(30);
    kill(parent, SIGUSR1);
    _exit(0);
  }
  SHOW(poll(f, 1, -1));
  printf("signal %d\n", (int)got);
  wait(NULL);
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGUSR1);
  sigprocmask(SIG_BLOCK, &block, NULL);
  got = 0;
  raise(SIGUSR1);
  SHOW(poll(f, 1, 0));
  printf("signal %d\n", (int)got);
  SHOW(ppoll(f, 1, NULL, &none));
  printf("signal %d\n", (int)got);
  sigset_t now;
  sigprocmask(SIG_SETMASK, NULL, &now);
  HOLDS(sigismember(&now, SIGUSR1) == 1);

  /* select. */
  fd_set r, w, e;
  FD_ZERO(&r);
  FD_ZERO(&w);
  FD_ZERO(&e);
  FD_SET(p[0], &r);
  FD_SET(p[1], &w);
  FD_SET(p[1], &e);
  struct timeval none_tv = {0, 0};
  SHOW(select(p[1] + 1, &r, &w, &e, &none_tv));
  HOLDS(!FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w) && !FD_ISSET(p[1], &e));
  write(p[1], "x", 1);
  FD_SET(p[0], &r);
  SHOW(select(p[0] + 1, &r, NULL, NULL, NULL));
  HOLDS(FD_ISSET(p[0], &r));
  read(p[0], b, 1);
  struct timeval tv = {0, 40000};
  FD_SET(p[0], &r);
  SHOW(select(p[0] + 1, &r, NULL, NULL, &tv));
  HOLDS(!FD_ISSET(p[0], &r) && tv.tv_sec == 0 && tv.tv_usec == 0);
  FD_SET(p[0], &r);
  tv.tv_usec = 2000000;
  SHOW(select(p[0] + 1, &r, NULL, NULL, &(struct timeval){-1, 0}));
  SHOW(select(-1, NULL, NULL, NULL, &none_tv));
  FD_ZERO(&r);
  FD_SET(77, &r);
  SHOW(select(78, &r, NULL, NULL, &none_tv));
  /* The table has room for 77 from here on, so that select looks there. */
  SHOW(dup2(0, 70));
  FD_SET(77, &r);
  SHOW(select(78, &r, NULL, NULL, &none_tv));
  SHOW(close(70));
  SHOW(select(78, &r, NULL, NULL, &none_tv));
  FD_ZERO(&r);
  FD_SET(127, &r);
  SHOW(select(128, &r, NULL, NULL, &none_tv));
  FD_SET(128, &r);
  FD_CLR(127, &r);
  SHOW(select(129, &r, NULL, NULL, &none_tv));
  struct timespec ts = {0, 0};
  got = 0;
  raise(SIGUSR1);
  SHOW(pselect(0, NULL, NULL, NULL, &ts, &none));
  printf("signal %d\n", (int)got);
  got = 0;
  raise(SIGUSR1);
  SHOW(pselect(0, NULL, NULL, NULL, NULL, &none));
  printf("signal %d\n", (int)got);
  return 0;
}
