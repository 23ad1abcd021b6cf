/* A container's directory: what is known of it without asking anybody. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "oci.h"

char *root;
const char *status_names[] = { "creating", "created", "running", "paused", "stopped" };

/* It becomes the name of a directory. */
void check_id(const char *id)
{
	if (!id || !*id || strlen(id) > 255 || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		fail("not a container's id: %s", id ? id : "(none)");
	for (const char *at = id; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("_+-.", *at))
			fail("not a container's id: %s: letters, digits and any of _+-. only", id);
}

static void look(struct container *c)
{
	char *monitor = read_file(c->dir, "monitor", NULL), state = 0;
	unsigned long long started = 0;
	int pid = 0;

	c->pid = 0;
	c->status = CREATING;
	if (!monitor)
		return;
	if (sscanf(monitor, "%d %llu", &pid, &started) == 2 && start_time(pid, &state) == started && state != 'Z' &&
	    state != 'X')
		c->pid = pid;
	free(monitor);
	c->status = c->pid == 0 ? STOPPED
		    : faccessat(c->dir, "paused", F_OK, 0) == 0 ? PAUSED
		    : faccessat(c->dir, "started", F_OK, 0) == 0 ? RUNNING
		    : faccessat(c->dir, "created", F_OK, 0) == 0 ? CREATED
								 : CREATING;
}

bool find(const char *id, struct container *c)
{
	char *path = text("%s/%s", root, id);

	*c = (struct container){ .id = id, .dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) };
	free(path);
	if (c->dir < 0)
		return false;
	look(c);
	return true;
}

struct container need(const char *id)
{
	struct container c;

	check_id(id);
	if (!find(id, &c))
		fail("container does not exist: %s", id);
	return c;
}

/* The file has one field a line. */
char *state_json(const struct container *c)
{
	char *content = read_file(c->dir, "state.json", NULL), *out = NULL;
	size_t length;
	FILE *to = open_memstream(&out, &length);

	if (!to)
		abort();
	for (char *line = content, *end; line && *line; line = end + 1) {
		end = strchrnul(line, '\n');
		if (strncmp(line, "  \"pid\":", 8) == 0)
			fprintf(to, "  \"pid\": %d,\n", c->pid);
		else if (strncmp(line, "  \"status\":", 11) == 0)
			fprintf(to, "  \"status\": \"%s\",\n", status_names[c->status]);
		else
			fprintf(to, "%.*s\n", (int)(end - line), line);
		if (!*end)
			break;
	}
	fclose(to);
	free(content);
	return out;
}

static void remove_cgroups(const struct container *c)
{
	char *groups = read_file(c->dir, "cgroups", NULL);
	struct timespec pause = { 0, 2000000 };

	for (char *line = groups, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		/* The last process of the group may be on its way out. */
		for (int tries = 0; rmdir(line) != 0 && errno == EBUSY && tries < 100; tries++)
			nanosleep(&pause, NULL);
	}
	free(groups);
}

void forget(const struct container *c)
{
	static const char *const files[] = { "state.json", "monitor", "hooks", "sandbox", "created", "started", "paused",
					     "state.json.part", "monitor.part" };
	char *path = text("%s/%s", root, c->id);

	remove_cgroups(c);
	unlinkat(c->dir, "cgroups", 0);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		unlinkat(c->dir, files[i], 0);
	if (rmdir(path) != 0)
		fail("cannot remove the container's directory: %s: %s", path, strerror(errno));
	free(path);
}

void delete_container(struct container *c)
{
	char *problem;

	/* What its hooks say changes nothing any more, as the specification has it. */
	if (!run_hooks(c, "poststop", &problem))
		complain(problem);
	forget(c);
}

/* Kills it by way of its sandbox, which then clears up; by force if that does not answer. */
void end_container(struct container *c)
{
	int fd = c->pid ? control_connect(c) : -1;
	int process = c->pid ? (int)syscall(SYS_pidfd_open, c->pid, 0) : -1;
	struct pollfd gone = { .fd = process, .events = POLLIN };

	if (fd >= 0)
		control_send(fd, M_KILL, NULL, 0);
	if (process >= 0 && (fd < 0 || poll(&gone, 1, 8000) == 0)) {
		kill(c->pid, SIGKILL);
		poll(&gone, 1, 8000);
	}
	if (fd >= 0)
		close(fd);
	if (process >= 0)
		close(process);
	c->pid = 0;
	c->status = STOPPED;
}
