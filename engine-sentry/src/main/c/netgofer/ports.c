/* Published ports: what of the host's network leads into the sandbox. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "netgofer.h"

#define BACKLOG 4096
#define CREDIT 256	/* connections that the sentry may hold unaccepted */
#define MAX_PEERS 256

/* Who has sent a datagram to a port may be answered. */
struct peer {
	uint8_t address[16];
	uint16_t port;
	int64_t last;
};

static struct port {
	int fd;
	bool stream;
	bool watched;
	uint32_t credit;
	struct peer peers[MAX_PEERS];
} *ports;
static int port_count;

/* Later there is no more memory to be had. */
void ports_prepare(void)
{
	if (!ports && !(ports = calloc(MAX_PORTS, sizeof *ports)))
		die("out of memory", "ports");
}

/* "tcp,ADDRESS,PORT": listens at once, while ports below 1024 may still be had. */
bool add_port(char *word)
{
	char *protocol = strsep(&word, ","), *address = strsep(&word, ","), where[80];
	struct sockaddr_storage at;
	uint8_t bytes[16];
	int one = 1;

	if (!protocol || !address || !word || port_count == MAX_PORTS)
		return false;
	ports_prepare();
	struct port *p = &ports[port_count++];
	uint32_t v4;

	if (inet_pton(AF_INET, address, &v4) == 1)
		map_v4(bytes, v4);
	else if (inet_pton(AF_INET6, address, bytes) != 1)
		return false;
	snprintf(where, sizeof where, strchr(address, ':') ? "[%s]:%s" : "%s:%s", address, word);
	socklen_t length = to_sockaddr(&at, bytes, htons((uint16_t)atoi(word)));
	p->stream = strcmp(protocol, "tcp") == 0;
	p->fd = socket(at.ss_family, (p->stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd < 0)
		die("cannot listen", where);
	if (p->stream)
		setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (at.ss_family == AF_INET6)
		setsockopt(p->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	if (bind(p->fd, (struct sockaddr *)&at, length) != 0 || (p->stream && listen(p->fd, BACKLOG) != 0))
		die("cannot publish", where);
	p->credit = CREDIT;
	return true;
}

static int free_port(void)
{
	for (int i = 0; i < port_count; i++)
		if (ports[i].fd < 0)
			return i;
	return port_count < MAX_PORTS ? port_count++ : -ENOBUFS;
}

static void watch_port(uint32_t index);

static bool is_any(const uint8_t address[16])
{
	static const uint8_t any[16];

	return memcmp(address, any, sizeof any) == 0;
}

/* Where the guest's sockets are those of the namespace: one of them is bound, or listens. */
int port_listen(int protocol, const uint8_t address[16], uint16_t port)
{
	struct sockaddr_storage at;
	bool stream = protocol == PROTOCOL_TCP;
	int one = 1, zero = 0, index = free_port();

	if (index < 0)
		return index;
	struct port *p = &ports[index];
	socklen_t length = to_sockaddr(&at, address, port);
	int fd = socket(at.ss_family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 && errno == EAFNOSUPPORT && is_any(address)) {
		/* A namespace without IPv6. */
		uint8_t any[16];

		map_v4(any, 0);
		length = to_sockaddr(&at, any, port);
		fd = socket(AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	int error = fd < 0 ? errno : 0;

	memset(p, 0, sizeof *p);
	p->fd = -1;
	if (fd >= 0) {
		if (stream)
			setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		/* A listener at "::" hears IPv4 too, as the guest's does. */
		if (at.ss_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
		if (bind(fd, (struct sockaddr *)&at, length) != 0 || (stream && listen(fd, BACKLOG) != 0)) {
			error = errno;
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0)
		return -error;
	p->fd = fd;
	p->stream = stream;
	p->credit = CREDIT;
	watch_port((uint32_t)index);
	return index;
}

void port_unlisten(uint32_t index)
{
	if (index < (uint32_t)port_count && ports[index].fd >= 0) {
		close(ports[index].fd);
		ports[index].fd = -1;
	}
}

static void watch_port(uint32_t index)
{
	if (!ports[index].watched) {
		ports[index].watched = true;
		watch(ports[index].fd, WATCH_PORT, index);
	}
}

void ports_start(void)
{
	for (int i = 0; i < port_count; i++)
		watch_port((uint32_t)i);
}

static void accept_one(uint32_t index)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof from;
	struct net_message m = { .event = NET_ACCEPTED, .index = (uint16_t)index, .protocol = PROTOCOL_TCP };
	int fd = accept4(ports[index].fd, (struct sockaddr *)&from, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	from_sockaddr(&from, m.address, &m.port);
	fd = relay(fd, RELAY_OPEN);
	if (fd < 0)
		return;
	ports[index].credit--;
	if (for_guest) {
		guest_accepted(index, &m, fd);
		return;
	}
	send_message(&m, NULL, 0, fd, false);
	close(fd);
}

static void remember(struct port *p, const uint8_t address[16], uint16_t port)
{
	struct peer *oldest = &p->peers[0];

	for (int i = 0; i < MAX_PEERS; i++) {
		struct peer *each = &p->peers[i];

		if (each->port == port && memcmp(each->address, address, 16) == 0) {
			each->last = now_millis();
			return;
		}
		if (each->last < oldest->last)
			oldest = each;
	}
	memcpy(oldest->address, address, 16);
	oldest->port = port;
	oldest->last = now_millis();
}

static void receive_one(uint32_t index)
{
	static uint8_t data[MAX_DATAGRAM];
	struct sockaddr_storage from;
	socklen_t length = sizeof from;
	struct net_message m = { .event = NET_ARRIVED, .index = (uint16_t)index, .protocol = PROTOCOL_UDP };
	ssize_t n = recvfrom(ports[index].fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &length);

	if (n < 0)
		return;
	from_sockaddr(&from, m.address, &m.port);
	remember(&ports[index], m.address, m.port);
	if (relay_loses((size_t)n))
		return;
	if (for_guest) {
		guest_arrived(index, &m, data, (size_t)n);
		return;
	}
	send_message(&m, data, (size_t)n, -1, true);
}

void port_ready(uint32_t index)
{
	struct port *p = &ports[index];

	if (p->fd < 0)
		return;	/* closed since the event */
	if (!p->stream) {
		receive_one(index);
		return;
	}
	if (p->credit == 0) {
		/* The host's kernel keeps the rest in its backlog until the guest takes some. */
		watch(-p->fd - 1, WATCH_PORT, index);
		p->watched = false;
		return;
	}
	accept_one(index);
}

void port_credit(uint32_t index, uint32_t count)
{
	if (index >= (uint32_t)port_count || ports[index].fd < 0 || !ports[index].stream)
		return;
	uint32_t room = CREDIT - ports[index].credit;

	ports[index].credit += count < room ? count : room;
	watch_port(index);
}

void port_send(uint32_t index, const uint8_t address[16], uint16_t port, const void *data, size_t length)
{
	struct sockaddr_storage to;

	if (index >= (uint32_t)port_count || ports[index].fd < 0 || ports[index].stream)
		return;
	struct port *p = &ports[index];

	for (int i = 0; i < MAX_PEERS; i++)
		if (p->peers[i].last != 0 && p->peers[i].port == port &&
		    memcmp(p->peers[i].address, address, 16) == 0) {
			socklen_t size = to_sockaddr(&to, address, port);

			(void)!sendto(p->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, size);
			return;
		}
}
