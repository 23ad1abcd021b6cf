/*
 * Leaving the host behind, in this order: namespaces, a root of nothing but
 * what is served, a process id of our own, no privileges, then the two lists
 * of filter.c. What the host refuses of the first is reported, not hidden.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../common/userns.h"
#include "gofer.h"

#define NOBODY 65534

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = -1;

	if (fd >= 0) {
		r = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
		close(fd);
	}
	return r;
}

/*
 * Whether we are in a user namespace that an ordinary user made for itself:
 * there nobody may leave a group (user_namespaces(7)), as that user may not.
 */
static bool groups_are_fixed;

static void look_at_groups(void)
{
	char text[8] = "";
	int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	groups_are_fixed = read(fd, text, sizeof text - 1) > 0 && strncmp(text, "deny", 4) == 0;
	close(fd);
}

/* Root keeps the ids as they are. */
static bool new_user_namespace_as_root(void)
{
	enum userns made = userns_of_root(0);

	if (made == USERNS_WITHOUT_IDS)
		die("cannot map ids into a user namespace", "/proc/self/uid_map");
	return made == USERNS_MADE;
}

static bool new_user_namespace(void)
{
	char line[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (uid == 0)
		return new_user_namespace_as_root();
	if (unshare(CLONE_NEWUSER) != 0)
		return false;
	if (write_file("/proc/self/setgroups", "deny") != 0)
		die("cannot map ids into a user namespace", "/proc/self/setgroups");
	snprintf(line, sizeof line, "0 %u 1\n", uid);
	if (write_file("/proc/self/uid_map", line) != 0)
		die("cannot map ids into a user namespace", "/proc/self/uid_map");
	snprintf(line, sizeof line, "0 %u 1\n", gid);
	if (write_file("/proc/self/gid_map", line) != 0)
		die("cannot map ids into a user namespace", "/proc/self/gid_map");
	ids = IDS_MAPPED;
	return true;
}

/* Builds a root with the roots as 0, 1, ... in it and makes it the only one there is. */
static void enter_new_root(const int trees[])
{
	if (mount("gofer", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,mode=0555") != 0)
		die("cannot mount a root for the gofer", "/tmp");
	for (int i = 0; i < root_count; i++) {
		char path[64];
		struct stat st;

		snprintf(path, sizeof path, "/tmp/%d", i);
		if (fstat(trees[i], &st) != 0)
			die("cannot look at", roots[i].path);
		if (S_ISDIR(st.st_mode) ? mkdir(path, 0555) != 0 : mknod(path, S_IFREG | 0444, 0) != 0)
			die("cannot make a mount point for", roots[i].path);
		if (syscall(SYS_move_mount, trees[i], "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) != 0)
			die("cannot mount for the gofer", roots[i].path);
		close(trees[i]);
	}
	if (mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) != 0 ||
	    chdir("/tmp") != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
	    chdir("/") != 0)
		die("cannot change the root of the gofer", "pivot_root");
}

static bool new_mount_namespace(void)
{
	int trees[MAX_ROOTS];

	if (unshare(CLONE_NEWNS) != 0)
		return false;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		die("cannot make mounts private", "/");
	for (int i = 0; i < root_count; i++) {
		struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };

		if (!roots[i].writable)
			attr.attr_set |= MOUNT_ATTR_RDONLY;
		trees[i] = (int)syscall(SYS_open_tree, AT_FDCWD, roots[i].path,
					OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (trees[i] < 0)
			die("cannot open", roots[i].path);
		if (syscall(SYS_mount_setattr, trees[i], "", AT_EMPTY_PATH | AT_RECURSIVE, &attr,
			    sizeof attr) != 0)
			die("cannot make a mount read-only", roots[i].path);
	}
	enter_new_root(trees);
	int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		die("cannot open the root of the gofer", "/");
	for (int i = 0; i < root_count; i++) {
		roots[i].dirfd = top;
		snprintf(roots[i].name, sizeof roots[i].name, "%d", i);
	}
	return true;
}

/* Without a mount namespace: hold the roots themselves. */
static void open_roots(void)
{
	for (int i = 0; i < root_count; i++) {
		struct stat st;
		char *whole = realpath(roots[i].path, NULL), *slash;

		if (!whole || stat(whole, &st) != 0)
			die("cannot open", roots[i].path);
		strcpy(roots[i].name, ".");
		if (!S_ISDIR(st.st_mode)) {
			slash = strrchr(whole, '/');
			if (strlen(slash + 1) > MAX_NAME)
				die("name too long", roots[i].path);
			strcpy(roots[i].name, slash + 1);
			slash[slash == whole] = 0;
		}
		roots[i].dirfd = open(whole, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (roots[i].dirfd < 0)
			die("cannot open", roots[i].path);
		free(whole);
	}
}

/* Tells the sentry which process is the gofer from now on, to kill should it hang. */
static void send_pidfd(pid_t pid)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct gofer_reply hello = { 0 };
	struct iovec io = { &hello, sizeof hello };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof control };
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		die("cannot open a process descriptor", "pidfd_open");
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	hello.value = (uint64_t)pid;
	if (sendmsg(SOCKET, &m, MSG_NOSIGNAL) < 0)
		_exit(1);
	close(fd);
}

/* The first process goes once the second runs; whoever started us reaps it at once. */
static void continue_in_child(void)
{
	/* CLONE_PARENT: a child of the sentry, which can then wait for it. */
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

	if (child < 0)
		child = fork();

	if (child < 0)
		die("cannot start a process", "fork");
	if (child > 0) {
		send_pidfd(child);
		_exit(0);
	}
}

/* What writable roots need when root started us, to act on files of any owner; else nothing. */
static uint32_t capabilities_to_keep(void)
{
	if (ids != IDS_SAME || all_host)
		return 0;
	if (any_whole)
		return 1u << CAP_CHOWN | 1u << CAP_FOWNER | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FSETID;
	if (any_writable)
		return 1u << CAP_CHOWN | 1u << CAP_FOWNER | 1u << CAP_DAC_OVERRIDE;
	return 1u << CAP_DAC_READ_SEARCH;
}

static uint64_t drop_privileges(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t features = 0;

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (geteuid() == 0 && ids == IDS_SAME) {
		if (setgroups(0, NULL) != 0 && !(errno == EPERM && groups_are_fixed))
			die("cannot leave supplementary groups", "setgroups");
		if (all_host && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
		    setresuid(NOBODY, NOBODY, NOBODY) == 0)
			features |= F_NOBODY;
	}
	data[0].permitted = data[0].effective = capabilities_to_keep();
	if (syscall(SYS_capset, &header, data) != 0)
		die("cannot drop capabilities", "capset");
	if (data[0].permitted == 0)
		features |= F_NO_CAPS;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		die("cannot give up new privileges", "prctl");
	return features;
}

static void set_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		die("cannot read limits", "RLIMIT_NOFILE");
	limit.rlim_cur = limit.rlim_max = limit.rlim_max < 16384 ? limit.rlim_max : 16384;
	setrlimit(RLIMIT_NOFILE, &limit);
	/* The rest is for what is open during one request. */
	handle_limit = (uint32_t)(limit.rlim_cur > 512 ? limit.rlim_cur - 64 - MAX_AHEAD : limit.rlim_cur / 2);
	limit.rlim_cur = limit.rlim_max = 0;
	setrlimit(RLIMIT_CORE, &limit);
}

uint64_t confine(void)
{
	uint64_t features = F_SECCOMP;
	struct rlimit none = { 0, 0 };

	umask(0);
	set_limits();
	handles = calloc(handle_limit, sizeof *handles);
	if (!handles)
		die("out of memory", "handles");
	ids = geteuid() == 0 ? IDS_SAME : IDS_OWN;
	look_at_groups();
	if (new_user_namespace())
		features |= F_USER_NS;
	if (new_mount_namespace())
		features |= F_MOUNT_NS;
	else
		open_roots();
	if (unshare(CLONE_NEWNET) == 0)
		features |= F_NET_NS;
	if (unshare(CLONE_NEWIPC) == 0)
		features |= F_IPC_NS;
	if (unshare(CLONE_NEWUTS) == 0)
		features |= F_UTS_NS;
	if (unshare(CLONE_NEWPID) == 0)
		features |= F_PID_NS;
	continue_in_child();
	features |= drop_privileges();
	own_uid = geteuid();
	own_gid = getegid();
	setrlimit(RLIMIT_NPROC, &none);
	/* Where mounts could appear unnoticed, what is known cannot be relied on. */
	if (!all_host && (features & F_MOUNT_NS))
		prepare_watches();
	if (restrict_paths())
		features |= F_LANDLOCK;
	restrict_calls();
	return features;
}
