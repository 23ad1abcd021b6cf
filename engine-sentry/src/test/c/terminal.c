/* Pseudo terminals: line editing, signals from keys, raw mode, sizes, hang-up and job control. */
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "show.h"

static int master, slave;

static void show_text(const char *what, const char *text, ssize_t n) {
  printf("%s: %zd \"", what, n);
  for (ssize_t i = 0; i < n; i++) {
    if (text[i] >= ' ' && text[i] < 127)
      putchar(text[i]);
    else
      printf("\\%o", text[i] & 255);
  }
  puts("\"");
}

/* Reads what comes within a short while. */
static void drain(const char *what, int fd) {
  char b[1024];
  ssize_t total = 0, n;
  struct pollfd f = {fd, POLLIN, 0};
  while (total < 1000 && poll(&f, 1, 15) == 1 && (n = read(fd, b + total, sizeof b - (size_t)total)) > 0)
    total += n;
  show_text(what, b, total);
}

static void type(const char *text) { NEED(write(master, text, strlen(text)) == (ssize_t)strlen(text)); }

static volatile sig_atomic_t last_signal;

static void note(int sig) { last_signal = sig; }

static void set_flags(tcflag_t iflag, tcflag_t oflag, tcflag_t lflag) {
  struct termios t;
  tcgetattr(slave, &t);
  t.c_iflag = iflag;
  t.c_oflag = oflag;
  t.c_lflag = lflag;
  tcsetattr(slave, TCSANOW, &t);
}

/* The child that owns the terminal: reports what reaches it. */
static int owner(void) {
  struct termios t;
  int fd = open("/dev/tty", O_RDWR);
  HOLDS(fd >= 0);
  HOLDS(tcgetsid(fd) == getpid() && tcgetpgrp(fd) == getpid());
  struct sigaction sa = {.sa_handler = note};
  sigaction(SIGINT, &sa, NULL);
  sigaction(SIGQUIT, &sa, NULL);
  sigaction(SIGWINCH, &sa, NULL);
  sigaction(SIGHUP, &sa, NULL);
  fflush(stdout);
  char c;
  write(fd, "1", 1);
  ssize_t n = read(fd, &c, 1);
  printf("Ctrl-C: %zd %s signal %s\n", n, error_name(errno), sigabbrev_np(last_signal));
  fflush(stdout);
  write(fd, "2", 1);
  n = read(fd, &c, 1);
  printf("Ctrl-\\: %zd signal %s\n", n, sigabbrev_np(last_signal));
  fflush(stdout);
  write(fd, "3", 1);
  n = read(fd, &c, 1);
  struct winsize w;
  ioctl(fd, TIOCGWINSZ, &w);
  printf("resize: %zd signal %s, now %d x %d\n", n, sigabbrev_np(last_signal), w.ws_row, w.ws_col);
  fflush(stdout);

  /* A background job that reads is stopped. */
  signal(SIGTTOU, SIG_IGN);
  pid_t job = fork();
  if (job == 0) {
    setpgid(0, 0);
    signal(SIGTTOU, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    n = read(fd, &c, 1);
    _exit(n == 1 && c == 'j' ? 10 : 11);
  }
  setpgid(job, job);
  int status;
  waitpid(job, &status, WUNTRACED);
  show_status("background read", status);
  fflush(stdout);
  SHOW(tcsetpgrp(fd, job));
  HOLDS(tcgetpgrp(fd) == job);
  kill(-job, SIGCONT);
  write(fd, "4", 1);
  waitpid(job, &status, WUNTRACED);
  show_status("foreground read", status);
  fflush(stdout);

  /* Ctrl-Z stops the foreground group; Ctrl-C kills it. */
  job = fork();
  if (job == 0) {
    setpgid(0, 0);
    tcsetpgrp(fd, getpid());
    signal(SIGINT, SIG_DFL);
    signal(SIGTTOU, SIG_DFL);
    write(fd, "5", 1);
    for (;;) pause();
  }
  setpgid(job, job);
  waitpid(job, &status, WUNTRACED);
  show_status("Ctrl-Z", status);
  fflush(stdout);
  kill(-job, SIGCONT);
  waitpid(job, &status, WCONTINUED);
  show_status("fg", status);
  fflush(stdout);
  write(fd, "6", 1);
  waitpid(job, &status, WUNTRACED);
  show_status("Ctrl-C for the job", status);
  tcsetpgrp(fd, getpid());

  /* TOSTOP stops a background writer; without it the text comes out. */
  tcgetattr(fd, &t);
  t.c_lflag |= TOSTOP;
  tcsetattr(fd, TCSANOW, &t);
  fflush(stdout);
  job = fork();
  if (job == 0) {
    setpgid(0, 0);
    signal(SIGTTOU, SIG_DFL);
    write(fd, "x", 1);
    _exit(0);
  }
  setpgid(job, job);
  waitpid(job, &status, WUNTRACED);
  show_status("background write", status);
  kill(job, SIGKILL);
  waitpid(job, &status, 0);
  SHOW(tcsetpgrp(fd, 1 << 22));
  fflush(stdout);
  last_signal = 0;
  write(fd, "7", 1);
  while (last_signal == 0) pause();
  printf("hang-up: signal %s\n", sigabbrev_np(last_signal));
  SHOW(read(fd, &c, 1));
  SHOW(write(fd, &c, 1));
  fflush(stdout);
  return 12;
}

static void wait_for(char c) {
  char b;
  struct pollfd f = {master, POLLIN, 0};
  for (;;) {
    if (poll(&f, 1, 5000) != 1 || read(master, &b, 1) != 1) {
      printf("the child never said %c\n", c);
      return;
    }
    if (b == c) break;
  }
  sleep_ms(15);
}

int main(void) {
  char b[512];
  struct termios t;
  struct winsize size = {24, 80, 0, 0};
  NEED(openpty(&master, &slave, NULL, NULL, &size) == 0);
  HOLDS(isatty(slave) && isatty(master));
  HOLDS(strncmp(ttyname(slave), "/dev/pts/", 9) == 0);
  SHOW(ioctl(master, TIOCGPTN, &(int){0}));
  SHOW(ioctl(slave, TIOCGWINSZ, &size));
  printf("%d x %d\n", size.ws_row, size.ws_col);
  SHOW(tcgetattr(slave, &t));
  printf("iflag %o oflag %o cflag %o lflag %o\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
  printf("intr %d quit %d erase %d kill %d eof %d min %d time %d susp %d werase %d\n", t.c_cc[VINTR],
         t.c_cc[VQUIT], t.c_cc[VERASE], t.c_cc[VKILL], t.c_cc[VEOF], t.c_cc[VMIN], t.c_cc[VTIME],
         t.c_cc[VSUSP], t.c_cc[VWERASE]);
  printf("speed %d\n", cfgetospeed(&t) == B38400);

  /* Canonical mode. */
  write(slave, "out\n", 4);
  drain("output", master);
  type("line\n");
  drain("echo", master);
  show_text("line", b, read(slave, b, sizeof b));
  type("abc\x7f\x7fX\n");
  drain("erase, echo", master);
  show_text("erased", b, read(slave, b, sizeof b));
  type("wrong\x15right words\x17last\n");
  drain("kill and word erase, echo", master);
  show_text("killed", b, read(slave, b, sizeof b));
  type("one\ntwo\n");
  show_text("first", b, read(slave, b, sizeof b));
  show_text("second, in parts", b, read(slave, b, 2));
  show_text("second, rest", b, read(slave, b, sizeof b));
  type("part\x04");
  show_text("end of file in a line", b, read(slave, b, sizeof b));
  type("\x04");
  show_text("end of file", b, read(slave, b, sizeof b));
  type("a\rb\n");
  show_text("return", b, read(slave, b, sizeof b));
  show_text("newline", b, read(slave, b, sizeof b));
  type("\x16\x03\x1b[A\n");
  show_text("literal next", b, read(slave, b, sizeof b));
  drain("echo of control characters", master);
  type("not yet");
  int n;
  SHOW(ioctl(slave, FIONREAD, &n));
  printf("readable %d\n", n);
  struct pollfd f = {slave, POLLIN | POLLOUT, 0};
  poll(&f, 1, 0);
  printf("events %x\n", f.revents);
  fcntl(slave, F_SETFL, O_NONBLOCK);
  SHOW(read(slave, b, sizeof b));
  fcntl(slave, F_SETFL, 0);
  SHOW(tcflush(slave, TCIFLUSH));
  type("\n");
  show_text("flushed", b, read(slave, b, sizeof b));
  drain("rest", master);

  /* Without echo, without canonical mode, without translation. */
  tcflag_t iflag = t.c_iflag, oflag = t.c_oflag, lflag = t.c_lflag;
  set_flags(iflag, oflag, lflag & (tcflag_t)~ECHO);
  type("secret\n");
  drain("no echo", master);
  show_text("secret", b, read(slave, b, sizeof b));
  set_flags(iflag, oflag, lflag & (tcflag_t) ~(ECHO | ICANON));
  type("k");
  show_text("one key", b, read(slave, b, sizeof b));
  type("\x04\x7f\r");
  show_text("keys as they are", b, read(slave, b, sizeof b));
  tcgetattr(slave, &t);
  t.c_cc[VMIN] = 0;
  t.c_cc[VTIME] = 0;
  tcsetattr(slave, TCSANOW, &t);
  SHOW(read(slave, b, sizeof b));
  t.c_cc[VTIME] = 1;
  tcsetattr(slave, TCSANOW, &t);
  int64_t begin = nanos(CLOCK_MONOTONIC);
  SHOW(read(slave, b, sizeof b));
  HOLDS(nanos(CLOCK_MONOTONIC) - begin > 80000000);
  t.c_cc[VMIN] = 3;
  t.c_cc[VTIME] = 0;
  tcsetattr(slave, TCSANOW, &t);
  fflush(stdout);
  if (fork() == 0) {
    type("x");
    sleep_ms(20);
    type("yz");
    _exit(0);
  }
  show_text("three keys", b, read(slave, b, sizeof b));
  wait(NULL);
  cfmakeraw(&t);
  tcsetattr(slave, TCSANOW, &t);
  write(slave, "raw\n", 4);
  drain("raw output", master);
  type("\x03\x1a\r\n");
  show_text("raw input", b, read(slave, b, sizeof b));
  t.c_oflag = OPOST | ONLCR;
  tcsetattr(slave, TCSADRAIN, &t);
  write(slave, "cooked\n", 7);
  drain("cooked output", master);
  SHOW(ioctl(slave, TIOCSWINSZ, &(struct winsize){30, 100, 0, 0}));
  SHOW(ioctl(master, TIOCGWINSZ, &size));
  printf("%d x %d\n", size.ws_row, size.ws_col);
  SHOW(ioctl(slave, TCGETS, (void *)8));
  SHOW(ioctl(slave, 0x5499, 0));
  SHOW(tcgetattr(open("/dev/null", O_RDONLY), &t));

  /* The other end closes. */
  close(slave);
  SHOW(read(master, b, sizeof b));
  f = (struct pollfd){master, POLLIN, 0};
  poll(&f, 1, 0);
  printf("events %x\n", f.revents & (POLLIN | POLLHUP));
  close(master);

  /* Signals and job control, in a session of the terminal's own. */
  NEED(openpty(&master, &slave, NULL, NULL, &size) == 0);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    close(master);
    setsid();
    if (ioctl(slave, TIOCSCTTY, 0) != 0) printf("TIOCSCTTY: %s\n", error_name(errno));
    /* The slave stays open: a terminal that nobody has open reads as hung up. */
    int r = owner();
    fflush(stdout);
    _exit(r);
  }
  close(slave);
  wait_for('1');
  type("\x03");
  wait_for('2');
  type("\x1c");
  wait_for('3');
  ioctl(master, TIOCSWINSZ, &(struct winsize){40, 120, 0, 0});
  wait_for('4');
  type("j\n");
  wait_for('5');
  type("\x1a");
  wait_for('6');
  type("\x03");
  wait_for('7');
  close(master);
  int status;
  waitpid(pid, &status, 0);
  show_status("owner", status);
  return 0;
}
