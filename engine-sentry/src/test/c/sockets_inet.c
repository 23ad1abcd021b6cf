// TCP and UDP on loopback: what a peer that went away looks like, addresses that are ignored, what datagrams tell of themselves.
#include "show.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static volatile int pipes;
static void on_pipe(int s) { pipes++; }

static void say(const char *what, long r) { printf("%s: %ld %s\n", what, r, r < 0 ? strerror(errno) : ""); }

static void events(const char *what, int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
  poll(&p, 1, 2000);
  printf("%s:%s%s%s%s%s\n", what, p.revents & POLLIN ? " in" : "", p.revents & POLLOUT ? " out" : "",
         p.revents & POLLRDHUP ? " rdhup" : "", p.revents & POLLHUP ? " hup" : "", p.revents & POLLERR ? " err" : "");
}

static void soon(int fd, short wanted) {
  struct pollfd p = {.fd = fd, .events = wanted};
  poll(&p, 1, 5000);
}

static void tcp(int *a, int *b) {
  struct sockaddr_in n = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t l = sizeof n;
  int s = socket(AF_INET, SOCK_STREAM, 0);
  bind(s, (void *)&n, sizeof n);
  listen(s, 5);
  getsockname(s, (void *)&n, &l);
  *a = socket(AF_INET, SOCK_STREAM, 0);
  connect(*a, (void *)&n, sizeof n);
  *b = accept(s, 0, 0);
  close(s);
}

static int pending(int fd) {
  int e = -1;
  socklen_t l = sizeof e;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &l);
  return e;
}

static void closed_peer(void) {
  int a, b;
  char x[16];
  puts("-- the peer closed");
  tcp(&a, &b);
  close(b);
  soon(a, POLLRDHUP);
  events("poll", a);
  say("send of nothing", send(a, "", 0, 0));
  say("first send", send(a, "abc", 3, 0));
  soon(a, POLLERR);
  events("poll", a);
  say("read", read(a, x, sizeof x));
  say("second send", send(a, "abc", 3, 0));
  printf("signals %d\n", pipes);
  say("third send, no signal", send(a, "abc", 3, MSG_NOSIGNAL));
  printf("signals %d, error %d\n", pipes, pending(a));
  close(a);

  puts("-- the peer closed with data unread");
  tcp(&a, &b);
  say("send", send(a, "abc", 3, 0));
  soon(b, POLLIN);
  close(b);
  soon(a, POLLERR);
  events("poll", a);
  say("read", read(a, x, sizeof x));
  say("read again", read(a, x, sizeof x));
  say("send", send(a, "abc", 3, MSG_NOSIGNAL));
  close(a);

  puts("-- the peer closed without lingering");
  tcp(&a, &b);
  struct linger now = {.l_onoff = 1};
  setsockopt(b, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(b);
  soon(a, POLLERR);
  printf("error %d\n", pending(a));
  say("read", read(a, x, sizeof x));
  close(a);

  puts("-- the peer ended its side");
  tcp(&a, &b);
  shutdown(b, SHUT_WR);
  soon(a, POLLRDHUP);
  events("poll", a);
  say("send", send(a, "abc", 3, 0));
  soon(b, POLLIN);
  say("it reads", read(b, x, sizeof x));
  shutdown(a, SHUT_WR);
  soon(b, POLLRDHUP);
  events("poll", b);
  say("send after the end", send(a, "abc", 3, MSG_NOSIGNAL));
  close(a), close(b);

  puts("-- the peer reads no more");
  tcp(&a, &b);
  shutdown(b, SHUT_RD);
  say("send", send(a, "abc", 3, 0));
  close(a), close(b);
}

static void addresses(void) {
  int a, b;
  char x[16];
  puts("-- addresses");
  tcp(&a, &b);
  struct sockaddr_in n = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  say("sendto a connected one", sendto(a, "abc", 3, 0, (void *)&n, sizeof n));
  say("it arrives", recv(b, x, sizeof x, 0));
  close(a), close(b);
  a = socket(AF_INET, SOCK_STREAM, 0);
  events("poll of a fresh one", a);
  say("send of a fresh one", send(a, "abc", 3, MSG_NOSIGNAL));
  say("recv of a fresh one", recv(a, x, 3, 0));
  close(a);
}

// Not every host has IPv6: what is told there is compared here.
static FILE *out;
static const char ipv6[] =
    "-- datagrams, IPv6\nsendmsg: 1 \nrecvmsg: 1 \n"
    "  level 41 type 50 length 36: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01\n"
    "  level 41 type 52 length 20: 40 00 00 00\n  level 41 type 67 length 20: 00 00 00 00\n  truncated 0\n"
    "sendmsg: 1 \nrecvmsg: 1 \n"
    "  level 41 type 50 length 36: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01\n"
    "  level 41 type 52 length 20: 09 00 00 00\n  level 41 type 67 length 20: 08 00 00 00\n  truncated 0\n"
    "sendmsg: 1 \nrecvmsg: 1 \n"
    "  level 41 type 50 length 36: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01\n"
    "  level 41 type 52 length 20: 21 00 00 00\n  level 41 type 67 length 20: 08 00 00 00\n  truncated 0\n"
    "sendmsg: -1 Invalid argument\nrecvmsg with little room: 1 \n"
    "  level 41 type 50 length 18: 00 00\n  truncated 1\n";

static void tell(const char *what, long r) { fprintf(out, "%s: %ld %s\n", what, r, r < 0 ? strerror(errno) : ""); }

static void options(void) {
  puts("-- options of IP");
  int s = socket(AF_INET, SOCK_STREAM, 0);
  char o[40];
  socklen_t l = sizeof o;
  say("none are there", getsockopt(s, IPPROTO_IP, IP_OPTIONS, o, &l));
  printf("length %u\n", l);
  say("taken off", setsockopt(s, IPPROTO_IP, IP_OPTIONS, o, 0));
  close(s);
}

static void show_controls(struct msghdr *m) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
    fprintf(out, "  level %d type %d length %zu:", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len);
    unsigned char *d = CMSG_DATA(c);
    // The number of the interface differs.
    for (size_t i = 0; i < c->cmsg_len - CMSG_LEN(0); i++)
      if (!(c->cmsg_type == IP_PKTINFO && c->cmsg_level == IPPROTO_IP && i < 4) &&
          !(c->cmsg_type == IPV6_PKTINFO && c->cmsg_level == IPPROTO_IPV6 && i >= 16))
        fprintf(out, " %02x", d[i]);
    fputs("\n", out);
  }
  fprintf(out, "  truncated %d\n", !!(m->msg_flags & MSG_CTRUNC));
}

static void datagrams(int family) {
  int on = 1, v6 = family == AF_INET6;
  struct sockaddr_storage n = {0};
  socklen_t l = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  n.ss_family = family;
  if (v6)
    ((struct sockaddr_in6 *)&n)->sin6_addr = in6addr_loopback;
  else
    ((struct sockaddr_in *)&n)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fprintf(out, "-- datagrams, IPv%d\n", v6 ? 6 : 4);
  int to = socket(family, SOCK_DGRAM, 0), from = socket(family, SOCK_DGRAM, 0);
  bind(to, (void *)&n, l);
  getsockname(to, (void *)&n, &l);
  int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
  setsockopt(to, level, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, sizeof on);
  setsockopt(to, level, v6 ? IPV6_RECVHOPLIMIT : IP_RECVTTL, &on, sizeof on);
  setsockopt(to, level, v6 ? IPV6_RECVTCLASS : IP_RECVTOS, &on, sizeof on);
  for (int round = 0; round < 4; round++) {
    char data[8] = "x", space[256] = {0};
    struct iovec v = {data, 1};
    struct msghdr m = {.msg_name = &n, .msg_namelen = l, .msg_iov = &v, .msg_iovlen = 1};
    if (round == 1) {
      int hops = 9, class = 8;
      setsockopt(from, level, v6 ? IPV6_UNICAST_HOPS : IP_TTL, &hops, sizeof hops);
      setsockopt(from, level, v6 ? IPV6_TCLASS : IP_TOS, &class, sizeof class);
    }
    if (round >= 2) {
      m.msg_control = space;
      m.msg_controllen = CMSG_SPACE(sizeof(int));
      struct cmsghdr *c = CMSG_FIRSTHDR(&m);
      *c = (struct cmsghdr){.cmsg_level = level, .cmsg_type = v6 ? IPV6_HOPLIMIT : IP_TTL, .cmsg_len = CMSG_LEN(sizeof(int))};
      *(int *)CMSG_DATA(c) = round == 2 ? 33 : 300;
    }
    tell("sendmsg", sendmsg(from, &m, 0));
    if (round == 3)
      break;
    struct msghdr r = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    tell("recvmsg", recvmsg(to, &r, 0));
    show_controls(&r);
  }
  sendto(from, "y", 1, 0, (void *)&n, l);
  char data[8], space[256] = {0};
  struct iovec v = {data, 1};
  struct msghdr r = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = space, .msg_controllen = CMSG_LEN(2)};
  tell("recvmsg with little room", recvmsg(to, &r, 0));
  show_controls(&r);
  close(to), close(from);
}

static void pidfd(void) {
  puts("-- a process's directory as a pidfd");
  int d = open("/proc/self", O_RDONLY | O_DIRECTORY);
  say("signal 0", syscall(SYS_pidfd_send_signal, d, 0, 0, 0));
  close(d);
  d = open("/proc", O_RDONLY | O_DIRECTORY);
  say("another directory", syscall(SYS_pidfd_send_signal, d, 0, 0, 0));
  close(d);
  d = open("/proc/self", O_PATH);
  say("a path only", syscall(SYS_pidfd_send_signal, d, 0, 0, 0));
}

/* What is set on a listener holds for the connections that it accepts. */
static void inherited(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  int small = 4096, one = 1, got = 0;
  struct linger linger = {1, 7}, seen = {0, 0};
  struct timeval limit = {3, 0}, time = {0, 0};
  setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (bind(listener, (void *)&a, sizeof a) || listen(listener, 1) || getsockname(listener, (void *)&a, &n) ||
      connect(client, (void *)&a, sizeof a))
    perror("inherited");
  int server = accept(listener, 0, 0);
  n = sizeof got;
  getsockopt(server, SOL_SOCKET, SO_RCVBUF, &got, &n);
  printf("inherited: receive buffer %d\n", got);
  getsockopt(server, SOL_SOCKET, SO_SNDBUF, &got, &n);
  printf("inherited: send buffer %d\n", got);
  getsockopt(server, SOL_SOCKET, SO_KEEPALIVE, &got, &n);
  printf("inherited: keepalive %d\n", got);
  getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &got, &n);
  printf("inherited: nodelay %d\n", got);
  n = sizeof seen;
  getsockopt(server, SOL_SOCKET, SO_LINGER, &seen, &n);
  printf("inherited: linger %d %d\n", seen.l_onoff, seen.l_linger);
  n = sizeof time;
  getsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &time, &n);
  printf("inherited: time limit %ld\n", (long)time.tv_sec);
  fcntl(client, F_SETFL, O_NONBLOCK);
  static char much[1 << 16];
  long sent = 0, r;
  /* Who writes much to a closed connection hears of it. */
  close(server);
  for (int i = 0; i < 16 && (r = write(client, much, sizeof much)) > 0; i++) sent += r;
  say("inherited: write to who has closed", r < 0 && (errno == EPIPE || errno == ECONNRESET) ? 0 : r);
  close(client);
  close(listener);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGPIPE, on_pipe);
  closed_peer();
  addresses();
  options();
  inherited();
  out = stdout;
  datagrams(AF_INET);
  int s = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 n = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  if (s >= 0 && !bind(s, (void *)&n, sizeof n)) {
    char *text;
    size_t length;
    out = open_memstream(&text, &length);
    datagrams(AF_INET6);
    fclose(out);
    if (strcmp(text, ipv6))
      printf("IPv6 differs\n%s", text);
  }
  pidfd();
}
