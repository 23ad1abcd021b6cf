/* Requests that change files, for writable roots only. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "gofer.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* Finds the directory of a change and checks that it may be changed. */
static int target(uint32_t handle, const char *path, struct place *parent, const char **last)
{
	int r = resolve(handle, path, parent, last);

	if (r < 0)
		return r;
	/* The roots themselves can be neither removed nor replaced. */
	if (parent->root == NO_ROOT)
		r = -EBUSY;
	else if (!roots[parent->root].writable)
		r = -EROFS;
	else if (!S_ISDIR(parent->node.mode))
		r = -ENOTDIR;
	if (r < 0 && parent->used)
		leave(parent);
	return r;
}

/* A guest may not leave set-user-ID programs behind on the host, but in a container's root, which nobody else runs. */
static uint32_t safe_mode(const struct place *p, uint32_t mode, bool directory)
{
	return mode & (roots[p->root].whole ? 07777 : directory ? 03777 : 01777);
}

/* Reports the new file, given to the guest's user where we may. */
static int made(struct call *c, const struct place *parent, const char *name)
{
	if (ids == IDS_SAME && (c->in->uid != own_uid || c->in->gid != own_gid))
		(void)!fchownat(parent->fd, name, c->in->uid, c->in->gid, AT_SYMLINK_NOFOLLOW);
	return describe(parent, parent->fd, name, &c->out->node, NULL);
}

void op_create(struct call *c)
{
	struct place parent;
	const char *last;
	uint64_t flags = c->in->flags & (O_ACCMODE | O_APPEND);
	int fd, r = target(c->in->handle, c->name, &parent, &last);

	if (r < 0) {
		c->out->error = r;
		return;
	}
	if ((flags & O_ACCMODE) == O_ACCMODE)
		fd = -EINVAL;
	else
		fd = open_step(&parent, last, flags | O_CREAT | O_EXCL | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0) {
		if (ids == IDS_SAME && (c->in->uid != own_uid || c->in->gid != own_gid))
			(void)!fchownat(fd, "", c->in->uid, c->in->gid, AT_EMPTY_PATH);
		if (fchmod(fd, safe_mode(&parent, c->in->mode, false)) != 0)
			r = -errno;
		else
			r = describe(&parent, fd, "", &c->out->node, NULL);
		if (r < 0)
			close(fd);
		else
			send_along(c, fd);
	} else {
		r = fd;
	}
	c->out->error = r;
	if (parent.used)
		leave(&parent);
}

void op_mkdir(struct call *c)
{
	struct place parent;
	const char *last;
	int r = target(c->in->handle, c->name, &parent, &last);

	if (r == 0) {
		r = mkdirat(parent.fd, last, safe_mode(&parent, c->in->mode, true)) != 0 ? -errno :
									  made(c, &parent, last);
		if (parent.used)
			leave(&parent);
	}
	c->out->error = r;
}

/* The name of a socket of the guest's, or a FIFO of which only guests know the other end. */
void op_mknod(struct call *c)
{
	struct place parent;
	const char *last;
	int r = target(c->in->handle, c->name, &parent, &last);

	if (r == 0) {
		if (!roots[parent.root].whole || (!S_ISFIFO(c->in->mode) && !S_ISSOCK(c->in->mode)))
			r = -EPERM;
		else if (mknodat(parent.fd, last, c->in->mode & (S_IFMT | 0777), 0) != 0)
			r = -errno;
		else
			r = made(c, &parent, last);
		if (parent.used)
			leave(&parent);
	}
	c->out->error = r;
}

void op_symlink(struct call *c)
{
	struct place parent;
	const char *last;
	int r = target(c->in->handle, c->name, &parent, &last);

	if (r == 0) {
		r = symlinkat(c->name2, parent.fd, last) != 0 ? -errno : made(c, &parent, last);
		if (parent.used)
			leave(&parent);
	}
	c->out->error = r;
}

void op_link(struct call *c)
{
	struct place parent, from;
	const char *last, *existing;
	int r = target(c->in->handle, c->name, &parent, &last);

	if (r == 0) {
		r = target(c->in->handle2, c->name2, &from, &existing);
		if (r == 0) {
			if (from.root != parent.root)
				r = -EXDEV;
			else if (linkat(from.fd, existing, parent.fd, last, 0) != 0)
				r = -errno;
			else
				r = describe(&parent, parent.fd, last, &c->out->node, NULL);
			if (from.used)
				leave(&from);
		}
		if (parent.used)
			leave(&parent);
	}
	c->out->error = r;
}

void op_unlink(struct call *c)
{
	struct place parent;
	const char *last;
	int r = target(c->in->handle, c->name, &parent, &last);

	if (r == 0) {
		if (unlinkat(parent.fd, last, (int)c->in->flags & AT_REMOVEDIR) != 0)
			r = -errno;
		if (parent.used)
			leave(&parent);
	}
	c->out->error = r;
}

void op_rename(struct call *c)
{
	struct place from, to;
	const char *name, *new_name;
	int r = target(c->in->handle, c->name, &from, &name);

	if (r == 0) {
		r = target(c->in->handle2, c->name2, &to, &new_name);
		if (r == 0) {
			if (from.root != to.root)
				r = -EXDEV;
			else if (c->in->flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE))
				r = -EINVAL;
			else if (syscall(SYS_renameat2, from.fd, name, to.fd, new_name,
					 c->in->flags) != 0)
				r = -errno;
			if (to.used)
				leave(&to);
		}
		if (from.used)
			leave(&from);
	}
	c->out->error = r;
}

static int change_mode(const struct place *parent, const char *name, const struct place *p,
		       uint32_t mode)
{
	int fd;

	mode = safe_mode(p, mode, S_ISDIR(p->node.mode));
	if (syscall(SYS_fchmodat2, p->fd, "", mode, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOSYS)
		return -errno;
	/* Before Linux 6.6 a descriptor opened with O_PATH will not do. */
	if (S_ISDIR(p->node.mode)) {
		struct place self = *p;
		fd = open_step(&self, ".", O_RDONLY | O_DIRECTORY);
	} else {
		struct gofer_node node;
		fd = open_regular(parent, name, O_RDONLY, &node);
		if (fd == -EACCES)
			fd = open_regular(parent, name, O_WRONLY, &node);
	}
	if (fd < 0)
		return fd;
	int r = fchmod(fd, mode) != 0 ? -errno : 0;
	close(fd);
	return r;
}

static struct timespec time_of(int64_t nanos, bool set)
{
	struct timespec t = { 0, UTIME_OMIT };

	if (set) {
		t.tv_sec = nanos / 1000000000;
		t.tv_nsec = nanos % 1000000000;
		if (t.tv_nsec < 0) {
			t.tv_nsec += 1000000000;
			t.tv_sec--;
		}
	}
	return t;
}

static int set_all(struct call *c, const struct place *parent, const char *name,
		   const struct place *p)
{
	const struct gofer_request *q = c->in;
	int r;

	if (q->flags & SET_SIZE) {
		struct gofer_node node;
		int fd = S_ISDIR(p->node.mode) ? -EISDIR : open_regular(parent, name, O_WRONLY, &node);

		if (fd < 0)
			return fd;
		r = ftruncate(fd, q->offset) != 0 ? -errno : 0;
		close(fd);
		if (r < 0)
			return r;
	}
	if (q->flags & (SET_UID | SET_GID)) {
		uint32_t uid = q->flags & SET_UID ? q->uid : (uint32_t)-1;
		uint32_t gid = q->flags & SET_GID ? q->gid : (uint32_t)-1;

		if (ids != IDS_SAME) {
			/* Only one id exists for us, and everything has it already. */
			if ((q->flags & SET_UID && uid != p->node.uid) ||
			    (q->flags & SET_GID && gid != p->node.gid))
				return -EPERM;
		} else if (fchownat(p->fd, "", uid, gid, AT_EMPTY_PATH) != 0) {
			return -errno;
		}
	}
	if (q->flags & SET_MODE) {
		if (S_ISLNK(p->node.mode))
			return -EOPNOTSUPP;
		r = change_mode(parent, name, p, q->mode);
		if (r < 0)
			return r;
	}
	if (q->flags & (SET_ATIME | SET_MTIME)) {
		struct timespec times[2] = { time_of(q->atime, q->flags & SET_ATIME),
					     time_of(q->mtime, q->flags & SET_MTIME) };
		if (utimensat(p->fd, "", times, AT_EMPTY_PATH) != 0)
			return -errno;
	}
	return 0;
}

void op_setattr(struct call *c)
{
	struct place parent, p;
	const char *last;
	int r;

	/* A root itself, file or directory, may be changed: its name is among the roots. */
	r = resolve(c->in->handle, c->name, &parent, &last);
	if (r == 0) {
		r = enter(&parent, last, &p);
		if (r == 0) {
			if (!roots[p.root].writable)
				r = -EROFS;
			else
				r = set_all(c, &parent, last, &p);
			if (r == 0)
				r = describe(&p, p.fd, "", &c->out->node, NULL);
			leave(&p);
		}
		if (parent.used)
			leave(&parent);
	}
	c->out->error = r;
}

void op_fsync(struct call *c)
{
	struct place p;
	int fd, r = resolve_whole(c->in->handle, c->name, &p);

	if (r < 0) {
		c->out->error = r;
		return;
	}
	if (p.root == NO_ROOT || !roots[p.root].writable || !S_ISDIR(p.node.mode)) {
		r = -EINVAL;
	} else {
		fd = open_step(&p, ".", O_RDONLY | O_DIRECTORY);
		r = fd < 0 ? fd : fsync(fd) != 0 ? -errno : 0;
		if (fd >= 0)
			close(fd);
	}
	if (p.used)
		leave(&p);
	c->out->error = r;
}
