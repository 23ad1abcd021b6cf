/*
 * Connections in frames over a byte stream: what the network gofer and the agent of a virtual machine say to each other. Both
 * ends are built from this (flow.c), and neither trusts the other: a gofer reads what a hostile guest may have written.
 *
 * A flow belongs to a number below FLOWS. Below GUEST_FLOWS the agent gives them out (FLOW_OPEN), from there on the gofer
 * (FLOW_ARRIVED). A number is free again when both ends have said FLOW_CLOSE, or FLOW_OPENED has said an error.
 * What a stream carries is under credit: FLOW_WINDOW bytes may be under way each way until the other end grants more, so
 * both ends always read the stream of frames, and none waits for the other. Datagrams are dropped where there is no room.
 */
#ifndef FLOW_H
#define FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FLOW_WINDOW 65536u
#define FLOW_PAYLOAD 65536u
#define GUEST_FLOWS 512u
#define FLOWS 768u

enum flow_frame {
	FLOW_OPEN = 96,	/* agent: struct flow_address, where to */
	FLOW_OPENED,	/* gofer: u32, 0 or an errno */
	FLOW_ARRIVED,	/* gofer: struct flow_address, from whom, and to what */
	FLOW_DATA,	/* bytes, or a datagram */
	FLOW_GRANT,	/* u32 bytes */
	FLOW_END,	/* nothing more comes from this end */
	FLOW_CLOSE,	/* u32, 0 or an errno: this end is done with it */
};

struct flow_header {
	uint32_t length;
	uint16_t type;
	uint16_t zero;
	uint32_t flow;
};

/* Ports in network order, IPv4 as ::ffff:a.b.c.d. */
struct flow_address {
	uint8_t protocol;	/* 1: TCP, 2: UDP */
	uint8_t zero;
	uint16_t port;
	uint16_t published;	/* FLOW_ARRIVED: which of the published ports, from 0 */
	uint16_t zero2;
	uint8_t address[16];
};

struct flow {
	bool used;
	bool stream;
	bool pair;		/* a socket pair's end: nothing read is its end, for datagrams too */
	bool open;		/* bytes may pass */
	bool said_end, heard_end, shut, said_close, heard_close;
	int fd;			/* -1: none */
	uint32_t events;	/* that it is watched for */
	uint32_t credit;	/* that the other end has given */
	uint32_t window;	/* what the other end may still send */
	uint32_t owed;		/* what it could be granted */
	uint32_t start, length;	/* of what came and could not be written yet, in a ring */
	uint64_t from_wire, to_wire;
};

extern struct flow flows[FLOWS];

/* The ends' own. */
ssize_t wire_read(void *bytes, size_t size);	/* 0: the other end is gone; -1 and EAGAIN: nothing now */
ssize_t wire_write(const void *bytes, size_t size);
/* FLOW_OPEN, FLOW_OPENED, FLOW_ARRIVED; false: it breaks the rules. */
bool wire_frame(const struct flow_header *header, const uint8_t *payload);
void flow_datagram(uint32_t id, const uint8_t *bytes, size_t length);		/* for a flow without a descriptor */
void flow_ready(uint32_t id);		/* of one that is watched and not open: what it waits for has come */
void flow_over(uint32_t id, int error);	/* its number is free when this returns */

bool wire_send(uint16_t type, uint32_t flow, const void *a, size_t a_length, const void *b, size_t b_length);
bool wire_pending(void);
/* Whether nothing should be added that can wait. */
bool wire_full(void);
/* Both false: the other end is gone, or breaks the rules. */
bool wire_flush(void);
bool wire_receive(void);

/* The descriptor to wait for in the wire's name: ready when a flow is. To be left alone while the wire is full. */
int flows_poller(void);
void flows_turn(void);

/* Begins one; the number must be free. */
void flow_init(uint32_t id, bool stream, int fd);
/* From the first number in a range that is free, or FLOWS. */
uint32_t flow_find_free(uint32_t from, uint32_t to);
/* From now on bytes pass. */
void flow_opened(uint32_t id);
/* Waits until what it does can go on (a connection that is being made); then flow_ready. */
void flow_await(uint32_t id, uint32_t events);
void flow_close(uint32_t id, int error);

#endif
