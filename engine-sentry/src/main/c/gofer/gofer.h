/* What the parts of the gofer share. */
#ifndef GOFER_H
#define GOFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "protocol.h"

#define SOCKET 0
#define MAX_ROOTS 64

/* A file tree (or a single file) that may be served. */
struct root {
	const char *path;	/* as given; only until confinement */
	bool host;		/* the host image: read-only and under the policy */
	bool writable;
	bool whole;		/* a container's root: writable, and with all kinds of files and modes */
	int dirfd;		/* the root is "name" in this directory */
	char name[MAX_NAME + 1];
};

extern struct root roots[MAX_ROOTS];
extern int root_count;
extern bool any_writable;
extern bool any_whole;
extern bool all_host;

/* How host ids are shown to the guest. */
enum ids {
	IDS_SAME,	/* started by root: as they are */
	IDS_MAPPED,	/* in a user namespace where only the user's own id, 0, is known */
	IDS_OWN,	/* started by a user, without a namespace */
};
extern enum ids ids;
extern uint32_t own_uid, own_gid;	/* as this process runs */

/* confine.c: leaves the host behind; returns the features in force, does not return on failure. */
uint64_t confine(void);
void die(const char *what, const char *where) __attribute__((noreturn));

/* filter.c */
bool restrict_paths(void);
void restrict_calls(void);

/* policy.c: what of the host image may be seen. */
enum zone {
	ZONE_OPEN,	/* whatever "other" may read */
	ZONE_ROOT,
	ZONE_VAR,
	ZONE_ETC,
	ZONE_ETC_SSH,
	ZONE_ETC_SSL,
	ZONE_ETC_SECURITY,
	ZONE_EMPTY,	/* shown as an empty directory, for the sentry to mount on */
	ZONE_DENIED,	/* shown, answers EACCES */
	ZONE_HIDDEN,	/* not there */
};
enum zone zone_of(enum zone directory, const char *name);
bool local_file_system(int64_t type);

/* watch.c */
void prepare_watches(void);
int take_queue(void);
uint32_t watch(int fd);
enum case_rule { CASE_UNKNOWN, CASE_COUNTS, CASE_IGNORED };
enum case_rule case_rule(int fd, const char *name, uint64_t ino);

/* serve.c */
void serve(uint64_t features) __attribute__((noreturn));

/* change.c: requests that change a writable root. */
struct place;
struct call;
void op_create(struct call *c);
void op_mkdir(struct call *c);
void op_symlink(struct call *c);
void op_link(struct call *c);
void op_unlink(struct call *c);
void op_rename(struct call *c);
void op_setattr(struct call *c);
void op_fsync(struct call *c);
void op_mknod(struct call *c);

/* Something found: a descriptor opened with O_PATH and what decides about it. */
struct place {
	int fd;			/* -1 for ZONE_EMPTY and for the directory of the roots */
	bool used;
	uint8_t root;
	uint8_t zone;
	uint64_t mount;
	struct gofer_node node;
};
#define NO_ROOT 255

/* One request on its way. */
struct call {
	const struct gofer_request *in;
	char name[MAX_PATH + 1];
	char name2[MAX_PATH + 1];
	struct gofer_reply *out;
	char *payload;
	size_t payload_length;
	int fds[1 + MAX_AHEAD];	/* to send */
	int fd_count;
};

/* Has a descriptor sent along with the reply, and closed. */
static inline void send_along(struct call *c, int fd)
{
	c->fds[c->fd_count++] = fd;
}

/* walk.c */
int open_step(const struct place *directory, const char *name, uint64_t flags);
int enter(const struct place *directory, const char *name, struct place *out);
int resolve(uint32_t handle, const char *path, struct place *parent, const char **last);
int resolve_whole(uint32_t handle, const char *path, struct place *out);
int open_regular(const struct place *parent, const char *name, uint64_t flags,
		 struct gofer_node *node);
int describe(const struct place *directory, int fd, const char *name, struct gofer_node *node,
	     uint64_t *mount);
void leave(struct place *p);
int may_list(const struct place *directory);
void show_empty(struct gofer_node *node, const char *name);

extern struct place *handles;
extern uint32_t handle_limit;
struct place *handle_of(uint32_t handle);

#endif
