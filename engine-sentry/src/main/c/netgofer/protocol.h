/*
 * What the sentry and the network gofer say to each other over a
 * SOCK_SEQPACKET socket, little-endian; addresses and ports in network order.
 * The sentry may have many requests open; replies carry their sequence
 * numbers. The Java side is dev.vivarium.sentry.netgofer.NetWire; a test
 * compares the offsets.
 */
#ifndef NETGOFER_PROTOCOL_H
#define NETGOFER_PROTOCOL_H

#include <stdint.h>

#define NETGOFER_VERSION 4
#define MAX_DATAGRAM 65507
#define MAX_HOST_NAME 253
#define MEMBER_PORT 0xffff	/* the index of what comes from, and goes to, members of the private network */

enum net_op {
	NET_HELLO = 1,	/* -> value = features, index = version, local_address = in the private network */
	NET_OPEN,	/* protocol, address, port, value = the guest's port -> descriptor; index = OPEN_* */
	NET_ASK,	/* the same question, and nothing is opened */
	NET_CREDIT,	/* index = published port: value more connections may come; no reply */
	NET_DATAGRAM,	/* index = published port, address, port, data: to who wrote before; no reply.
			   Or MEMBER_PORT, and value = the guest's port: to a member */
	/* Only in a network namespace that is the container's own (NET_IN_NAMESPACE). */
	NET_LISTEN,	/* protocol, address, port -> index = a published port from now on */
	NET_UNLISTEN,	/* index; no reply */
	NET_ANSWER,	/* value = a question's number, index = ANSWER_*; no reply */
};

enum net_event {
	NET_REPLY = 1,
	NET_ACCEPTED,	/* index, address, port = the peer, descriptor; of members, local_port too, and
			   whoever takes it writes the verdict: a byte, 0 or an errno */
	NET_ARRIVED,	/* a datagram: index, address, port = the sender, data; of members, local_port too */
	NET_RESOLVED,	/* a name was asked for: name; error, rule; value = query type; address = first */
	/* Of a virtual machine's flows, which stay in the gofer (guest.c). */
	NET_OPENED,	/* protocol, address, port, name; error, rule, kind; value = microseconds */
	NET_CLOSED,	/* protocol, address, port; data: u64 sent, u64 received */
	NET_QUESTION,	/* a person is to be asked: value = its number, sequence = whose request it is about,
			   protocol (0: name is to be looked up), address, port, kind, name */
};

enum { PROTOCOL_TCP = 1, PROTOCOL_UDP = 2 };

/* The descriptor is of no socket of the host's network, and looks connected at once. Whether there is a
   peer is what its first byte says: 0, or an errno. Its end without one means ECONNREFUSED. */
enum { OPEN_VERDICT = 1 };

/* What a person says. Without an answer the next attempt asks again. */
enum { ANSWER_REFUSE, ANSWER_ALLOW, ANSWER_NONE };

struct net_request {
	uint32_t sequence;
	uint16_t op;
	uint16_t index;
	uint32_t value;
	uint8_t protocol;
	uint8_t reserved;
	uint16_t port;
	uint8_t address[16];	/* IPv4 as ::ffff:a.b.c.d */
};

/* Followed by data, or the name by which a rule allowed it. */
struct net_message {
	uint32_t sequence;	/* 0: not asked for */
	uint16_t event;
	uint16_t index;
	int32_t error;		/* 0 or an errno; EACCES: the policy refuses */
	int32_t rule;		/* its number, or RULE_* */
	uint32_t value;
	uint8_t kind;		/* enum kind */
	uint8_t protocol;
	uint16_t port;
	uint8_t address[16];
	uint8_t local_address[16];
	uint16_t local_port;
	uint16_t length;
};

enum { RULE_NONE = -1, RULE_FULL = -2, RULE_BUILT_IN = -3, RULE_MEMBER = -4, RULE_DENIED = -5, RULE_ASKED = -6, RULE_ANSWERED = -7 };

enum net_feature {
	NET_HAS_V4 = 1,		/* a route to the internet */
	NET_HAS_V6 = 2,
	NET_USER_NS = 4,
	NET_EMPTY_ROOT = 8,
	NET_NOBODY = 16,
	NET_SECCOMP = 32,
	NET_NO_CAPS = 64,
	NET_LANDLOCK = 128,
	NET_IN_NAMESPACE = 256,	/* the guest's sockets are this namespace's: it may listen, and reach all that is there */
};

#endif
