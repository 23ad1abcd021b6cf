/*
 * A virtual machine's connections. The agent in the guest says where to in frames (flow.h), over a socket that leads to a
 * port of the machine; the policy decides, and what is opened stays here: bytes go to and fro in frames. What happens is
 * told over the channel, which is a stream of messages then, with nothing to answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "flow.h"
#include "netgofer.h"

bool for_guest;
static int wire = -1, poller;
static bool wire_out, wire_stalled;

static struct about {
	struct net_message told;	/* of whom it is */
	int64_t begun;
	bool quiet;			/* the name server, whose questions are told by themselves */
	bool verdict;			/* whether it is connected is what its first byte says */
	int port;			/* published, or -1 */
	char name[MAX_HOST_NAME + 1];
} abouts[FLOWS];

static int connect_path(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	errno = ENAMETOOLONG;
	if (strlen(path) >= sizeof to.sun_path)
		die("cannot connect to", path);
	strcpy(to.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		die("cannot connect to", path);
	return fd;
}

void guest_connect_channel(const char *path)
{
	int fd = connect_path(path);

	if (dup2(fd, CHANNEL) < 0)
		die("cannot use", path);
	close(fd);
	for_guest = true;
}

/* Some monitors want to be told which port it is, and answer when the guest has it. */
static void greet(int fd, const char *line, const char *path)
{
	char answer[64] = "";
	size_t length = 0;

	errno = ECONNREFUSED;
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		die("cannot connect to", path);
	while (length < sizeof answer - 1 && recv(fd, answer + length, 1, 0) == 1 && answer[length] != '\n')
		length++;
	errno = ECONNREFUSED;
	if (answer[length] != '\n' || strncmp(answer, "OK ", 3) != 0)
		die("cannot connect to", path);
}

/*
 * To the machine's port, whose path comes when the guest can hear of it. Until then only published ports wait; that they are
 * there is said with a byte.
 */
void guest_connect(void)
{
	char path[256];
	ssize_t n = send(CHANNEL, "", 1, MSG_NOSIGNAL) == 1 ? recv(CHANNEL, path, sizeof path - 1, 0) : 0;

	if (n <= 0)
		_exit(0);
	path[n] = 0;
	char *greeting = strchr(path, '\n');

	if (greeting != NULL)
		*greeting++ = 0;
	wire = connect_path(path);
	if (greeting != NULL)
		greet(wire, greeting, path);
	fcntl(wire, F_SETFL, O_NONBLOCK);
	poller = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event in = { .events = EPOLLIN }, ready = { .events = EPOLLIN };

	if (poller < 0 || flows_poller() < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, wire, &in) != 0 ||
	    epoll_ctl(poller, EPOLL_CTL_ADD, flows_poller(), &ready) != 0)
		die("cannot wait for", path);
	watch(poller, WATCH_GUEST, 0);
}

ssize_t wire_read(void *bytes, size_t size)
{
	return recv(wire, bytes, size, MSG_DONTWAIT);
}

ssize_t wire_write(const void *bytes, size_t size)
{
	return send(wire, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The guest's kernel has collected what belongs together already. */
static void send_at_once(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void tell_opened(uint32_t id, int error)
{
	struct about *a = &abouts[id];
	int64_t micros = (now_millis() - a->begun) * 1000;

	if (a->quiet)
		return;
	a->told.event = NET_OPENED;
	a->told.error = error;
	a->told.value = micros > UINT32_MAX ? UINT32_MAX : (uint32_t)micros;
	send_message(&a->told, a->name, strlen(a->name), -1, false);
}

static void answer(uint32_t id, int error)
{
	uint32_t number = (uint32_t)error;

	/* By now a person has said something. */
	if (abouts[id].told.rule == RULE_ASKED && error == EACCES)
		abouts[id].told.rule = RULE_DENIED;
	else if (abouts[id].told.rule == RULE_ASKED)
		abouts[id].told.rule = RULE_ANSWERED;
	wire_send(FLOW_OPENED, id, &number, sizeof number, NULL, 0);
	tell_opened(id, error);
}

static void refuse(uint32_t id, int error)
{
	struct flow *f = &flows[id];

	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->used = false;
	answer(id, error);
}

bool wire_frame(const struct flow_header *h, const uint8_t *payload)
{
	struct flow_address at;
	struct net_request r = { .op = NET_OPEN };
	struct decision d;
	uint32_t id = h->flow;
	struct about *a = &abouts[id];

	if (h->type != FLOW_OPEN || h->length != sizeof at || id >= GUEST_FLOWS || flows[id].used)
		return false;
	memcpy(&at, payload, sizeof at);
	if (at.protocol != PROTOCOL_TCP && at.protocol != PROTOCOL_UDP)
		return false;
	r.protocol = at.protocol;
	r.port = at.port;
	memcpy(r.address, at.address, 16);
	*a = (struct about){ .begun = now_millis(), .port = -1 };
	a->told = (struct net_message){ .protocol = at.protocol, .port = at.port };
	memcpy(a->told.address, at.address, 16);
	int fd = open_decided(&r, &d, &a->told);

	a->told.rule = d.rule;
	a->told.kind = (uint8_t)d.kind;
	a->quiet = d.rule == RULE_BUILT_IN;
	if (d.name)
		strncpy(a->name, d.name, MAX_HOST_NAME);
	flow_init(id, at.protocol == PROTOCOL_TCP, fd < 0 ? -1 : fd);
	if (fd < 0) {
		refuse(id, -fd);
		return true;
	}
	a->verdict = (a->told.index & OPEN_VERDICT) != 0;
	flows[id].pair = a->quiet || is_limited() || a->verdict;
	a->told.index = 0;
	if (a->verdict) {
		flow_await(id, EPOLLIN);
	} else if (a->quiet || !flows[id].stream) {
		answer(id, 0);
		flow_opened(id);
	} else {
		send_at_once(fd);
		flow_await(id, EPOLLOUT);
	}
	return true;
}

static void hear_verdict(uint32_t id)
{
	uint8_t error = ECONNREFUSED;
	ssize_t n = recv(flows[id].fd, &error, 1, MSG_DONTWAIT);

	/* Datagrams that waited were not read, of which one is told before the verdict. */
	if (n < 0 && errno == ECONNRESET)
		n = recv(flows[id].fd, &error, 1, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || error != 0) {
		refuse(id, n == 1 ? error : ECONNREFUSED);
		return;
	}
	answer(id, 0);
	flow_opened(id);
}

/* Asked a second time, connect(2) says how the first went. */
void flow_ready(uint32_t id)
{
	struct sockaddr_storage to;
	struct about *a = &abouts[id];
	uint8_t address[16];

	if (a->verdict) {
		hear_verdict(id);
		return;
	}
	memcpy(address, a->told.address, 16);
	if (memcmp(address, gateway, 16) == 0)
		map_v4(address, htonl(INADDR_LOOPBACK));
	socklen_t length = to_sockaddr(&to, address, a->told.port);

	if (connect(flows[id].fd, (struct sockaddr *)&to, length) == 0 || errno == EISCONN) {
		answer(id, 0);
		flow_opened(id);
	} else if (errno != EALREADY && errno != EINPROGRESS && errno != EINTR) {
		refuse(id, errno);
	}
}

/* What the guest sends to who has written to a published port. */
void flow_datagram(uint32_t id, const uint8_t *bytes, size_t length)
{
	struct about *a = &abouts[id];

	if (a->port >= 0 && length <= MAX_DATAGRAM) {
		port_send((uint32_t)a->port, a->told.address, a->told.port, bytes, length);
		flows[id].from_wire += length;
	}
}

void flow_over(uint32_t id, int error)
{
	struct about *a = &abouts[id];
	uint64_t bytes[2] = { flows[id].from_wire, flows[id].to_wire };

	if (a->port >= 0 && flows[id].stream)
		port_credit((uint32_t)a->port, 1);
	if (a->told.event == 0)
		tell_opened(id, error != 0 ? error : ECANCELED);
	if (a->quiet || a->told.error != 0)
		return;
	a->told.event = NET_CLOSED;
	send_message(&a->told, bytes, sizeof bytes, -1, false);
}

static bool arrive(uint32_t id, uint32_t index, const struct net_message *m, int fd)
{
	struct flow_address at = { .protocol = m->protocol, .port = m->port, .published = (uint16_t)index };

	memcpy(at.address, m->address, 16);
	abouts[id] = (struct about){ .begun = now_millis(), .port = (int)index, .told = *m };
	flow_init(id, fd >= 0, fd);
	return wire_send(FLOW_ARRIVED, id, &at, sizeof at, NULL, 0);
}

void guest_accepted(uint32_t index, const struct net_message *m, int fd)
{
	struct net_message told = *m;
	uint32_t id = flow_find_free(GUEST_FLOWS, FLOWS);

	if (id == FLOWS) {
		close(fd);
		port_credit(index, 1);
		return;
	}
	send_at_once(fd);
	arrive(id, index, m, fd);
	flows[id].pair = is_limited();
	flow_opened(id);
	send_message(&told, NULL, 0, -1, false);
	guest_ready();
}

void guest_arrived(uint32_t index, const struct net_message *m, const void *data, size_t length)
{
	uint32_t id = FLOWS, oldest = FLOWS;

	if (wire_full())
		return;
	for (uint32_t i = GUEST_FLOWS; id == FLOWS && i < FLOWS; i++) {
		struct about *a = &abouts[i];

		if (!flows[i].used || flows[i].stream || flows[i].said_close)
			continue;
		if (a->port == (int)index && a->told.port == m->port && memcmp(a->told.address, m->address, 16) == 0)
			id = i;
		else if (oldest == FLOWS || a->begun < abouts[oldest].begun)
			oldest = i;
	}
	if (id == FLOWS) {
		id = flow_find_free(GUEST_FLOWS, FLOWS);
		if (id == FLOWS) {
			/* The next datagram finds room. */
			if (oldest != FLOWS)
				flow_close(oldest, 0);
			return;
		}
		arrive(id, index, m, -1);
		flow_opened(id);
	}
	abouts[id].begun = now_millis();
	wire_send(FLOW_DATA, id, data, length, NULL, 0);
	flows[id].to_wire += length;
	guest_ready();
}

/* Moves what can be moved. A guest that breaks the rules, or has gone, has no network any more. */
void guest_ready(void)
{
	if (!wire_receive())
		_exit(0);
	if (!wire_full())
		flows_turn();
	if (!wire_flush())
		_exit(0);
	bool stalled = wire_full(), pending = wire_pending();

	if (pending != wire_out) {
		struct epoll_event e = { .events = EPOLLIN | (pending ? EPOLLOUT : 0u) };

		epoll_ctl(poller, EPOLL_CTL_MOD, wire, &e);
		wire_out = pending;
	}
	if (stalled != wire_stalled) {
		struct epoll_event e = { .events = EPOLLIN };

		epoll_ctl(poller, stalled ? EPOLL_CTL_DEL : EPOLL_CTL_ADD, flows_poller(), &e);
		wire_stalled = stalled;
	}
}
