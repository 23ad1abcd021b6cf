/*
 * Creating and starting. "create" leaves two processes behind: the monitor, which is what managers see of the container
 * (its process id is in the pid file, and it ends as the container does), and the sandbox's JVM, which does everything.
 * What the JVM has to say before the container is created comes through a pipe, a line each (OciMain); signals and sizes of
 * the terminal go to it through another (Front).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "oci.h"
#include "utf8.h"

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGWINCH };

/* What is being made; on the way out it is unmade. */
static struct container making = { .dir = -1 };

static void undo(void)
{
	if (making.dir >= 0) {
		end_container(&making);
		forget(&making);
	}
}

/* ---- the monitor ---- */

static int jvm_front, jvm_status, to_launcher;

static void launcher(const char *line)
{
	if (to_launcher >= 0)
		(void)!write(to_launcher, line, strlen(line));
}

static pid_t spawn_jvm(char **argv, int front_end, int status_end, int first_free, const sigset_t *mask)
{
	char front[16], status[16];

	/* Above what the container inherits, whose numbers matter. */
	front_end = fcntl(front_end, F_DUPFD_CLOEXEC, first_free + 8);
	status_end = fcntl(status_end, F_DUPFD_CLOEXEC, first_free + 8);
	snprintf(front, sizeof front, "%d", front_end);
	snprintf(status, sizeof status, "%d", status_end);
	setenv("VIVARIUM_FRONT", front, 1);
	setenv("VIVARIUM_STATUS", status, 1);
	setenv("MALLOC_ARENA_MAX", "1", 0);
	setenv("MALLOC_TRIM_THRESHOLD_", "131072", 0);
	speak_utf8();
	unsetenv("JAVA_TOOL_OPTIONS");
	unsetenv("JDK_JAVA_OPTIONS");
	pid_t child = fork();
	if (child != 0) {
		close(front_end);
		close(status_end);
		return child;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_range((unsigned)first_free, ~0u, CLOSE_RANGE_CLOEXEC);
	fcntl(front_end, F_SETFD, 0);
	fcntl(status_end, F_SETFD, 0);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv(argv[0], argv);
	dprintf(status_end, "error cannot start Java: %s: %s\n", argv[0], strerror(errno));
	_exit(FAILED);
}

static void send_size(void)
{
	int rows, columns;

	window_size(0, &rows, &columns);
	uint8_t bytes[] = { SIGWINCH, (uint8_t)(rows >> 8), (uint8_t)rows, (uint8_t)(columns >> 8), (uint8_t)columns };

	if (rows > 0)
		(void)!write(jvm_front, bytes, sizeof bytes);
}

/* The network namespace that the manager looks for in /proc/PID/ns. */
static bool join(const char *path)
{
	if (!*path) {
		/* Nothing is in it, and nothing would be missing without. */
		(void)!unshare(CLONE_NEWNET);
		return true;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool done = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;

	if (!done) {
		char *line = text("error cannot join the network namespace: %s: %s\n", path, strerror(errno));

		launcher(line);
		free(line);
	}
	if (fd >= 0)
		close(fd);
	return done;
}

/* Returns false if the container is not to be. */
static bool obey(char *line)
{
	if (strncmp(line, "netns", 5) == 0)
		return join(line + 5 + (line[5] == ' '));
	char *whole = text("%s\n", line);

	launcher(whole);
	free(whole);
	if (to_launcher >= 0)
		close(to_launcher);
	to_launcher = -1;
	return true;
}

static bool take_lines(void)
{
	static char buffer[8192];
	static size_t used;
	ssize_t n = read(jvm_status, buffer + used, sizeof buffer - 1 - used);

	if (n <= 0) {
		close(jvm_status);
		jvm_status = -1;
		return true;
	}
	used += (size_t)n;
	buffer[used] = 0;
	for (char *end; (end = strchr(buffer, '\n')) != NULL;) {
		*end = 0;
		bool going_on = obey(buffer);

		used -= (size_t)(end + 1 - buffer);
		memmove(buffer, end + 1, used + 1);
		if (!going_on)
			return false;
	}
	if (used == sizeof buffer - 1)
		used = 0;
	return true;
}

static int end_of(pid_t jvm)
{
	int status;

	if (waitpid(jvm, &status, 0) != jvm)
		return FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void monitor(char **argv, int terminal, bool own_session, int preserve, int report)
{
	int front[2], status[2], first_free = 3 + preserve;
	sigset_t watched, before;

	if (own_session)
		setsid();
	if (terminal >= 0) {
		ioctl(terminal, TIOCSCTTY, 0);
		for (int fd = 0; fd <= 2; fd++)
			dup2(terminal, fd);
	}
	if (chdir("/") != 0 || pipe2(front, O_CLOEXEC) != 0 || pipe2(status, O_CLOEXEC) != 0)
		_exit(FAILED);
	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++)
		sigaddset(&watched, forwarded[i]);
	sigprocmask(SIG_BLOCK, &watched, &before);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	pid_t jvm = spawn_jvm(argv, front[0], status[1], first_free, &before);
	if (jvm < 0)
		_exit(FAILED);
	close(front[0]);
	close(status[1]);
	jvm_front = front[1];
	jvm_status = status[0];
	to_launcher = report;
	/* What the container inherits is its own from now on. */
	for (int fd = 3; fd < first_free; fd++)
		if (fd != report && fd != jvm_front && fd != jvm_status)
			close(fd);
	send_size();
	int signals = signalfd(-1, &watched, SFD_CLOEXEC);
	struct pollfd wait[] = { { .fd = signals, .events = POLLIN }, { .fd = jvm_status, .events = POLLIN } };
	for (;;) {
		struct signalfd_siginfo info;

		if (poll(wait, 2, -1) < 0)
			continue;
		if (wait[1].revents && !take_lines()) {
			kill(jvm, SIGKILL);
			_exit(end_of(jvm));
		}
		wait[1].fd = jvm_status;
		if (!(wait[0].revents & POLLIN) || read(signals, &info, sizeof info) != sizeof info)
			continue;
		if (info.ssi_signo == SIGCHLD) {
			siginfo_t ended = { 0 };

			if (waitid(P_PID, (id_t)jvm, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == jvm) {
				if (jvm_status >= 0)
					take_lines();
				_exit(end_of(jvm));
			}
		} else if (info.ssi_signo == SIGWINCH) {
			send_size();
		} else {
			unsigned char byte = (unsigned char)info.ssi_signo;

			(void)!write(jvm_front, &byte, 1);
		}
	}
}

/* ---- the launcher ---- */

static char *java(void)
{
	char *name = text("%s/.java", home()), *path = read_file(AT_FDCWD, name, NULL);

	free(name);
	if (path) {
		path[strcspn(path, "\n")] = 0;
		name = text("%s/bin/java", path);
	} else {
		/* As jpackage lays a package out. */
		name = text("%s/../runtime/bin/java", home());
	}
	if (access(name, X_OK) != 0)
		fail("cannot find Java: %s: %s; install Vivarium again", name, strerror(errno));
	return name;
}

/* A portable archive that was moved: its files of arguments hold the old place until viv has written them anew. */
static void check_place(void)
{
	char *name = text("%s/.place", home()), *place = read_file(AT_FDCWD, name, NULL);

	free(name);
	if (!place)
		return;
	place[strcspn(place, "\n")] = 0;
	if (strcmp(place, home()) != 0)
		fail("this copy of Vivarium was moved to %s and not started since; run %s/../bin/viv version once, as somebody who may write there",
		     home(), home());
	free(place);
}

/* Trained with a container (tools/train); without it everything works, more slowly. */
static char *cache(void)
{
	char *name = text("%s/oci.aot", home());
	bool there = access(name, R_OK) == 0;

	return there ? text("-XX:AOTCache=%s", name) : (char *)"-Dvivarium.aot=none";
}

static char *read_report(int fd)
{
	static char line[8192];
	size_t used = 0;

	while (used < sizeof line - 1) {
		ssize_t n = read(fd, line + used, sizeof line - 1 - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	line[used] = 0;
	line[strcspn(line, "\n")] = 0;
	return line;
}

static void make_directory(const char *id)
{
	char *path = text("%s/%s", root, id);
	char *parent = strdup(root);

	for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(parent, 0755);
		*slash = '/';
	}
	if (mkdir(root, 0700) != 0 && errno != EEXIST)
		fail("cannot make a directory: %s: %s; choose another with --root", root, strerror(errno));
	if (mkdir(path, 0700) != 0) {
		if (errno == EEXIST)
			fail("container with given ID already exists: %s", id);
		fail("cannot make a directory: %s: %s", path, strerror(errno));
	}
	making = (struct container){ .id = id, .dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) };
	atexit(undo);
	free(parent);
	free(path);
}

static void write_pid_file(const char *path, pid_t pid)
{
	char *number = text("%d", pid);

	if (path && !write_file(AT_FDCWD, path, number))
		fail("--pid-file: cannot write: %s: %s", path, strerror(errno));
	free(number);
}

pid_t create_container(const struct create *wanted)
{
	char bundle[PATH_MAX], place[PATH_MAX], *line, *problem, state;
	int report[2], terminal = -1;

	check_id(wanted->id);
	if (!realpath(wanted->bundle, bundle))
		fail("--bundle: no such directory: %s: %s", wanted->bundle, strerror(errno));
	for (int fd = 3; fd < 3 + wanted->preserve_fds; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			fail("--preserve-fds: descriptor %d is not open", fd);
	/* A standard stream that is closed must not become something else. */
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			exit(FAILED);
	check_place();
	char *arguments = text("@%s/run.args", home());
	make_directory(wanted->id);
	char *directory = text("%s/%s", root, wanted->id), *preserve = text("%d", wanted->preserve_fds);
	if (!realpath(directory, place))
		fail("no such directory: %s", directory);
	if (wanted->console_socket)
		terminal = new_terminal(wanted->console_socket);
	if (pipe2(report, O_CLOEXEC) != 0)
		fail("no pipe: %s", strerror(errno));
	/* Above what is inherited. */
	int report_end = fcntl(report[1], F_DUPFD_CLOEXEC, 3 + wanted->preserve_fds);
	close(report[1]);
	char *path = java();
	pid_t pid = fork();
	if (pid < 0)
		fail("no process: %s", strerror(errno));
	if (pid == 0) {
		making.dir = -1;
		close(report[0]);
		char *number = text("%d", getpid());
		char *argv[] = { path, arguments, cache(), (char *)"dev.vivarium.engine.oci.OciMain", (char *)wanted->id, place, bundle,
				 number,
				 (char *)(terminal >= 0 ? "console" : wanted->own_terminal ? "own" : "none"), preserve, NULL };
		monitor(argv, terminal, !wanted->own_terminal, wanted->preserve_fds, report_end);
	}
	close(report_end);
	making.pid = pid;
	if (terminal >= 0)
		close(terminal);
	line = text("%d %llu\n", pid, (unsigned long long)start_time(pid, &state));
	if (!write_file(making.dir, "monitor", line))
		fail("cannot write the container's state: %s", strerror(errno));
	line = read_report(report[0]);
	close(report[0]);
	if (strcmp(line, "created") != 0)
		fail("%s", strncmp(line, "error ", 6) == 0 ? line + 6 : "the sandbox's process ended before it was ready");
	making.status = CREATING;
	for (const char *const *stage = (const char *const[]){ "prestart", "createRuntime", "createContainer", NULL }; *stage;
	     stage++)
		if (!run_hooks(&making, *stage, &problem))
			fail("%s", problem);
	if (!write_file(making.dir, "created", ""))
		fail("cannot write the container's state: %s", strerror(errno));
	write_pid_file(wanted->pid_file, pid);
	making.dir = -1;
	return pid;
}

void start_container(const char *id)
{
	static struct frame answer;
	struct container c = need(id);
	char *problem;

	if (c.status != CREATED)
		fail("cannot start a container in the state %s: %s", status_names[c.status], id);
	int fd = control_connect(&c);
	if (fd < 0 || !control_send(fd, M_BEGIN, NULL, 0))
		fail("cannot start: its sandbox does not answer: %s", id);
	do {
		if (!control_receive(fd, &answer))
			fail("cannot start: its sandbox ended: %s", id);
		if (answer.type == M_ENDED)
			fail("cannot start: %s", control_text(&answer, 4));
	} while (answer.type != M_STARTED);
	close(fd);
	write_file(c.dir, "started", "");
	c.status = RUNNING;
	if (!run_hooks(&c, "poststart", &problem))
		complain(problem);
	close(c.dir);
}
