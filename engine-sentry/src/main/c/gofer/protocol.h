/*
 * What the sentry and the gofer say to each other over a SOCK_SEQPACKET socket:
 * one fixed request, one reply, in turn, little-endian. Descriptors travel
 * with replies (SCM_RIGHTS). The Java side is dev.vivarium.sentry.gofer.Wire;
 * a test compares the offsets.
 */
#ifndef GOFER_PROTOCOL_H
#define GOFER_PROTOCOL_H

#include <stdint.h>

#define GOFER_VERSION 5

enum op {
	OP_HELLO = 1,	/* -> value = features, count = handles that may be open;
			   the first time with the queue of the watches' events, if there is one */
	OP_WALK,	/* handle, path [flags & WALK_*] -> node [handle] [target] [descriptor] */
	OP_OPEN,	/* handle, path, flags = access mode [name2 = names in the same directory]
			   -> node, descriptor; count times struct gofer_ahead, with descriptors */
	OP_READDIR,	/* handle, path, offset = cookie [flags & READDIR_*]
			   -> node, count entries, value = next cookie, handle = watch; blocks of what
			   is below */
	OP_STATFS,	/* handle -> struct gofer_statfs */
	OP_CLOSE,	/* handle */
	OP_CREATE,	/* handle, name, flags, mode, uid, gid -> node, descriptor */
	OP_MKDIR,	/* handle, name, mode, uid, gid -> node */
	OP_SYMLINK,	/* handle, name, name2 = target, uid, gid -> node */
	OP_LINK,	/* handle, name = new; handle2, name2 = existing -> node */
	OP_UNLINK,	/* handle, name, flags = 0 or AT_REMOVEDIR */
	OP_RENAME,	/* handle, name -> handle2, name2; flags of renameat2 */
	OP_SETATTR,	/* handle, path, flags = which of mode, uid, gid, size, atime, mtime -> node */
	OP_FSYNC,	/* handle, path */
	OP_MKNOD,	/* handle, name, mode with its type: a FIFO's or a socket's, uid, gid -> node */
	OP_LAST = OP_MKNOD,
};

/* Asks OP_WALK for a handle; only directories get one. */
#define WALK_HANDLE 1u

/* The same for a descriptor to read from: only regular files that can be read get one. */
#define WALK_OPEN 2u

/*
 * Asks OP_READDIR for as much of the tree below as there is room for, in the
 * order of a walk: whoever walks a tree then needs few requests.
 */
#define READDIR_DEEP 1u

/*
 * Asks OP_READDIR to watch the directory and those in blocks, from before they are looked at. The
 * number of a watch (inotify's) is 0 where there is none.
 */
#define READDIR_WATCH 2u

/* The handle whose entries "0", "1", ... are the roots, in the order of the command line. */
#define ROOTS_HANDLE 0u

enum setattr { SET_MODE = 1, SET_UID = 2, SET_GID = 4, SET_SIZE = 8, SET_ATIME = 16, SET_MTIME = 32 };

#define MAX_NAME 255
#define MAX_PATH 4095

/* Followed by name_length bytes and name2_length bytes, neither with a NUL. */
struct gofer_request {
	uint32_t op;
	uint32_t sequence;
	uint32_t handle;
	uint32_t handle2;
	uint32_t flags;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	int64_t offset;		/* READDIR's cookie, SETATTR's size */
	int64_t atime;		/* nanoseconds */
	int64_t mtime;
	uint16_t name_length;
	uint16_t name2_length;
	uint32_t cpu;		/* where the sentry runs and looks for the reply, or NO_CPU: it sleeps */
};

#define NO_CPU (~0u)

struct gofer_node {
	uint64_t ino;
	uint64_t dev;
	uint32_t mode;
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint64_t rdev;
	uint64_t size;
	uint64_t blocks;
	int64_t atime;
	int64_t mtime;
	int64_t ctime;
};

/* Followed by payload. */
struct gofer_reply {
	uint32_t sequence;
	int32_t error;		/* 0 or -errno */
	uint32_t handle;
	uint32_t count;
	uint64_t value;
	struct gofer_node node;
	uint32_t cpu;		/* where the gofer ran, or NO_CPU */
	uint32_t zero;
};

/* One entry of READDIR, followed by the name and a link's target, padded to 8 bytes. */
struct gofer_entry {
	struct gofer_node node;
	uint64_t cookie;	/* where the next entry begins */
	uint16_t name_length;
	uint16_t target_length;
	uint32_t zero;
};

/* A whole directory below the one that was asked for, followed by its entries. */
struct gofer_block {
	struct gofer_node node;
	uint32_t count;
	uint32_t length;	/* of the entries, in bytes */
	uint32_t watch;
	uint32_t zero;
};

/*
 * One of the names, separated by slashes, that OP_OPEN was to open for reading ahead of their
 * turn. Each that has no error has a descriptor, which follow that of the file asked for in order.
 */
struct gofer_ahead {
	struct gofer_node node;
	int32_t error;
	uint32_t zero;
};

/* Most names that are opened ahead; a message can carry 253 descriptors. */
#define MAX_AHEAD 64

struct gofer_statfs {
	uint64_t type, bsize, blocks, bfree, bavail, files, ffree, namelen, frsize;
};

#define MAX_PAYLOAD (64 * 1024)

/* What stands between the gofer and the host, as OP_HELLO tells it. */
enum feature {
	F_USER_NS = 1,
	F_MOUNT_NS = 2,		/* nothing but the roots is mounted, read-only, nodev, nosuid */
	F_PID_NS = 4,
	F_NET_NS = 8,
	F_IPC_NS = 16,
	F_UTS_NS = 32,
	F_LANDLOCK = 64,
	F_SECCOMP = 128,
	F_NO_CAPS = 256,
	F_NOBODY = 512,		/* runs as nobody: only for the host image, started by root */
};

#endif
