/* Unix sockets: pairs, names, abstract names, datagrams, descriptors and credentials passed on. */
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "show.h"

static socklen_t address(struct sockaddr_un *a, const char *name) {
  memset(a, 0, sizeof *a);
  a->sun_family = AF_UNIX;
  size_t n = strlen(name);
  memcpy(a->sun_path, name, n);
  if (name[0] == '@') {
    a->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
  }
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
}

static void show_address(const char *what, struct sockaddr_un *a, socklen_t n) {
  printf("%s: length %d family %d name \"%s%s\"\n", what, (int)n, n >= 2 ? a->sun_family : -1,
         n > 2 && a->sun_path[0] == 0 ? "@" : "",
         n > 2 ? a->sun_path + (a->sun_path[0] == 0) : "");
}

static ssize_t send_fd(int s, int fd) {
  char c = 'f', control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec v = {&c, 1};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
                     .msg_controllen = sizeof control};
  struct cmsghdr *h = CMSG_FIRSTHDR(&m);
  h->cmsg_level = SOL_SOCKET;
  h->cmsg_type = SCM_RIGHTS;
  h->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(h), &fd, sizeof fd);
  return sendmsg(s, &m, 0);
}

static int receive_fd(int s, int flags) {
  char c[8], control[CMSG_SPACE(sizeof(int))];
  struct iovec v = {c, sizeof c};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
                     .msg_controllen = sizeof control};
  ssize_t n = recvmsg(s, &m, flags);
  struct cmsghdr *h = CMSG_FIRSTHDR(&m);
  int fd = -1;
  if (h != NULL && h->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(h), sizeof fd);
  printf("received %zd bytes, descriptor %s\n", n, fd >= 0 ? "yes" : "no");
  return fd;
}

int main(void) {
  enter_work_directory();
  signal(SIGPIPE, SIG_IGN);
  char b[256] = {0};
  int s[2], n;
  SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
  SHOW(fcntl(s[0], F_GETFD));
  SHOW(write(s[0], "hello", 5));
  SHOW(recv(s[1], b, 2, MSG_PEEK));
  SHOW(ioctl(s[1], FIONREAD, &n));
  printf("%d\n", n);
  SHOW(read(s[1], b, sizeof b));
  SHOW(recv(s[1], b, 1, MSG_DONTWAIT));
  SHOW(send(s[1], "back", 4, MSG_NOSIGNAL));
  SHOW(read(s[0], b, sizeof b));
  SHOW(write(s[0], "one", 3));
  SHOW(write(s[0], "two", 3));
  SHOW(recv(s[1], b, 6, MSG_WAITALL));
  printf("%.6s\n", b);
  SHOW(shutdown(s[0], SHUT_WR));
  SHOW(read(s[1], b, 1));
  SHOW(write(s[0], "x", 1));
  SHOW(write(s[1], "x", 1));
  SHOW(read(s[0], b, 1));
  close(s[1]);
  SHOW(read(s[0], b, 1));
  SHOW(send(s[0], "x", 1, MSG_NOSIGNAL));
  SHOW(lseek(s[0], 0, SEEK_CUR));
  close(s[0]);
  SHOW(socket(AF_UNIX, 77, 0));
  SHOW(socket(250, SOCK_STREAM, 0));
  SHOW(socketpair(AF_UNIX, SOCK_STREAM, 99, s));

  /* Datagrams and packets keep their boundaries. */
  for (int type = SOCK_DGRAM; type <= SOCK_SEQPACKET; type += SOCK_SEQPACKET - SOCK_DGRAM) {
    SHOW(socketpair(AF_UNIX, type, 0, s));
    SHOW(write(s[0], "first", 5));
    SHOW(write(s[0], "", 0));
    SHOW(write(s[0], "second", 6));
    SHOW(recv(s[1], b, 3, MSG_TRUNC));
    SHOW(read(s[1], b, sizeof b));
    SHOW(read(s[1], b, sizeof b));
    close(s[0]);
    if (type == SOCK_SEQPACKET) SHOW(read(s[1], b, sizeof b));
    SHOW(write(s[1], "x", 1));
    close(s[1]);
  }

  /* A server with a name in the file system. */
  struct sockaddr_un a, peer;
  socklen_t len;
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(listen(server, 5));
  len = address(&a, "sock");
  SHOW(bind(server, (struct sockaddr *)&a, len));
  SHOW(bind(server, (struct sockaddr *)&a, len));
  struct stat st;
  stat("sock", &st);
  printf("mode %o\n", st.st_mode);
  SHOW_OK(open("sock", O_RDWR));
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(connect(client, (struct sockaddr *)&a, len));
  SHOW(accept(server, NULL, NULL));
  SHOW(listen(server, 5));
  SHOW(accept4(server, NULL, NULL, 99));
  SHOW(connect(client, (struct sockaddr *)&a, len));
  SHOW(write(client, "before accept", 13));
  len = sizeof peer;
  int conn = accept4(server, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
  HOLDS(conn >= 0 && fcntl(conn, F_GETFD) == FD_CLOEXEC);
  show_address("peer", &peer, len);
  len = sizeof peer;
  getsockname(conn, (struct sockaddr *)&peer, &len);
  show_address("own name", &peer, len);
  len = sizeof peer;
  getpeername(client, (struct sockaddr *)&peer, &len);
  show_address("name of the server", &peer, len);
  SHOW(read(conn, b, sizeof b));
  SHOW(connect(client, (struct sockaddr *)&a, address(&a, "sock")));
  struct ucred cred;
  len = sizeof cred;
  SHOW(getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &cred, &len));
  HOLDS(cred.pid == getpid() && cred.uid == geteuid() && cred.gid == getegid());
  int option;
  len = sizeof option;
  SHOW(getsockopt(conn, SOL_SOCKET, SO_TYPE, &option, &len));
  printf("%d\n", option == SOCK_STREAM);
  len = sizeof option;
  SHOW(getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &option, &len));
  printf("%d\n", option);
  len = sizeof option;
  SHOW(getsockopt(conn, SOL_SOCKET, SO_ERROR, &option, &len));
  printf("%d\n", option);
  SHOW(unlink("sock"));
  int late = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(connect(late, (struct sockaddr *)&a, address(&a, "sock")));
  put_file("plain", "");
  SHOW(connect(late, (struct sockaddr *)&a, address(&a, "plain")));
  close(server);
  close(conn);
  SHOW(read(client, b, 1));

  /* Abstract names. */
  server = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  char name[64];
  snprintf(name, sizeof name, "@show-%d", (int)getpid());
  SHOW(bind(server, (struct sockaddr *)&a, address(&a, name)));
  SHOW(bind(late, (struct sockaddr *)&a, address(&a, name)));
  SHOW(listen(server, 1));
  SHOW(accept(server, NULL, NULL));
  fflush(stdout);
  if (fork() == 0) {
    int c = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(c, (struct sockaddr *)&a, address(&a, name)) != 0) _exit(1);
    char r[16] = {0};
    write(c, "ping", 4);
    read(c, r, sizeof r);
    _exit(strcmp(r, "pong") == 0 ? 0 : 2);
  }
  struct pollfd f = {server, POLLIN, 0};
  SHOW(poll(&f, 1, 5000));
  conn = accept(server, NULL, NULL);
  SHOW(read(conn, b, sizeof b));
  SHOW(write(conn, "pong", 4));
  int status;
  wait(&status);
  show_status("client", status);

  /* Datagrams with names. */
  int one = socket(AF_UNIX, SOCK_DGRAM, 0), two = socket(AF_UNIX, SOCK_DGRAM, 0);
  SHOW(bind(one, (struct sockaddr *)&a, address(&a, "one")));
  SHOW(sendto(two, "anonymous", 9, 0, (struct sockaddr *)&a, address(&a, "one")));
  SHOW(bind(two, (struct sockaddr *)&a, address(&a, "two")));
  SHOW(sendto(two, "named", 5, 0, (struct sockaddr *)&a, address(&a, "one")));
  SHOW(sendto(two, "x", 1, 0, (struct sockaddr *)&a, address(&a, "none")));
  SHOW(send(two, "x", 1, 0));
  for (int i = 0; i < 2; i++) {
    len = sizeof peer;
    memset(&peer, 0, sizeof peer);
    SHOW(recvfrom(one, b, sizeof b, 0, (struct sockaddr *)&peer, &len));
    show_address("from", &peer, len);
  }
  SHOW(connect(one, (struct sockaddr *)&a, address(&a, "two")));
  SHOW(send(one, "connected", 9, 0));
  SHOW(recv(two, b, sizeof b, 0));

  /* Passing descriptors. */
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  put_file("passed", "from the other side");
  fflush(stdout);
  if (fork() == 0) {
    int fd = open("passed", O_RDONLY);
    lseek(fd, 5, SEEK_SET);
    _exit(send_fd(s[1], fd) == 1 ? 0 : 1);
  }
  int got = receive_fd(s[0], MSG_CMSG_CLOEXEC);
  wait(&status);
  show_status("sender", status);
  SHOW(fcntl(got, F_GETFD));
  memset(b, 0, sizeof b);
  SHOW(read(got, b, sizeof b));
  puts(b);
  write(s[1], "plain", 5);
  receive_fd(s[0], 0);
  SHOW(send_fd(s[1], 99));
  int p[2];
  pipe(p);
  SHOW(send_fd(s[1], p[1]));
  close(p[1]);
  close(s[1]);
  close(s[0]);
  SHOW(read(p[0], b, 1));

  /* Scattered messages. */
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  struct iovec v[2] = {{"scat", 4}, {"tered", 5}};
  struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
  SHOW(sendmsg(s[0], &m, 0));
  char x[3] = {0}, y[4] = {0};
  struct iovec r[2] = {{x, 2}, {y, 3}};
  m = (struct msghdr){.msg_iov = r, .msg_iovlen = 2};
  SHOW(recvmsg(s[1], &m, 0));
  printf("%s %s truncated %d\n", x, y, (m.msg_flags & MSG_TRUNC) != 0);
  struct timeval tv = {0, 20000};
  SHOW(setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
  SHOW(recv(s[1], b, 1, 0));
  return 0;
}
