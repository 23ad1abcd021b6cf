/* What the parts of the network gofer share. */
#ifndef NETGOFER_H
#define NETGOFER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "protocol.h"

#define CHANNEL 0
#define MAX_RULES 512
#define MAX_PORTS 256
#define MAX_SERVERS 3

/* What an address is; dev.vivarium.profiles.network.AddressKind has the same order. */
enum kind { PUBLIC, PRIVATE, LOOPBACK, LINK_LOCAL, METADATA, OWN, MULTICAST, RESERVED };

struct decision {
	bool allowed;
	int rule;
	enum kind kind;
	const char *name;	/* by which it is allowed, or NULL */
};

/* policy.c: decides as dev.vivarium.profiles.network.PolicyState does; a test compares. */
extern bool full;
extern bool in_namespace;	/* of a container: what leads out of it is for its maker to say */
bool add_rule(char *word);
enum kind kind_of(const uint8_t address[16]);
int rule_for_name(const char *name);
bool bind_name(const char *name, const uint8_t address[16], uint32_t ttl, int64_t now, enum kind *kind);
struct decision decide(int protocol, const uint8_t address[16], uint16_t port, int64_t now);
struct decision decide_host_loopback(int protocol, uint16_t port);
/* What a person said of a name (protocol 0), of a port of one, or of an address. False if there is no room. */
bool keep_answer(int protocol, const uint8_t address[16], uint16_t port, const char *name, bool allow);

/* ask.c: questions to a person. */
extern bool asking;
/* -> the number of the question, which may be open already; 0: it cannot be asked. The port is in this machine's order. */
uint32_t ask(uint32_t sequence, int protocol, const uint8_t address[16], uint16_t port, enum kind kind, const char *name);
void ask_tell(void);
void ask_answered(uint32_t number, uint32_t answer);

/* route.c: what this machine itself would do with an address. */
void route_open(void);
bool is_own(const uint8_t address[16]);

/* dns.c: the name server that the guest sees. */
#define MAX_QUESTION 512
struct dns_server {
	struct sockaddr_storage address;
	socklen_t length;
};
extern struct dns_server servers[MAX_SERVERS];
extern int server_count;
int dns_open_flow(bool stream, uint32_t sequence);	/* -> the guest's end, or -errno */
void dns_answered(uint32_t question, bool allow);
void dns_flow_ready(uint32_t index);
void dns_answer_ready(uint32_t index);
int64_t dns_next_deadline(void);
void dns_expire(int64_t now_millis);

/* serve.c */
enum watched { WATCH_CHANNEL, WATCH_PORT, WATCH_FLOW, WATCH_ANSWER, WATCH_MEMBERS, WATCH_LINK, WATCH_RELAY, WATCH_GUEST };
void serve_prepare(void);
void serve(uint32_t features) __attribute__((noreturn));
/* What the policy says, and the connection if it says yes: its descriptor, or a negative errno. m gets OPEN_*. */
int open_decided(const struct net_request *r, struct decision *d, struct net_message *m);
/* A connection that is being made, without limits: its descriptor, or -errno. The port is in network order. */
int connect_outside(int protocol, const uint8_t address[16], uint16_t port);
void hello(uint32_t sequence);
void watch(int fd, enum watched what, uint32_t index);
void rewatch(int fd, uint32_t before, uint32_t events, enum watched what, uint32_t index);
void send_message(struct net_message *m, const void *payload, size_t length, int fd, bool may_lose);
int64_t now_millis(void);

/* ports.c: published ports. */
void ports_prepare(void);
bool add_port(char *word);
int port_listen(int protocol, const uint8_t address[16], uint16_t port);	/* -> its index, or -errno */
void port_unlisten(uint32_t index);
void ports_start(void);
void port_ready(uint32_t index);
void port_credit(uint32_t index, uint32_t count);
void port_send(uint32_t index, const uint8_t address[16], uint16_t port, const void *data, size_t length);

/* members.c: a private network of sandboxes. */
bool join_network(char *word);
bool member_own(uint8_t out[16]);
bool is_member_address(const uint8_t address[16]);
const char *member_name(const uint8_t address[16]);
bool member_named(const char *name, bool v6, uint8_t out[16]);
void members_ready(void);
void link_ready(uint32_t index, uint32_t events);
int member_connect(const uint8_t address[16], uint16_t from_port, uint16_t to_port);
void member_send(const uint8_t address[16], uint16_t from_port, uint16_t to_port, const void *data,
		 size_t length);
void member_credit(uint32_t count);

/* relay.c: limits. */
enum relay_kind { RELAY_OPEN, RELAY_CONNECTING, RELAY_WELCOME, RELAY_DATAGRAMS };
bool set_limits(char *word);
bool is_limited(void);
bool relay_loses(size_t length);
int relay(int fd, enum relay_kind kind);
/*
 * A connection, or a way of datagrams, that is only made when a person has said so: the guest's end, or -errno. The port is in
 * network order. What is sent until then waits in that end, as much as its buffer holds.
 */
int relay_asking(uint32_t question, int protocol, const uint8_t address[16], uint16_t port);
void relay_answered(uint32_t question, bool allow);
void relay_ready(uint32_t index, uint32_t events);
int64_t relay_next_deadline(void);
void relay_expire(void);

/* guest.c: a virtual machine's connections, which this process keeps. */
extern bool for_guest;
void guest_connect_channel(const char *path);
void guest_connect(void);
void guest_start(void);
void guest_ready(void);
/* What came to a published port; the descriptor is its own from now on. */
void guest_accepted(uint32_t index, const struct net_message *m, int fd);
void guest_arrived(uint32_t index, const struct net_message *m, const void *data, size_t length);

/* confine.c */
uint32_t confine(void);
void die(const char *what, const char *where) __attribute__((noreturn));

/* address.c */
extern const uint8_t gateway[16];	/* the guest's name server, and the name of this machine there */
bool is_v4(const uint8_t address[16]);
void map_v4(uint8_t out[16], uint32_t network_order);
socklen_t to_sockaddr(struct sockaddr_storage *out, const uint8_t address[16], uint16_t port);
void from_sockaddr(const struct sockaddr_storage *in, uint8_t address[16], uint16_t *port);

#endif
