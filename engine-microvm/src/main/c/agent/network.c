/*
 * The network outside. The guest's packets come from a device of its own (eth0), whose other end this thread has. A datagram
 * goes to the host as it is. A connection's first packet is held until the host has made the connection or says why not; then
 * it goes to a second device, in a network namespace of this thread's, where every address is local: the guest's own kernel
 * is the other end there too, so all of TCP is its business. What it hears from a socket there goes to the host, and back.
 *
 * Everything here is the guest's; what is allowed is decided on the host. Nothing here uses stdio or malloc, since a child of
 * the agent's needs them unlocked.
 */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/in6.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "flow.h"
#include "link.h"
#include "packet.h"

#define PROTOCOL_TCP 1
#define PROTOCOL_UDP 2
#define MAX_DATAGRAM_FLOWS 256
#define DATAGRAM_IDLE 60
#define FIRST_IDLE 75 /* a connection's first packet comes again within 64 s */
#define ACCEPT_IDLE 10
#define TICK_MILLIS 5000
#define TURNS 64
#define BACKLOG 64

static const uint8_t own4[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 86, 0, 2};
static const uint8_t gateway4[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 86, 0, 1};
static const uint8_t own6[16] = {0xfd, 0x86, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};

static struct network_options options;
static int port, outer, inner, poller;
static bool heard;
static struct frame in, out;

static struct connection {
  enum { ASKED, AWAITED, PASSING } state;
  struct ends ends; /* from the guest's */
  time_t last;
  uint32_t listener;
  size_t held;
  uint8_t first[10 + 256]; /* the packet that began it, or its beginning */
} connections[FLOWS];

static struct listener {
  int fd;
  uint32_t users; /* 0: free */
  uint8_t address[16];
  uint16_t port;
} listeners[GUEST_FLOWS];

enum watched { WIRE, READY, OUTER, INNER, LISTENER };

static time_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec;
}

static bool watch(int fd, enum watched what, uint32_t index, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.u64 = (uint64_t)what << 32 | index};
  return epoll_ctl(poller, operation, fd, &event) == 0;
}

static socklen_t to_sockaddr(struct sockaddr_storage *to, const uint8_t address[16], uint16_t at) {
  memset(to, 0, sizeof *to);
  if (memcmp(address, own4, 12) == 0) {
    struct sockaddr_in *in4 = (struct sockaddr_in *)to;
    in4->sin_family = AF_INET;
    in4->sin_port = at;
    memcpy(&in4->sin_addr, address + 12, 4);
    return sizeof *in4;
  }
  struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
  in6->sin6_family = AF_INET6;
  in6->sin6_port = at;
  memcpy(&in6->sin6_addr, address, 16);
  return sizeof *in6;
}

static void from_sockaddr(const struct sockaddr_storage *from, uint8_t address[16], uint16_t *at) {
  if (from->ss_family == AF_INET6) {
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
    memcpy(address, &in6->sin6_addr, 16);
    *at = in6->sin6_port;
    return;
  }
  const struct sockaddr_in *in4 = (const struct sockaddr_in *)from;
  memcpy(address, own4, 12);
  memcpy(address + 12, &in4->sin_addr, 4);
  *at = in4->sin_port;
}

/* ---- the wire's end ---- */

ssize_t wire_read(void *bytes, size_t size) {
  ssize_t n = read(port, bytes, size);
  /* Until the host has been heard, it may only not have been seen yet. */
  if (n == 0 && !heard) {
    errno = EAGAIN;
    return -1;
  }
  heard = heard || n > 0;
  return n;
}

ssize_t wire_write(const void *bytes, size_t size) { return write(port, bytes, size); }

/* ---- connections ---- */

static void send_out(size_t length) {
  if (length > 0) (void)!write(outer, &out, length);
}

static void refuse(const uint8_t *first, size_t held, int error) {
  static uint8_t copy[256];
  struct packet p;
  size_t length = held - sizeof in.header;
  memcpy(copy, first + sizeof in.header, length);
  /* What was held of a long datagram says that there is more. */
  if (!packet_parse(&p, copy, MAX_PACKET)) return;
  if (p.length > length) p.length = length;
  send_out(packet_refusal(&out, &p, error));
}

static int new_socket(const uint8_t address[16], uint16_t at) {
  struct sockaddr_storage local;
  socklen_t length = to_sockaddr(&local, address, at);
  int one = 1, fd = socket(local.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  /* Addresses that are nobody's may be ours. */
  if (local.ss_family == AF_INET)
    setsockopt(fd, SOL_IP, IP_TRANSPARENT, &one, sizeof one);
  else
    setsockopt(fd, SOL_IPV6, IPV6_TRANSPARENT, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&local, length) == 0) return fd;
  close(fd);
  return -1;
}

/* Something that listens where a connection goes to; GUEST_FLOWS: there can be none. */
static uint32_t listen_at(const uint8_t address[16], uint16_t at) {
  uint32_t free = GUEST_FLOWS;
  for (uint32_t i = 0; i < GUEST_FLOWS; i++) {
    struct listener *l = &listeners[i];
    if (l->users == 0) {
      free = i;
    } else if (l->port == at && memcmp(l->address, address, 16) == 0) {
      l->users++;
      return i;
    }
  }
  if (free == GUEST_FLOWS) return free;
  struct listener *l = &listeners[free];
  l->fd = new_socket(address, at);
  if (l->fd < 0) return GUEST_FLOWS;
  if (listen(l->fd, BACKLOG) != 0 || !watch(l->fd, LISTENER, free, EPOLLIN, EPOLL_CTL_ADD)) {
    close(l->fd);
    return GUEST_FLOWS;
  }
  l->users = 1;
  l->port = at;
  memcpy(l->address, address, 16);
  return free;
}

static void stop_awaiting(struct connection *c) {
  struct listener *l = &listeners[c->listener];
  if (c->state == AWAITED && --l->users == 0) close(l->fd);
  c->state = PASSING;
}

static void accept_all(uint32_t index) {
  for (int turn = 0; turn < TURNS; turn++) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    uint8_t address[16];
    uint16_t from;
    uint32_t id = 0;
    if (listeners[index].users == 0) return;
    int one = 1, fd = accept4(listeners[index].fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    from_sockaddr(&peer, address, &from);
    for (; id < GUEST_FLOWS; id++) {
      struct connection *c = &connections[id];
      if (flows[id].used && c->state == AWAITED && !flows[id].said_close && c->listener == index && c->ends.from_port == from &&
          memcmp(c->ends.from, address, 16) == 0)
        break;
    }
    if (id == GUEST_FLOWS) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    flows[id].fd = fd;
    stop_awaiting(&connections[id]);
    flow_opened(id);
  }
}

static void on_opened(uint32_t id, int error) {
  struct connection *c = &connections[id];
  if (error != 0) {
    if (!flows[id].said_close) refuse(c->first, c->held, error);
    flows[id].used = false;
    return;
  }
  if (flows[id].said_close) return;
  if (!flows[id].stream) {
    c->state = PASSING;
    flow_opened(id);
    return;
  }
  c->listener = listen_at(c->ends.to, c->ends.to_port);
  if (c->listener == GUEST_FLOWS) {
    refuse(c->first, c->held, EHOSTUNREACH);
    flow_close(id, ENOBUFS);
    return;
  }
  c->state = AWAITED;
  c->last = now();
  (void)!write(inner, c->first, c->held);
}

/* From a peer on the host's side to a published port: the guest sees whom it is, but for the host itself. */
static void on_arrived(uint32_t id, const struct flow_address *at) {
  static const uint8_t loopback6[16] = {[15] = 1};
  struct connection *c = &connections[id];
  const uint8_t *seen = at->address, *own = own4;
  if (memcmp(at->address, loopback6, 16) == 0 || (memcmp(at->address, own4, 12) == 0 && at->address[12] == 127)) seen = gateway4;
  if (memcmp(seen, own4, 12) != 0) own = own6;
  *c = (struct connection){.state = PASSING, .last = now()};
  memcpy(c->ends.to, seen, 16);
  memcpy(c->ends.from, own, 16);
  c->ends.to_port = at->port;
  c->ends.from_port = htons(options.port[at->published]);
  flow_init(id, at->protocol == PROTOCOL_TCP, -1);
  if (at->protocol == PROTOCOL_UDP) {
    flow_opened(id);
    return;
  }
  struct sockaddr_storage to;
  socklen_t length = to_sockaddr(&to, own, c->ends.from_port);
  int fd = new_socket(seen, at->port);
  if (fd < 0) fd = new_socket(seen, 0);
  if (fd >= 0 && (connect(fd, (struct sockaddr *)&to, length) == 0 || errno == EINPROGRESS)) {
    flows[id].fd = fd;
    flow_await(id, EPOLLOUT);
    return;
  }
  if (fd >= 0) close(fd);
  flow_close(id, ECONNREFUSED);
}

bool wire_frame(const struct flow_header *h, const uint8_t *payload) {
  struct flow_address at;
  uint32_t number;
  if (h->type == FLOW_OPENED && h->length == sizeof number && h->flow < GUEST_FLOWS) {
    memcpy(&number, payload, sizeof number);
    if (flows[h->flow].used && connections[h->flow].state == ASKED) on_opened(h->flow, (int)number);
    return true;
  }
  if (h->type != FLOW_ARRIVED || h->length != sizeof at || h->flow < GUEST_FLOWS || flows[h->flow].used) return false;
  memcpy(&at, payload, sizeof at);
  if (at.published >= options.ports || (at.protocol != PROTOCOL_TCP && at.protocol != PROTOCOL_UDP)) return false;
  on_arrived(h->flow, &at);
  return true;
}

void flow_ready(uint32_t id) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(flows[id].fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0)
    flow_close(id, error);
  else
    flow_opened(id);
}

void flow_datagram(uint32_t id, const uint8_t *bytes, size_t length) {
  struct connection *c = &connections[id];
  struct ends ends = {.from_port = c->ends.to_port, .to_port = c->ends.from_port};
  memcpy(ends.from, c->ends.to, 16);
  memcpy(ends.to, c->ends.from, 16);
  c->last = now();
  send_out(packet_datagram(&out, &ends, bytes, length));
}

void flow_over(uint32_t id, int error) {
  struct connection *c = &connections[id];
  if (flows[id].stream)
    stop_awaiting(c);
  else if (error != 0 && c->held > 0)
    refuse(c->first, c->held, error);
}

/* ---- packets of the guest's ---- */

static uint32_t find(const struct ends *ends, bool stream) {
  static uint32_t last;
  for (uint32_t i = 0; i < FLOWS + 1; i++) {
    uint32_t id = i == 0 ? last : i - 1;
    if (flows[id].used && flows[id].stream == stream && !flows[id].said_close && memcmp(&connections[id].ends, ends, sizeof *ends) == 0)
      return last = id;
  }
  return FLOWS;
}

static uint32_t ask(const struct packet *p, size_t length, int protocol) {
  struct flow_address at = {.protocol = (uint8_t)protocol, .port = p->ends.to_port};
  uint32_t id = flow_find_free(0, GUEST_FLOWS);
  struct connection *c = &connections[id];
  size_t held = sizeof in.header + length;
  if (id == FLOWS || wire_full()) return FLOWS;
  *c = (struct connection){.state = ASKED, .ends = p->ends, .last = now()};
  c->held = held < sizeof c->first ? held : sizeof c->first;
  memcpy(c->first, &in, c->held);
  memcpy(at.address, p->ends.to, 16);
  flow_init(id, protocol == PROTOCOL_TCP, -1);
  wire_send(FLOW_OPEN, id, &at, sizeof at, NULL, 0);
  return id;
}

static void make_room(void) {
  uint32_t count = 0, oldest = FLOWS;
  for (uint32_t i = 0; i < GUEST_FLOWS; i++) {
    if (!flows[i].used || flows[i].stream || flows[i].said_close) continue;
    count++;
    if (oldest == FLOWS || connections[i].last < connections[oldest].last) oldest = i;
  }
  if (count >= MAX_DATAGRAM_FLOWS) flow_close(oldest, 0);
}

static bool is_for_many(const uint8_t a[16]) {
  bool v4 = memcmp(a, own4, 12) == 0;
  return v4 ? a[12] >= 224 || (memcmp(a, own4, 15) == 0 && a[15] == 255) : a[0] == 0xff;
}

static void from_guest(size_t length) {
  struct packet p;
  if (!packet_parse(&p, in.ip, length) || is_for_many(p.ends.to)) return;
  if (p.protocol == IPPROTO_UDP) {
    uint32_t id = find(&p.ends, false);
    if (id == FLOWS) {
      make_room();
      id = ask(&p, p.length, PROTOCOL_UDP);
    }
    if (id == FLOWS || wire_full()) return;
    connections[id].last = now();
    wire_send(FLOW_DATA, id, p.ip + p.transport + 8, p.length - p.transport - 8, NULL, 0);
    return;
  }
  if (p.protocol != IPPROTO_TCP) {
    bool echo = p.ip[p.transport] == (p.protocol == IPPROTO_ICMP ? 8 : 128);
    if (echo || (p.protocol != IPPROTO_ICMP && p.protocol != IPPROTO_ICMPV6)) send_out(packet_refusal(&out, &p, EACCES));
    return;
  }
  if (is_first_of_tcp(&p)) {
    uint32_t id = find(&p.ends, true);
    if (id == FLOWS) {
      if (p.length + sizeof in.header <= sizeof connections[0].first) ask(&p, p.length, PROTOCOL_TCP);
      return;
    }
    connections[id].last = now();
    if (connections[id].state == ASKED) return;
  }
  packet_pass(&in, length);
  (void)!write(inner, &in, sizeof in.header + length);
}

static void from_device(int device) {
  for (int turn = 0; turn < TURNS; turn++) {
    ssize_t n = read(device, &in, sizeof in);
    if (n <= (ssize_t)sizeof in.header) return;
    size_t length = (size_t)n - sizeof in.header;
    if (device == outer) {
      from_guest(length);
    } else {
      packet_pass(&in, length);
      (void)!write(outer, &in, (size_t)n);
    }
  }
}

/* Ends what nobody waits for any more; whether there is something that may have to be ended later. */
static bool expire(void) {
  bool more = false;
  time_t t = now();
  for (uint32_t i = 0; i < FLOWS; i++) {
    struct connection *c = &connections[i];
    if (!flows[i].used || flows[i].said_close || (flows[i].stream && c->state == PASSING)) continue;
    more = true;
    time_t idle = !flows[i].stream ? DATAGRAM_IDLE : c->state == ASKED ? FIRST_IDLE : ACCEPT_IDLE;
    if (t - c->last > idle) flow_close(i, flows[i].stream ? ECONNABORTED : 0);
  }
  return more;
}

static void loop(void) {
  bool out_wanted = false, stalled = false;
  int wait = -1;
  for (;;) {
    struct epoll_event events[32];
    int n = epoll_wait(poller, events, 32, wait);
    if (!wire_receive()) return;
    for (int i = 0; i < n; i++) {
      uint32_t index = (uint32_t)events[i].data.u64;
      switch ((enum watched)(events[i].data.u64 >> 32)) {
        case OUTER: from_device(outer); break;
        case INNER: from_device(inner); break;
        case LISTENER: accept_all(index); break;
        case WIRE:
          /* Nobody is there yet. */
          if (events[i].events & EPOLLHUP) usleep(1000);
          break;
        case READY: break;
      }
    }
    if (!wire_full()) flows_turn();
    if (!wire_flush()) return;
    bool full = wire_full(), pending = wire_pending();
    if (pending != out_wanted) watch(port, WIRE, 0, EPOLLIN | (pending ? EPOLLOUT : 0u), EPOLL_CTL_MOD);
    if (full != stalled) watch(flows_poller(), READY, 0, EPOLLIN, full ? EPOLL_CTL_DEL : EPOLL_CTL_ADD);
    out_wanted = pending;
    stalled = full;
    wait = expire() ? TICK_MILLIS : -1;
  }
}

static const char *prepare_inside(void) {
  if (unshare(CLONE_NEWNET) != 0) return "a network namespace";
  inner = tun_open("inside");
  if (inner < 0 || !link_up("lo", 0) || !link_up("inside", MAX_PACKET)) return "a device of its own";
  if (!add_route("lo", AF_INET, NULL, 0, true, NULL) || !add_route("inside", AF_INET, own4 + 12, 32, false, NULL)) return "its routes";
  if (options.v6 && (!add_route("lo", AF_INET6, NULL, 0, true, NULL) || !add_route("inside", AF_INET6, own6, 128, false, NULL)))
    return "its routes of version 6";
  poller = epoll_create1(EPOLL_CLOEXEC);
  bool watched = poller >= 0 && watch(port, WIRE, 0, EPOLLIN, EPOLL_CTL_ADD) && watch(outer, OUTER, 0, EPOLLIN, EPOLL_CTL_ADD) &&
                 watch(inner, INNER, 0, EPOLLIN, EPOLL_CTL_ADD) && watch(flows_poller(), READY, 0, EPOLLIN, EPOLL_CTL_ADD);
  return watched ? NULL : "epoll";
}

static void *serve(void *done) {
  const char *failed = prepare_inside();
  if (write(*(int *)done, &failed, sizeof failed) != sizeof failed || failed != NULL) return NULL;
  loop();
  /* The host's end is gone: what is open breaks, and the device goes, which says that there is no network. */
  for (uint32_t i = 0; i < FLOWS; i++) flow_close(i, ENETDOWN);
  from_device(inner);
  close(outer);
  close(inner);
  return NULL;
}

void network_start(int network_port, const struct network_options *wanted) {
  int done[2];
  pthread_t thread;
  const char *failed = NULL;
  options = *wanted;
  port = network_port;
  outer = tun_open("eth0");
  if (outer < 0) give_up("the network: this kernel has no tun device: %s", strerror(errno));
  if (!add_address("eth0", AF_INET, own4 + 12, 24) || !link_up("eth0", MAX_PACKET) ||
      !add_route("eth0", AF_INET, NULL, 0, false, gateway4 + 12))
    give_up("the network: its addresses: %s", strerror(errno));
  if (options.v6 && (!add_address("eth0", AF_INET6, own6, 64) || !add_route("eth0", AF_INET6, NULL, 0, false, NULL)))
    give_up("the network: its addresses of version 6: %s", strerror(errno));
  if (pipe(done) != 0) give_up("pipe: %s", strerror(errno));
  int error = pthread_create(&thread, NULL, serve, &done[1]);
  if (error != 0) give_up("cannot make a thread: %s", strerror(error));
  if (read(done[0], &failed, sizeof failed) != sizeof failed) failed = "its thread";
  if (failed != NULL) give_up("the network: %s: %s", failed, strerror(errno));
  close(done[0]);
  close(done[1]);
}
