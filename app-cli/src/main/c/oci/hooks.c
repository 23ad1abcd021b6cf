/*
 * Hooks: programs of the manager's that are run at some stage, with the container's state on their standard input. The
 * JVM has checked them and written them down as texts that end in a zero byte: stage, path, seconds, number of arguments,
 * arguments, number of variables, variables.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "oci.h"

struct reader {
	char *at, *end;
};

static char *next(struct reader *r)
{
	char *found = r->at, *zero = found < r->end ? memchr(found, 0, (size_t)(r->end - found)) : NULL;

	if (!zero)
		return NULL;
	r->at = zero + 1;
	return found;
}

static char **next_list(struct reader *r)
{
	char *number = next(r);
	long count = number ? strtol(number, NULL, 10) : -1;
	char **list;

	if (count < 0 || count > r->end - r->at)
		return NULL;
	list = calloc((size_t)count + 1, sizeof *list);
	for (long i = 0; list && i < count; i++)
		list[i] = next(r);
	return list;
}

static char *run_one(const struct container *c, char *path, long seconds, char **args, char **env)
{
	char *state = state_json(c), *fallback[] = { path, NULL };
	int in[2], status = 0;
	struct timespec pause = { 0, 2000000 };
	time_t end = time(NULL) + seconds;

	if (pipe2(in, O_CLOEXEC) != 0)
		return text("no pipe: %s", strerror(errno));
	pid_t child = fork();
	if (child == 0) {
		dup2(in[0], 0);
		execve(path, args[0] ? args : fallback, env);
		_exit(127);
	}
	close(in[0]);
	signal(SIGPIPE, SIG_IGN);
	write_all(in[1], state, strlen(state));
	close(in[1]);
	while (child > 0 && waitpid(child, &status, seconds > 0 ? WNOHANG : 0) == 0) {
		if (time(NULL) > end) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return text("it took more than %ld s", seconds);
		}
		nanosleep(&pause, NULL);
	}
	if (child < 0)
		return text("no process: %s", strerror(errno));
	if (WIFSIGNALED(status))
		return text("it was killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status) ? text("exit status %d", WEXITSTATUS(status)) : NULL;
}

bool run_hooks(const struct container *c, const char *stage, char **problem)
{
	struct reader r;
	size_t length;

	r.at = read_file(c->dir, "hooks", &length);
	if (!r.at)
		return true;
	r.end = r.at + length;
	for (char *of; (of = next(&r)) != NULL;) {
		char *path = next(&r), *seconds = next(&r), **args = next_list(&r), **env = next_list(&r), *why;

		if (!path || !seconds || !args || !env)
			break;
		if (strcmp(of, stage) != 0)
			continue;
		why = run_one(c, path, strtol(seconds, NULL, 10), args, env);
		if (why) {
			*problem = text("%s hook: %s: %s", stage, path, why);
			return false;
		}
	}
	return true;
}
