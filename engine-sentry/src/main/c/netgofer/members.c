/*
 * A private network of sandboxes. Every member's gofer has a link to every
 * other's: who joins listens under its number in the network's directory,
 * which only this user may enter, and connects to all that are there. What
 * goes over a link are descriptors of connections, and datagrams. There is no
 * other process; the network is gone with its last member.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "netgofer.h"

#define FIRST_NUMBER 2
#define LAST_NUMBER 63
#define MAX_LINKS 128
#define MAX_WAITING 512
#define CREDIT 256	/* connections that the sentry was told of and has not looked at */

/* Those of IPv6 have operations of their own, of which a member that knows none takes no notice. */
enum { LINK_HELLO = 1, LINK_CONNECT, LINK_DATAGRAM, LINK_CONNECT_6, LINK_DATAGRAM_6 };

/* Ports in network order. A hello has the name and the host name after it, each ended by a zero. */
struct link_header {
	uint16_t op;
	uint16_t number;
	uint16_t from_port, to_port;
};

struct names {
	char name[MAX_HOST_NAME + 1], host_name[MAX_HOST_NAME + 1];
};

static struct link {
	bool used;
	int fd;
	int number;		/* 0: has not said yet */
	uint32_t watched;
	struct names names;
} links[MAX_LINKS];

/* A connection on its way to a link that is full. */
static struct waiting {
	int fd;
	uint32_t link;
	struct link_header header;
} waiting[MAX_WAITING];
static int waiting_count;

static int own_number, listener = -1;
static struct names own_names;
static uint32_t credit = CREDIT;

static const uint8_t network6[15] = { 0xfd, 0x87 };

/* fd87::NUMBER, or 10.87.0.NUMBER. */
static void number_address(uint8_t out[16], int number, bool v6)
{
	if (v6) {
		memcpy(out, network6, sizeof network6);
		out[15] = (uint8_t)number;
	} else {
		map_v4(out, htonl(10u << 24 | 87u << 16 | (uint32_t)number));
	}
}

bool member_own(uint8_t out[16])
{
	if (own_number)
		number_address(out, own_number, false);
	return own_number != 0;
}

bool is_member_address(const uint8_t a[16])
{
	return own_number && (is_v4(a) ? a[12] == 10 && a[13] == 87 && a[14] == 0 : memcmp(a, network6, 8) == 0);
}

static int find_link(int number)
{
	for (int i = 0; i < MAX_LINKS; i++)
		if (links[i].used && links[i].number == number)
			return i;
	return -1;
}

/* Whose link leads to an address; -1 if it is nobody's. */
static int link_to(const uint8_t a[16])
{
	return is_v4(a) || memcmp(a, network6, sizeof network6) == 0 ? find_link(a[15]) : -1;
}

const char *member_name(const uint8_t a[16])
{
	int i = link_to(a);

	return i < 0 ? NULL : links[i].names.name;
}

static bool is_called(const struct names *n, const char *name)
{
	return strcmp(n->name, name) == 0 || strcmp(n->host_name, name) == 0;
}

/* Whose name it is: in lower case, without a dot at its end. */
bool member_named(const char *name, bool v6, uint8_t out[16])
{
	if (!own_number || !*name)
		return false;
	if (is_called(&own_names, name)) {
		number_address(out, own_number, v6);
		return true;
	}
	for (int i = 0; i < MAX_LINKS; i++)
		if (links[i].used && links[i].number && is_called(&links[i].names, name)) {
			number_address(out, links[i].number, v6);
			return true;
		}
	return false;
}

static void copy_name(char out[MAX_HOST_NAME + 1], const char *in, size_t length)
{
	size_t i;

	for (i = 0; i < length && i < MAX_HOST_NAME && in[i]; i++)
		out[i] = (char)(in[i] >= 'A' && in[i] <= 'Z' ? in[i] | 0x20 : in[i]);
	out[i] = 0;
}

/* ---- links ---- */

static void watch_link(uint32_t index, uint32_t events)
{
	struct link *l = &links[index];

	rewatch(l->fd, l->watched, events, WATCH_LINK, index);
	l->watched = events;
}

static bool has_waiting(uint32_t link)
{
	for (int i = 0; i < waiting_count; i++)
		if (waiting[i].link == link)
			return true;
	return false;
}

static void watch_as_needed(uint32_t index)
{
	watch_link(index, (credit ? (uint32_t)EPOLLIN : 0) | (has_waiting(index) ? (uint32_t)EPOLLOUT : 0));
}

static void drop_link(uint32_t index)
{
	int left = 0;

	watch_link(index, 0);
	close(links[index].fd);
	links[index].used = false;
	links[index].number = 0;
	for (int i = 0; i < waiting_count; i++) {
		if (waiting[i].link == index)
			close(waiting[i].fd);	/* whose connection this was sees its end */
		else
			waiting[left++] = waiting[i];
	}
	waiting_count = left;
}

static bool add_link(int fd, uint32_t *index)
{
	for (uint32_t i = 0; i < MAX_LINKS; i++)
		if (!links[i].used) {
			memset(&links[i], 0, sizeof links[i]);
			links[i].used = true;
			links[i].fd = fd;
			watch_as_needed(*index = i);
			return true;
		}
	close(fd);
	return false;
}

/* 0, EAGAIN, or another errno if the link is of no use any more. */
static int send_on(uint32_t index, const struct link_header *h, const void *data, size_t length, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec parts[2] = { { (void *)h, sizeof *h }, { (void *)data, length } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = length > 0 ? 2 : 1 };

	if (fd >= 0) {
		memset(&control, 0, sizeof control);
		m.msg_control = &control;
		m.msg_controllen = sizeof control.space;
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	if (sendmsg(links[index].fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 0;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ETOOMANYREFS ? EAGAIN : errno;
}

static void say_hello(uint32_t index)
{
	struct link_header h = { LINK_HELLO, (uint16_t)own_number, 0, 0 };
	char text[2 * (MAX_HOST_NAME + 1)];
	size_t n = strlen(own_names.name) + 1, m = strlen(own_names.host_name) + 1;

	memcpy(text, own_names.name, n);
	memcpy(text + n, own_names.host_name, m);
	if (send_on(index, &h, text, n + m, -1) != 0)
		drop_link(index);
}

static bool take_hello(struct link *l, const struct link_header *h, const char *text, size_t length)
{
	size_t n = strnlen(text, length);

	if (h->number < FIRST_NUMBER || h->number > LAST_NUMBER || n == length)
		return false;
	if (l->number && l->number != h->number)
		return false;	/* it stays who it was */
	l->number = h->number;
	copy_name(l->names.name, text, n);
	copy_name(l->names.host_name, text + n + 1, length - n - 1);
	return true;
}

/* ---- joining ---- */

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static struct sockaddr_un place(int number)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof a.sun_path, "%d", number);
	return a;
}

/* Connects to a member; one that is gone leaves its number free. */
static void meet(int number)
{
	struct sockaddr_un a = place(number);
	uint32_t index;

	for (int tries = 0; tries < 200; tries++) {
		int fd = unix_socket();

		if (fd < 0)
			return;
		if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0) {
			if (add_link(fd, &index))
				links[index].number = number;	/* how it is called it will say */
			return;
		}
		close(fd);
		if (errno == ECONNREFUSED)
			unlink(a.sun_path);
		if (errno != EAGAIN)
			return;
		usleep(10000);	/* many join at once */
	}
}

/* "NAME,HOSTNAME,DIRECTORY": before anything is given up, since this needs paths. */
bool join_network(char *word)
{
	char *name = strsep(&word, ","), *host_name = strsep(&word, ",");

	if (!name || !host_name || !word || own_number)
		return false;
	copy_name(own_names.name, name, strlen(name));
	copy_name(own_names.host_name, host_name, strlen(host_name));
	int directory = open(word, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0 || fchdir(directory) != 0)
		die("cannot enter the network's directory", word);
	/* One at a time: nobody takes a number while another looks who is there. */
	while (flock(directory, LOCK_EX) != 0)
		if (errno != EINTR)
			die("cannot lock", word);
	for (int i = FIRST_NUMBER; i <= LAST_NUMBER; i++)
		meet(i);
	listener = unix_socket();
	for (int i = FIRST_NUMBER; i <= LAST_NUMBER && listener >= 0 && !own_number; i++) {
		struct sockaddr_un a = place(i);

		if (find_link(i) < 0 && bind(listener, (struct sockaddr *)&a, sizeof a) == 0)
			own_number = i;
	}
	errno = own_number ? errno : EUSERS;
	if (!own_number || listen(listener, LAST_NUMBER) != 0)
		die("cannot join the network in", word);
	for (uint32_t i = 0; i < MAX_LINKS; i++)
		if (links[i].used)
			say_hello(i);
	watch(listener, WATCH_MEMBERS, 0);
	close(directory);
	return true;
}

void members_ready(void)
{
	uint32_t index;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && add_link(fd, &index))
		say_hello(index);
}

/* ---- what goes over links ---- */

/* A connection to a member: the guest's end, whose first byte is the verdict; or -errno. */
int member_connect(const uint8_t address[16], uint16_t from_port, uint16_t to_port)
{
	struct link_header h = { is_v4(address) ? LINK_CONNECT : LINK_CONNECT_6, (uint16_t)own_number, from_port, to_port };
	int index = link_to(address), pair[2];

	if (index < 0)
		return -EHOSTUNREACH;
	if (waiting_count == MAX_WAITING)
		return -ENOBUFS;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return -errno;
	int error = has_waiting((uint32_t)index) ? EAGAIN : send_on((uint32_t)index, &h, NULL, 0, pair[1]);

	if (error == EAGAIN) {
		waiting[waiting_count++] = (struct waiting){ pair[1], (uint32_t)index, h };
		watch_as_needed((uint32_t)index);
		return pair[0];
	}
	close(pair[1]);
	if (error == 0)
		return pair[0];
	close(pair[0]);
	drop_link((uint32_t)index);
	return -EHOSTUNREACH;
}

void member_send(const uint8_t address[16], uint16_t from_port, uint16_t to_port, const void *data,
		 size_t length)
{
	struct link_header h = { is_v4(address) ? LINK_DATAGRAM : LINK_DATAGRAM_6, (uint16_t)own_number, from_port, to_port };
	int index = link_to(address);

	if (index >= 0)
		send_on((uint32_t)index, &h, data, length, -1);	/* lost if there is no room */
}

static void flush_waiting(uint32_t index)
{
	int left = 0;
	bool full = false;

	for (int i = 0; i < waiting_count; i++) {
		struct waiting *w = &waiting[i];

		if (w->link == index && !full) {
			full = send_on(index, &w->header, NULL, 0, w->fd) == EAGAIN;
			if (!full) {
				close(w->fd);
				continue;
			}
		}
		waiting[left++] = *w;
	}
	waiting_count = left;
	watch_as_needed(index);
}

static void all_links_as_needed(void)
{
	for (uint32_t i = 0; i < MAX_LINKS; i++)
		if (links[i].used)
			watch_as_needed(i);
}

void member_credit(uint32_t count)
{
	bool was_out = credit == 0;
	uint32_t room = CREDIT - credit;

	credit += count < room ? count : room;
	if (was_out)
		all_links_as_needed();
}

static void arrive(const struct link *l, const struct link_header *h, const void *data, size_t length, int fd)
{
	struct net_message m = { .event = fd >= 0 ? NET_ACCEPTED : NET_ARRIVED, .index = MEMBER_PORT,
				 .rule = RULE_MEMBER, .kind = PRIVATE, .port = h->from_port,
				 .protocol = fd >= 0 ? PROTOCOL_TCP : PROTOCOL_UDP, .local_port = h->to_port };

	bool v6 = h->op == LINK_CONNECT_6 || h->op == LINK_DATAGRAM_6;

	number_address(m.address, l->number, v6);
	number_address(m.local_address, own_number, v6);
	if (fd < 0) {
		if (!relay_loses(length))
			send_message(&m, data, length, -1, true);
		return;
	}
	int shown = relay(fd, RELAY_OPEN);
	if (shown < 0)
		return;
	credit--;
	send_message(&m, NULL, 0, shown, false);
	close(shown);
	if (credit == 0)
		all_links_as_needed();
}

static void take_one(uint32_t index)
{
	static struct {
		struct link_header header;
		char data[MAX_DATAGRAM];
	} in;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct link *l = &links[index];
	struct iovec part = { &in, sizeof in };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof control.space };
	int fd = -1;
	ssize_t n = recvmsg(l->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		/* There is room for a second one, which nobody of us sends. */
		for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
			if (fd >= 0)
				close(fd);
			memcpy(&fd, CMSG_DATA(c) + at, sizeof(int));
		}
	size_t length = n < (ssize_t)sizeof in.header ? 0 : (size_t)n - sizeof in.header;

	if (n < (ssize_t)sizeof in.header) {
		drop_link(index);
	} else if (in.header.op == LINK_HELLO) {
		if (!take_hello(l, &in.header, in.data, length))
			drop_link(index);
	} else if (l->number && (in.header.op == LINK_CONNECT || in.header.op == LINK_CONNECT_6) && fd >= 0) {
		arrive(l, &in.header, NULL, 0, fd);
		return;
	} else if (l->number && (in.header.op == LINK_DATAGRAM || in.header.op == LINK_DATAGRAM_6) && fd < 0) {
		arrive(l, &in.header, in.data, length, -1);
	}
	if (fd >= 0)
		close(fd);
}

void link_ready(uint32_t index, uint32_t events)
{
	if (!links[index].used)
		return;
	if (events & EPOLLOUT)
		flush_waiting(index);
	if (links[index].used && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && credit > 0)
		take_one(index);
	else if (links[index].used && (events & (EPOLLHUP | EPOLLERR)))
		drop_link(index);
}
