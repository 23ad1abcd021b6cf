/* SECCOMP_RET_USER_NOTIF: another process answers the calls that a filter leaves to it (needs: Linux 5.19). */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "show.h"

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(number, action) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)

static int add_filter(unsigned number, unsigned flags) {
  struct sock_filter code[] = {LOAD(nr), ANSWER(number, SECCOMP_RET_USER_NOTIF), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void send_fd(int socket, int fd) {
  char control[CMSG_SPACE(sizeof fd)] = {0}, byte = 0;
  struct iovec iov = {&byte, 1};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(c), &fd, sizeof fd);
  NEED(sendmsg(socket, &m, 0) == 1);
}

static int receive_fd(int socket) {
  char control[CMSG_SPACE(sizeof(int))], byte;
  struct iovec iov = {&byte, 1};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  int fd;
  NEED(recvmsg(socket, &m, 0) == 1);
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
  return fd;
}

static long made(long a, long b) {
  long r = syscall(SYS_getpgid, a, b, 3, 4, 5, 6);
  return r == -1 ? -errno : r;
}

static void on_signal(int sig) { (void)sig; }

static void target(int socket) {
  NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  int listener = add_filter(SYS_getpgid, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  NEED(listener >= 0 && (fcntl(listener, F_GETFD) & FD_CLOEXEC));
  NEED(add_filter(SYS_getuid, SECCOMP_FILTER_FLAG_NEW_LISTENER) == -1 && errno == EBUSY);
  send_fd(socket, listener);
  close(listener);
  NEED(made(1, 2) == 4711);
  NEED(made(1, 2) == -EXDEV);
  NEED(made(0, 0) == getpgrp()); /* made after all */
  long fd = made(0, 0);
  char text[8] = "";
  NEED(fd >= 3 && read((int)fd, text, 5) == 5 && strcmp(text, "hello") == 0);
  NEED(!(fcntl((int)fd, F_GETFD) & FD_CLOEXEC));
  NEED(made(0, 0) == 40);
  NEED(read(40, text, 5) == 5 && (fcntl(40, F_GETFD) & FD_CLOEXEC));
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  NEED(made(7, 7) == -EINTR);
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, NULL);
  NEED(made(8, 8) == 9);
  NEED(made(0, 0) == -ENOSYS); /* nobody listens any more */
  NEED(made(0, 0) == -ENOSYS);
  _exit(3);
}

static struct seccomp_notif n;
static int listener;

static void receive(void) {
  memset(&n, 0, sizeof n);
  NEED(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n) == 0);
}

static int answer(int64_t value, int error, unsigned flags) {
  struct seccomp_notif_resp r = {n.id, value, error, flags};
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

static void show_poll(void) {
  struct pollfd p = {listener, POLLIN | POLLOUT, 0};
  poll(&p, 1, 0);
  printf("poll %x\n", p.revents);
}

static int add_fd(int fd, unsigned flags, unsigned at, unsigned fd_flags) {
  struct seccomp_notif_addfd a = {n.id, flags, (unsigned)fd, at, fd_flags};
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a);
}

static int a_file(void) {
  put_file("file", "hello");
  return open("file", O_RDONLY);
}

int main(void) {
  struct seccomp_notif_sizes sizes = {0};
  SHOW(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes));
  printf("%d %d %d\n", sizes.seccomp_notif, sizes.seccomp_notif_resp, sizes.seccomp_data);
  SHOW(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 1, &sizes));
  unsigned action = SECCOMP_RET_USER_NOTIF;
  SHOW(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
  SHOW(add_filter(0, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC));
  SHOW(add_filter(0, 1 << 5));
  enter_work_directory();
  int sockets[2], status;
  NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) == 0);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) target(sockets[1]);
  listener = receive_fd(sockets[0]);

  n.flags = 1;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n)); /* not zero */
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, (void *)8));
  SHOW(ioctl(listener, 0x2199, 0));
  struct pollfd p = {listener, POLLIN, 0};
  NEED(poll(&p, 1, -1) == 1);
  show_poll();
  uint64_t id = 1;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id));
  receive();
  show_poll();
  HOLDS(n.pid == (unsigned)pid && n.flags == 0);
  printf("nr %d arch %x args %d %d %d %d %d %d\n", n.data.nr, n.data.arch, (int)n.data.args[0], (int)n.data.args[1],
         (int)n.data.args[2], (int)n.data.args[3], (int)n.data.args[4], (int)n.data.args[5]);
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id));
  SHOW(answer(0, 0, 2));
  SHOW(answer(1, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE));
  SHOW(answer(4711, 0, 0));
  HOLDS(answer(4711, 0, 0) == -1 && (errno == EINPROGRESS || errno == ENOENT));
  receive();
  SHOW(answer(5, -EXDEV, 0));
  receive();
  SHOW(answer(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE));

  /* Giving it files. */
  receive();
  int fd = a_file();
  SHOW(add_fd(fd, 4, 0, 0));
  SHOW(add_fd(fd, 0, 5, 0));
  SHOW(add_fd(fd, 0, 0, O_APPEND));
  SHOW(add_fd(-1, 0, 0, 0));
  int got = add_fd(fd, 0, 0, 0);
  HOLDS(got >= 3);
  SHOW(answer(got, 0, 0));
  HOLDS(add_fd(fd, 0, 0, 0) == -1 && (errno == EINPROGRESS || errno == ENOENT));
  receive();
  lseek(fd, 0, SEEK_SET);
  SHOW(add_fd(fd, SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND, 40, O_CLOEXEC));

  /* A signal takes the call back. */
  receive();
  printf("args %d\n", (int)n.data.args[0]);
  kill(pid, SIGUSR1);
  while (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id) == 0) sleep_ms(1);
  SHOW(answer(1, 0, 0));
  receive();
  printf("args %d\n", (int)n.data.args[0]);
  kill(pid, SIGUSR1);
  while (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id) == 0) sleep_ms(1);
  receive();
  printf("again args %d\n", (int)n.data.args[0]);
  SHOW(answer(9, 0, 0));
  receive();
  close(listener);
  NEED(waitpid(pid, &status, 0) == pid);
  show_status("target", status);

  /* Nobody is left to ask. */
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    send_fd(sockets[1], add_filter(SYS_getpgid, SECCOMP_FILTER_FLAG_NEW_LISTENER));
    _exit(0);
  }
  listener = receive_fd(sockets[0]);
  waitpid(pid, &status, 0);
  show_poll();
  memset(&n, 0, sizeof n);
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n));
  return 0;
}
