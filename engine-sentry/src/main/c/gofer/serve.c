/* The loop: one request in, one reply out. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "gofer.h"

/* How far below the directory asked for READDIR_DEEP looks. */
#define MAX_DEPTH 16

/* So often it tries to send an answer that the host has no room for. */
#define MOST_TRIES 10000

static uint64_t in_force;
static uint32_t lowest_free = 1;

static char request_bytes[sizeof(struct gofer_request) + 2 * MAX_PATH + 1]
	__attribute__((aligned(8)));
static struct {
	struct gofer_reply reply;
	char payload[MAX_PAYLOAD];
} answer __attribute__((aligned(8)));

struct dirent_header {
	uint64_t ino;
	int64_t next;
	uint16_t length;
	uint8_t type;
	char name[];
};

static void op_hello(struct call *c)
{
	c->out->value = in_force;
	c->out->count = handle_limit;
	c->out->handle = GOFER_VERSION;
	int queue = take_queue();
	if (queue >= 0)
		send_along(c, queue);
}

static void add_target(struct call *c, int fd, const char *name)
{
	ssize_t n = readlinkat(fd, name, c->payload, MAX_PATH);

	if (n >= 0)
		c->payload_length = (size_t)n;
	else
		c->out->error = -errno;
}

/* Opens what was found and is about to be opened; the attributes are then those of the descriptor. */
static void open_found(struct call *c)
{
	struct place parent;
	struct gofer_node node;
	const char *last;

	if (resolve(c->in->handle, c->name, &parent, &last) < 0)
		return;
	int fd = open_regular(&parent, last, O_RDONLY, &node);
	if (fd >= 0) {
		c->out->node = node;
		send_along(c, fd);
	}
	if (parent.used)
		leave(&parent);
}

static void op_walk(struct call *c)
{
	struct place p;
	int r = resolve_whole(c->in->handle, c->name, &p);

	c->out->error = r;
	if (r < 0)
		return;
	c->out->node = p.node;
	if (S_ISLNK(p.node.mode) && p.zone != ZONE_DENIED)
		add_target(c, p.fd, "");
	if ((c->in->flags & WALK_HANDLE) && S_ISDIR(p.node.mode) && p.used) {
		uint32_t h = lowest_free;
		while (h < handle_limit && handles[h].used)
			h++;
		if (h < handle_limit) {
			handles[h] = p;
			lowest_free = h + 1;
			c->out->handle = h;
			return;
		}
		c->out->error = -ENFILE;
	}
	if (p.used)
		leave(&p);
	if ((c->in->flags & WALK_OPEN) && S_ISREG(c->out->node.mode))
		open_found(c);
}

static void op_close(struct call *c)
{
	struct place *p = handle_of(c->in->handle);

	if (!p || c->in->handle == ROOTS_HANDLE) {
		c->out->error = -EBADF;
		return;
	}
	leave(p);
	if (c->in->handle < lowest_free)
		lowest_free = c->in->handle;
}

/* Opens what will be asked for next, while we are at it; what cannot be opened says why. */
static void open_ahead(struct call *c, const struct place *parent)
{
	char *name = c->name2;

	while (*name != 0 && c->out->count < MAX_AHEAD) {
		char *slash = strchr(name, '/');
		struct gofer_ahead ahead = { 0 };
		int fd;

		if (slash)
			*slash = 0;
		fd = open_regular(parent, name, O_RDONLY, &ahead.node);
		if (fd >= 0)
			send_along(c, fd);
		else
			ahead.error = fd;
		memcpy(c->payload + c->payload_length, &ahead, sizeof ahead);
		c->payload_length += sizeof ahead;
		c->out->count++;
		name = slash ? slash + 1 : name + strlen(name);
	}
}

static void op_open(struct call *c)
{
	struct place parent;
	const char *last;
	uint32_t flags = c->in->flags & (O_ACCMODE | O_APPEND);
	int r = resolve(c->in->handle, c->name, &parent, &last);

	if (r < 0) {
		c->out->error = r;
		return;
	}
	r = -EINVAL;
	if ((flags & O_ACCMODE) != O_ACCMODE) {
		uint8_t root = parent.root;
		bool writable = any_writable;

		if (root != NO_ROOT)
			writable = roots[root].writable;
		if ((flags & O_ACCMODE) != O_RDONLY && !writable)
			r = -EROFS;
		else
			r = open_regular(&parent, last, flags, &c->out->node);
	}
	if (r >= 0) {
		send_along(c, r);
		if (flags == O_RDONLY)
			open_ahead(c, &parent);
	} else {
		c->out->error = r;
	}
	if (parent.used)
		leave(&parent);
}

/* Appends one entry; false if there is no room. */
static bool add_entry(struct call *c, const struct place *dir, int fd,
		      const struct dirent_header *d, uint32_t *count)
{
	struct gofer_entry e = { .cookie = (uint64_t)d->next };
	char target[MAX_PATH];
	ssize_t target_length = 0;
	size_t name_length = strlen(d->name), size;
	struct place at = { .root = dir->root };
	enum zone zone = roots[dir->root].host ? zone_of(dir->zone, d->name) : ZONE_OPEN;

	if (zone == ZONE_HIDDEN || name_length > MAX_NAME)
		return true;
	if (describe(&at, fd, d->name, &e.node, NULL) != 0) {
		/* Gone meanwhile; or the directory may be listed but not searched. */
		if (errno != EACCES)
			return true;
		e.node = (struct gofer_node){ .ino = d->ino, .mode = DTTOIF(d->type) };
	}
	if (zone == ZONE_EMPTY)
		show_empty(&e.node, d->name);
	if (S_ISLNK(e.node.mode) && zone != ZONE_DENIED) {
		target_length = readlinkat(fd, d->name, target, sizeof target);
		if (target_length < 0)
			target_length = 0;
	}
	size = (sizeof e + name_length + (size_t)target_length + 7) & ~(size_t)7;
	if (size > MAX_PAYLOAD - c->payload_length)
		return false;
	e.name_length = (uint16_t)name_length;
	e.target_length = (uint16_t)target_length;
	char *to = c->payload + c->payload_length;
	memcpy(to, &e, sizeof e);
	memcpy(to + sizeof e, d->name, name_length);
	memcpy(to + sizeof e + name_length, target, (size_t)target_length);
	memset(to + sizeof e + name_length + target_length, 0,
	       size - sizeof e - name_length - (size_t)target_length);
	c->payload_length += size;
	(*count)++;
	return true;
}

/*
 * Appends the entries from a cookie on; leaves in it where to go on, or 0 at the end. Where to put the number of a watch,
 * the directory is watched and then looked at again.
 */
static int list(struct call *c, struct place *dir, int64_t *next, uint32_t *count, uint32_t *number)
{
	static char buffer[32 * 1024] __attribute__((aligned(8)));
	int64_t cookie = *next;
	int r = may_list(dir), fd;
	enum case_rule rule = CASE_UNKNOWN;
	bool full = false;
	long n = 0;

	if (r < 0)
		return r;
	*next = 0;
	if (dir->fd < 0)
		return 0;
	struct place whole = *dir;
	if (whole.root == NO_ROOT)
		return -EACCES;
	fd = open_step(&whole, ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	if (number) {
		*number = watch(fd);
		if (*number != 0)
			r = describe(dir, fd, "", &dir->node, NULL);
	}
	if (cookie != 0 && lseek(fd, cookie, SEEK_SET) < 0)
		r = -errno;
	while (r == 0 && !full && (n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
		for (long at = 0; at < n && !full;) {
			const struct dirent_header *d = (const void *)(buffer + at);

			at += d->length;
			if (number && rule == CASE_UNKNOWN)
				rule = case_rule(fd, d->name, d->ino);
			if (strcmp(d->name, ".") != 0 && strcmp(d->name, "..") != 0 &&
			    !add_entry(c, dir, fd, d, count))
				full = true;
			else
				cookie = d->next;
		}
	}
	if (n < 0 && r == 0)
		r = -errno;
	if (rule == CASE_IGNORED)
		*number = 0;
	/* 0 says that this was all; a cookie of 0 can only be that of the beginning. */
	*next = full ? cookie : 0;
	close(fd);
	return r;
}

/* Appends blocks for the directories among the entries in this part of the payload. */
static bool list_below(struct call *c, const struct place *dir, size_t from, size_t to, int depth)
{
	while (from < to) {
		struct gofer_entry e;
		struct gofer_block block = { 0 };
		struct place child;
		char name[MAX_NAME + 1];
		size_t start = c->payload_length;
		int64_t next = 0;

		memcpy(&e, c->payload + from, sizeof e);
		memcpy(name, c->payload + from + sizeof e, e.name_length);
		name[e.name_length] = 0;
		from += (sizeof e + e.name_length + e.target_length + 7u) & ~(size_t)7;
		if (!S_ISDIR(e.node.mode) || enter(dir, name, &child) != 0)
			continue;
		bool fits = sizeof block <= MAX_PAYLOAD - start;
		if (fits) {
			c->payload_length += sizeof block;
			if (list(c, &child, &next, &block.count,
				 c->in->flags & READDIR_WATCH ? &block.watch : NULL) != 0) {
				c->payload_length = start;
				leave(&child);
				continue;
			}
			fits = next == 0;
		}
		if (fits) {
			block.node = child.node;
			block.length = (uint32_t)(c->payload_length - start - sizeof block);
			memcpy(c->payload + start, &block, sizeof block);
			fits = depth == 0 || list_below(c, &child, start + sizeof block,
							c->payload_length, depth - 1);
		} else {
			c->payload_length = start;
		}
		leave(&child);
		if (!fits)
			return false;
	}
	return true;
}

static void op_readdir(struct call *c)
{
	struct place p;
	int64_t next = c->in->offset;
	int r = resolve_whole(c->in->handle, c->name, &p);

	if (r < 0) {
		c->out->error = r;
		return;
	}
	c->out->error = list(c, &p, &next, &c->out->count,
			     (c->in->flags & READDIR_WATCH) && next == 0 ? &c->out->handle : NULL);
	c->out->node = p.node;
	c->out->value = (uint64_t)next;
	if (c->out->error == 0 && next == 0 && (c->in->flags & READDIR_DEEP))
		list_below(c, &p, 0, c->payload_length, MAX_DEPTH);
	if (p.used)
		leave(&p);
}

static void op_statfs(struct call *c)
{
	struct place *p = handle_of(c->in->handle);
	struct statfs fs;
	struct gofer_statfs out;

	if (!p || p->fd < 0) {
		c->out->error = -EBADF;
	} else if (fstatfs(p->fd, &fs) != 0) {
		c->out->error = -errno;
	} else {
		out = (struct gofer_statfs){
			(uint64_t)fs.f_type, (uint64_t)fs.f_bsize, fs.f_blocks, fs.f_bfree, fs.f_bavail,
			fs.f_files, fs.f_ffree, (uint64_t)fs.f_namelen, (uint64_t)fs.f_frsize,
		};
		memcpy(c->payload, &out, sizeof out);
		c->payload_length = sizeof out;
	}
}

static void (*const operations[OP_LAST + 1])(struct call *) = {
	[OP_HELLO] = op_hello,	   [OP_WALK] = op_walk,	      [OP_OPEN] = op_open,
	[OP_READDIR] = op_readdir, [OP_STATFS] = op_statfs,   [OP_CLOSE] = op_close,
	[OP_CREATE] = op_create,   [OP_MKDIR] = op_mkdir,     [OP_SYMLINK] = op_symlink,
	[OP_LINK] = op_link,	   [OP_UNLINK] = op_unlink,   [OP_RENAME] = op_rename,
	[OP_SETATTR] = op_setattr, [OP_FSYNC] = op_fsync, [OP_MKNOD] = op_mknod,
};

/* Copies the names out of a request of that length; false if it is malformed. */
static bool decode(struct call *c, size_t length)
{
	const struct gofer_request *q = c->in;
	const char *names = (const char *)(q + 1);

	if (length < sizeof *q || q->op > OP_LAST || !operations[q->op])
		return false;
	if (q->name_length > MAX_PATH || q->name2_length > MAX_PATH ||
	    length != sizeof *q + q->name_length + q->name2_length)
		return false;
	memcpy(c->name, names, q->name_length);
	c->name[q->name_length] = 0;
	memcpy(c->name2, names + q->name_length, q->name2_length);
	c->name2[q->name2_length] = 0;
	return strlen(c->name) == q->name_length && strlen(c->name2) == q->name2_length;
}

/*
 * What the host has no room for now it may have soon. It has no call to sleep by; each try that fails takes the kernel a while where
 * memory is short.
 */
static bool may_pass(int error, unsigned *tries)
{
	if ((error != EAGAIN && error != ENOBUFS && error != ENOMEM && error != ETOOMANYREFS) || (*tries)++ == MOST_TRIES)
		return false;
	for (int i = 0; i < 1000; i++)
		__builtin_ia32_pause();
	return true;
}

static void send_answer(struct call *c)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof c->fds)];
	} control = { 0 };
	struct iovec io = { &answer, sizeof answer.reply + c->payload_length };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
	size_t fd_bytes = (size_t)c->fd_count * sizeof(int);
	unsigned tries = 0;
	ssize_t n;

	if (fd_bytes > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(fd_bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fd_bytes);
		memcpy(CMSG_DATA(&control.header), c->fds, fd_bytes);
	}
	do
		n = sendmsg(SOCKET, &m, MSG_NOSIGNAL);
	while (n < 0 && (errno == EINTR || may_pass(errno, &tries)));
	while (c->fd_count > 0)
		close(c->fds[--c->fd_count]);
	if (n < 0)
		_exit(0);
}

/*
 * The next request is often on its way while the reply is read, and to sleep for it and be woken costs more than it does
 * to answer it. So the gofer looks again for a while, unless the sentry could not run meanwhile; for how long, the last
 * requests tell.
 */
#define LOOKS_MOST 128
#define LOOKS_LEAST 8
/* Time-stamp ticks from a reply to the next request, sleep and waking included, below which it pays not to sleep. */
#define SOON 600000

static uint32_t this_cpu(void)
{
	unsigned cpu;

	return getcpu(&cpu, NULL) == 0 ? cpu : NO_CPU;
}

static ssize_t next_request(struct msghdr *m, uint32_t sentry_cpu)
{
	static unsigned patience = LOOKS_LEAST;
	unsigned looks = sentry_cpu == NO_CPU || sentry_cpu == this_cpu() ? 0 : patience;
	uint64_t since = __builtin_ia32_rdtsc();
	ssize_t n;

	for (; looks > 0; looks--) {
		n = recvmsg(SOCKET, m, MSG_DONTWAIT);
		if (n >= 0 || errno != EAGAIN) {
			patience = 2 * patience < LOOKS_MOST ? 2 * patience : LOOKS_MOST;
			return n;
		}
		for (int i = 0; i < 16; i++)
			__builtin_ia32_pause();
	}
	n = recvmsg(SOCKET, m, 0);
	if (__builtin_ia32_rdtsc() - since < SOON)
		patience = LOOKS_MOST;
	else
		patience = patience / 2 > LOOKS_LEAST ? patience / 2 : LOOKS_LEAST;
	return n;
}

void serve(uint64_t features)
{
	uint32_t sentry_cpu = NO_CPU;
	static struct call c;

	in_force = features;
	for (;;) {
		struct iovec io = { request_bytes, sizeof request_bytes };
		struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
		ssize_t n = next_request(&m, sentry_cpu);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);	/* the sentry is gone */
		memset(&answer.reply, 0, sizeof answer.reply);
		c.in = (const struct gofer_request *)request_bytes;
		c.out = &answer.reply;
		c.payload = answer.payload;
		c.payload_length = 0;
		c.fd_count = 0;
		answer.reply.cpu = this_cpu();
		if (n >= 8)
			answer.reply.sequence = c.in->sequence;
		sentry_cpu = (size_t)n >= sizeof *c.in ? c.in->cpu : NO_CPU;
		if ((m.msg_flags & MSG_TRUNC) || !decode(&c, (size_t)n))
			answer.reply.error = -EPROTO;
		else
			operations[c.in->op](&c);
		if (answer.reply.error != 0)
			c.payload_length = 0;
		send_answer(&c);
	}
}
