/* Small things that every part needs. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "oci.h"

const char *log_path;
bool log_json, debug;

enum { MOST_READ = 16 << 20 };

char *text(const char *format, ...)
{
	va_list args;
	char *out;

	va_start(args, format);
	if (vasprintf(&out, format, args) < 0)
		abort();
	va_end(args);
	return out;
}

void put_json(FILE *out, const char *value)
{
	putc('"', out);
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ')
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

/* As runc's log looks, which managers read. */
static void log_line(const char *message)
{
	FILE *log = fopen(log_path, "ae");
	char now[40];
	time_t seconds = time(NULL);
	struct tm parts;

	if (!log)
		return;
	strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
	if (log_json) {
		fputs("{\"level\":\"error\",\"msg\":", log);
		put_json(log, message);
		fprintf(log, ",\"time\":\"%s\"}\n", now);
	} else {
		fprintf(log, "time=\"%s\" level=error msg=", now);
		put_json(log, message);
		putc('\n', log);
	}
	fclose(log);
}

void complain(const char *message)
{
	if (log_path)
		log_line(message);
	fprintf(stderr, "vivarium-oci: %s\n", message);
}

void fail(const char *format, ...)
{
	va_list args;
	char *message;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		abort();
	va_end(args);
	complain(message);
	exit(FAILED);
}

bool write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t n = write(fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

char *read_file(int dir, const char *name, size_t *length)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t room = 4096, used = 0;
	char *content = malloc(room + 1);

	while (fd >= 0 && content) {
		ssize_t n = read(fd, content + used, room - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || used > MOST_READ)
			break;
		used += (size_t)n;
		if (n == 0) {
			close(fd);
			content[used] = 0;
			if (length)
				*length = used;
			return content;
		}
		if (used == room)
			content = realloc(content, (room *= 2) + 1);
	}
	free(content);
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* Whole or not at all. */
bool write_file(int dir, const char *name, const char *content)
{
	char *part = text("%s.part", name);
	int fd = openat(dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool done = fd >= 0 && write_all(fd, content, strlen(content));

	if (fd >= 0)
		close(fd);
	done = done && renameat(dir, part, dir, name) == 0;
	free(part);
	return done;
}

int signal_number(const char *name)
{
	char *end;
	long number = strtol(name, &end, 10);

	if (*name && !*end)
		return number > 0 && number <= 64 ? (int)number : -1;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	if (strncasecmp(name, "RTMIN", 5) == 0) {
		number = name[5] == '+' ? strtol(name + 6, &end, 10) : 0;
		return number >= 0 && number <= 30 ? 34 + (int)number : -1;
	}
	for (int i = 1; i < 32; i++)
		if (sigabbrev_np(i) && strcasecmp(sigabbrev_np(i), name) == 0)
			return i;
	return -1;
}

const char *home(void)
{
	static char path[PATH_MAX];
	ssize_t n = path[0] ? 0 : readlink("/proc/self/exe", path, sizeof path - 1);

	if (n < 0)
		fail("cannot find this program's own directory: %s", strerror(errno));
	if (n > 0) {
		path[n] = 0;
		*strrchr(path, '/') = 0;
	}
	return path;
}

/* Field 22 of /proc/PID/stat, by which one process is told from a later one of the same number. */
uint64_t start_time(pid_t pid, char *state)
{
	char *name = text("/proc/%d/stat", pid), *stat = read_file(AT_FDCWD, name, NULL), *at;
	uint64_t started = 0;

	free(name);
	if (!stat)
		return 0;
	at = strrchr(stat, ')');
	if (at && strlen(at) > 2) {
		*state = at[2];
		at += 2;
		for (int field = 3; at && field < 22; field++)
			at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
		if (at)
			started = strtoull(at, NULL, 10);
	}
	free(stat);
	return started;
}
