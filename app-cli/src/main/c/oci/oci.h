/*
 * vivarium-oci: the command line of an OCI runtime. Managers call it many times for each container, so it is a small
 * program without a JVM: "create" starts one, which becomes the sandbox; everything else speaks with that one through its
 * control socket, or looks at the container's directory ROOT/ID:
 *
 *   state.json   as "state" prints it, with the lines "pid" and "status" to be filled in; by the JVM
 *   monitor      process id and start time of the monitor, the process that stands for the container
 *   hooks        what to run at which stage (hooks.c); by the JVM
 *   cgroups      directories to remove at the end, one a line; by the JVM
 *   sandbox      a symbolic link to the sandbox's run directory, with its control.sock; by the JVM
 *   started      is there once the container was started
 *   paused       is there while it stands still
 */
#ifndef OCI_H
#define OCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { FAILED = 1, MAX_TEXT = 4096, MAX_FRAME = 1 << 18, WINDOW = 1 << 18 };

/* util.c */
extern const char *log_path;
extern bool log_json, debug;
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void complain(const char *message);	/* to the log and to standard error */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *read_file(int dir, const char *name, size_t *length);	/* NULL if it cannot be read */
bool write_file(int dir, const char *name, const char *content);
bool write_all(int fd, const void *bytes, size_t length);
void put_json(FILE *out, const char *value);	/* quoted */
int signal_number(const char *name);	/* -1 if there is none */
const char *home(void);	/* where this program and its JVM's files are */
uint64_t start_time(pid_t pid, char *state);	/* 0 if there is no such process */

/* state.c: a container's directory. */
enum status { CREATING, CREATED, RUNNING, PAUSED, STOPPED };
extern const char *status_names[];
struct container {
	const char *id;
	int dir;
	pid_t pid;	/* of the monitor; 0 if it is gone */
	enum status status;
};
extern char *root;
void check_id(const char *id);
bool find(const char *id, struct container *c);	/* false if there is none */
struct container need(const char *id);
char *state_json(const struct container *c);
void forget(const struct container *c);	/* removes its directory and control groups */
void delete_container(struct container *c);	/* the same, with its hooks */
void end_container(struct container *c);	/* kills it and waits for its end */

/* hooks.c */
bool run_hooks(const struct container *c, const char *stage, char **problem);

/* control.c: what the sandbox's process speaks (dev.vivarium.engine.control.ControlMessage). */
enum message {
	M_HELLO = 1, M_STARTED = 3, M_DATA = 5, M_END_OF_STREAM = 6, M_WINDOW = 7, M_RESIZE = 8, M_SIGNAL = 9,
	M_KILL = 10, M_ENDED = 13, M_PAUSE = 16, M_PAUSED = 17, M_BEGIN = 18, M_PROCESS_ENDED = 51, M_EXEC_JSON = 52,
};
struct frame {
	uint8_t type;
	uint32_t length;
	uint8_t body[MAX_FRAME];
};
int control_connect(const struct container *c);	/* -1 if nobody is there */
bool control_send(int fd, enum message type, const void *body, size_t length);
bool control_receive(int fd, struct frame *f);
uint32_t control_number(const struct frame *f, size_t at);
char *control_text(const struct frame *f, size_t at);
void put_number(uint8_t *at, uint32_t number);

/* terminal.c */
int new_terminal(const char *console_socket);	/* the slave; the master goes to whoever listens there */
void make_raw(int fd, bool back_at_exit);
void window_size(int fd, int *rows, int *columns);

/* create.c */
struct create {
	const char *id, *bundle, *console_socket, *pid_file;
	int preserve_fds;
	bool own_terminal;	/* ours, for "run" in the foreground */
};
pid_t create_container(const struct create *wanted);	/* the monitor */
void start_container(const char *id);

/* exec.c */
struct exec {
	const char *id, *process, *console_socket, *pid_file, *cwd, *user;
	char **env;
	int env_count;
	char **args;
	bool detach, terminal;
};
int exec_in(const struct exec *wanted);

/* texts.c */
extern const char features_json[], spec_json[], usage[];

#endif
