/*
 * The name server that the guest sees. Every query is read here, decided by
 * the policy, and asked anew under a number and from a port of our own; of the
 * answer, addresses are taken one by one and looked at. What comes from the
 * guest and what comes from a server are both hostile.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include "netgofer.h"

#define HEADER 12
#define MAX_FLOWS 128
#define MAX_QUERIES 256
#define MAX_WAITING 128		/* of them, for a person */
#define MAX_ANSWER 4096
#define MAX_ADDRESSES 16
#define PLAIN_LIMIT 512		/* of an answer to who does not say that more is welcome */
#define EDNS_SIZE 1232
#define TRY_MILLIS 1500
#define ROUNDS 2
#define MAX_ALIASES 16
#define OWN_TTL 60

enum { TYPE_A = 1, TYPE_AAAA = 28, TYPE_CNAME = 5, TYPE_OPT = 41, TYPE_SVCB = 64, TYPE_HTTPS = 65,
       TYPE_AXFR = 252, TYPE_ANY = 255 };
enum { NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED };

/* A socket of the guest's that asks; this is our end of it. */
struct flow {
	int fd;
	bool stream;
	uint32_t generation;	/* a slot may be used again while a query is out */
	uint64_t last_use;
	uint32_t sequence;	/* of the request that opened it */
	size_t used;		/* of a stream: bytes of a query that is not whole yet */
	uint8_t buffer[2 + MAX_QUESTION];
};

struct question {
	uint8_t wire[MAX_HOST_NAME + 2 + 4];	/* name, type, class */
	size_t length;
	char name[MAX_HOST_NAME + 1];	/* lower case, without a dot at its end */
	uint16_t type;
	uint16_t id;		/* the guest's */
	uint16_t flags;
	size_t limit;		/* bytes of an answer that the guest takes */
};

struct query {
	bool used;
	int fd;
	uint16_t id;		/* ours */
	uint32_t flow, generation;
	int tries;
	int rule;
	int64_t deadline;
	uint32_t question;	/* to a person, for the answer to which it waits */
	bool stream;		/* asked again by TCP, since the answer did not fit */
	bool sent;
	size_t got;		/* bytes of the answer by TCP, with its length before it */
	struct question asked;
};

struct dns_server servers[MAX_SERVERS];
int server_count;
static struct flow flows[MAX_FLOWS];
static struct query queries[MAX_QUERIES];
static uint64_t use_counter;

/* Answers by TCP as they come in; a slot belongs to a query. */
static uint8_t streamed[MAX_QUERIES][2 + MAX_ANSWER];

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* ---- flows ---- */

static void close_flow(uint32_t index)
{
	struct flow *f = &flows[index];

	if (f->last_use == 0)
		return;
	close(f->fd);
	f->last_use = 0;
	f->generation++;
	f->used = 0;
}

int dns_open_flow(bool stream, uint32_t sequence)
{
	uint32_t best = 0;
	int pair[2];

	for (uint32_t i = 1; i < MAX_FLOWS; i++)
		if (flows[i].last_use < flows[best].last_use)
			best = i;
	close_flow(best);
	if (socketpair(AF_UNIX, (stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       pair) != 0)
		return -errno;
	flows[best].fd = pair[0];
	flows[best].stream = stream;
	flows[best].sequence = sequence;
	flows[best].last_use = ++use_counter;
	watch(pair[0], WATCH_FLOW, best);
	return pair[1];
}

static void deliver(uint32_t index, uint32_t generation, const uint8_t *answer, size_t length)
{
	struct flow *f = &flows[index];
	uint8_t whole[2 + MAX_ANSWER];

	if (f->last_use == 0 || f->generation != generation || length > MAX_ANSWER)
		return;
	put16(whole, (unsigned)length);
	memcpy(whole + 2, answer, length);
	ssize_t n = f->stream ? send(f->fd, whole, length + 2, MSG_DONTWAIT | MSG_NOSIGNAL)
			      : send(f->fd, answer, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* Half an answer would make nonsense of all that follow. */
	if (f->stream && n != (ssize_t)length + 2)
		close_flow(index);
}

/* ---- reading ---- */

/*
 * Reads a name at *at, following pointers backwards only, into lower case. False if it is
 * malformed, too long, or has other characters than host names have.
 */
static bool read_name(const uint8_t *m, size_t n, size_t *at, char out[MAX_HOST_NAME + 1], bool pointers)
{
	size_t p = *at, length = 0, floor = *at;
	bool jumped = false, plain = true;

	for (;;) {
		if (p >= n)
			return false;
		uint8_t label = m[p];

		if ((label & 0xc0) == 0xc0) {
			if (!pointers || p + 1 >= n)
				return false;
			size_t to = (size_t)(label & 0x3f) << 8 | m[p + 1];

			if (!jumped)
				*at = p + 2;
			jumped = true;
			if (to >= floor)
				return false;	/* each pointer leads further back, so this ends */
			floor = p = to;
			continue;
		}
		if (label > 63)
			return false;
		if (label == 0)
			break;
		if (p + 1 + label > n || length + (length > 0) + label > MAX_HOST_NAME)
			return false;
		if (length > 0)
			out[length++] = '.';
		for (int i = 1; i <= label; i++) {
			uint8_t c = m[p + i];

			if (c >= 'A' && c <= 'Z')
				c |= 0x20;
			plain &= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
			out[length++] = (char)c;
		}
		p += 1u + label;
	}
	if (!jumped)
		*at = p + 1;
	out[length] = 0;
	return plain;
}

static bool skip_name(const uint8_t *m, size_t n, size_t *at)
{
	for (;;) {
		if (*at >= n)
			return false;
		uint8_t label = m[*at];

		if ((label & 0xc0) == 0xc0) {
			*at += 2;
			return *at <= n;
		}
		if (label > 63)
			return false;
		*at += 1u + label;
		if (label == 0)
			return *at <= n;
	}
}

/* ---- answering ---- */

static size_t start_answer(uint8_t *out, const struct question *q, int rcode)
{
	memset(out, 0, HEADER);
	put16(out, q->id);
	/* A response, recursion available, and what was wished for. */
	put16(out + 2, 0x8080u | (q->flags & 0x0110u) | (unsigned)rcode);
	put16(out + 4, 1);
	memcpy(out + HEADER, q->wire, q->length);
	return HEADER + q->length;
}

static size_t add_address(uint8_t *out, size_t at, const uint8_t a[16], uint32_t ttl)
{
	size_t length = is_v4(a) ? 4 : 16;

	put16(out + at, 0xc000 | HEADER);	/* the name of the question */
	put16(out + at + 2, length == 4 ? TYPE_A : TYPE_AAAA);
	put16(out + at + 4, 1);
	put16(out + at + 6, ttl >> 16);
	put16(out + at + 8, ttl & 0xffff);
	put16(out + at + 10, (unsigned)length);
	memcpy(out + at + 12, length == 4 ? a + 12 : a, length);
	put16(out + 6, get16(out + 6) + 1u);
	return at + 12 + length;
}

static void answer_plainly(uint32_t flow, uint32_t generation, const struct question *q, int rcode)
{
	uint8_t out[HEADER + sizeof q->wire];

	deliver(flow, generation, out, start_answer(out, q, rcode));
}

static void tell(const struct question *q, int error, int rule, enum kind kind, const uint8_t *address)
{
	struct net_message m = { .event = NET_RESOLVED, .error = error, .rule = rule, .value = q->type,
				 .kind = (uint8_t)kind };

	if (address)
		memcpy(m.address, address, 16);
	send_message(&m, q->name, strlen(q->name), -1, true);
}

/* ---- asking ---- */

static void drop_query(struct query *q)
{
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
	q->used = false;
}

/* The query as it goes to a server: under a number of our own, with EDNS. */
static size_t write_query(const struct query *q, uint8_t out[HEADER + sizeof q->asked.wire + 11])
{
	size_t at = HEADER + q->asked.length;

	memset(out, 0, HEADER);
	put16(out, q->id);
	put16(out + 2, 0x0100);	/* recursion desired */
	put16(out + 4, 1);
	put16(out + 10, 1);
	memcpy(out + HEADER, q->asked.wire, q->asked.length);
	memset(out + at, 0, 11);
	put16(out + at + 1, TYPE_OPT);
	put16(out + at + 3, EDNS_SIZE);
	return at + 11;
}

/* Asks the next server, from a fresh port and under a fresh number. */
static void try_next(struct query *q)
{
	uint8_t out[HEADER + sizeof q->asked.wire + 11];

	q->stream = false;
	while (q->tries < ROUNDS * server_count) {
		const struct dns_server *s = &servers[q->tries++ % server_count];

		if (q->fd >= 0)
			close(q->fd);
		q->fd = socket(s->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (q->fd < 0 || getrandom(&q->id, sizeof q->id, 0) != sizeof q->id)
			continue;
		size_t at = write_query(q, out);

		if (connect(q->fd, (const struct sockaddr *)&s->address, s->length) != 0 ||
		    send(q->fd, out, at, MSG_NOSIGNAL) != (ssize_t)at)
			continue;
		q->deadline = now_millis() + TRY_MILLIS;
		watch(q->fd, WATCH_ANSWER, (uint32_t)(q - queries));
		return;
	}
	answer_plainly(q->flow, q->generation, &q->asked, SERVFAIL);
	drop_query(q);
}

/* The same server once more, by TCP: what it had to say did not fit into a datagram. */
static void try_stream(struct query *q)
{
	const struct dns_server *s = &servers[(q->tries - 1) % server_count];

	close(q->fd);
	q->fd = socket(s->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (q->fd < 0 ||
	    (connect(q->fd, (const struct sockaddr *)&s->address, s->length) != 0 && errno != EINPROGRESS)) {
		try_next(q);
		return;
	}
	q->stream = true;
	q->sent = false;
	q->got = 0;
	q->deadline = now_millis() + TRY_MILLIS;
	rewatch(q->fd, 0, EPOLLOUT, WATCH_ANSWER, (uint32_t)(q - queries));
}

/* Goes on with a query by TCP: the length of the whole answer, or 0 as long as there is none. */
static size_t go_on_with_stream(struct query *q, uint8_t *in)
{
	if (!q->sent) {
		uint8_t out[2 + HEADER + sizeof q->asked.wire + 11];
		size_t length = write_query(q, out + 2);

		put16(out, (unsigned)length);
		if (send(q->fd, out, length + 2, MSG_NOSIGNAL) != (ssize_t)length + 2) {
			try_next(q);	/* it did not want to be connected, above all */
			return 0;
		}
		q->sent = true;
		rewatch(q->fd, EPOLLOUT, EPOLLIN, WATCH_ANSWER, (uint32_t)(q - queries));
		return 0;
	}
	ssize_t n = recv(q->fd, in + q->got, 2 + MAX_ANSWER - q->got, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		try_next(q);
		return 0;
	}
	q->got += (size_t)n;
	size_t length = q->got < 2 ? 0 : get16(in);
	if (q->got >= 2 && length < HEADER) {
		try_next(q);
		return 0;
	}
	if (length > MAX_ANSWER)
		length = MAX_ANSWER;	/* as much of it as anybody may ask for */
	return q->got < 2 + length || q->got < 2 ? 0 : length;
}

int64_t dns_next_deadline(void)
{
	int64_t first = INT64_MAX;

	for (int i = 0; i < MAX_QUERIES; i++)
		if (queries[i].used && queries[i].question == 0 && queries[i].deadline < first)
			first = queries[i].deadline;
	return first;
}

void dns_expire(int64_t now)
{
	for (int i = 0; i < MAX_QUERIES; i++)
		if (queries[i].used && queries[i].question == 0 && queries[i].deadline <= now)
			try_next(&queries[i]);
}

/* False if the message is none that has an answer. */
static bool read_question(const uint8_t *m, size_t n, struct question *q, int *rcode)
{
	size_t at = HEADER;

	*rcode = FORMERR;
	if (n < HEADER || (m[2] & 0x80) != 0)
		return false;
	q->id = get16(m);
	q->flags = get16(m + 2);
	q->length = 0;
	q->limit = PLAIN_LIMIT;
	q->name[0] = 0;
	if ((m[2] & 0x78) != 0) {
		*rcode = NOTIMP;
		return true;
	}
	if (get16(m + 4) != 1)
		return true;
	bool plain = read_name(m, n, &at, q->name, false);
	if (!plain) {
		at = HEADER;
		if (!skip_name(m, n, &at) || at - HEADER > sizeof q->wire - 4)
			return true;
	}
	if (at + 4 > n || at - HEADER > sizeof q->wire - 4)
		return true;
	q->length = at + 4 - HEADER;
	memcpy(q->wire, m + HEADER, q->length);
	q->type = get16(m + at);
	*rcode = !plain || q->name[0] == 0 || get16(m + at + 2) != 1 || q->type >= TYPE_AXFR ||
				 q->type == TYPE_OPT || q->type == 0
			 ? REFUSED
			 : NOERROR;
	at += 4;
	/* The first additional record, if it is EDNS and nothing is before it. */
	if (get16(m + 6) == 0 && get16(m + 8) == 0 && get16(m + 10) == 1 && at + 11 <= n && m[at] == 0 &&
	    get16(m + at + 1) == TYPE_OPT && get16(m + at + 3) > PLAIN_LIMIT)
		q->limit = get16(m + at + 3) < MAX_ANSWER ? get16(m + at + 3) : MAX_ANSWER;
	return true;
}

/* Names that stand for this sandbox and this machine. */
static bool answer_own(uint32_t flow, const struct question *q)
{
	static const uint8_t loopback6[16] = { [15] = 1 };
	uint8_t out[HEADER + sizeof q->wire + 32], address[16];
	size_t n = strlen(q->name);
	bool local = strcmp(q->name, "localhost") == 0 || (n > 10 && strcmp(q->name + n - 10, ".localhost") == 0);
	bool host = strcmp(q->name, "host.vivarium.internal") == 0;
	uint8_t member[16];

	if (!local && !host && !member_named(q->name, q->type == TYPE_AAAA, member))
		return false;
	size_t at = start_answer(out, q, NOERROR);
	map_v4(address, htonl(INADDR_LOOPBACK));
	if (q->type == TYPE_A)
		at = add_address(out, at, local ? address : host ? gateway : member,
				 local || host ? OWN_TTL : 0);
	else if (q->type == TYPE_AAAA && !host)
		at = add_address(out, at, local ? loopback6 : member, local ? OWN_TTL : 0);
	deliver(flow, flows[flow].generation, out, at);
	return true;
}

static bool is_again(const struct query *q, uint32_t flow, const struct question *asked)
{
	return q->used && q->flow == flow && q->generation == flows[flow].generation && q->asked.id == asked->id &&
	       q->asked.type == asked->type && strcmp(q->asked.name, asked->name) == 0;
}

/* A person has said whether a name may be known. */
void dns_answered(uint32_t question, bool allow)
{
	for (int i = 0; i < MAX_QUERIES; i++) {
		struct query *q = &queries[i];

		if (!q->used || q->question != question)
			continue;
		q->question = 0;
		q->rule = allow ? RULE_ANSWERED : RULE_DENIED;
		if (allow) {
			try_next(q);
			continue;
		}
		tell(&q->asked, EACCES, RULE_DENIED, PUBLIC, NULL);
		answer_plainly(q->flow, q->generation, &q->asked, NXDOMAIN);
		drop_query(q);
	}
}

static void take_query(uint32_t flow, const uint8_t *m, size_t n)
{
	struct question asked;
	struct query *q = NULL;
	int rcode;

	memset(&asked, 0, sizeof asked);
	if (!read_question(m, n, &asked, &rcode))
		return;
	flows[flow].last_use = ++use_counter;
	if (flows[flow].stream)
		asked.limit = MAX_ANSWER;
	if (rcode != NOERROR) {
		if (rcode == REFUSED)
			tell(&asked, EACCES, RULE_NONE, PUBLIC, NULL);
		answer_plainly(flow, flows[flow].generation, &asked, rcode);
		return;
	}
	if (answer_own(flow, &asked))
		return;
	int rule = rule_for_name(asked.name);
	uint32_t number = 0;

	/* Of a name a person is asked once, whatever of it is wanted first. */
	if (rule == RULE_ASKED && (asked.type == TYPE_A || asked.type == TYPE_AAAA) && server_count > 0) {
		static const uint8_t nowhere[16];

		for (int i = 0; i < MAX_QUERIES; i++)
			if (is_again(&queries[i], flow, &asked))
				return;	/* it waits already */
		number = ask(flows[flow].sequence, 0, nowhere, 0, PUBLIC, asked.name);
	}
	if (rule == RULE_ASKED && number == 0)
		rule = RULE_NONE;
	if (rule == RULE_NONE || rule == RULE_DENIED) {
		tell(&asked, EACCES, rule, PUBLIC, NULL);
		/* "No such name" ends the search at once; programs try again after "refused". */
		answer_plainly(flow, flows[flow].generation, &asked, NXDOMAIN);
		return;
	}
	if (asked.type == TYPE_SVCB || asked.type == TYPE_HTTPS) {
		/* They carry addresses past our eyes; without them, programs ask for A and AAAA. */
		answer_plainly(flow, flows[flow].generation, &asked, NOERROR);
		return;
	}
	for (int i = 0; i < (number != 0 ? MAX_WAITING : MAX_QUERIES) && !q; i++)
		if (!queries[i].used)
			q = &queries[i];
	if (!q || server_count == 0) {
		answer_plainly(flow, flows[flow].generation, &asked, SERVFAIL);
		return;
	}
	memset(q, 0, sizeof *q);
	q->used = true;
	q->fd = -1;
	q->flow = flow;
	q->generation = flows[flow].generation;
	q->rule = rule;
	q->asked = asked;
	q->question = number;
	if (number == 0)
		try_next(q);
}

void dns_flow_ready(uint32_t index)
{
	struct flow *f = &flows[index];

	/* A few at a time: others want their turn, and epoll reminds us. */
	for (int turn = 0; turn < 8 && f->last_use != 0; turn++) {
		if (!f->stream) {
			uint8_t m[MAX_QUESTION];
			ssize_t n = recv(f->fd, m, sizeof m, MSG_DONTWAIT);

			if (n < 0 && errno == EAGAIN)
				return;
			if (n <= 0)
				close_flow(index);
			else
				take_query(index, m, (size_t)n);
			continue;
		}
		ssize_t n = recv(f->fd, f->buffer + f->used, sizeof f->buffer - f->used, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_flow(index);
			return;
		}
		f->used += (size_t)n;
		while (f->last_use != 0 && f->used >= 2) {
			size_t length = get16(f->buffer);

			if (length > MAX_QUESTION) {
				close_flow(index);
				return;
			}
			if (f->used < 2 + length)
				break;
			uint8_t m[MAX_QUESTION];

			memcpy(m, f->buffer + 2, length);
			f->used -= 2 + length;
			memmove(f->buffer, f->buffer + 2 + length, f->used);
			take_query(index, m, length);
		}
	}
}

/* ---- answers ---- */

struct record {
	size_t name, data;
	uint16_t type, length;
	uint32_t ttl;
};

static bool next_record(const uint8_t *m, size_t n, size_t *at, struct record *r)
{
	r->name = *at;
	if (!skip_name(m, n, at) || *at + 10 > n)
		return false;
	r->type = get16(m + *at);
	bool internet = get16(m + *at + 2) == 1;
	r->ttl = get32(m + *at + 4);
	if (r->ttl > 0x7fffffff)
		r->ttl = 0;
	r->length = get16(m + *at + 8);
	r->data = *at + 10;
	*at = r->data + r->length;
	if (!internet)
		r->type = 0;
	return *at <= n;
}

/* Follows aliases from the name asked for; the time to live is the shortest on the way. */
static void follow_aliases(const uint8_t *m, size_t n, size_t start, int count,
			   char name[MAX_HOST_NAME + 1], uint32_t *ttl)
{
	for (int hops = 0; hops < MAX_ALIASES; hops++) {
		size_t at = start;
		bool moved = false;

		for (int i = 0; i < count && !moved; i++) {
			struct record r;
			char owner[MAX_HOST_NAME + 1], target[MAX_HOST_NAME + 1];

			if (!next_record(m, n, &at, &r))
				break;
			size_t name_at = r.name, data_at = r.data;
			if (r.type != TYPE_CNAME || !read_name(m, n, &name_at, owner, true) ||
			    strcmp(owner, name) != 0 || !read_name(m, n, &data_at, target, true))
				continue;
			strcpy(name, target);
			if (r.ttl < *ttl)
				*ttl = r.ttl;
			moved = true;
		}
		if (!moved)
			return;
	}
}

static void take_addresses(struct query *q, const uint8_t *m, size_t n, size_t start)
{
	uint8_t out[HEADER + sizeof q->asked.wire + MAX_ADDRESSES * 28];
	uint8_t first[16] = { 0 }, refused[16];
	char name[MAX_HOST_NAME + 1];
	uint32_t shortest = 0x7fffffff;
	int count = get16(m + 6), given = 0, withheld = 0;
	enum kind kind = PUBLIC, refused_kind = PUBLIC;
	int64_t now = now_millis() / 1000;
	size_t at = start, end = start_answer(out, &q->asked, m[3] & 0x0f);

	strcpy(name, q->asked.name);
	follow_aliases(m, n, start, count, name, &shortest);
	for (int i = 0; i < count && given < MAX_ADDRESSES; i++) {
		struct record r;
		char owner[MAX_HOST_NAME + 1];
		uint8_t address[16];

		if (!next_record(m, n, &at, &r))
			break;
		size_t name_at = r.name;
		if (r.type != q->asked.type || r.length != (r.type == TYPE_A ? 4 : 16) ||
		    !read_name(m, n, &name_at, owner, true) || strcmp(owner, name) != 0)
			continue;
		if (r.type == TYPE_A) {
			uint32_t v4;

			memcpy(&v4, m + r.data, 4);
			map_v4(address, v4);
		} else {
			memcpy(address, m + r.data, 16);
		}
		uint32_t ttl = r.ttl < shortest ? r.ttl : shortest;
		/* An AAAA record that maps an IPv4 address is somebody's trick. */
		if ((r.type == TYPE_AAAA && is_v4(address)) ||
		    !bind_name(q->asked.name, address, ttl, now, &kind)) {
			memcpy(refused, address, 16);
			refused_kind = kind;
			withheld++;
			continue;
		}
		if (end + 28 > q->asked.limit)
			break;
		if (given++ == 0)
			memcpy(first, address, 16);
		end = add_address(out, end, address, ttl);
	}
	if (withheld > 0)
		tell(&q->asked, EACCES, q->rule, refused_kind, refused);
	if (withheld == 0 || given > 0)
		tell(&q->asked, 0, q->rule, PUBLIC, first);
	if (withheld > 0 && given == 0)
		put16(out + 2, (get16(out + 2) & 0xfff0u) | NXDOMAIN);
	deliver(q->flow, q->generation, out, end);
}

/* Records of other types are given as they came; names in them lead nowhere by themselves. */
static void pass_on(struct query *q, uint8_t *m, size_t n)
{
	put16(m, q->asked.id);
	if (n > q->asked.limit) {
		uint8_t out[HEADER + sizeof q->asked.wire];
		size_t end = start_answer(out, &q->asked, m[3] & 0x0f);

		out[2] |= 2;	/* truncated: ask by TCP */
		deliver(q->flow, q->generation, out, end);
	} else {
		deliver(q->flow, q->generation, m, n);
	}
	tell(&q->asked, 0, q->rule, PUBLIC, NULL);
}

void dns_answer_ready(uint32_t index)
{
	struct query *q = &queries[index];
	uint8_t datagram[MAX_ANSWER], *m = datagram;
	ssize_t n;

	if (!q->used)
		return;
	if (q->stream) {
		m = streamed[index] + 2;
		n = (ssize_t)go_on_with_stream(q, streamed[index]);
		if (n == 0)
			return;
	} else {
		n = recv(q->fd, m, MAX_ANSWER, MSG_DONTWAIT);
	}
	if (n < 0) {
		if (errno != EAGAIN)
			try_next(q);	/* nobody there */
		return;
	}
	size_t at = HEADER;
	char name[MAX_HOST_NAME + 1];

	/* What is no answer to our question may be a guess by somebody else: go on waiting. */
	if (n < HEADER || get16(m) != q->id || (m[2] & 0xf8) != 0x80 || get16(m + 4) != 1 ||
	    !read_name(m, (size_t)n, &at, name, false) || at + 4 > (size_t)n ||
	    strcmp(name, q->asked.name) != 0 || get16(m + at) != q->asked.type || get16(m + at + 2) != 1)
		return;
	if ((m[2] & 0x02) != 0 && !q->stream) {
		try_stream(q);
		return;
	}
	int rcode = m[3] & 0x0f;
	if (rcode != NOERROR && rcode != NXDOMAIN && q->tries < ROUNDS * server_count) {
		try_next(q);
		return;
	}
	if (q->asked.type == TYPE_A || q->asked.type == TYPE_AAAA)
		take_addresses(q, m, (size_t)n, at + 4);
	else
		pass_on(q, m, (size_t)n);
	drop_query(q);
}
