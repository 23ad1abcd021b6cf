/*
 * The network gofer: the one process of a sandbox that has the host's network.
 * It holds to the policy, resolves names, and hands the sentry descriptors of
 * connections; the sentry itself opens none.
 *
 *   vivarium-netgofer allow|ask|full WORD...    with the sentry's socket as descriptor 0
 *   vivarium-netgofer guest PATH allow|ask|full WORD...    for a virtual machine (guest.c), whose sandbox listens at PATH
 *
 * WORD is a rule (policy.c), "dns,ADDRESS,PORT" or "port,tcp|udp,ADDRESS,PORT",
 * "limits,..." (relay.c) or "network,..." (members.c), or "netns,PATH": this process, and with it the guest's sockets,
 * live in that network namespace.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "netgofer.h"

#define DNS_PORT 53

void die(const char *what, const char *where)
{
	const char *why = strerror(errno);
	char line[512];
	int n = snprintf(line, sizeof line, "netgofer: %s %s: %s\n", what, where, why);

	if (n > 0)
		(void)!write(2, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
	_exit(1);
}

static bool add_server(const char *address, int port)
{
	struct dns_server *s = &servers[server_count];
	uint8_t bytes[16];
	uint32_t v4;

	if (server_count == MAX_SERVERS)
		return true;
	if (inet_pton(AF_INET, address, &v4) == 1)
		map_v4(bytes, v4);
	else if (inet_pton(AF_INET6, address, bytes) != 1)
		return false;
	s->length = to_sockaddr(&s->address, bytes, htons((uint16_t)port));
	server_count++;
	return true;
}

/* As resolv.conf(5) has it; this machine itself if it names none. */
static void read_servers(void)
{
	char line[512], address[64];
	FILE *f = fopen("/etc/resolv.conf", "re");

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "nameserver %63s", address) == 1)
			add_server(address, DNS_PORT);
	if (f)
		fclose(f);
	if (server_count == 0)
		add_server("127.0.0.1", DNS_PORT);
}

/* Whether packets to the internet would find a way; none is sent. */
static uint32_t has_route(const char *address)
{
	uint8_t bytes[16];
	struct sockaddr_storage to;
	uint32_t v4;

	if (inet_pton(AF_INET, address, &v4) == 1)
		map_v4(bytes, v4);
	else
		inet_pton(AF_INET6, address, bytes);
	socklen_t length = to_sockaddr(&to, bytes, htons(DNS_PORT));
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool there = fd >= 0 && connect(fd, (struct sockaddr *)&to, length) == 0;

	if (fd >= 0)
		close(fd);
	return there;
}

/* Before anything is opened: every socket is of the namespace in which it was made. */
static void enter_namespace(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
		die("cannot join the network namespace", path);
	close(fd);
	in_namespace = true;
	ports_prepare();
}

int main(int argc, char **argv)
{
	/* Nothing that is opened below may get the number of a standard stream. */
	close_range(3, ~0u, 0);
	for (int fd = 1; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_WRONLY) != fd)
			die("cannot open", "/dev/null");
	if (argc > 2 && strcmp(argv[1], "guest") == 0) {
		guest_connect_channel(argv[2]);
		argv += 2;
		argc -= 2;
	}
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "netns,", 6) == 0)
			enter_namespace(argv[i] + 6);
	serve_prepare();
	for (int i = 1; i < argc; i++) {
		char *word = argv[i], *address;

		errno = EINVAL;
		if (i == 1) {
			full = strcmp(word, "full") == 0;
			asking = strcmp(word, "ask") == 0;
		} else if (strncmp(word, "netns,", 6) == 0) {
			continue;	/* where we are already */
		} else if (strncmp(word, "dns,", 4) == 0) {
			word += 4;
			address = strsep(&word, ",");
			if (!word || !add_server(address, atoi(word)))
				die("not a name server:", argv[i]);
		} else if (strncmp(word, "port,", 5) == 0) {
			if (!add_port(word + 5))
				die("not a port:", argv[i]);
		} else if (strncmp(word, "limits,", 7) == 0) {
			if (!set_limits(word + 7))
				die("not limits:", argv[i]);
		} else if (strncmp(word, "network,", 8) == 0) {
			if (!join_network(word + 8))
				die("not a network:", argv[i]);
		} else if (!add_rule(word)) {
			die("not a rule:", argv[i]);
		}
	}
	if (server_count == 0)
		read_servers();
	uint32_t routes = has_route("8.8.8.8") * NET_HAS_V4 | has_route("2001:4860:4860::8888") * NET_HAS_V6;

	route_open();
	ports_start();
	if (for_guest)
		guest_connect();
	uint32_t features = confine() | routes;

	/* Complaints are over; the sentry's end of this tells it so. */
	close(1);
	close(2);
	serve(features);
}
