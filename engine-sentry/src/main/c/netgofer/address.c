/* Addresses: IPv4 is kept as the IPv6 address that maps it, so that both ways to write it are one. */
#include <arpa/inet.h>
#include <string.h>
#include "netgofer.h"

const uint8_t gateway[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 86, 0, 1 };

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool is_v4(const uint8_t address[16])
{
	return memcmp(address, mapped, sizeof mapped) == 0;
}

void map_v4(uint8_t out[16], uint32_t network_order)
{
	memcpy(out, mapped, sizeof mapped);
	memcpy(out + 12, &network_order, 4);
}

/* The port is in network order. */
socklen_t to_sockaddr(struct sockaddr_storage *out, const uint8_t address[16], uint16_t port)
{
	memset(out, 0, sizeof *out);
	if (is_v4(address)) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;

		in->sin_family = AF_INET;
		in->sin_port = port;
		memcpy(&in->sin_addr, address + 12, 4);
		return sizeof *in;
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = port;
	memcpy(&in6->sin6_addr, address, 16);
	return sizeof *in6;
}

void from_sockaddr(const struct sockaddr_storage *in, uint8_t address[16], uint16_t *port)
{
	if (in->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)in;

		memcpy(address, &in6->sin6_addr, 16);
		*port = in6->sin6_port;
		return;
	}
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)in;

	map_v4(address, in4->sin_addr.s_addr);
	*port = in4->sin_port;
}
