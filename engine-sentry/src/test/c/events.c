/* epoll, eventfd, timerfd and signalfd. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "show.h"

static int ep;

static void show_events(const char *what, int timeout) {
  struct epoll_event e[8];
  int n = epoll_wait(ep, e, 8, timeout);
  printf("%s: %d", what, n);
  for (int want = 0; want < 100; want++)
    for (int i = 0; i < n; i++)
      if (e[i].data.u32 == (unsigned)want) printf(" [%d:%x]", want, e[i].events);
  puts("");
}

static int control(int op, int fd, unsigned events, unsigned data) {
  struct epoll_event e = {.events = events, .data.u32 = data};
  return epoll_ctl(ep, op, fd, &e);
}

int main(void) {
  char b[64];
  uint64_t v;
  ep = epoll_create1(EPOLL_CLOEXEC);
  HOLDS(fcntl(ep, F_GETFD) == FD_CLOEXEC);
  SHOW(epoll_create1(99));
  SHOW(epoll_create(0));
  int p[2];
  pipe2(p, O_NONBLOCK);
  SHOW(control(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
  SHOW(control(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
  SHOW(control(EPOLL_CTL_MOD, p[1], EPOLLOUT, 2));
  SHOW(control(EPOLL_CTL_DEL, p[1], 0, 0));
  SHOW(control(EPOLL_CTL_ADD, ep, EPOLLIN, 3));
  SHOW(control(EPOLL_CTL_ADD, 99, EPOLLIN, 3));
  int file = open("/proc/self/exe", O_RDONLY);
  SHOW(control(EPOLL_CTL_ADD, file, EPOLLIN, 3));
  SHOW(control(77, p[1], EPOLLIN, 3));
  show_events("nothing", 0);
  show_events("nothing for a while", 20);
  SHOW(control(EPOLL_CTL_ADD, p[1], EPOLLOUT, 2));
  show_events("writable", 0);
  write(p[1], "ab", 2);
  show_events("both", 0);
  show_events("level: again", 0);
  SHOW(control(EPOLL_CTL_DEL, p[1], 0, 0));
  SHOW(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 4));
  show_events("edge: once", 0);
  show_events("edge: not again", 0);
  write(p[1], "c", 1);
  show_events("edge: new data", 0);
  read(p[0], b, 1);
  show_events("edge: reading is no edge", 0);
  SHOW(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 5));
  show_events("one shot", 0);
  show_events("one shot: disarmed", 0);
  SHOW(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 6));
  show_events("one shot: armed again", 0);
  SHOW(control(EPOLL_CTL_MOD, p[0], EPOLLIN, 7));
  close(p[1]);
  show_events("hang up", 0);
  while (read(p[0], b, sizeof b) > 0) {
  }
  show_events("hang up, empty", 0);
  close(p[0]);
  show_events("closed", 0);
  struct epoll_event e;
  SHOW(epoll_wait(ep, &e, 0, 0));
  SHOW(epoll_wait(ep, (void *)8, 1, 0));
  SHOW(epoll_wait(file, &e, 1, 0));
  SHOW(epoll_wait(-1, &e, 1, 0));

  /* A dup keeps the registration alive; nested epolls. */
  pipe(p);
  control(EPOLL_CTL_ADD, p[0], EPOLLIN, 8);
  int d = dup(p[0]);
  close(p[0]);
  write(p[1], "x", 1);
  show_events("registered through its dup", 0);
  close(d);
  show_events("gone with its last descriptor", 0);
  int inner = epoll_create1(0);
  pipe(p);
  struct epoll_event ie = {.events = EPOLLIN, .data.u32 = 1};
  epoll_ctl(inner, EPOLL_CTL_ADD, p[0], &ie);
  control(EPOLL_CTL_ADD, inner, EPOLLIN, 9);
  show_events("nested, nothing", 0);
  write(p[1], "x", 1);
  show_events("nested, ready", 0);
  close(inner);

  /* Waiting is ended by another process. */
  int s[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  SHOW(control(EPOLL_CTL_ADD, s[0], EPOLLIN | EPOLLRDHUP, 10));
  fflush(stdout);
  if (fork() == 0) {
    sleep_ms(20);
    write(s[1], "x", 1);
    _exit(0);
  }
  show_events("from a child", -1);
  wait(NULL);
  read(s[0], b, 1);
  shutdown(s[1], SHUT_WR);
  show_events("half closed", 0);
  close(s[1]);
  show_events("closed by the peer", 0);
  close(s[0]);

  /* eventfd. */
  int ev = eventfd(3, EFD_NONBLOCK);
  control(EPOLL_CTL_ADD, ev, EPOLLIN | EPOLLOUT, 11);
  show_events("eventfd", 0);
  SHOW(read(ev, &v, sizeof v));
  printf("%lu\n", (unsigned long)v);
  SHOW(read(ev, &v, sizeof v));
  v = 5;
  SHOW(write(ev, &v, sizeof v));
  SHOW(write(ev, &v, sizeof v));
  SHOW(read(ev, &v, sizeof v));
  printf("%lu\n", (unsigned long)v);
  v = UINT64_MAX;
  SHOW(write(ev, &v, sizeof v));
  v = UINT64_MAX - 1;
  SHOW(write(ev, &v, sizeof v));
  SHOW(write(ev, &v, sizeof v));
  show_events("eventfd full", 0);
  SHOW(read(ev, &v, 4));
  SHOW(write(ev, &v, 4));
  close(ev);
  ev = eventfd(2, EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK);
  read(ev, &v, sizeof v);
  printf("%lu", (unsigned long)v);
  read(ev, &v, sizeof v);
  printf(" %lu", (unsigned long)v);
  printf(" %zd\n", read(ev, &v, sizeof v));
  SHOW(eventfd(0, 77));
  close(ev);

  /* timerfd. */
  int tf = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  SHOW(read(tf, &v, sizeof v));
  struct itimerspec it = {{0, 0}, {0, 20000000}}, left;
  SHOW(timerfd_settime(tf, 0, &it, NULL));
  control(EPOLL_CTL_ADD, tf, EPOLLIN, 12);
  show_events("timer not yet", 0);
  show_events("timer", 1000);
  SHOW(read(tf, &v, sizeof v));
  printf("%lu\n", (unsigned long)v);
  SHOW(timerfd_gettime(tf, &left));
  printf("%ld %ld\n", (long)left.it_value.tv_sec, left.it_value.tv_nsec);
  it = (struct itimerspec){{0, 5000000}, {0, 5000000}};
  SHOW(timerfd_settime(tf, 0, &it, NULL));
  sleep_ms(60);
  SHOW(read(tf, &v, sizeof v));
  HOLDS(v >= 10 && v < 100);
  struct itimerspec past = {{0, 0}, {1, 0}};
  SHOW(timerfd_settime(tf, TFD_TIMER_ABSTIME, &past, &left));
  HOLDS(left.it_interval.tv_nsec == 5000000);
  SHOW(read(tf, &v, sizeof v));
  memset(&it, 0, sizeof it);
  SHOW(timerfd_settime(tf, 0, &it, NULL));
  SHOW(read(tf, &v, sizeof v));
  it.it_value.tv_nsec = 1000000000;
  SHOW(timerfd_settime(tf, 0, &it, NULL));
  SHOW(timerfd_create(77, 0));
  SHOW(timerfd_settime(ev, 0, &past, NULL));
  close(tf);
  tf = timerfd_create(CLOCK_REALTIME, 0);
  it = (struct itimerspec){{0, 0}, {0, 10000000}};
  timerfd_settime(tf, 0, &it, NULL);
  SHOW(read(tf, &v, sizeof v));

  /* signalfd. */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int sf = signalfd(-1, &set, SFD_NONBLOCK);
  struct signalfd_siginfo si[4];
  SHOW(read(sf, si, sizeof si));
  control(EPOLL_CTL_ADD, sf, EPOLLIN, 13);
  kill(getpid(), SIGUSR2);
  raise(SIGUSR1);
  show_events("signals", 0);
  SHOW(read(sf, si, sizeof si) / (long)sizeof si[0]);
  int usr1 = si[0].ssi_signo == SIGUSR1 ? 0 : 1;
  HOLDS(si[usr1].ssi_signo == SIGUSR1 && si[usr1].ssi_code == SI_TKILL);
  HOLDS(si[1 - usr1].ssi_signo == SIGUSR2 && si[1 - usr1].ssi_pid == (unsigned)getpid());
  show_events("no signals", 0);
  sigdelset(&set, SIGUSR2);
  SHOW(signalfd(sf, &set, 0) == sf);
  raise(SIGUSR2);
  SHOW(read(sf, si, sizeof si));
  SHOW(read(sf, si, 3));
  /* An interval that no clock reaches: due once. */
  int far = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct itimerspec once = {{INT64_MAX, 0}, {0, 1}};
  uint64_t times = 0;
  SHOW(timerfd_settime(far, 0, &once, NULL));
  usleep(20000);
  SHOW(read(far, &times, sizeof times));
  printf("%lu\n", times);
  SHOW(read(far, &times, sizeof times));
  return 0;
}
