/* needs: Linux 6.12
   Socket calls over hostile arguments, on unix, TCP and UDP sockets of the loopback. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include "sweep.h"

enum { TCP_FD = 40, UDP_FD, LISTENER, DGRAM_FD, UNBOUND_TCP, UNIX_LISTENER };

KIND(SOCKETS, 0, V(CLOSED_FD), V(FILE_FD), V(PATH_FD), OR, V(-1), V(DIR_FD), V(PIPE_READ), V(EPOLL_FD), V(TCP_FD), V(UDP_FD),
     V(LISTENER), V(DGRAM_FD), V(SOCKET_FD), V(UNBOUND_TCP), V(UNIX_LISTENER), V(HIGH(SOCKET_FD)));
/* Families that need no module, and none. */
KIND(FAMILIES, 0, V(-1), V(99), OR, V(AF_UNSPEC), V(AF_UNIX), V(AF_INET), V(46), V(INT_MAX), V(INT_MIN), V(HIGH(AF_UNIX)));
KIND(TYPES, 0xfff7f000UL, V(-1), V(0), OR, V(11), V(15), V(SOCK_STREAM), V(SOCK_DGRAM), V(SOCK_SEQPACKET), V(SOCK_RDM),
     V(HIGH(SOCK_STREAM)));
KIND(PROTOCOLS, 0, V(-1), V(99), OR, V(1), V(6), V(17), V(255), V(256), V(300), V(INT_MAX), V(HIGH(0)));
/* Who may send echo requests is a setting. */
KIND(DATAGRAM_PROTOCOLS, 0, V(-1), V(99), OR, V(6), V(17), V(255), V(256), V(300), V(INT_MAX), V(HIGH(0)));
KIND(ADDRESSES, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(200)), V(AT(400)), V(AT(600)), V(AT(800)), V(AT(1000)),
     V(AT(1200)));
KIND(ADDRESS_SIZES, 0, V(0), V(-1), OR, V(1), V(2), V(3), V(15), V(16), V(110), V(111), V(128), V(129), V(INT_MAX), V(INT_MIN),
     V(HIGH(16)));
KIND(SIZE_POINTERS, 0, V(NULL), V(UNMAPPED), OR, V(READ_ONLY), V(KERNEL), V(AT(1404)), V(AT(1408)), V(AT(1412)));
KIND(MAYBE_FILLED, 0, V(UNMAPPED), V(NULL), OR, V(READ_ONLY), V(CROSSING), V(KERNEL));
/* Out-of-band data goes in line here. */
KIND(SEND_FLAGS, 0xffffffffUL & ~0x0fd89f01UL, V(0x100000), OR, V(HIGH(MSG_DONTWAIT)));
KIND(RECEIVE_FLAGS, 0xffffffffUL & ~0x4fdf0f00UL, V(MSG_OOB), V(MSG_ERRQUEUE), OR, V(MSG_PEEK), V(MSG_TRUNC), V(HIGH(MSG_DONTWAIT)));
KIND(HOWS, 0, V(-1), V(3), OR, V(INT_MAX), V(HIGH(0)));
KIND(BACKLOGS, 0, V(-1), OR, V(0), V(INT_MAX), V(INT_MIN), V(HIGH(1)));
KIND(MESSAGES, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(1700)), V(AT(1800)), V(AT(1900)), V(AT(2000)),
     V(AT(2100)), V(AT(2200)));
KIND(COUNTS, 0, V(0), V(-1), OR, V(1), V(1025), V(HIGH(1)));
KIND(ACCEPT_FLAGS, 0xffffffffUL, V(-1), OR, V(HIGH(0)));
KIND(LEVELS, 0, V(-1), V(99), OR, V(IPPROTO_IP), V(IPPROTO_TCP), V(IPPROTO_UDP), V(IPPROTO_IPV6), V(HIGH(SOL_SOCKET)));
KIND(OPTION_SIZES, 0, V(-1), V(0), OR, V(1), V(3), V(5), V(16), V(INT_MAX), V(INT_MIN));
KIND(OPTIONS, 0, V(-1), V(999), OR, V(HIGH(SO_REUSEADDR)));
KIND(PAIRS, 0, V(UNMAPPED), V(NULL), OR, V(READ_ONLY), V(CROSSING), V(KERNEL));
KIND(SPECS, 0, V(UNMAPPED), V(AT(3016)), OR, V(NULL), V(CROSSING), V(AT(3032)), V(AT(3048)));

/* What comes into memory that ends in the middle is given as far as it goes, not held back as in Linux. */
KIND(RECEIVED, 0, V(NULL), V(UNMAPPED), OR, V(READ_ONLY), V(NO_ACCESS), V(KERNEL), V(LAST_BYTE));
/* Whether a datagram's address or its length is looked at first depends on Linux's version. */
KIND(RECEIVERS, 0, OR, V(NULL), V(UNMAPPED), V(CROSSING), V(AT(200)), V(AT(400)), V(AT(600)), V(AT(800)), V(AT(1000)));
KIND(RECEIVER_SIZES, 0, OR, V(0), V(-1), V(1), V(2), V(111), V(128), V(129), V(INT_MIN));

static void put_addresses(void) {
  memset((void *)SCRATCH, 0, 1600);
  struct sockaddr_un *un = (void *)AT(0);
  un->sun_family = AF_UNIX;
  strcpy(un->sun_path, "missing");
  un = (void *)AT(200);
  un->sun_family = AF_UNIX;
  strcpy(un->sun_path, "file");
  un = (void *)AT(400);
  un->sun_family = AF_UNIX;
  strcpy(un->sun_path, "locked/socket");
  struct sockaddr_in *in = (void *)AT(600);
  in->sin_family = AF_INET;
  in->sin_port = htons(1);
  in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  *(short *)AT(800) = 99;
  *(short *)AT(1000) = AF_UNSPEC;
  in = (void *)AT(1200);
  in->sin_family = AF_INET;
  in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  *(int *)AT(1400) = 128;
  *(int *)AT(1404) = -1;
  *(int *)AT(1408) = 0;
  *(int *)AT(1412) = 1;
}

/* Everything is as at first: what is received is there again, and nothing else is. */
static void refill(void) {
  char drain[64];
  put_addresses();
  while (recv(SOCKET_FD, drain, sizeof drain, MSG_DONTWAIT) > 0) {
  }
  while (recv(PEER_FD, drain, sizeof drain, MSG_DONTWAIT) > 0) {
  }
  send(PEER_FD, "12345678", 8, MSG_DONTWAIT);
}

static void new_sockets(void) {
  for (int fd = TCP_FD; fd <= UNIX_LISTENER; fd++) close(fd);
  place(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), TCP_FD);
  place(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), UDP_FD);
  place(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), LISTENER);
  place(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), DGRAM_FD);
  place(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), UNBOUND_TCP);
  place(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), UNIX_LISTENER);
  NEED(listen(LISTENER, 1) == 0);
  struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "listener"};
  unlink("listener");
  NEED(bind(UNIX_LISTENER, (void *)&un, sizeof un) == 0);
  NEED(listen(UNIX_LISTENER, 1) == 0);
  unlink("missing");
  put_addresses();
}

static void making(void) {
  SWEEP_FD(socket, A(AF_UNIX, FAMILIES), A(SOCK_STREAM, TYPES), A(0, PROTOCOLS));
  SWEEP_FD(socket, A(AF_INET, FAMILIES), A(SOCK_STREAM, TYPES), A(0, PROTOCOLS));
  SWEEP_FD(socket, A(AF_INET, FAMILIES), A(SOCK_DGRAM, TYPES), A(0, DATAGRAM_PROTOCOLS));
  SWEEP_FD(socket, A(AF_INET6, FAMILIES), A(SOCK_STREAM, TYPES), A(0, PROTOCOLS));
  SWEEP(socketpair, A(AF_UNIX, FAMILIES), A(SOCK_STREAM, TYPES), A(0, PROTOCOLS), A(UNMAPPED, PAIRS));
  SWEEP(socketpair, A(AF_INET, FIXED), A(SOCK_STREAM, FIXED), A(0, PROTOCOLS), A(DATA, FIXED));
}

static void naming(void) {
  before_each = new_sockets;
  SWEEP(bind, A(UNBOUND_TCP, SOCKETS), A(AT(0), ADDRESSES), A(110, ADDRESS_SIZES));
  SWEEP(bind, A(TCP_FD, SOCKETS), A(AT(1200), ADDRESSES), A(16, ADDRESS_SIZES));
  SWEEP(connect, A(UNBOUND_TCP, SOCKETS), A(AT(0), ADDRESSES), A(110, ADDRESS_SIZES));
  SWEEP(connect, A(UDP_FD, SOCKETS), A(AT(600), ADDRESSES), A(16, ADDRESS_SIZES));
  SWEEP(listen, A(TCP_FD, SOCKETS), A(5, BACKLOGS));
  SWEEP_FD(accept, A(LISTENER, SOCKETS), A(DATA, FILLED), A(AT(1400), SIZE_POINTERS));
  SWEEP_FD(accept4, A(LISTENER, SOCKETS), A(DATA, FILLED), A(AT(1400), SIZE_POINTERS), A(0, ACCEPT_FLAGS));
  SWEEP(getsockname, A(LISTENER, SOCKETS), A(DATA, FILLED), A(AT(1400), SIZE_POINTERS));
  SWEEP(getpeername, A(SOCKET_FD, SOCKETS), A(DATA, FILLED), A(AT(1400), SIZE_POINTERS));
  SWEEP(shutdown, A(TCP_FD, SOCKETS), A(0, HOWS));
  sweep_descriptors();
}

static void put_messages(void) {
  refill();
  memset((void *)AT(1500), 0, 1500);
  struct iovec *v = (void *)AT(1450);
  v[0] = (struct iovec){(void *)DATA, 4}, v[1] = (struct iovec){(void *)UNMAPPED, 4};
  for (int i = 0; i < 8; i++) {
    struct msghdr *m = (void *)AT(1500 + 100 * i);
    m->msg_iov = v, m->msg_iovlen = 1;
  }
  ((struct msghdr *)AT(1600))->msg_iovlen = 2;
  ((struct msghdr *)AT(1700))->msg_iovlen = 1025;
  ((struct msghdr *)AT(1800))->msg_name = (void *)UNMAPPED;
  ((struct msghdr *)AT(1800))->msg_namelen = 16;
  ((struct msghdr *)AT(1900))->msg_name = (void *)DATA;
  ((struct msghdr *)AT(1900))->msg_namelen = (socklen_t)-1;
  ((struct msghdr *)AT(2000))->msg_control = (void *)UNMAPPED;
  ((struct msghdr *)AT(2000))->msg_controllen = 16;
  ((struct msghdr *)AT(2100))->msg_control = (void *)DATA;
  ((struct msghdr *)AT(2100))->msg_controllen = (size_t)-1;
  ((struct msghdr *)AT(2200))->msg_iovlen = 0;
  memset((void *)AT(2400), 0, 256);
  for (int i = 0; i < 2; i++) {
    struct mmsghdr *m = (void *)(AT(2400) + i * (long)sizeof *m);
    m->msg_hdr.msg_iov = v, m->msg_hdr.msg_iovlen = 1;
  }
  memset((void *)DATA, 0, 64);
}

static void transfers(void) {
  struct timespec *t = (void *)AT(3000);
  t[0] = (struct timespec){0, 0}, t[1] = (struct timespec){0, -1}, t[2] = (struct timespec){-1, 0}, t[3] = (struct timespec){0, 1000000000};
  before_each = NULL;
  new_sockets();
  before_each = put_messages;
  SWEEP(sendto, A(SOCKET_FD, SOCKETS), A(DATA, GIVEN), A(8, SIZES), A(MSG_DONTWAIT, SEND_FLAGS), A(NULL, FIXED), A(0, FIXED));
  SWEEP(sendto, A(UDP_FD, SOCKETS), A(DATA, GIVEN), A(8, SIZES), A(MSG_DONTWAIT, FIXED), A(AT(600), ADDRESSES), A(16, ADDRESS_SIZES));
  SWEEP(sendto, A(DGRAM_FD, SOCKETS), A(DATA, GIVEN), A(8, SIZES), A(MSG_DONTWAIT, FIXED), A(AT(0), RECEIVERS), A(110, RECEIVER_SIZES));
  SWEEP(recvfrom, A(SOCKET_FD, SOCKETS), A(DATA, RECEIVED), A(8, SIZES), A(MSG_DONTWAIT, RECEIVE_FLAGS), A(DATA + 64, MAYBE_FILLED),
        A(AT(1400), SIZE_POINTERS));
  SWEEP(sendmsg, A(SOCKET_FD, SOCKETS), A(AT(1500), MESSAGES), A(MSG_DONTWAIT, SEND_FLAGS));
  SWEEP(recvmsg, A(SOCKET_FD, SOCKETS), A(AT(1500), MESSAGES), A(MSG_DONTWAIT, RECEIVE_FLAGS));
  SWEEP(sendmmsg, A(SOCKET_FD, SOCKETS), A(AT(2400), MESSAGES), A(2, COUNTS), A(MSG_DONTWAIT, SEND_FLAGS));
  SWEEP(recvmmsg, A(SOCKET_FD, SOCKETS), A(AT(2400), MESSAGES), A(2, COUNTS), A(MSG_DONTWAIT, FIXED), A(AT(3000), SPECS));
}

static void options(void) {
  before_each = NULL;
  new_sockets();
  before_each = put_addresses;
  *(int *)DATA = 1;
  SWEEP(setsockopt, A(SOCKET_FD, SOCKETS), A(SOL_SOCKET, LEVELS), A(SO_REUSEADDR, OPTIONS), A(DATA, GIVEN), A(4, OPTION_SIZES));
  SWEEP(getsockopt, A(SOCKET_FD, SOCKETS), A(SOL_SOCKET, LEVELS), A(SO_REUSEADDR, OPTIONS), A(DATA, FILLED), A(AT(1400), SIZE_POINTERS));
  static const int names[] = {SO_DEBUG, SO_TYPE, SO_ERROR, SO_DONTROUTE, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_OOBINLINE,
                              SO_PRIORITY, SO_LINGER, SO_REUSEPORT, SO_PASSCRED, SO_PEERCRED, SO_RCVLOWAT, SO_SNDLOWAT,
                              SO_RCVTIMEO, SO_SNDTIMEO, SO_TIMESTAMP, SO_ACCEPTCONN, SO_PEERSEC, SO_PASSSEC, SO_PROTOCOL, SO_DOMAIN,
                              SO_PEEK_OFF, SO_SNDBUFFORCE, SO_RCVBUFFORCE, SO_MARK, SO_RXQ_OVFL, SO_BUSY_POLL, SO_COOKIE,
                              SO_ZEROCOPY};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char name[32];
    snprintf(name, sizeof name, "%d", names[i]);
    *(long *)DATA = 0;
    *(long *)(DATA + 8) = 0;
    const struct arg get[] = {A(SOCKET_FD, FIXED), A(SOL_SOCKET, FIXED), {name, names[i], &FIXED}, A(DATA, FILLED), A(AT(1400), SIZE_POINTERS)};
    sweep("getsockopt", SYS_getsockopt, GOOD, get, 5);
    *(long *)DATA = 0;
    *(long *)(DATA + 8) = 0;
    if (names[i] == SO_PEERSEC || names[i] == SO_PASSSEC) continue; /* a security module's */
    const struct arg set[] = {A(SOCKET_FD, FIXED), A(SOL_SOCKET, FIXED), {name, names[i], &FIXED}, A(DATA, GIVEN), A(16, OPTION_SIZES)};
    sweep("setsockopt", SYS_setsockopt, GOOD, set, 5);
  }
  static const int tcp[] = {TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT, TCP_LINGER2,
                            TCP_DEFER_ACCEPT, TCP_WINDOW_CLAMP, TCP_INFO, TCP_QUICKACK, TCP_CONGESTION, TCP_USER_TIMEOUT, TCP_FASTOPEN, 99};
  for (size_t i = 0; i < sizeof tcp / sizeof *tcp; i++) {
    char name[32];
    snprintf(name, sizeof name, "TCP %d", tcp[i]);
    const struct arg get[] = {A(TCP_FD, FIXED), A(IPPROTO_TCP, FIXED), {name, tcp[i], &FIXED}, A(DATA, FILLED), A(AT(1400), SIZE_POINTERS)};
    sweep("getsockopt", SYS_getsockopt, GOOD, get, 5);
    *(long *)DATA = -1;
    *(int *)CROSSING = 1;
    const struct arg set[] = {A(TCP_FD, FIXED), A(IPPROTO_TCP, FIXED), {name, tcp[i], &FIXED}, A(DATA, GIVEN), A(4, OPTION_SIZES)};
    sweep("setsockopt", SYS_setsockopt, GOOD, set, 5);
  }
}

static void sweep_all(void) {
  put_addresses();
  making();
  naming();
  transfers();
  options();
}
