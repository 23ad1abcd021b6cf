/* The loop: requests of the sentry, published ports, names. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "netgofer.h"

enum { PATIENCE_MILLIS = 5000, IDLE_MILLIS = 1 };

static int poller;
/* Of which nothing ever comes: to wait for it is to sleep. */
static int nothing;
static uint32_t in_force;

int64_t now_millis(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Watches a descriptor for input until it is closed; -fd - 1 ends that. */
void watch(int fd, enum watched what, uint32_t index)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)what << 32 | index };

	if (fd < 0)
		epoll_ctl(poller, EPOLL_CTL_DEL, -fd - 1, NULL);
	else if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
		_exit(1);
}

/* Changes what a descriptor is watched for; 0 is not at all. */
void rewatch(int fd, uint32_t before, uint32_t events, enum watched what, uint32_t index)
{
	struct epoll_event event = { .events = events, .data.u64 = (uint64_t)what << 32 | index };

	if (before != events &&
	    epoll_ctl(poller, before == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD, fd,
		      &event) != 0)
		_exit(1);
}

void send_message(struct net_message *m, const void *payload, size_t length, int fd, bool may_lose)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec parts[2] = { { m, sizeof *m }, { (void *)payload, length } };
	struct msghdr h = { .msg_iov = parts, .msg_iovlen = length > 0 ? 2 : 1 };

	m->length = (uint16_t)length;
	/* The channel of a virtual machine's is a stream, of which nothing may be missing. */
	may_lose = may_lose && !for_guest;
	if (fd >= 0) {
		memset(&control, 0, sizeof control);
		h.msg_control = &control;
		h.msg_controllen = sizeof control.space;
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	for (int tries = 0; sendmsg(CHANNEL, &h, MSG_NOSIGNAL | (may_lose ? MSG_DONTWAIT : 0)) < 0;) {
		if (errno == EINTR)
			continue;
		bool later = errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM;
		if (may_lose && later)
			return;
		/* No room now is no end; for how long, the sentry's patience tells. */
		if (later && tries++ < PATIENCE_MILLIS) {
			struct epoll_event none;

			epoll_wait(nothing, &none, 1, 1);
			continue;
		}
		if (errno != ETOOMANYREFS || fd < 0)
			_exit(0);	/* the sentry is gone */
		/* Too many descriptors are on their way: this one is not going. */
		fd = -1;
		h.msg_control = NULL;
		h.msg_controllen = 0;
		m->error = ENFILE;
	}
}

/* For the next connection, made when there is nothing else to do. */
static int spare = -1;
static bool wants_spare;

static int new_socket(int family, int type)
{
	int fd = spare;

	if (family != AF_INET || type != SOCK_STREAM)
		return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	wants_spare = true;
	if (fd < 0)
		return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	spare = -1;
	return fd;
}

int connect_outside(int protocol, const uint8_t address[16], uint16_t port)
{
	struct sockaddr_storage to;
	socklen_t length = to_sockaddr(&to, address, port);
	int fd = new_socket(to.ss_family, protocol == PROTOCOL_TCP ? SOCK_STREAM : SOCK_DGRAM);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&to, length) != 0 && errno != EINPROGRESS) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

static int open_connection(const struct net_request *r, const uint8_t address[16], struct net_message *m)
{
	bool stream = r->protocol == PROTOCOL_TCP;
	int fd = connect_outside(r->protocol, address, r->port);

	if (fd < 0 || !is_limited())
		return fd;
	m->index = stream ? OPEN_VERDICT : 0;
	return relay(fd, stream ? RELAY_CONNECTING : RELAY_DATAGRAMS);
}

/* To another sandbox of the private network, where nothing is forbidden. */
static int open_member(const struct net_request *r, struct net_message *m)
{
	int fd = r->protocol == PROTOCOL_TCP
			 ? member_connect(r->address, htons((uint16_t)r->value), r->port)
			 : -EOPNOTSUPP;	/* datagrams go one by one */

	m->index = OPEN_VERDICT;
	return fd < 0 ? fd : relay(fd, RELAY_WELCOME);
}

static bool may_open(const struct net_request *r, struct decision *d, uint8_t address[16])
{
	uint16_t port = ntohs(r->port);
	bool to_gateway = !in_namespace && memcmp(r->address, gateway, 16) == 0;

	memcpy(address, r->address, 16);
	if ((to_gateway || (in_namespace && !full)) && port == 53) {
		*d = (struct decision){ true, RULE_BUILT_IN, PRIVATE, NULL };
	} else if (is_member_address(r->address)) {
		*d = (struct decision){ true, RULE_MEMBER, PRIVATE, member_name(r->address) };
	} else if (to_gateway) {
		*d = decide_host_loopback(r->protocol, port);
		map_v4(address, htonl(INADDR_LOOPBACK));
	} else {
		*d = decide(r->protocol, address, port, now_millis() / 1000);
	}
	return d->allowed;
}

/* Waits for what a person says. */
static int open_when_allowed(const struct net_request *r, struct decision *d, const uint8_t address[16],
			     struct net_message *m)
{
	uint32_t number = ask(r->sequence, r->protocol, r->address, ntohs(r->port), d->kind, d->name);
	int fd = number == 0 ? -EACCES : relay_asking(number, r->protocol, address, r->port);

	if (number == 0)
		d->rule = RULE_NONE;
	if (fd < 0)
		return -EACCES;
	m->index = OPEN_VERDICT;
	return fd;
}

int open_decided(const struct net_request *r, struct decision *d, struct net_message *m)
{
	uint8_t address[16];

	if (!may_open(r, d, address))
		return d->rule == RULE_ASKED ? open_when_allowed(r, d, address, m) : -EACCES;
	return d->rule == RULE_BUILT_IN ? dns_open_flow(r->protocol == PROTOCOL_TCP, r->sequence)
	       : d->rule == RULE_MEMBER ? open_member(r, m)
					: open_connection(r, address, m);
}

static void open_or_ask(const struct net_request *r)
{
	struct net_message m = { .sequence = r->sequence, .event = NET_REPLY, .protocol = r->protocol,
				 .port = r->port };
	uint8_t address[16];
	struct decision d;
	int fd = -1;

	memcpy(m.address, r->address, 16);
	if (r->op == NET_OPEN) {
		fd = open_decided(r, &d, &m);
		if (fd < 0)
			m.error = -fd;
	} else if (!may_open(r, &d, address)) {
		m.error = EACCES;
	}
	m.rule = d.rule;
	m.kind = (uint8_t)d.kind;
	send_message(&m, d.name, d.name ? strlen(d.name) : 0, fd < 0 ? -1 : fd, false);
	if (fd >= 0)
		close(fd);
}

void hello(uint32_t sequence)
{
	struct net_message m = { .sequence = sequence, .event = NET_REPLY, .index = NETGOFER_VERSION,
				 .value = in_force, .rule = RULE_BUILT_IN };

	member_own(m.local_address);
	send_message(&m, NULL, 0, -1, false);
}

static void listen_for(const struct net_request *r)
{
	int index = port_listen(r->protocol, r->address, r->port);
	struct net_message m = { .sequence = r->sequence, .event = NET_REPLY, .protocol = r->protocol, .port = r->port,
				 .index = (uint16_t)(index < 0 ? 0 : index), .error = index < 0 ? -index : 0 };

	memcpy(m.address, r->address, 16);
	send_message(&m, NULL, 0, -1, false);
}

/* Of a virtual machine's sandbox, over a stream: answers are all that it says. */
static void take_answer(void)
{
	static struct net_request in;
	static size_t got;
	ssize_t n = recv(CHANNEL, (uint8_t *)&in + got, sizeof in - got, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		_exit(0);
	got += (size_t)n;
	if (got < sizeof in)
		return;
	got = 0;
	if (in.op == NET_ANSWER) {
		ask_answered(in.value, in.index);
		guest_ready();
	}
}

static void take_request(void)
{
	static struct {
		struct net_request request;
		uint8_t data[MAX_DATAGRAM];
	} in;

	if (for_guest) {
		take_answer();
		return;
	}
	ssize_t n = recv(CHANNEL, &in, sizeof in, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		_exit(0);
	if (n < (ssize_t)sizeof in.request)
		return;	/* nonsense has no answer */
	switch (in.request.op) {
	case NET_HELLO:
		hello(in.request.sequence);
		break;
	case NET_OPEN:
	case NET_ASK:
		if (in.request.protocol == PROTOCOL_TCP || in.request.protocol == PROTOCOL_UDP)
			open_or_ask(&in.request);
		break;
	case NET_CREDIT:
		if (in.request.index == MEMBER_PORT)
			member_credit(in.request.value);
		else
			port_credit(in.request.index, in.request.value);
		break;
	case NET_DATAGRAM:
		if (relay_loses((size_t)n))
			break;
		if (in.request.index == MEMBER_PORT)
			member_send(in.request.address, htons((uint16_t)in.request.value), in.request.port,
				    in.data, (size_t)n - sizeof in.request);
		else
			port_send(in.request.index, in.request.address, in.request.port, in.data,
				  (size_t)n - sizeof in.request);
		break;
	case NET_LISTEN:
		if (in_namespace)
			listen_for(&in.request);
		break;
	case NET_UNLISTEN:
		if (in_namespace)
			port_unlisten(in.request.index);
		break;
	case NET_ANSWER:
		ask_answered(in.request.value, in.request.index);
		break;
	default:
		break;
	}
}

void serve_prepare(void)
{
	poller = epoll_create1(EPOLL_CLOEXEC);
	nothing = epoll_create1(EPOLL_CLOEXEC);
	if (poller < 0 || nothing < 0)
		die("cannot wait for events", "epoll");
	watch(CHANNEL, WATCH_CHANNEL, 0);
}

void serve(uint32_t features)
{
	struct epoll_event events[64];

	in_force = features;
	if (for_guest)
		hello(0);
	for (;;) {
		int64_t deadline = dns_next_deadline(), now = now_millis(), relays = relay_next_deadline();

		if (relays != INT64_MAX && relays / 1000 + 1 < deadline)
			deadline = relays / 1000 + 1;
		int wait = deadline == INT64_MAX ? -1 : deadline <= now ? 0 : (int)(deadline - now);
		if (wants_spare && (wait < 0 || wait > IDLE_MILLIS))
			wait = IDLE_MILLIS;
		int n = epoll_wait(poller, events, 64, wait);

		if (n == 0 && wants_spare) {
			wants_spare = false;
			if (spare < 0)
				spare = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		}

		for (int i = 0; i < n; i++) {
			uint32_t index = (uint32_t)events[i].data.u64;

			switch ((enum watched)(events[i].data.u64 >> 32)) {
			case WATCH_CHANNEL:
				take_request();
				break;
			case WATCH_PORT:
				port_ready(index);
				break;
			case WATCH_FLOW:
				dns_flow_ready(index);
				break;
			case WATCH_ANSWER:
				dns_answer_ready(index);
				break;
			case WATCH_MEMBERS:
				members_ready();
				break;
			case WATCH_LINK:
				link_ready(index, events[i].events);
				break;
			case WATCH_RELAY:
				relay_ready(index, events[i].events);
				break;
			case WATCH_GUEST:
				guest_ready();
				break;
			}
		}
		if (asking)
			ask_tell();
		if (deadline != INT64_MAX) {
			dns_expire(now_millis());
			relay_expire();
		}
	}
}
