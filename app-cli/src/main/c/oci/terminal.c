/* Pseudo terminals: the guest's own is the sentry's; this one only carries its bytes to whoever looks at it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>
#include "oci.h"

static struct termios before;
static int changed = -1;

static void back(void)
{
	if (changed >= 0)
		tcsetattr(changed, TCSADRAIN, &before);
}

void make_raw(int fd, bool back_at_exit)
{
	struct termios raw;

	if (tcgetattr(fd, &raw) != 0)
		return;
	if (back_at_exit) {
		before = raw;
		changed = fd;
		atexit(back);
	}
	cfmakeraw(&raw);
	tcsetattr(fd, TCSADRAIN, &raw);
}

void window_size(int fd, int *rows, int *columns)
{
	struct winsize size = { 0 };

	ioctl(fd, TIOCGWINSZ, &size);
	*rows = size.ws_row;
	*columns = size.ws_col;
}

static void send_master(const char *path, int master)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char name[] = "/dev/ptmx";
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec io = { name, sizeof name - 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof at.sun_path)
		fail("--console-socket: the path is too long: %s", path);
	strcpy(at.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
		fail("--console-socket: cannot connect: %s: %s", path, strerror(errno));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &master, sizeof(int));
	if (sendmsg(fd, &m, MSG_NOSIGNAL) < 0)
		fail("--console-socket: cannot send the terminal: %s", strerror(errno));
	close(fd);
}

int new_terminal(const char *console_socket)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	char name[64];

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, sizeof name) != 0)
		fail("cannot make a terminal: %s", strerror(errno));
	slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		fail("cannot open the terminal: %s: %s", name, strerror(errno));
	make_raw(slave, false);
	send_master(console_socket, master);
	close(master);
	return slave;
}
