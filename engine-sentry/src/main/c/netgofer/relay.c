/*
 * Limits: rate, latency, loss. Where there are none, a connection's descriptor
 * goes to the sentry and its bytes pass nobody. Where there are, the sentry
 * gets one end of a pair, and the bytes pass here, piece by piece, each when it
 * is due. The same for connections that wait for what a person says. All memory is fixed; a piece is only read when there is room for it,
 * so that a slow reader slows its writer and nobody else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "netgofer.h"

#define MAX_RELAYS 256
#define OUT_ROOM (512 * 1024)	/* what is on its way while it is delayed */
#define IN_ROOM (128 * 1024)
#define MAX_PIECES 512
#define SEGMENT 1448
#define AHEAD 20000		/* microseconds of the line that may be taken in advance */
#define RETRANSMIT 200000	/* what the loss of a segment costs a stream at least */
#define MILLION 1000000

enum { OUT, IN };		/* of the sandbox; and the guest's side, the other side */

struct piece {
	int64_t due;
	uint32_t at, length;
};

struct half {
	uint8_t *data;
	uint32_t room;
	struct piece pieces[MAX_PIECES];
	int first, count;
	uint32_t end;		/* where the next piece begins */
	bool ended;		/* nothing more comes */
	bool shut;		/* and that was passed on */
	bool blocked;		/* the receiver has no room */
};

static struct relay {
	bool used, stream, connecting;
	uint32_t question;	/* for the answer to which it waits: then there is no other side yet */
	uint8_t address[16];	/* which it will be */
	uint16_t port;
	bool welcome;		/* the first byte to come is the verdict, which takes its time too */
	bool gone;		/* the guest has closed its side altogether */
	int fds[2];		/* the guest's side (a pair's end), the other side */
	uint32_t watched[2];
	struct half halves[2];	/* OUT: from fds[0] to fds[1] */
} relays[MAX_RELAYS];

/* Only what is used is ever there. */
static uint8_t out_data[MAX_RELAYS][OUT_ROOM], in_data[MAX_RELAYS][IN_ROOM];

static bool limited;
static int in_use;
static int64_t rate;		/* bits per second; 0: no limit */
static int64_t latency;		/* microseconds */
static uint32_t loss;		/* of a million */
static int64_t line_free[2];
static uint64_t random_state;

/* "BITS_PER_SECOND,MICROSECONDS,OF_A_MILLION". */
bool set_limits(char *word)
{
	char *r = strsep(&word, ","), *l = strsep(&word, ",");

	if (!r || !l || !word)
		return false;
	rate = atoll(r);
	latency = atoll(l);
	loss = (uint32_t)atoi(word);
	limited = rate > 0 || latency > 0 || loss > 0;
	if (getrandom(&random_state, sizeof random_state, 0) != sizeof random_state)
		return false;
	random_state |= 1;
	return rate >= 0 && latency >= 0 && loss <= MILLION;
}

bool is_limited(void)
{
	return limited;
}

static int64_t now_micros(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * MILLION + now.tv_nsec / 1000;
}

static bool happens(uint64_t of_a_million)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 16) % MILLION < of_a_million;
}

/* Whether a datagram is lost on its way. */
bool relay_loses(size_t length)
{
	(void)length;
	return loss > 0 && happens(loss);
}

/* When what is put on the line now has arrived. */
static int64_t schedule(int direction, size_t length, bool stream)
{
	int64_t now = now_micros(), start = line_free[direction] > now ? line_free[direction] : now;
	int64_t took = rate > 0 ? (int64_t)length * 8 * MILLION / rate : 0;
	int64_t due = start + took + (direction == OUT ? latency : 0);

	line_free[direction] = start + took;
	if (stream && loss > 0 && happens((uint64_t)loss * (1 + length / SEGMENT)))
		due += 2 * latency > RETRANSMIT ? 2 * latency : RETRANSMIT;
	return due;
}

/* How much of a stream is moved at a time: ten milliseconds of the line. */
static size_t piece_size(void)
{
	int64_t n = rate > 0 ? rate / 8 / 100 : 32 * 1024;

	return n < SEGMENT ? SEGMENT : n > 32 * 1024 ? 32 * 1024 : (size_t)n;
}

static size_t room_at_end(struct half *h)
{
	if (h->count == 0) {
		h->end = 0;
		return h->room;
	}
	uint32_t start = h->pieces[h->first].at;

	if (h->end > start || (h->end == start && h->count == 0)) {
		if (h->room - h->end >= start)
			return h->room - h->end;
		h->end = 0;	/* the rest of the buffer is too small a piece: begin anew */
		return start;
	}
	return start - h->end;
}

static void add_piece(struct half *h, size_t length, int64_t due)
{
	h->pieces[(h->first + h->count++) % MAX_PIECES] =
		(struct piece){ due, h->end, (uint32_t)length };
	h->end += (uint32_t)length;
}

static bool may_read(struct relay *r, int direction, int64_t now)
{
	struct half *h = &r->halves[direction];
	size_t wanted = r->stream ? piece_size() : MAX_DATAGRAM;

	return !h->ended && !r->connecting && h->count < MAX_PIECES && room_at_end(h) >= wanted &&
	       line_free[direction] - now < AHEAD;
}

static void read_piece(struct relay *r, int direction)
{
	struct half *h = &r->halves[direction];
	size_t wanted = r->stream ? piece_size() : MAX_DATAGRAM;

	ssize_t n = recv(r->fds[direction], h->data + h->end, wanted, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* The guest's side of datagrams ends with its socket; a refusal from outside ends nothing. */
	if (n < 0 && !r->stream && direction == IN)
		return;
	if (n < 0 || (n == 0 && (r->stream || direction == OUT))) {
		h->ended = true;
		return;
	}
	if (!r->stream && relay_loses((size_t)n))
		return;
	int64_t due = schedule(direction, (size_t)n, r->stream);

	if (direction == IN && r->welcome) {
		r->welcome = false;
		due += latency;
	}
	add_piece(h, (size_t)n, due);
}

static void write_due(struct relay *r, int direction, int64_t now)
{
	struct half *h = &r->halves[direction];
	int to = r->fds[1 - direction];

	h->blocked = false;
	while (h->count > 0 && h->pieces[h->first].due <= now) {
		struct piece *p = &h->pieces[h->first];
		ssize_t n = send(to, h->data + p->at, p->length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && r->stream && (errno == EAGAIN || errno == EINTR)) {
			h->blocked = true;
			return;
		}
		if (n < 0 && r->stream) {
			/* Nobody reads any more: what comes is not wanted either. */
			h->ended = true;
			h->shut = true;
			h->count = 0;
			shutdown(r->fds[direction], SHUT_RD);
			return;
		}
		if (r->stream && (uint32_t)n < p->length) {
			p->at += (uint32_t)n;
			p->length -= (uint32_t)n;
			continue;
		}
		h->first = (h->first + 1) % MAX_PIECES;
		h->count--;
	}
	if (h->ended && h->count == 0 && !h->shut) {
		h->shut = true;
		if (r->stream)
			shutdown(to, SHUT_WR);
	}
}

static void end_relay(struct relay *r)
{
	for (int side = 0; side < 2; side++) {
		if (r->fds[side] < 0)
			continue;
		rewatch(r->fds[side], r->watched[side], 0, WATCH_RELAY, 0);
		r->watched[side] = 0;
		close(r->fds[side]);
	}
	r->used = false;
	in_use--;
}

static void go_on(struct relay *r)
{
	int64_t now = now_micros();

	for (int d = 0; d < 2; d++)
		write_due(r, d, now);
	struct half *out = &r->halves[OUT], *in = &r->halves[IN];

	if ((out->shut && in->shut) || (!r->stream && out->ended && out->count == 0)) {
		end_relay(r);
		return;
	}
	for (int side = 0; side < 2; side++) {
		if (r->fds[side] < 0)
			continue;
		uint32_t events = (may_read(r, side, now) ? (uint32_t)EPOLLIN : 0) |
				  (r->halves[1 - side].blocked ? (uint32_t)EPOLLOUT : 0) |
				  (side == 1 && r->connecting ? (uint32_t)EPOLLOUT : 0) |
				  (side == 0 && (r->question != 0 || (out->ended && !r->gone)) ? (uint32_t)EPOLLHUP : 0);

		rewatch(r->fds[side], r->watched[side], events, WATCH_RELAY,
			(uint32_t)(r - relays) * 2 + (uint32_t)side);
		r->watched[side] = events;
	}
}

static void connected(struct relay *r, int error)
{
	struct half *in = &r->halves[IN];

	r->connecting = false;
	in->data[0] = (uint8_t)error;
	add_piece(in, 1, now_micros() + latency);
	if (error != 0)
		in->ended = r->halves[OUT].ended = r->halves[OUT].shut = true;
}

static void decided(struct relay *r)
{
	int error = 0;
	socklen_t length = sizeof error;

	if (getsockopt(r->fds[1], SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		error = errno;
	connected(r, error);
}

/* A place, and the guest's end of it; NULL and an errno if there is none. */
static struct relay *begin(enum relay_kind kind, int fd, int *guests, int *error)
{
	struct relay *r = NULL;
	int pair[2];

	for (int i = 0; i < MAX_RELAYS && !r; i++)
		if (!relays[i].used)
			r = &relays[i];
	int type = kind == RELAY_DATAGRAMS ? SOCK_SEQPACKET : SOCK_STREAM;

	if (!r || socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
		*error = r ? errno : ENOBUFS;
		return NULL;
	}
	r->used = true;
	in_use++;
	r->question = 0;
	r->stream = kind != RELAY_DATAGRAMS;
	r->connecting = kind == RELAY_CONNECTING;
	r->welcome = kind == RELAY_WELCOME;
	r->gone = false;
	r->halves[OUT].data = out_data[r - relays];
	r->halves[OUT].room = OUT_ROOM;
	r->halves[IN].data = in_data[r - relays];
	r->halves[IN].room = IN_ROOM;
	r->fds[0] = pair[0];
	r->fds[1] = fd;
	for (int d = 0; d < 2; d++) {
		struct half *h = &r->halves[d];

		h->first = h->count = 0;
		h->end = 0;
		h->ended = h->shut = h->blocked = false;
		r->watched[d] = 0;
	}
	*guests = pair[1];
	return r;
}

/*
 * Puts limits between a socket, which is taken over, and the guest: the
 * guest's end, or -errno. Without limits that is the socket itself.
 */
int relay(int fd, enum relay_kind kind)
{
	int pair, error;

	if (!limited)
		return fd;
	struct relay *r = begin(kind, fd, &pair, &error);

	if (!r) {
		close(fd);
		return -error;
	}
	go_on(r);
	return pair;
}

int relay_asking(uint32_t question, int protocol, const uint8_t address[16], uint16_t port)
{
	int pair, error;
	struct relay *r = begin(protocol == PROTOCOL_TCP ? RELAY_CONNECTING : RELAY_DATAGRAMS, -1, &pair, &error);

	if (!r)
		return -error;
	r->question = question;
	r->connecting = true;
	memcpy(r->address, address, 16);
	r->port = port;
	go_on(r);
	return pair;
}

void relay_answered(uint32_t question, bool allow)
{
	for (int i = 0; in_use > 0 && i < MAX_RELAYS; i++) {
		struct relay *r = &relays[i];

		if (!r->used || r->question != question)
			continue;
		int fd = allow ? connect_outside(r->stream ? PROTOCOL_TCP : PROTOCOL_UDP, r->address, r->port)
			       : -EACCES;

		r->question = 0;
		r->fds[1] = fd < 0 ? -1 : fd;
		if (fd < 0 || !r->stream)
			connected(r, fd < 0 ? -fd : 0);
		go_on(r);
	}
}

void relay_ready(uint32_t index, uint32_t events)
{
	struct relay *r = &relays[index / 2];
	int side = (int)(index % 2);

	if (!r->used)
		return;
	if (r->question != 0) {
		end_relay(r);	/* who asked has gone */
		return;
	}
	if (side == 1 && r->connecting) {
		if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			decided(r);
	} else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && may_read(r, side, now_micros())) {
		read_piece(r, side);
	} else if (side == 0 && (events & EPOLLHUP) && r->halves[OUT].ended) {
		/* What it sent goes on its way; what others send has nowhere to go. */
		r->gone = true;
		r->halves[IN].count = 0;
		r->halves[IN].ended = r->halves[IN].shut = true;
	} else if ((events & EPOLLERR) && !r->stream && r->fds[side] >= 0) {
		int error;
		socklen_t length = sizeof error;

		/* What a datagram met on its way ends nothing, but would be told of again and again. */
		getsockopt(r->fds[side], SOL_SOCKET, SO_ERROR, &error, &length);
	} else if (events & EPOLLERR) {
		/* A socket that has failed cannot be written either. */
		r->halves[1 - side].count = 0;
		r->halves[1 - side].ended = r->halves[1 - side].shut = true;
		if (side == 1)
			r->halves[IN].ended = true;
	}
	go_on(r);
}

/* In microseconds of the monotonic clock; INT64_MAX if nothing waits for time to pass. */
int64_t relay_next_deadline(void)
{
	int64_t first = INT64_MAX, now = in_use > 0 ? now_micros() : 0;

	for (int i = 0; in_use > 0 && i < MAX_RELAYS; i++) {
		struct relay *r = &relays[i];

		for (int d = 0; r->used && d < 2; d++) {
			struct half *h = &r->halves[d];
			int64_t due = INT64_MAX;

			if (h->count > 0 && !h->blocked)
				due = h->pieces[h->first].due;
			if (!h->ended && !r->connecting && line_free[d] - now >= AHEAD &&
			    line_free[d] - AHEAD + 1 < due)
				due = line_free[d] - AHEAD + 1;
			if (due < first)
				first = due;
		}
	}
	return first;
}

void relay_expire(void)
{
	for (int i = 0; in_use > 0 && i < MAX_RELAYS; i++)
		if (relays[i].used)
			go_on(&relays[i]);
}
