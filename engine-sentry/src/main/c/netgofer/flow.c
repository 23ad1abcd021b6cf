/* Connections in frames over a byte stream; see flow.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "flow.h"

#define QUEUE_SIZE (4u << 20)
#define QUEUE_FULL (512u << 10)
#define TURNS 4

struct flow flows[FLOWS];
static uint8_t queue[QUEUE_SIZE];
static size_t queue_start, queue_length;
static uint8_t input[4 * (sizeof(struct flow_header) + FLOW_PAYLOAD)];
static size_t input_length;
static int poller = -1;
static int last_error[FLOWS];
/* What came and could not be written yet; memory only where it was ever needed. */
static uint8_t rings[FLOWS][FLOW_WINDOW];

/* ---- the wire ---- */

static void put(const void *bytes, size_t length)
{
	size_t end = (queue_start + queue_length) % QUEUE_SIZE;
	size_t first = QUEUE_SIZE - end < length ? QUEUE_SIZE - end : length;

	if (length == 0)
		return;
	memcpy(queue + end, bytes, first);
	memcpy(queue, (const uint8_t *)bytes + first, length - first);
	queue_length += length;
}

/* False: there is no room, which for all but datagrams only an end that reads nothing can bring about. */
bool wire_send(uint16_t type, uint32_t flow, const void *a, size_t a_length, const void *b, size_t b_length)
{
	struct flow_header header = { (uint32_t)(a_length + b_length), type, 0, flow };

	if (header.length > FLOW_PAYLOAD || queue_length + sizeof header + header.length > QUEUE_SIZE)
		return false;
	put(&header, sizeof header);
	put(a, a_length);
	put(b, b_length);
	return true;
}

bool wire_pending(void)
{
	return queue_length > 0;
}

bool wire_full(void)
{
	return queue_length > QUEUE_FULL;
}

bool wire_flush(void)
{
	/* Room for answers to all that one turn can bring must remain. */
	if (queue_length > QUEUE_SIZE / 2)
		return false;
	while (queue_length > 0) {
		size_t run = QUEUE_SIZE - queue_start < queue_length ? QUEUE_SIZE - queue_start : queue_length;
		ssize_t n = wire_write(queue + queue_start, run);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		queue_start = (queue_start + (size_t)n) % QUEUE_SIZE;
		queue_length -= (size_t)n;
	}
	return true;
}

static void on_data(uint32_t id, const uint8_t *bytes, size_t length);
static void on_end(uint32_t id);
static void on_close(uint32_t id, int error);
static void update(uint32_t id);

static bool take(const struct flow_header *h, const uint8_t *payload)
{
	struct flow *f;
	uint32_t number = 0;

	if (h->flow >= FLOWS)
		return false;
	f = &flows[h->flow];
	if (h->type == FLOW_GRANT || h->type == FLOW_CLOSE) {
		if (h->length != sizeof number)
			return false;
		memcpy(&number, payload, sizeof number);
	}
	switch (h->type) {
	case FLOW_OPEN:
	case FLOW_OPENED:
	case FLOW_ARRIVED:
		return wire_frame(h, payload);
	case FLOW_DATA:
		if (f->used && !f->heard_close)
			on_data(h->flow, payload, h->length);
		return true;
	case FLOW_GRANT:
		if (f->used && f->stream && number <= FLOW_WINDOW - f->credit) {
			f->credit += number;
			update(h->flow);
		}
		return true;
	case FLOW_END:
		if (f->used && !f->heard_end && !f->heard_close)
			on_end(h->flow);
		return true;
	case FLOW_CLOSE:
		if (f->used && !f->heard_close)
			on_close(h->flow, (int)number);
		return true;
	default:
		return false;
	}
}

bool wire_receive(void)
{
	for (int turn = 0; turn < TURNS; turn++) {
		ssize_t n = wire_read(input + input_length, sizeof input - input_length);
		size_t at = 0;
		struct flow_header header;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		input_length += (size_t)n;
		while (input_length - at >= sizeof header) {
			memcpy(&header, input + at, sizeof header);
			if (header.length > FLOW_PAYLOAD || header.zero != 0)
				return false;
			if (input_length - at < sizeof header + header.length)
				break;
			if (!take(&header, input + at + sizeof header))
				return false;
			at += sizeof header + header.length;
		}
		memmove(input, input + at, input_length - at);
		input_length -= at;
		if (queue_length > QUEUE_SIZE / 2)
			return true;
	}
	return true;
}

/* ---- flows ---- */

int flows_poller(void)
{
	if (poller < 0)
		poller = epoll_create1(EPOLL_CLOEXEC);
	return poller;
}

static void watch_for(uint32_t id, uint32_t events)
{
	struct flow *f = &flows[id];
	struct epoll_event event = { .events = events, .data.u32 = id };

	if (f->fd < 0 || f->events == events)
		return;
	/* One that is watched for nothing would still be told of its peer's going. */
	epoll_ctl(flows_poller(), events == 0 ? EPOLL_CTL_DEL : f->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, f->fd, &event);
	f->events = events;
}

static void update(uint32_t id)
{
	struct flow *f = &flows[id];

	if (f->open)
		watch_for(id, (!f->said_end && (!f->stream || f->credit > 0) ? EPOLLIN : 0u) |
				      (f->length > 0 ? EPOLLOUT : 0u));
}

uint32_t flow_find_free(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (!flows[i].used)
			return i;
	return FLOWS;
}

void flow_init(uint32_t id, bool stream, int fd)
{
	flows[id] = (struct flow){ .used = true, .stream = stream, .fd = fd, .credit = FLOW_WINDOW, .window = FLOW_WINDOW };
}

static void finish(uint32_t id);

void flow_opened(uint32_t id)
{
	flows[id].open = true;
	finish(id);
}

void flow_await(uint32_t id, uint32_t events)
{
	watch_for(id, events);
}

static void let_go(struct flow *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->events = 0;
	f->length = 0;
}

static void end_if_over(uint32_t id)
{
	struct flow *f = &flows[id];

	if (f->said_close && f->heard_close) {
		f->used = false;
		flow_over(id, last_error[id]);
	}
}

void flow_close(uint32_t id, int error)
{
	struct flow *f = &flows[id];
	uint32_t number = (uint32_t)error;

	if (!f->used || f->said_close)
		return;
	f->said_close = true;
	last_error[id] = error;
	wire_send(FLOW_CLOSE, id, &number, sizeof number, NULL, 0);
	if (error != 0 && f->stream && f->fd >= 0 && !f->pair) {
		/* Dissolves the association: who is at the other end gets a reset. */
		struct sockaddr none = { .sa_family = AF_UNSPEC };

		connect(f->fd, &none, sizeof none);
	}
	let_go(f);
	end_if_over(id);
}

/* Passes an end on when all before it is written, and closes when there is nothing more either way. */
static void finish(uint32_t id)
{
	struct flow *f = &flows[id];

	if (f->stream && f->open && f->heard_end && !f->shut && f->length == 0) {
		shutdown(f->fd, SHUT_WR);
		f->shut = true;
	}
	if (f->said_end && f->shut)
		flow_close(id, 0);
	else
		update(id);
}

static void grant(uint32_t id, size_t written)
{
	struct flow *f = &flows[id];

	f->from_wire += written;
	f->owed += (uint32_t)written;
	if (f->owed >= FLOW_WINDOW / 4) {
		wire_send(FLOW_GRANT, id, &f->owed, sizeof f->owed, NULL, 0);
		f->window += f->owed;
		f->owed = 0;
	}
}

/* Bytes that its descriptor took, or -1: the flow is closed. */
static ssize_t give(uint32_t id, const uint8_t *bytes, size_t length)
{
	ssize_t n = send(flows[id].fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR || (!flows[id].stream && (errno == ENOBUFS || errno == EMSGSIZE)))
		return 0;
	flow_close(id, errno == EPIPE ? ECONNRESET : errno);
	return -1;
}

static void on_data(uint32_t id, const uint8_t *bytes, size_t length)
{
	struct flow *f = &flows[id];

	if (f->said_close)
		return;
	if (!f->stream) {
		if (f->fd < 0) {
			flow_datagram(id, bytes, length);
		} else if ((f->open || f->pair) && give(id, bytes, length) >= 0) {
			/* In a pair it waits for what becomes of the flow. */
			f->from_wire += length;
		}
		return;
	}
	if (f->heard_end || length > f->window) {
		flow_close(id, EPROTO);
		return;
	}
	f->window -= (uint32_t)length;
	if (f->open && f->length == 0) {
		ssize_t n = give(id, bytes, length);

		if (n < 0)
			return;
		grant(id, (size_t)n);
		bytes += n;
		length -= (size_t)n;
	}
	/* What is under way is no more than the window, so there is room. */
	uint32_t end = (f->start + f->length) % FLOW_WINDOW;
	size_t first = FLOW_WINDOW - end < length ? FLOW_WINDOW - end : length;

	memcpy(rings[id] + end, bytes, first);
	memcpy(rings[id], bytes + first, length - first);
	f->length += (uint32_t)length;
	update(id);
}

static void writable(uint32_t id)
{
	struct flow *f = &flows[id];

	while (f->length > 0) {
		uint32_t run = FLOW_WINDOW - f->start < f->length ? FLOW_WINDOW - f->start : f->length;
		ssize_t n = give(id, rings[id] + f->start, run);

		if (n <= 0)
			return;
		f->start = (f->start + (uint32_t)n) % FLOW_WINDOW;
		f->length -= (uint32_t)n;
		grant(id, (size_t)n);
	}
	finish(id);
}

static void readable(uint32_t id)
{
	static uint8_t bytes[FLOW_PAYLOAD];
	struct flow *f = &flows[id];

	for (int turn = 0; turn < TURNS && f->fd >= 0 && !f->said_end && !wire_full(); turn++) {
		size_t most = f->stream && f->credit < sizeof bytes / 2 ? f->credit : f->stream ? sizeof bytes / 2 : sizeof bytes;

		if (most == 0)
			break;
		ssize_t n = recv(f->fd, bytes, most, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			flow_close(id, errno);
			return;
		}
		if (n == 0 && !f->stream && f->pair) {
			flow_close(id, 0);
			return;
		}
		if (n == 0 && f->stream) {
			f->said_end = true;
			wire_send(FLOW_END, id, NULL, 0, NULL, 0);
			finish(id);
			return;
		}
		wire_send(FLOW_DATA, id, bytes, (size_t)n, NULL, 0);
		f->to_wire += (uint64_t)n;
		if (f->stream)
			f->credit -= (uint32_t)n;
	}
	update(id);
}

static void on_end(uint32_t id)
{
	struct flow *f = &flows[id];

	f->heard_end = true;
	if (f->said_close)
		return;
	if (f->stream)
		finish(id);
}

static void on_close(uint32_t id, int error)
{
	struct flow *f = &flows[id];

	f->heard_close = true;
	/* One that has said all, and has heard all, may still have something to write. */
	if (error != 0 || !f->stream || !f->said_end || !f->heard_end)
		flow_close(id, error != 0 ? error : f->stream ? ECONNRESET : 0);
	if (f->used)
		end_if_over(id);
}

void flows_turn(void)
{
	struct epoll_event events[64];
	int n = epoll_wait(flows_poller(), events, 64, 0);

	for (int i = 0; i < n; i++) {
		uint32_t id = events[i].data.u32;
		struct flow *f = &flows[id];

		/* What came before it in this turn may have ended it. */
		if (!f->used || f->fd < 0 || f->events == 0)
			continue;
		if (!f->open) {
			flow_ready(id);
			continue;
		}
		if (f->length > 0 && events[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			writable(id);
		if (f->used && f->fd >= 0 && f->events & EPOLLIN && events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
			readable(id);
	}
}
