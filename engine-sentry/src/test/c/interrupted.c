/* needs: Linux 6.12
   Every call that waits, interrupted by a signal: without SA_RESTART, with it, and with one that is ignored. With SA_RESTART
   it shows which calls are made again. */
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "show.h"

static int pipe_fds[2], full_pipe[2], stream[2], full_stream[2], event_fd, full_event, timer_fd, signal_fd, inotify_fd, epoll_fd, listener,
    udp, semaphores, queue, full_queue, mq, full_mq, lock_fd;
static volatile int signals, escaped;
static int word;
static char buffer[65536];
static struct timespec long_time = {1000, 0};
static pid_t child;

/*
 * A call that is made again must end some time: after a few signals what it waits for comes, or, where nothing can, the
 * next signal restarts nothing any more.
 */
#define FEW 4
static void (*volatile come)(void);
static volatile int give_up;

static void on_signal(int sig) {
  if (++signals < FEW) return;
  if (come && signals == FEW) come();
  if (give_up) sigaction(sig, &(struct sigaction){.sa_handler = on_signal}, NULL);
}

static void give_pipe(void) { write(pipe_fds[1], "x", 1); }
static void take_pipe(void) {
  char drain[65536];
  read(full_pipe[0], drain, sizeof drain);
}
static void give_stream(void) { write(stream[1], "x", 1); }
static void take_stream(void) {
  char drain[65536];
  while (recv(full_stream[1], drain, sizeof drain, MSG_DONTWAIT) > 0) {
  }
}
static void give_event(void) { write(event_fd, &(uint64_t){1}, 8); }
static void take_event(void) { read(full_event, &(uint64_t){0}, 8); }
static void give_timer(void) {
  struct itimerspec soon = {{0, 0}, {0, 1}};
  timerfd_settime(timer_fd, 0, &soon, NULL);
}
static void give_inotify(void) { put_file("watched/file", ""); }
static void give_mq(void) { mq_send(mq, "x", 1, 0); }
static void take_mq(void) { mq_receive(full_mq, buffer, 64, NULL); }
static void give_child(void) { kill(child, SIGKILL); }
static void give_lock(void) { kill(child, SIGKILL); }

struct wait {
  const char *name;
  long (*call)(void);
  void (*come)(void);
};

#define WAIT(id, expression) \
  static long id(void) { return (long)(expression); }
#define READ_TIMEOUT(fd, seconds) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){seconds, 0}, sizeof(struct timeval))

WAIT(read_pipe, read(pipe_fds[0], buffer, 1))
WAIT(readv_pipe, readv(pipe_fds[0], &(struct iovec){buffer, 1}, 1))
WAIT(write_pipe, write(full_pipe[1], buffer, 1))
WAIT(splice_pipe, splice(pipe_fds[0], NULL, full_pipe[1], NULL, 1, 0))
WAIT(tee_pipe, tee(pipe_fds[0], full_pipe[1], 1, 0))
WAIT(vmsplice_pipe, vmsplice(full_pipe[1], &(struct iovec){buffer, 1}, 1, 0))
WAIT(read_stream, read(stream[0], buffer, 1))
WAIT(recv_stream, recv(stream[0], buffer, 1, 0))
WAIT(recvmsg_stream, recvmsg(stream[0], &(struct msghdr){.msg_iov = &(struct iovec){buffer, 1}, .msg_iovlen = 1}, 0))
WAIT(send_stream, send(full_stream[0], buffer, 1, 0))
WAIT(accept_listener, accept(listener, NULL, NULL))
WAIT(recv_udp, recv(udp, buffer, 1, 0))
WAIT(read_event, read(event_fd, buffer, 8))
WAIT(write_event, write(full_event, &(uint64_t){2}, 8))
WAIT(read_timer, read(timer_fd, buffer, 8))
WAIT(read_signals, read(signal_fd, buffer, 128))
WAIT(read_inotify, read(inotify_fd, buffer, 4096))
WAIT(poll_pipe, poll(&(struct pollfd){pipe_fds[0], POLLIN, 0}, 1, -1))
WAIT(ppoll_pipe, ppoll(&(struct pollfd){pipe_fds[0], POLLIN, 0}, 1, &long_time, NULL))
static long select_pipe(void) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(pipe_fds[0], &set);
  return select(pipe_fds[0] + 1, &set, NULL, NULL, NULL);
}
static long pselect_pipe(void) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(pipe_fds[0], &set);
  return pselect(pipe_fds[0] + 1, &set, NULL, NULL, &long_time, NULL);
}
WAIT(epoll, epoll_wait(epoll_fd, (struct epoll_event *)buffer, 1, -1))
WAIT(epoll_p, epoll_pwait(epoll_fd, (struct epoll_event *)buffer, 1, 100000, NULL))
WAIT(epoll_p2, syscall(SYS_epoll_pwait2, epoll_fd, buffer, 1, &long_time, NULL, 8))
WAIT(sleep_nano, syscall(SYS_nanosleep, &long_time, NULL))
WAIT(sleep_clock, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &long_time, NULL))
WAIT(pausing, pause())
static long suspended(void) {
  sigset_t none;
  sigemptyset(&none);
  return sigsuspend(&none);
}
static long sigwait_usr2(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  return syscall(SYS_rt_sigtimedwait, &set, NULL, &long_time, 8);
}
WAIT(futex_wait, syscall(SYS_futex, &word, 0, 0, NULL))
WAIT(futex_timed, syscall(SYS_futex, &word, 0, 0, &long_time))
static long futex_many(void) {
  struct {
    uint64_t value, address;
    uint32_t flags, reserved;
  } w = {0, (uintptr_t)&word, 2, 0};
  return syscall(449, &w, 1, 0, NULL, 0);
}
WAIT(futex2_wait, syscall(455, &word, 0, ~0U, 2, NULL, 0))
WAIT(wait_child, wait4(child, NULL, 0, NULL))
WAIT(waitid_child, waitid(P_PID, child, NULL, WEXITED | WNOWAIT))
WAIT(sem_down, semop(semaphores, &(struct sembuf){0, -1, 0}, 1))
WAIT(sem_timed, semtimedop(semaphores, &(struct sembuf){0, -1, 0}, 1, &long_time))
WAIT(msg_receive, msgrcv(queue, buffer, 100, 0, 0))
WAIT(msg_send, (*(long *)buffer = 1, msgsnd(full_queue, buffer, 1, 0)))
WAIT(mq_take, syscall(SYS_mq_timedreceive, mq, buffer, 64, NULL, NULL))
WAIT(mq_give, syscall(SYS_mq_timedsend, full_mq, buffer, 1, 0, NULL))
WAIT(lock_flock, flock(lock_fd, LOCK_EX))
WAIT(lock_record, fcntl(lock_fd, F_SETLKW, &(struct flock){F_WRLCK, SEEK_SET, 0, 0, 0}))
WAIT(open_fifo, open("fifo", O_RDONLY))
WAIT(open_fifo_write, open("fifo", O_WRONLY))
WAIT(random_bytes, syscall(SYS_getrandom, buffer, 16, 0))

static void wake_word(void) {
  word = 1;
  syscall(SYS_futex, &word, 1, 100, NULL);
}
static void open_for_writing(void) { escaped = open("fifo", O_RDWR | O_NONBLOCK); }

static const struct wait waits[] = {
    {"read pipe", read_pipe, give_pipe},
    {"readv pipe", readv_pipe, give_pipe},
    {"write pipe", write_pipe, take_pipe},
    {"splice", splice_pipe, NULL},
    {"tee", tee_pipe, NULL},
    {"vmsplice", vmsplice_pipe, take_pipe},
    {"read socket", read_stream, give_stream},
    {"recv", recv_stream, give_stream},
    {"recvmsg", recvmsg_stream, give_stream},
    {"send", send_stream, take_stream},
    {"read eventfd", read_event, give_event},
    {"write eventfd", write_event, take_event},
    {"read timerfd", read_timer, give_timer},
    {"read inotify", read_inotify, give_inotify},
    {"poll", poll_pipe, NULL},
    {"ppoll", ppoll_pipe, NULL},
    {"select", select_pipe, NULL},
    {"pselect", pselect_pipe, NULL},
    {"epoll_wait", epoll, NULL},
    {"epoll_pwait", epoll_p, NULL},
    {"epoll_pwait2", epoll_p2, NULL},
    {"nanosleep", sleep_nano, NULL},
    {"clock_nanosleep", sleep_clock, NULL},
    {"pause", pausing, NULL},
    {"sigsuspend", suspended, NULL},
    {"sigtimedwait", sigwait_usr2, NULL},
    {"futex wait", futex_wait, wake_word},
    {"futex wait with a limit", futex_timed, NULL},
    {"futex_waitv", futex_many, wake_word},
    {"futex2 wait", futex2_wait, wake_word},
    {"waitid", waitid_child, give_child},
    {"wait4", wait_child, give_child},
    {"semop", sem_down, NULL},
    {"semtimedop", sem_timed, NULL},
    {"msgrcv", msg_receive, NULL},
    {"msgsnd", msg_send, NULL},
    {"mq_receive", mq_take, give_mq},
    {"mq_send", mq_give, take_mq},
    {"flock", lock_flock, give_lock},
    {"fcntl F_SETLKW", lock_record, give_lock},
    {"open fifo", open_fifo, open_for_writing},
    {"open fifo to write", open_fifo_write, open_for_writing},
    {"accept", accept_listener, NULL},
    {"recv udp", recv_udp, NULL},
    {"read signalfd", read_signals, NULL},
};

static void locker(int fd) {
  int ready[2];
  pipe(ready);
  fflush(stdout);
  child = fork();
  if (child == 0) {
    int own = open("lock", O_RDWR);
    flock(own, LOCK_EX);
    fcntl(own, F_SETLK, &(struct flock){F_WRLCK, SEEK_SET, 0, 0, 0});
    write(ready[1], "x", 1);
    for (;;) pause();
  }
  (void)fd;
  read(ready[0], buffer, 1);
  close(ready[0]);
  close(ready[1]);
}

static void fill(void) {
  word = 0;
  fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
  while (read(pipe_fds[0], buffer, sizeof buffer) > 0) {
  }
  fcntl(pipe_fds[0], F_SETFL, 0);
  fcntl(full_pipe[1], F_SETFL, O_NONBLOCK);
  while (write(full_pipe[1], buffer, 4096) > 0) {
  }
  fcntl(full_pipe[1], F_SETFL, 0);
  while (recv(stream[0], buffer, 1, MSG_DONTWAIT) > 0) {
  }
  while (send(full_stream[0], buffer, 4096, MSG_DONTWAIT) > 0) {
  }
  while (send(full_stream[0], buffer, 1, MSG_DONTWAIT) > 0) {
  }
  fcntl(full_event, F_SETFL, O_NONBLOCK);
  write(full_event, &(uint64_t){1}, 8);
  read(full_event, buffer, 8);
  write(full_event, &(uint64_t){0xfffffffffffffffeUL}, 8);
  fcntl(full_event, F_SETFL, 0);
  fcntl(inotify_fd, F_SETFL, O_NONBLOCK);
  while (read(inotify_fd, buffer, 4096) > 0) {
  }
  fcntl(inotify_fd, F_SETFL, 0);
  *(long *)buffer = 1;
  while (msgsnd(full_queue, buffer, 4096, IPC_NOWAIT) == 0) {
  }
  while (msgsnd(full_queue, buffer, 1, IPC_NOWAIT) == 0) {
  }
  struct timespec now = {0, 0};
  while (mq_timedsend(full_mq, buffer, 1, 0, &now) == 0) {
  }
}

static void one(const struct wait *w, int flags) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
  fill();
  locker(0);
  signals = 0;
  escaped = -1;
  come = flags & SA_RESTART ? w->come : NULL;
  give_up = flags & SA_RESTART && !w->come;
  sigaction(SIGALRM, &action, NULL);
  struct itimerval every = {{0, 20000}, {0, 20000}};
  setitimer(ITIMER_REAL, &every, NULL);
  errno = 0;
  long result = w->call();
  int error = errno;
  struct itimerval none = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &none, NULL);
  printf("%s%s: %s%s\n", w->name, flags & SA_RESTART ? ", SA_RESTART" : "",
         result == -1 ? error_name(error) : "done",
         give_up && result == -1 && signals > FEW ? " after it was made again" : "");
  kill(child, SIGKILL);
  while (waitpid(child, NULL, 0) == -1 && errno == EINTR) {
  }
  flock(lock_fd, LOCK_UN);
  fcntl(lock_fd, F_SETLK, &(struct flock){F_UNLCK, SEEK_SET, 0, 0, 0});
  if (escaped >= 0) close(escaped);
  if (result > 2 && (w->call == open_fifo || w->call == open_fifo_write)) close((int)result);
}

int main(void) {
  enter_work_directory();
  sigset_t usr2;
  sigemptyset(&usr2);
  sigaddset(&usr2, SIGUSR2);
  sigprocmask(SIG_BLOCK, &usr2, NULL);
  NEED(pipe(pipe_fds) == 0 && pipe(full_pipe) == 0);
  NEED(fcntl(full_pipe[1], F_SETPIPE_SZ, 4096) > 0);
  NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, stream) == 0);
  NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, full_stream) == 0);
  event_fd = eventfd(0, 0);
  full_event = eventfd(0, 0);
  timer_fd = timerfd_create(CLOCK_MONOTONIC, 0);
  signal_fd = signalfd(-1, &usr2, 0);
  inotify_fd = inotify_init1(0);
  mkdir("watched", 0755);
  inotify_add_watch(inotify_fd, "watched", IN_CREATE | IN_CLOSE_WRITE);
  epoll_fd = epoll_create1(0);
  struct epoll_event interest = {.events = EPOLLIN};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pipe_fds[0], &interest);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  NEED(listen(listener, 1) == 0);
  udp = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in any = {.sin_family = AF_INET};
  NEED(bind(udp, (void *)&any, sizeof any) == 0);
  semaphores = semget(IPC_PRIVATE, 1, 0600);
  queue = msgget(IPC_PRIVATE, 0600);
  full_queue = msgget(IPC_PRIVATE, 0600);
  struct mq_attr two = {.mq_maxmsg = 2, .mq_msgsize = 64};
  char name[64];
  snprintf(name, sizeof name, "/interrupted.%d", (int)getpid());
  mq = mq_open(name, O_RDWR | O_CREAT, 0600, &two);
  mq_unlink(name);
  full_mq = mq_open(name, O_RDWR | O_CREAT, 0600, &two);
  mq_unlink(name);
  NEED(semaphores >= 0 && queue >= 0 && full_queue >= 0 && mq >= 0 && full_mq >= 0);
  mkfifo("fifo", 0644);
  put_file("lock", "");
  lock_fd = open("lock", O_RDWR);
  for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) one(&waits[i], 0);
  for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) one(&waits[i], SA_RESTART);
  /* An ignored signal, and one whose default is nothing, interrupt nothing. */
  signal(SIGALRM, SIG_IGN);
  struct itimerval often = {{0, 5000}, {0, 5000}};
  setitimer(ITIMER_REAL, &often, NULL);
  struct timespec short_time = {0, 60000000};
  SHOW(nanosleep(&short_time, NULL));
  SHOW(poll(NULL, 0, 60));
  SHOW(select(0, NULL, NULL, NULL, &(struct timeval){0, 60000}));
  SHOW(random_bytes());
  /* With a limit on its time a socket's wait is not made again. */
  struct itimerval none = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &none, NULL);
  READ_TIMEOUT(stream[0], 1000);
  READ_TIMEOUT(listener, 1000);
  const struct wait limited[] = {{"recv with SO_RCVTIMEO", recv_stream, NULL}, {"accept with SO_RCVTIMEO", accept_listener, NULL}};
  for (size_t i = 0; i < 2; i++) one(&limited[i], SA_RESTART);
  semctl(semaphores, 0, IPC_RMID);
  msgctl(queue, IPC_RMID, NULL);
  msgctl(full_queue, IPC_RMID, NULL);
  return 0;
}
