/* The control socket of a sandbox: frames of a length (of what follows, high byte first), a type and a body. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "oci.h"

enum { PROTOCOL = 1 };

void put_number(uint8_t *at, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(number >> (24 - 8 * i));
}

static uint32_t get_number(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint32_t control_number(const struct frame *f, size_t at)
{
	return at + 4 <= f->length ? get_number(f->body + at) : 0;
}

char *control_text(const struct frame *f, size_t at)
{
	uint32_t length = control_number(f, at);

	return at + 4 + (size_t)length <= f->length ? strndup((const char *)f->body + at + 4, length) : strdup("");
}

bool control_send(int fd, enum message type, const void *body, size_t length)
{
	uint8_t head[5];

	put_number(head, (uint32_t)length + 1);
	head[4] = (uint8_t)type;
	return write_all(fd, head, sizeof head) && write_all(fd, body, length);
}

static bool read_all(int fd, void *into, size_t length)
{
	char *at = into;

	while (length > 0) {
		ssize_t n = read(fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

bool control_receive(int fd, struct frame *f)
{
	uint8_t head[5];

	if (!read_all(fd, head, sizeof head))
		return false;
	f->length = get_number(head) - 1;
	f->type = head[4];
	return f->length < MAX_FRAME && read_all(fd, f->body, f->length);
}

/* The path of a socket has little room, so that it is reached through the directory that is open. */
int control_connect(const struct container *c)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	static struct frame hello;
	uint8_t version[4];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/sandbox/control.sock", c->dir);
	put_number(version, PROTOCOL);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
	    control_send(fd, M_HELLO, version, sizeof version) && control_receive(fd, &hello) && hello.type == M_HELLO)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}
