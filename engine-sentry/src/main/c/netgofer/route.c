/* Asks the kernel whose an address is: this machine's, a broadcast address, or another's. */
#define _GNU_SOURCE
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "netgofer.h"

static int routes = -1;

void route_open(void)
{
	routes = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (routes < 0)
		die("cannot ask for routes", "netlink");
}

/*
 * Whether packets to an address would stay on this machine, or go to all of a
 * network. What cannot be found out is taken for ours; no route is nobody's.
 */
bool is_own(const uint8_t a[16])
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		uint8_t address[16];
	} ask = { .header = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST } };
	union {
		struct nlmsghdr header;
		char space[4096];
	} answer;
	size_t length = is_v4(a) ? 4 : 16;
	ssize_t n;

	ask.route.rtm_family = is_v4(a) ? AF_INET : AF_INET6;
	ask.route.rtm_dst_len = (unsigned char)(8 * length);
	ask.attribute.rta_type = RTA_DST;
	ask.attribute.rta_len = (unsigned short)RTA_LENGTH(length);
	memcpy(ask.address, is_v4(a) ? a + 12 : a, length);
	ask.header.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof ask.route) + RTA_LENGTH(length));
	if (send(routes, &ask, ask.header.nlmsg_len, 0) < 0)
		return true;
	n = recv(routes, &answer, sizeof answer, 0);
	if (n < (ssize_t)sizeof answer.header)
		return true;
	if (answer.header.nlmsg_type == NLMSG_ERROR)
		return false;
	if (answer.header.nlmsg_type != RTM_NEWROUTE || n < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)))
		return true;
	const struct rtmsg *route = NLMSG_DATA(&answer.header);
	return route->rtm_type != RTN_UNICAST && route->rtm_type != RTN_UNREACHABLE &&
	       route->rtm_type != RTN_BLACKHOLE && route->rtm_type != RTN_PROHIBIT &&
	       route->rtm_type != RTN_THROW;
}
