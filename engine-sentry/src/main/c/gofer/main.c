/*
 * The gofer: opens host files for the sentry, which itself can open none, and
 * hands it descriptors.
 *
 *   vivarium-gofer ROOT...     with the sentry's socket as descriptor 0
 *
 * ROOT is "host" (this machine's "/" as an image), "ro:PATH", "rw:PATH" or "tree:PATH" (a container's root).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "gofer.h"

struct root roots[MAX_ROOTS];
int root_count;
bool any_writable;
bool any_whole;
bool all_host = true;
enum ids ids;
uint32_t own_uid, own_gid;

void die(const char *what, const char *where)
{
	const char *why = strerror(errno);
	char line[512];
	int n = snprintf(line, sizeof line, "gofer: %s: %s: %s\n", what, where, why);

	if (n > 0)
		(void)!write(2, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
	_exit(1);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct root *root = &roots[root_count];

		errno = EINVAL;
		if (root_count == MAX_ROOTS)
			die("too many roots", argv[i]);
		if (strcmp(argv[i], "host") == 0) {
			root->host = true;
			root->path = "/";
		} else if (strncmp(argv[i], "ro:/", 4) == 0 || strncmp(argv[i], "rw:/", 4) == 0) {
			root->path = argv[i] + 3;
			root->writable = argv[i][1] == 'w';
			any_writable |= root->writable;
			all_host = false;
		} else if (strncmp(argv[i], "tree:/", 6) == 0) {
			root->path = argv[i] + 5;
			root->writable = root->whole = any_writable = any_whole = true;
			all_host = false;
		} else {
			die("not a root", argv[i]);
		}
		root_count++;
	}
	close_range(3, ~0u, 0);
	/* Nothing that is opened below may get the number of a standard stream. */
	for (int fd = 1; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_WRONLY) != fd)
			die("cannot open", "/dev/null");
	uint64_t features = confine();

	/* Complaints are over; the sentry's end of this tells it so. */
	close(1);
	close(2);
	serve(features);
}
