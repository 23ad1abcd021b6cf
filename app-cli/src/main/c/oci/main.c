/* The words of the command line. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "oci.h"

#ifndef VERSION
#define VERSION "0"
#endif

enum { SPEC_MINOR = 2, MAX_ENV = 1024, MAX_PRESERVED = 256 };

static void need_arguments(const char *command, int given, int least, int most)
{
	if (given < least || (most >= 0 && given > most))
		fail("%s: wrong usage: vivarium-oci --help shows how", command);
}

static struct option no_options[] = { { 0 } };

static int plain(int argc, char **argv, int least, int most)
{
	while (getopt_long(argc, argv, "+", no_options, NULL) != -1)
		exit(FAILED);
	need_arguments(argv[0], argc - optind, least, most);
	return optind;
}

/* ---- create, run, start ---- */

static struct create create_words(int argc, char **argv, bool *detach, bool *keep)
{
	static struct option options[] = {
		{ "bundle", required_argument, NULL, 'b' },	 { "console-socket", required_argument, NULL, 'c' },
		{ "pid-file", required_argument, NULL, 'p' },	 { "preserve-fds", required_argument, NULL, 'f' },
		{ "no-pivot", no_argument, NULL, 'n' },		 { "no-new-keyring", no_argument, NULL, 'n' },
		{ "detach", no_argument, NULL, 'd' },		 { "keep", no_argument, NULL, 'k' },
		{ "no-subreaper", no_argument, NULL, 'n' },	 { "pidfd-socket", required_argument, NULL, 'n' },
		{ 0 },
	};
	struct create wanted = { .bundle = "." };

	for (int c; (c = getopt_long(argc, argv, "+b:d", options, NULL)) != -1;)
		switch (c) {
		case 'b':
			wanted.bundle = optarg;
			break;
		case 'c':
			wanted.console_socket = optarg;
			break;
		case 'p':
			wanted.pid_file = optarg;
			break;
		case 'f':
			wanted.preserve_fds = atoi(optarg);
			if (wanted.preserve_fds < 0 || wanted.preserve_fds > MAX_PRESERVED)
				fail("--preserve-fds: at most %d: %s", MAX_PRESERVED, optarg);
			break;
		case 'd':
			*detach = true;
			break;
		case 'k':
			*keep = true;
			break;
		case 'n':
			break;	/* nothing here pivots, and there is no keyring */
		default:
			exit(FAILED);
		}
	need_arguments(argv[0], argc - optind, 1, 1);
	wanted.id = argv[optind];
	return wanted;
}

static int create(int argc, char **argv)
{
	bool detach = false, keep = false;
	struct create wanted = create_words(argc, argv, &detach, &keep);

	create_container(&wanted);
	return 0;
}

static int start(int argc, char **argv)
{
	start_container(argv[plain(argc, argv, 1, 1)]);
	return 0;
}

static pid_t in_front;

static void hand_on(int number)
{
	kill(in_front, number);
}

static int run(int argc, char **argv)
{
	bool detach = false, keep = false;
	struct create wanted = create_words(argc, argv, &detach, &keep);
	int status;

	wanted.own_terminal = !detach && !wanted.console_socket && isatty(0);
	in_front = create_container(&wanted);
	if (wanted.own_terminal)
		make_raw(0, true);
	start_container(wanted.id);
	if (detach)
		return 0;
	for (const int *s = (const int[]){ SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, 0 }; *s; s++)
		signal(*s, hand_on);
	while (waitpid(in_front, &status, 0) < 0)
		if (errno != EINTR)
			fail("cannot wait for the container: %s", strerror(errno));
	if (!keep) {
		struct container c = need(wanted.id);

		delete_container(&c);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- what is done to one that is there ---- */

static int state(int argc, char **argv)
{
	struct container c = need(argv[plain(argc, argv, 1, 1)]);

	fputs(state_json(&c), stdout);
	return 0;
}

static int kill_command(int argc, char **argv)
{
	static struct option options[] = { { "all", no_argument, NULL, 'a' }, { 0 } };
	bool all = false;
	uint8_t body[4];

	for (int c; (c = getopt_long(argc, argv, "+a", options, NULL)) != -1;)
		if (c == 'a')
			all = true;
		else
			exit(FAILED);
	need_arguments(argv[0], argc - optind, 1, 2);
	struct container c = need(argv[optind]);
	const char *name = argc - optind > 1 ? argv[optind + 1] : "TERM";
	int number = signal_number(name);

	if (number < 0)
		fail("kill: no such signal: %s", name);
	if (c.pid == 0) {
		/* All of none: fine, as managers expect of a container that has just ended. */
		if (all)
			return 0;
		fail("container not running: %s", c.id);
	}
	int fd = control_connect(&c);
	put_number(body, (uint32_t)number);
	bool sent = fd >= 0 && (all && number == SIGKILL ? control_send(fd, M_KILL, NULL, 0)
							 : control_send(fd, M_SIGNAL, body, sizeof body));
	if (!sent && number == SIGKILL)
		sent = kill(c.pid, SIGKILL) == 0;
	if (!sent)
		fail("kill: its sandbox does not answer: %s", c.id);
	return 0;
}

static int delete_command(int argc, char **argv)
{
	static struct option options[] = { { "force", no_argument, NULL, 'f' }, { 0 } };
	bool force = false;
	struct container c;

	for (int o; (o = getopt_long(argc, argv, "+f", options, NULL)) != -1;)
		if (o == 'f')
			force = true;
		else
			exit(FAILED);
	need_arguments(argv[0], argc - optind, 1, 1);
	check_id(argv[optind]);
	if (!find(argv[optind], &c)) {
		if (force)
			return 0;
		fail("container does not exist: %s", argv[optind]);
	}
	if (c.status == CREATED)
		force = true;	/* nothing of it has run */
	if (c.status != STOPPED && !force)
		fail("cannot delete a container that is %s: %s", status_names[c.status], c.id);
	if (c.status != STOPPED)
		end_container(&c);
	delete_container(&c);
	return 0;
}

static int stand_still(const char *id, bool still)
{
	static struct frame answer;
	struct container c = need(id);
	uint8_t body = still;

	if (c.status != (still ? RUNNING : PAUSED))
		fail("cannot %s a container that is %s: %s", still ? "pause" : "resume", status_names[c.status], id);
	int fd = control_connect(&c);
	if (fd < 0 || !control_send(fd, M_PAUSE, &body, 1) || !control_receive(fd, &answer) || answer.type != M_PAUSED)
		fail("its sandbox does not answer: %s", id);
	char *problem = control_text(&answer, 0);
	if (*problem)
		fail("%s", problem);
	if (still)
		write_file(c.dir, "paused", "");
	else
		unlinkat(c.dir, "paused", 0);
	return 0;
}

static int pause_command(int argc, char **argv)
{
	return stand_still(argv[plain(argc, argv, 1, 1)], true);
}

static int resume(int argc, char **argv)
{
	return stand_still(argv[plain(argc, argv, 1, 1)], false);
}

static int exec(int argc, char **argv)
{
	static struct option options[] = {
		{ "process", required_argument, NULL, 'p' },	    { "console-socket", required_argument, NULL, 'S' },
		{ "pid-file", required_argument, NULL, 'P' },	    { "cwd", required_argument, NULL, 'C' },
		{ "env", required_argument, NULL, 'e' },	    { "user", required_argument, NULL, 'u' },
		{ "tty", no_argument, NULL, 't' },		    { "detach", no_argument, NULL, 'd' },
		{ "preserve-fds", required_argument, NULL, 'f' },   { "cap", required_argument, NULL, 'x' },
		{ "no-new-privs", no_argument, NULL, 'x' },	    { "additional-gids", required_argument, NULL, 'x' },
		{ "ignore-paused", no_argument, NULL, 'n' },	    { "pidfd-socket", required_argument, NULL, 'n' },
		{ "apparmor", required_argument, NULL, 'n' },	    { "process-label", required_argument, NULL, 'n' },
		{ "cgroup", required_argument, NULL, 'n' },	    { 0 },
	};
	char *env[MAX_ENV];
	struct exec wanted = { .env = env };

	for (int c; (c = getopt_long(argc, argv, "+p:e:u:tdg:c:", options, NULL)) != -1;)
		switch (c) {
		case 'p':
			wanted.process = optarg;
			break;
		case 'S':
			wanted.console_socket = optarg;
			break;
		case 'P':
			wanted.pid_file = optarg;
			break;
		case 'C':
			wanted.cwd = optarg;
			break;
		case 'e':
			if (wanted.env_count == MAX_ENV)
				fail("exec: at most %d variables", MAX_ENV);
			env[wanted.env_count++] = optarg;
			break;
		case 'u':
			wanted.user = optarg;
			break;
		case 't':
			wanted.terminal = true;
			break;
		case 'd':
			wanted.detach = true;
			break;
		case 'f':
			if (atoi(optarg) != 0)
				fail("exec: --preserve-fds: a further process inherits none but its standard streams");
			break;
		case 'x':
		case 'g':
		case 'c':
			fail("exec: capabilities, groups and privileges are said in --process FILE");
		case 'n':
			break;
		default:
			exit(FAILED);
		}
	need_arguments(argv[0], argc - optind, 1, -1);
	wanted.id = argv[optind];
	wanted.args = argv + optind + 1;
	return exec_in(&wanted);
}

/* ---- looking ---- */

static int list(int argc, char **argv)
{
	static struct option options[] = { { "format", required_argument, NULL, 'f' }, { "quiet", no_argument, NULL, 'q' }, { 0 } };
	bool json = false, quiet = false, first = true;
	struct container c;
	DIR *all = opendir(root);

	for (int o; (o = getopt_long(argc, argv, "+qf:", options, NULL)) != -1;)
		if (o == 'q')
			quiet = true;
		else if (o == 'f' && (strcmp(optarg, "json") == 0 || strcmp(optarg, "table") == 0))
			json = strcmp(optarg, "json") == 0;
		else
			fail("list: --format: json or table");
	if (json)
		putchar('[');
	else if (!quiet)
		printf("%-40s %-10s %s\n", "ID", "PID", "STATUS");
	for (struct dirent *e; all && (e = readdir(all)) != NULL;) {
		if (e->d_name[0] == '.' || !find(e->d_name, &c))
			continue;
		if (json) {
			printf("%s%s", first ? "" : ",", state_json(&c));
			first = false;
		} else if (quiet) {
			puts(c.id);
		} else {
			printf("%-40s %-10d %s\n", c.id, c.pid, status_names[c.status]);
		}
		close(c.dir);
	}
	if (json)
		puts("]");
	return 0;
}

/* The processes inside are the sentry's, which the host does not know; what it knows is the one that stands for all. */
static int ps(int argc, char **argv)
{
	static struct option options[] = { { "format", required_argument, NULL, 'f' }, { 0 } };
	bool json = false;

	for (int o; (o = getopt_long(argc, argv, "+f:", options, NULL)) != -1;)
		if (o == 'f')
			json = strcmp(optarg, "json") == 0;
		else
			exit(FAILED);
	need_arguments(argv[0], argc - optind, 1, -1);
	struct container c = need(argv[optind]);
	if (c.pid == 0)
		fail("container not running: %s", c.id);
	printf(json ? "[%d]\n" : "PID\n%d\n", c.pid);
	return 0;
}

static unsigned long long figure(const struct container *c, const char *const files[], const char *field)
{
	char *groups = read_file(c->dir, "cgroups", NULL);
	unsigned long long value = 0;

	for (char *line = groups, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		for (int i = 0; files[i]; i++) {
			char *name = text("%s/%s", line, files[i]), *content = read_file(AT_FDCWD, name, NULL);
			char *at = content && *field && strchr(content, ' ') ? strstr(content, field) : content;

			if (at && value == 0)
				value = strtoull(at == content && !strchr(at, ' ') ? at : at + strlen(field), NULL, 10);
			free(content);
			free(name);
		}
	}
	free(groups);
	return value;
}

static int events(int argc, char **argv)
{
	static struct option options[] = { { "stats", no_argument, NULL, 's' }, { "interval", required_argument, NULL, 'i' }, { 0 } };
	static const char *const memory[] = { "memory.current", "memory.usage_in_bytes", NULL };
	static const char *const pids[] = { "pids.current", NULL };
	static const char *const old_cpu[] = { "cpuacct.usage", NULL };
	static const char *const cpu[] = { "cpu.stat", NULL };
	bool once = false;
	int seconds = 5;

	for (int o; (o = getopt_long(argc, argv, "+s", options, NULL)) != -1;)
		if (o == 's')
			once = true;
		else if (o == 'i' && atoi(optarg) > 0)
			seconds = atoi(optarg);
		else
			fail("events: --interval: seconds above 0");
	need_arguments(argv[0], argc - optind, 1, 1);
	for (;;) {
		struct container c = need(argv[optind]);
		unsigned long long nanos = figure(&c, old_cpu, "");

		if (c.pid == 0)
			fail("container not running: %s", c.id);
		if (nanos == 0)
			nanos = figure(&c, cpu, "usage_usec ") * 1000;
		printf("{\"type\":\"stats\",\"id\":\"%s\",\"data\":{\"cpu\":{\"usage\":{\"total\":%llu}},\"memory\":{\"usage\":"
		       "{\"usage\":%llu}},\"pids\":{\"current\":%llu}}}\n",
		       c.id, nanos, figure(&c, memory, ""), figure(&c, pids, ""));
		fflush(stdout);
		close(c.dir);
		if (once)
			return 0;
		sleep((unsigned)seconds);
	}
}

static int features(int argc, char **argv)
{
	plain(argc, argv, 0, 0);
	fputs(features_json, stdout);
	return 0;
}

static int spec(int argc, char **argv)
{
	static struct option options[] = { { "bundle", required_argument, NULL, 'b' }, { 0 } };

	for (int o; (o = getopt_long(argc, argv, "+b:", options, NULL)) != -1;)
		if (o != 'b' || chdir(optarg) != 0)
			fail("spec: --bundle: no such directory");
	if (access("config.json", F_OK) == 0)
		fail("spec: config.json exists already");
	if (!write_file(AT_FDCWD, "config.json", spec_json))
		fail("spec: cannot write config.json: %s", strerror(errno));
	return 0;
}

static int unsupported(int argc, char **argv)
{
	(void)argc;
	fail("%s: not supported: what a sandbox may use is fixed when it begins, and it cannot be saved", argv[0]);
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "create", create },	     { "start", start },	  { "state", state },	       { "kill", kill_command },
	{ "delete", delete_command }, { "run", run },		  { "exec", exec },	       { "ps", ps },
	{ "pause", pause_command },  { "resume", resume },	  { "events", events },	       { "features", features },
	{ "spec", spec },	     { "list", list },		  { "update", unsupported },   { "checkpoint", unsupported },
	{ "restore", unsupported },
};

static void version(void)
{
	printf("vivarium-oci version %s\nspec: 1.%d.0\n", VERSION, SPEC_MINOR);
	exit(0);
}

/* Whether we are root of a user namespace alone. */
static bool is_root_of_less(void)
{
	unsigned inside, outside, count;
	FILE *map = fopen("/proc/self/uid_map", "re");
	bool whole = !map || fscanf(map, "%u %u %u", &inside, &outside, &count) != 3 || (outside == 0 && count == UINT_MAX);

	if (map)
		fclose(map);
	return !whole;
}

/* As runc: a podman of an ordinary user's calls us as root of its namespace, with that user's name. */
static char *default_root(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *user = getenv("USER");
	bool users = geteuid() != 0 || (is_root_of_less() && !(user && strcmp(user, "root") == 0));

	return users && runtime && *runtime == '/' ? text("%s/vivarium-oci", runtime) : text("/run/vivarium-oci");
}

int main(int argc, char **argv)
{
	static struct option options[] = {
		{ "root", required_argument, NULL, 'r' },	 { "log", required_argument, NULL, 'l' },
		{ "log-format", required_argument, NULL, 'f' },	 { "systemd-cgroup", no_argument, NULL, 'n' },
		{ "debug", no_argument, NULL, 'd' },		 { "rootless", required_argument, NULL, 'n' },
		{ "criu", required_argument, NULL, 'n' },	 { "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },		 { 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "+vh", options, NULL)) != -1;)
		switch (c) {
		case 'r':
			root = optarg;
			break;
		case 'l':
			log_path = optarg;
			break;
		case 'f':
			log_json = strcmp(optarg, "json") == 0;
			if (!log_json && strcmp(optarg, "text") != 0)
				fail("--log-format: text or json: %s", optarg);
			break;
		case 'd':
			debug = true;
			break;
		case 'v':
			version();
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'n':
			break;	/* how a cgroup's path is written shows in it */
		default:
			return FAILED;
		}
	if (!root || !*root)
		root = default_root();
	if (*root != '/')
		root = text("%s/%s", getcwd(NULL, 0), root);
	if (optind == argc) {
		fputs(usage, stderr);
		return FAILED;
	}
	argc -= optind;
	argv += optind;
	optind = 0;
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(argc, argv);
	fail("no such command: %s; vivarium-oci --help lists them", argv[0]);
}
