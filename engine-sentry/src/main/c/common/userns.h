/*
 * A user namespace for a process of root's in which ids mean what they mean outside. It belongs to root, so that the sentry,
 * which is root without a capability, may end the process though it has become nobody: who made a namespace may do anything
 * to what is in it.
 */
#ifndef VIVARIUM_USERNS_H
#define VIVARIUM_USERNS_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* The map of the namespace that we are in, onto itself. */
static bool userns_identity(const char *file, char *out, size_t size)
{
	char in[1024], *line = in;
	unsigned long inside, outside, count;
	size_t used = 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC), read_now = 0;
	ssize_t n = fd < 0 ? -1 : read(fd, in, sizeof in - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	in[n] = 0;
	for (; sscanf(line, "%lu %lu %lu%n", &inside, &outside, &count, &read_now) == 3 && used < size - 64;
	     line += read_now)
		used += (size_t)snprintf(out + used, size - used, "%lu %lu %lu\n", inside, inside, count);
	return used > 0;
}

static bool userns_write(pid_t process, const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)process, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return written;
}

enum userns { USERNS_REFUSED, USERNS_MADE, USERNS_WITHOUT_IDS };

/* Only a process outside may write such a map, so a child that stayed outside does. MORE: further namespaces to make. */
static enum userns userns_of_root(int more)
{
	char uids[1024], gids[1024], byte = 0;
	int go[2], status = 1;

	if (!userns_identity("/proc/self/uid_map", uids, sizeof uids) ||
	    !userns_identity("/proc/self/gid_map", gids, sizeof gids) || pipe2(go, O_CLOEXEC) != 0)
		return USERNS_REFUSED;
	pid_t child = fork();
	if (child == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(!userns_write(getppid(), "uid_map", uids) || !userns_write(getppid(), "gid_map", gids));
	}
	close(go[0]);
	bool made = child > 0 && unshare(CLONE_NEWUSER | more) == 0;
	if (made && write(go[1], &byte, 1) != 1)
		status = 1;
	close(go[1]);
	if (child > 0)
		waitpid(child, &status, 0);
	return !made ? USERNS_REFUSED : status == 0 ? USERNS_MADE : USERNS_WITHOUT_IDS;
}

#endif
