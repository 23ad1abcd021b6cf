/* What becomes of processes whose parents end: subreapers, death signals, orphaned groups. */
#include <pthread.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>

#include "show.h"

static int pipe_out[2];

/* A child's words, in the order in which its pipe's writers end. */
static void show_words(void) {
  char c;
  close(pipe_out[1]);
  while (read(pipe_out[0], &c, 1) == 1) putchar(c);
  close(pipe_out[0]);
}

static void say(const char *format, ...) {
  char text[256];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  write(pipe_out[1], text, (size_t)n);
}

static void begin(void) {
  fflush(stdout);
  NEED(pipe(pipe_out) == 0);
}

static void await_end_of(pid_t pid, const char *who) {
  int status;
  NEED(waitpid(pid, &status, 0) == pid);
  show_status(who, status);
}

static void await_parent(pid_t wanted) {
  while (getppid() != wanted) sleep_ms(1);
}

static void subreaper(void) {
  int value = 7, status;
  SHOW(prctl(PR_GET_CHILD_SUBREAPER, &value));
  printf("at first %d\n", value);
  SHOW(prctl(PR_SET_CHILD_SUBREAPER, 1));
  prctl(PR_GET_CHILD_SUBREAPER, &value);
  printf("then %d\n", value);
  pid_t me = getpid();
  begin();
  pid_t middle = fork();
  if (middle == 0) {
    prctl(PR_GET_CHILD_SUBREAPER, &value);
    say("in a child %d\n", value);
    if (fork() == 0) {
      await_parent(me);
      say("the orphan's parent is the subreaper\n");
      _exit(5);
    }
    _exit(4);
  }
  await_end_of(middle, "middle");
  HOLDS(wait(&status) > 0);
  show_status("orphan", status);
  show_words();

  /* A zombie whose parent ends is the reaper's to wait for. */
  begin();
  middle = fork();
  if (middle == 0) {
    pid_t child = fork();
    if (child == 0) _exit(6);
    siginfo_t info;
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    _exit(0);
  }
  await_end_of(middle, "middle");
  HOLDS(wait(&status) > 0);
  show_status("zombie", status);
  show_words();
}

/* ---- PR_SET_PDEATHSIG ---- */

static void *forks(void *arg) {
  pid_t *child = arg;
  pid_t me = getpid();
  *child = fork();
  if (*child == 0) {
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    say("ready\n");
    sigwaitinfo(&set, &info);
    say("a thread's end: code %d, from my parent %d, which lives %d\n", info.si_code, info.si_pid == me, getppid() == me);
    _exit(0);
  }
  char c;
  while (read(pipe_out[0], &c, 1) == 1 && c != '\n') {
  }
  return NULL;
}

static void death_signal(void) {
  int value = 9, status;
  SHOW(prctl(PR_SET_PDEATHSIG, 65));
  SHOW(prctl(PR_SET_PDEATHSIG, -1));
  SHOW(prctl(PR_SET_PDEATHSIG, SIGUSR2));
  SHOW(prctl(PR_GET_PDEATHSIG, &value));
  printf("it is %d\n", value);
  fflush(stdout);
  if (fork() == 0) {
    prctl(PR_GET_PDEATHSIG, &value);
    printf("in a child %d\n", value);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  prctl(PR_SET_PDEATHSIG, 0);

  begin();
  int ready[2];
  NEED(pipe(ready) == 0);
  pid_t middle = fork();
  if (middle == 0) {
    pid_t me = getpid();
    if (fork() == 0) {
      sigset_t set;
      siginfo_t info;
      sigemptyset(&set);
      sigaddset(&set, SIGUSR1);
      sigprocmask(SIG_BLOCK, &set, NULL);
      prctl(PR_SET_PDEATHSIG, SIGUSR1);
      close(ready[1]);
      sigwaitinfo(&set, &info);
      say("death signal: code %d, from my parent %d\n", info.si_code, info.si_pid == me);
      _exit(0);
    }
    close(ready[1]);
    char c;
    read(ready[0], &c, 1); /* ends when the child has closed it too */
    _exit(0);
  }
  close(ready[1]);
  await_end_of(middle, "middle");
  close(ready[0]);
  wait(&status);
  show_status("child", status);
  show_words();

  begin();
  pthread_t thread;
  pid_t child;
  pthread_create(&thread, NULL, forks, &child);
  pthread_join(thread, NULL);
  await_end_of(child, "the thread's child");
  show_words();
}

/* ---- orphaned groups ---- */

static void report_pending(const char *who) {
  sigset_t set;
  sigpending(&set);
  say("%s: SIGHUP %d SIGCONT %d\n", who, sigismember(&set, SIGHUP), sigismember(&set, SIGCONT));
}

static void block_and_stop(int stops) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGCONT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  if (stops) raise(SIGSTOP);
}

/* The leader of a session of its own has children in groups of their own, and ends. */
static void orphaned_groups(void) {
  pid_t me = getpid();
  int status, go[2];
  begin();
  NEED(pipe(go) == 0);
  pid_t leader = fork();
  if (leader == 0) {
    setsid();
    pid_t stopped = fork();
    if (stopped == 0) {
      setpgid(0, 0);
      block_and_stop(1);
      report_pending("stopped");
      _exit(1);
    }
    setpgid(stopped, stopped);
    waitpid(stopped, &status, WUNTRACED);
    say("it has stopped %d\n", WIFSTOPPED(status));
    pid_t running = fork();
    if (running == 0) {
      setpgid(0, 0);
      block_and_stop(0);
      char c;
      close(go[1]);
      read(go[0], &c, 1);
      await_parent(me);
      report_pending("running");
      /* Nobody could continue it: the terminal's stop signals do nothing, SIGSTOP does. */
      signal(SIGTSTP, SIG_DFL);
      raise(SIGTSTP);
      raise(SIGTTIN);
      raise(SIGTTOU);
      say("still running\n");
      raise(SIGSTOP);
      say("continued\n");
      _exit(2);
    }
    setpgid(running, running);
    _exit(0);
  }
  await_end_of(leader, "leader");
  pid_t first = wait(&status);
  show_status("child", status);
  NEED(first > 0);
  close(go[0]);
  close(go[1]);
  pid_t second = waitpid(-1, &status, WUNTRACED);
  show_status("child", status);
  if (WIFSTOPPED(status)) {
    kill(second, SIGCONT);
    await_end_of(second, "child");
  }
  show_words();
}

/* In the same group as a parent that ends: the group has lost its last connection. */
static void own_group(void) {
  int status;
  begin();
  pid_t leader = fork();
  if (leader == 0) {
    setsid();
    pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      pid_t member = fork();
      if (member == 0) {
        block_and_stop(1);
        report_pending("member");
        _exit(3);
      }
      waitpid(member, &status, WUNTRACED);
      _exit(0); /* the member's new parent is in another session */
    }
    setpgid(job, job);
    waitpid(job, &status, 0);
    _exit(0);
  }
  await_end_of(leader, "leader");
  HOLDS(wait(&status) > 0);
  show_status("member", status);
  show_words();
}

/* ---- a background group that is orphaned cannot use its terminal ---- */

static void terminal(void) {
  int master, slave, status;
  pid_t me = getpid();
  NEED(openpty(&master, &slave, NULL, NULL, NULL) == 0);
  begin();
  pid_t leader = fork();
  if (leader == 0) {
    close(master);
    setsid();
    NEED(ioctl(slave, TIOCSCTTY, 0) == 0);
    pid_t middle = fork();
    if (middle == 0) {
      setpgid(0, 0);
      if (fork() == 0) {
        char c;
        setpgid(0, 0);
        await_parent(me);
        ssize_t n = read(slave, &c, 1);
        say("read %d %s\n", (int)n, error_name(errno));
        n = write(slave, "w", 1);
        say("write %d\n", (int)n);
        struct termios t;
        say("tcgetattr %d\n", tcgetattr(slave, &t));
        t.c_lflag |= TOSTOP;
        int set = tcsetattr(slave, TCSANOW, &t);
        say("tcsetattr %d %s\n", set, error_name(errno));
        set = tcsetpgrp(slave, getpgrp());
        say("tcsetpgrp %d %s\n", set, error_name(errno));
        signal(SIGTTOU, SIG_IGN);
        say("tcsetattr %d\n", tcsetattr(slave, TCSANOW, &t));
        signal(SIGTTOU, SIG_DFL);
        errno = 0;
        n = write(slave, "w", 1);
        say("write %d %s\n", (int)n, error_name(errno));
        _exit(0);
      }
      _exit(0);
    }
    waitpid(middle, &status, 0);
    close(pipe_out[1]);
    pause(); /* the session lives until the child has said all */
  }
  HOLDS(wait(&status) > 0);
  show_status("background", status);
  kill(leader, SIGKILL);
  await_end_of(leader, "leader");
  close(slave);
  close(master);
  show_words();
}

/* A leader's end hangs its foreground group up, and takes the terminal from the session. */
static volatile sig_atomic_t hangups, continues;
static void on_signal(int sig) {
  if (sig == SIGHUP)
    hangups++;
  else
    continues++;
}

static void leaders_end(void) {
  int master, slave, status;
  pid_t me = getpid();
  NEED(openpty(&master, &slave, NULL, NULL, NULL) == 0);
  begin();
  pid_t leader = fork();
  if (leader == 0) {
    close(master);
    setsid();
    NEED(ioctl(slave, TIOCSCTTY, 0) == 0);
    int ready[2];
    NEED(pipe(ready) == 0);
    if (fork() == 0) {
      signal(SIGHUP, on_signal);
      signal(SIGCONT, on_signal);
      close(ready[1]);
      await_parent(me);
      while (hangups == 0) sleep_ms(1);
      say("hangups %d continues %d\n", (int)hangups, (int)continues);
      int fd = open("/dev/tty", O_RDWR);
      say("/dev/tty %d %s\n", fd, error_name(errno));
      _exit(0);
    }
    char c;
    close(ready[1]);
    read(ready[0], &c, 1);
    _exit(0);
  }
  await_end_of(leader, "leader");
  wait(&status);
  show_status("foreground", status);
  close(slave);
  close(master);
  show_words();
}

int main(void) {
  subreaper();
  death_signal();
  orphaned_groups();
  own_group();
  terminal();
  leaders_end();
  return 0;
}
