/*
 * One more process in a container. This program, or for --detach a child of it, stands for that process: it carries its
 * standard streams to and from the sandbox, hands on signals, and ends as it does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "oci.h"

enum { NOT_STARTED = 255, CHUNK = 1 << 15 };

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGWINCH };

static void put_list(FILE *out, const char *name, char **values, int count)
{
	fprintf(out, "\"%s\":[", name);
	for (int i = 0; count < 0 ? values[i] != NULL : i < count; i++) {
		if (i > 0)
			putc(',', out);
		put_json(out, values[i]);
	}
	putc(']', out);
}

/* What the words of the command line say, for the JVM to fill up. */
static char *process_json(const struct exec *wanted)
{
	char *json = NULL;
	size_t length;

	if (wanted->process) {
		json = read_file(AT_FDCWD, wanted->process, NULL);
		if (!json)
			fail("--process: cannot read: %s: %s", wanted->process, strerror(errno));
		return json;
	}
	if (!wanted->args[0])
		fail("exec: a command is missing");
	FILE *out = open_memstream(&json, &length);
	if (!out)
		abort();
	putc('{', out);
	put_list(out, "args", wanted->args, -1);
	if (wanted->env_count > 0) {
		putc(',', out);
		put_list(out, "moreEnv", wanted->env, wanted->env_count);
	}
	if (wanted->cwd) {
		fputs(",\"cwd\":", out);
		put_json(out, wanted->cwd);
	}
	if (wanted->user) {
		char *end;
		unsigned long uid = strtoul(wanted->user, &end, 10), gid = *end == ':' ? strtoul(end + 1, &end, 10) : 0;

		if (*end || end == wanted->user)
			fail("--user: must be UID or UID:GID: %s", wanted->user);
		fprintf(out, ",\"user\":{\"uid\":%lu,\"gid\":%lu}", uid, gid);
	}
	fprintf(out, ",\"terminal\":%s}", wanted->terminal || wanted->console_socket ? "true" : "false");
	fclose(out);
	return json;
}

struct relay {
	int sandbox, signals, report;
	uint32_t credit;	/* bytes of input that the sandbox still takes */
	bool started, input_over;
};

static void report(struct relay *r, const char *line)
{
	if (r->report >= 0) {
		(void)!write(r->report, line, strlen(line));
		close(r->report);
		r->report = -1;
	}
}

static void send_size(struct relay *r)
{
	uint8_t body[8];
	int rows, columns;

	window_size(0, &rows, &columns);
	put_number(body, (uint32_t)rows);
	put_number(body + 4, (uint32_t)columns);
	control_send(r->sandbox, M_RESIZE, body, sizeof body);
}

static void take_signal(struct relay *r)
{
	struct signalfd_siginfo info;
	uint8_t body[4];

	if (read(r->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGWINCH) {
		send_size(r);
		return;
	}
	put_number(body, info.ssi_signo);
	control_send(r->sandbox, M_SIGNAL, body, sizeof body);
}

static void take_input(struct relay *r)
{
	static uint8_t body[1 + CHUNK];
	ssize_t n = read(0, body + 1, r->credit < CHUNK ? r->credit : CHUNK);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	body[0] = 0;
	if (n <= 0) {
		r->input_over = true;
		control_send(r->sandbox, M_END_OF_STREAM, body, 1);
		return;
	}
	r->credit -= (uint32_t)n;
	control_send(r->sandbox, M_DATA, body, 1 + (size_t)n);
}

static void give_output(struct relay *r, const struct frame *f)
{
	uint8_t body[5] = { f->body[0] };

	/* Nobody there to read it any more: it goes nowhere, and the process goes on. */
	(void)!write_all(f->body[0], f->body + 1, f->length - 1);
	put_number(body + 1, f->length - 1);
	control_send(r->sandbox, M_WINDOW, body, sizeof body);
}

/* Returns true at the end, with its exit code. */
static bool take_frame(struct relay *r, int *code)
{
	static struct frame f;

	if (!control_receive(r->sandbox, &f)) {
		report(r, "error exec failed: the container has ended\n");
		*code = r->started ? 128 + SIGKILL : NOT_STARTED;
		return true;
	}
	switch (f.type) {
	case M_STARTED:
		r->started = true;
		report(r, "started\n");
		break;
	case M_DATA:
		if (f.length > 1 && (f.body[0] == 1 || f.body[0] == 2))
			give_output(r, &f);
		break;
	case M_WINDOW:
		r->credit += f.length == 5 ? control_number(&f, 1) : 0;
		break;
	case M_PROCESS_ENDED:
		*code = (int)control_number(&f, 0);
		if (!r->started) {
			char *line = text("error exec failed: %s\n", control_text(&f, 4));

			report(r, line);
			*code = NOT_STARTED;
		}
		return true;
	case M_ENDED:
		report(r, "error exec failed: the container has ended\n");
		*code = r->started ? 128 + SIGKILL : NOT_STARTED;
		return true;
	default:
		break;
	}
	return false;
}

static int carry(struct relay *r)
{
	struct pollfd wait[] = { { .fd = r->sandbox, .events = POLLIN },
				 { .fd = r->signals, .events = POLLIN },
				 { .fd = 0, .events = POLLIN } };
	int code;

	for (;;) {
		wait[2].fd = r->started && !r->input_over && r->credit > 0 ? 0 : -1;
		if (poll(wait, 3, -1) < 0)
			continue;
		if (wait[0].revents && take_frame(r, &code))
			return code;
		if (wait[1].revents)
			take_signal(r);
		if (wait[2].fd == 0 && wait[2].revents)
			take_input(r);
	}
}

static int run(const struct exec *wanted, const struct container *c, char *json, int terminal, int to)
{
	struct relay r = { .report = to, .credit = WINDOW };
	sigset_t watched;
	int rows = 0, columns = 0;
	size_t length = strlen(json);

	if (terminal >= 0) {
		setsid();
		ioctl(terminal, TIOCSCTTY, 0);
		for (int fd = 0; fd <= 2; fd++)
			dup2(terminal, fd);
	}
	if (terminal >= 0 || wanted->terminal)
		window_size(0, &rows, &columns);
	sigemptyset(&watched);
	for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++)
		sigaddset(&watched, forwarded[i]);
	sigprocmask(SIG_BLOCK, &watched, NULL);
	signal(SIGPIPE, SIG_IGN);
	r.signals = signalfd(-1, &watched, SFD_CLOEXEC);
	r.sandbox = control_connect(c);
	uint8_t *body = malloc(12 + length);
	put_number(body, (uint32_t)rows);
	put_number(body + 4, (uint32_t)columns);
	put_number(body + 8, (uint32_t)length);
	memcpy(body + 12, json, length);
	if (length > MAX_FRAME - 64 || r.sandbox < 0 || !control_send(r.sandbox, M_EXEC_JSON, body, 12 + length)) {
		report(&r, "error exec failed: the container's sandbox does not answer\n");
		return NOT_STARTED;
	}
	return carry(&r);
}

int exec_in(const struct exec *wanted)
{
	struct container c = need(wanted->id);
	char line[8192], *json = process_json(wanted);
	int result[2], terminal = -1, code = 0;
	ssize_t n;

	if (c.status != RUNNING)
		fail("cannot exec in a container that is %s: %s", status_names[c.status], wanted->id);
	if (wanted->console_socket)
		terminal = new_terminal(wanted->console_socket);
	else if (wanted->terminal && wanted->detach)
		fail("exec: --tty with --detach needs --console-socket");
	else if (wanted->terminal)
		make_raw(0, true);
	if (pipe2(result, O_CLOEXEC) != 0)
		fail("no pipe: %s", strerror(errno));
	pid_t pid = wanted->detach ? fork() : 0;
	if (pid == 0) {
		if (!wanted->detach) {
			/* Room enough for a line that nobody reads yet. */
			code = run(wanted, &c, json, terminal, result[1]);
		} else {
			close(result[0]);
			_exit(run(wanted, &c, json, terminal, result[1]));
		}
	} else {
		close(result[1]);
	}
	size_t used = 0;
	while (used < sizeof line - 1 && (n = read(result[0], line + used, sizeof line - 1 - used)) > 0)
		used += (size_t)n;
	line[used] = 0;
	line[strcspn(line, "\n")] = 0;
	if (strcmp(line, "started") != 0) {
		complain(strncmp(line, "error ", 6) == 0 ? line + 6 : "exec failed");
		return NOT_STARTED;
	}
	if (wanted->detach && wanted->pid_file) {
		char *number = text("%d", pid);

		if (!write_file(AT_FDCWD, wanted->pid_file, number))
			fail("--pid-file: cannot write: %s: %s", wanted->pid_file, strerror(errno));
	}
	return code;
}
