/*
 * Finding files: every step is one component, opened with O_PATH relative to a
 * directory that is held, and looked at before anything is opened for real.
 * Names cannot lead upwards, through a symbolic link or through a magic link:
 * the kernel refuses (openat2), and so do we.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "gofer.h"

struct place *handles;
uint32_t handle_limit;

static const struct place roots_directory = {
	.fd = -1, .used = true, .root = NO_ROOT, .node = { .mode = S_IFDIR | 0555, .nlink = 2 },
};

struct place *handle_of(uint32_t handle)
{
	if (handle == ROOTS_HANDLE)
		return (struct place *)&roots_directory;
	if (handle >= handle_limit || !handles[handle].used)
		return NULL;
	return &handles[handle];
}

void leave(struct place *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->used = false;
}

static bool proper_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= MAX_NAME && !memchr(name, '/', n) && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static int openat2_beneath(int dirfd, const char *name, uint64_t flags, uint64_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOFOLLOW,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	long fd;

	/* EAGAIN: a rename or mount happened meanwhile and the kernel cannot be sure. */
	for (int tries = 0; tries < 100; tries++) {
		fd = syscall(SYS_openat2, dirfd, name, &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd >= 0 ? (int)fd : -errno;
}

static struct root *root_named(const char *name)
{
	char *end;
	unsigned long i;

	if (name[0] < '0' || name[0] > '9')
		return NULL;
	i = strtoul(name, &end, 10);
	return *end == 0 && i < (unsigned long)root_count ? &roots[i] : NULL;
}

/* Opens one component below a directory; the name has been checked. */
int open_step(const struct place *directory, const char *name, uint64_t flags)
{
	uint64_t mode = flags & O_CREAT ? 0600 : 0;

	if (directory->root == NO_ROOT) {
		struct root *root = root_named(name);
		return root ? openat2_beneath(root->dirfd, root->name, flags, mode) : -ENOENT;
	}
	return openat2_beneath(directory->fd, name, flags, mode);
}

static int64_t nanos(struct statx_timestamp t)
{
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static uint32_t shown_id(uint32_t id, uint32_t own, bool host)
{
	switch (ids) {
	case IDS_MAPPED:
		/* Only our own id (0) is known here. What the others are called cannot be
		 * seen; a system's files are root's. */
		return id == 0 || host ? 0 : 65534;
	case IDS_OWN:
		return host ? id : id == own ? 0 : 65534;
	default:
		return id;
	}
}

/* Fills in what the guest may know of an open file (name "") or of a name in a directory. */
int describe(const struct place *directory, int fd, const char *name, struct gofer_node *node,
	     uint64_t *mount)
{
	struct statx s;
	bool host = directory->root != NO_ROOT && roots[directory->root].host;
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name[0] ? 0 : AT_EMPTY_PATH);

	if (statx(fd, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, &s) != 0)
		return -errno;
	node->ino = s.stx_ino;
	node->dev = (uint64_t)s.stx_dev_major << 32 | s.stx_dev_minor;
	node->mode = s.stx_mode;
	node->nlink = s.stx_nlink;
	node->uid = shown_id(s.stx_uid, own_uid, host);
	node->gid = shown_id(s.stx_gid, own_gid, host);
	node->rdev = (uint64_t)s.stx_rdev_major << 32 | s.stx_rdev_minor;
	node->size = s.stx_size;
	node->blocks = s.stx_blocks;
	node->atime = nanos(s.stx_atime);
	node->mtime = nanos(s.stx_mtime);
	node->ctime = nanos(s.stx_ctime);
	if (mount)
		*mount = s.stx_mask & STATX_MNT_ID ? s.stx_mnt_id : node->dev;
	return 0;
}

/* A place for the sentry to mount on: what the host has there is none of the guest's business. */
void show_empty(struct gofer_node *node, const char *name)
{
	node->mode = S_IFDIR | (strcmp(name, "tmp") == 0 ? 01777 : 0755);
	node->nlink = 2;
	node->uid = node->gid = 0;
	node->rdev = node->blocks = 0;
	node->size = 4096;
	node->atime = node->mtime = node->ctime = 0;
}

static bool is_host(const struct place *p)
{
	return p->root != NO_ROOT && roots[p->root].host;
}

/* Whether names may be looked up in this directory. */
static int may_search(const struct place *directory)
{
	if (!S_ISDIR(directory->node.mode))
		return -ENOTDIR;
	if (directory->zone == ZONE_DENIED)
		return -EACCES;
	if (is_host(directory) && !(directory->node.mode & S_IXOTH))
		return -EACCES;
	return 0;
}

int may_list(const struct place *directory)
{
	if (!S_ISDIR(directory->node.mode))
		return -ENOTDIR;
	if (directory->zone == ZONE_DENIED)
		return -EACCES;
	if (is_host(directory) && !(directory->node.mode & S_IROTH))
		return -EACCES;
	return 0;
}

/* Finds one name; out holds a descriptor to leave() unless the result is negative. */
int enter(const struct place *directory, const char *name, struct place *out)
{
	int r = may_search(directory);
	struct statfs fs;

	if (r < 0)
		return r;
	if (!proper_name(name))
		return strlen(name) > MAX_NAME ? -ENAMETOOLONG : -EINVAL;
	*out = (struct place){ .fd = -1, .used = true, .root = directory->root };
	if (directory->root == NO_ROOT) {
		struct root *root = root_named(name);
		if (!root)
			return -ENOENT;
		out->root = (uint8_t)(root - roots);
		out->zone = root->host ? ZONE_ROOT : ZONE_OPEN;
	} else {
		out->zone = is_host(directory) ? zone_of(directory->zone, name) : ZONE_OPEN;
		if (out->zone == ZONE_HIDDEN)
			return -ENOENT;
	}
	if (out->zone == ZONE_EMPTY) {
		r = describe(out, directory->fd, name, &out->node, &out->mount);
		show_empty(&out->node, name);
		return r;
	}
	out->fd = open_step(directory, name, O_PATH);
	if (out->fd < 0)
		return out->fd;
	r = describe(out, out->fd, "", &out->node, &out->mount);
	if (r == 0 && is_host(out) && directory->root != NO_ROOT &&
	    out->mount != directory->mount &&
	    (fstatfs(out->fd, &fs) != 0 || !local_file_system(fs.f_type)))
		r = -EACCES;
	if (r < 0)
		leave(out);
	return r;
}

/*
 * Finds the directory of the last component of a path below a handle. The
 * parent's descriptor is its own copy where steps were taken; release_parent
 * tells the two apart by "used".
 */
int resolve(uint32_t handle, const char *path, struct place *parent, const char **last)
{
	struct place *start = handle_of(handle);
	char name[MAX_NAME + 1];

	if (!start)
		return -EBADF;
	*parent = *start;
	parent->used = false;
	for (const char *slash; (slash = strchr(path, '/')) != NULL; path = slash + 1) {
		struct place next;
		size_t n = (size_t)(slash - path);
		int r;

		if (n > MAX_NAME) {
			r = -ENAMETOOLONG;
		} else {
			memcpy(name, path, n);
			name[n] = 0;
			r = enter(parent, name, &next);
		}
		if (parent->used)
			leave(parent);
		if (r < 0)
			return r;
		*parent = next;
	}
	*last = path;
	if (!proper_name(path)) {
		if (parent->used)
			leave(parent);
		return strlen(path) > MAX_NAME ? -ENAMETOOLONG : -EINVAL;
	}
	return 0;
}

/* Finds a path, or with an empty path the handle itself; the caller leaves() it if it is used. */
int resolve_whole(uint32_t handle, const char *path, struct place *out)
{
	struct place parent;
	const char *last;
	int r;

	if (path[0] == 0) {
		struct place *p = handle_of(handle);
		if (!p)
			return -EBADF;
		*out = *p;
		out->used = false;
		if (p->fd >= 0)
			return describe(p, p->fd, "", &out->node, NULL);
		return 0;
	}
	r = resolve(handle, path, &parent, &last);
	if (r < 0)
		return r;
	r = enter(&parent, last, out);
	if (parent.used)
		leave(&parent);
	return r;
}

/* Opens a regular file, and nothing else, for real. */
int open_regular(const struct place *parent, const char *name, uint64_t flags,
		 struct gofer_node *node)
{
	for (int tries = 0; tries < 16; tries++) {
		struct place p;
		int fd, r = enter(parent, name, &p);

		if (r < 0)
			return r;
		*node = p.node;
		if (p.zone == ZONE_DENIED || (is_host(&p) && !(node->mode & S_IROTH)))
			r = -EACCES;
		if (r == 0 && !S_ISREG(node->mode))
			r = S_ISDIR(node->mode) ? -EISDIR : S_ISLNK(node->mode) ? -ELOOP : -ENXIO;
		if (r < 0) {
			leave(&p);
			return r;
		}
		/* Should the name be something else by now, O_NONBLOCK keeps a fifo from
		 * holding us, and the mount (nodev) a device from being opened. */
		fd = open_step(parent, name, flags | O_NONBLOCK | O_NOCTTY);
		if (fd >= 0) {
			struct gofer_node again;
			r = describe(&p, fd, "", &again, NULL);
			if (r == 0 && again.ino == node->ino && again.dev == node->dev) {
				leave(&p);
				*node = again;
				return fd;
			}
			close(fd);
		}
		leave(&p);
		if (fd < 0 && fd != -ENOENT && fd != -ELOOP)
			return fd;
	}
	return -ESTALE;
}
