// A listener's queue that is full: who connects without waiting comes when there is room, is refused when the listener goes, and may leave.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MANY = 5 };
static struct sockaddr_in where = {.sin_family = AF_INET};

static int listener(int backlog) {
  socklen_t length = sizeof where;
  int s = socket(AF_INET, SOCK_STREAM, 0);
  where.sin_port = 0;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(s, (struct sockaddr *)&where, sizeof where);
  listen(s, backlog);
  getsockname(s, (struct sockaddr *)&where, &length);
  return s;
}

static int begin(int i) {
  int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int r = connect(s, (struct sockaddr *)&where, sizeof where);
  if (r != -1 || errno != EINPROGRESS) printf("connect %d: %d %s\n", i, r, strerror(errno));
  return s;
}

static int soon(int fd, int events, int ms) {
  struct pollfd p = {.fd = fd, .events = events};
  poll(&p, 1, ms);
  return p.revents;
}

static void end(int s) {
  // A reset, so that no address is kept.
  struct linger hard = {1, 0};
  setsockopt(s, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close(s);
}

int main(void) {
  int clients[MANY], error;
  char text[8];
  socklen_t length = sizeof error;
  struct sockaddr_in peer;
  int server = listener(2);
  for (int i = 0; i < MANY; i++) clients[i] = begin(i);
  for (int i = 0; i < MANY; i++) printf("%d: %s\n", i, soon(clients[i], POLLOUT, 20) == POLLOUT ? "there" : "waits");

  int last = clients[MANY - 1];
  int r = connect(last, (struct sockaddr *)&where, sizeof where);
  printf("again: %d %s\n", r, strerror(errno));
  r = send(last, "x", 1, MSG_NOSIGNAL);
  printf("send: %d %s\n", r, strerror(errno));
  r = recv(last, text, 1, 0);
  printf("recv: %d %s\n", r, strerror(errno));
  length = sizeof peer;
  r = getpeername(last, (struct sockaddr *)&peer, &length);
  printf("name: %d %s\n", r, strerror(errno));
  length = sizeof error;
  getsockopt(last, SOL_SOCKET, SO_ERROR, &error, &length);
  printf("error: %d\n", error);

  end(clients[MANY - 2]); // it waits no longer: there is one fewer
  int served = 0;
  while (served < MANY - 1 && soon(server, POLLIN, 20000) == POLLIN) {
    int s = accept(server, NULL, NULL);
    served += send(s, "hello", 5, 0) == 5;
    end(s);
  }
  printf("served: %d\n", served);
  printf("no other: %d\n", soon(server, POLLIN, 100));
  for (int i = 0; i < MANY - 2; i++) end(clients[i]);
  end(last);
  end(server);

  server = listener(0);
  int first = begin(0), second = begin(1);
  printf("one has a place: %d %d\n", soon(first, POLLOUT, 1000) == POLLOUT, soon(second, POLLOUT, 50));
  close(server);
  int events = soon(second, POLLOUT, 20000);
  printf("the listener goes: %s\n", events & POLLERR ? "an error" : "none");
  length = sizeof error;
  getsockopt(second, SOL_SOCKET, SO_ERROR, &error, &length);
  printf("error: %s\n", strerror(error));
  end(first);
  end(second);
  return 0;
}
