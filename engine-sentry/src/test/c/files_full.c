/* needs: Linux 6.12
   What every call that makes a descriptor says when there is no room for one, whatever else is wrong, and what it leaves. */
#include <linux/openat2.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "show.h"

#define LIMIT 30

static int pair[2], listener, pidfd;

static void prepare(void) {
  close_range(3, ~0U, 0);
  put_file("file", "text");
  mkdir("dir", 0755);
  symlink("loop", "loop");
  NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  NEED(listen(listener, 1) == 0);
  pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
  struct rlimit limit = {LIMIT, LIMIT};
  NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* Opens descriptors until only some are left. */
static void fill(int left) {
  while (dup(0) >= 0) {
  }
  for (int i = 0; i < left; i++) close(LIMIT - 1 - i);
}

static long send_descriptor(void) {
  char room[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec text = {"x", 1};
  struct msghdr m = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &(int){0}, sizeof(int));
  return sendmsg(pair[0], &m, 0);
}

static void receive_descriptor(void) {
  char room[CMSG_SPACE(sizeof(int))], byte;
  struct iovec text = {&byte, 1};
  struct msghdr m = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  long n = recvmsg(pair[1], &m, 0);
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  printf("received %ld, truncated %s, descriptors %s\n", n, m.msg_flags & MSG_CTRUNC ? "yes" : "no", c ? "yes" : "no");
}

static void full(void) {
  sigset_t set;
  sigemptyset(&set);
  struct open_how how = {.flags = O_RDONLY};
  int two[2];
  SHOW(open("file", O_RDONLY));
  SHOW(open("missing", O_RDONLY));
  SHOW(open("new", O_WRONLY | O_CREAT, 0644));
  SHOW(access("new", F_OK));
  SHOW(open("file", O_WRONLY | O_TRUNC));
  show_file("file");
  SHOW(open("loop", O_RDONLY));
  SHOW(open(NULL, O_RDONLY));
  SHOW(open("file", O_PATH));
  SHOW(creat("new", 0644));
  SHOW(syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof how));
  SHOW(open(".", O_TMPFILE | O_RDWR, 0600));
  SHOW(dup(0));
  SHOW(dup(99));
  SHOW(dup2(0, LIMIT));
  SHOW(dup3(0, LIMIT, 0));
  SHOW(fcntl(0, F_DUPFD, 0));
  SHOW(fcntl(0, F_DUPFD, LIMIT));
  SHOW(fcntl(0, F_DUPFD_CLOEXEC, 3));
  SHOW(pipe(two));
  SHOW(pipe2(two, -1));
  SHOW(socket(AF_UNIX, SOCK_STREAM, 0));
  SHOW(socket(99, SOCK_STREAM, 0));
  SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, two));
  SHOW(accept(listener, NULL, NULL));
  SHOW(accept(pair[0], NULL, NULL));
  SHOW(epoll_create1(0));
  SHOW(epoll_create1(-1));
  SHOW(eventfd(0, 0));
  SHOW(timerfd_create(CLOCK_MONOTONIC, 0));
  SHOW(timerfd_create(99, 0));
  SHOW(signalfd(-1, &set, 0));
  SHOW(inotify_init1(0));
  SHOW(memfd_create("name", 0));
  SHOW(memfd_create(NULL, 0));
  SHOW(syscall(SYS_pidfd_open, getpid(), 0));
  SHOW(syscall(SYS_pidfd_open, 0x3fffff, 0));
  SHOW(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
  SHOW(syscall(SYS_pidfd_getfd, pidfd, 99, 0));
  SHOW(syscall(SYS_mq_open, "missing", O_RDONLY, 0, NULL));
  SHOW(send_descriptor());
  receive_descriptor();
}

static void one_left(void) {
  int two[2] = {-7, -7};
  SHOW(pipe(two));
  SHOW(two[0]);
  SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, two));
  SHOW(open("file", O_RDONLY));
  SHOW(open("file", O_RDONLY));
  SHOW(close(LIMIT - 1));
  SHOW(send_descriptor());
  receive_descriptor();
}

int main(void) {
  enter_work_directory();
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    prepare();
    fill(0);
    full();
    fill(1);
    one_left();
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  show_status("with few descriptors", status);
  return 0;
}
