/*
 * Directories of mounts that the sentry wants to believe what it knows about: an inotify watch on each, whose events the
 * sentry reads itself. What another process changes is in that queue before its system call returns, so a sentry that
 * looks there before it uses what it knows is as up to date as one that asks each time.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "gofer.h"

/* Whatever can change an attribute of an entry or of the directory itself, but for the time of reading. */
#define EVENTS                                                                                      \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_MODIFY | IN_CLOSE_WRITE | \
	 IN_DELETE_SELF | IN_MOVE_SELF | IN_EXCL_UNLINK | IN_ONLYDIR)

static int queue = -1;
static int queue_for_sentry = -1;

void prepare_watches(void)
{
	queue = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (queue >= 0)
		queue_for_sentry = dup(queue);
}

int take_queue(void)
{
	int fd = queue_for_sentry;

	queue_for_sentry = -1;
	return fd;
}

/*
 * Whether the file system takes a name for the same in capitals or not: then there are more names
 * than are listed. Says nothing of a name without letters.
 */
enum case_rule case_rule(int fd, const char *name, uint64_t ino)
{
	char other[MAX_NAME + 1];
	bool letters = false;
	struct statx s;
	size_t i;

	for (i = 0; name[i] != 0 && i < MAX_NAME; i++) {
		bool letter = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z');

		other[i] = letter ? (char)(name[i] ^ 0x20) : name[i];
		letters |= letter;
	}
	other[i] = 0;
	if (!letters)
		return CASE_UNKNOWN;
	if (statx(fd, other, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_INO | STATX_NLINK, &s) != 0)
		return CASE_COUNTS;
	return s.stx_ino == ino && s.stx_nlink == 1 ? CASE_IGNORED : CASE_COUNTS;
}

/* Watches an open directory; 0 where that cannot be, or would miss what happens on another machine. */
uint32_t watch(int fd)
{
	struct statfs fs;
	int number;

	if (queue < 0 || fstatfs(fd, &fs) != 0 || !local_file_system(fs.f_type) || fchdir(fd) != 0)
		return 0;
	number = inotify_add_watch(queue, ".", EVENTS);
	return number > 0 ? (uint32_t)number : 0;
}
