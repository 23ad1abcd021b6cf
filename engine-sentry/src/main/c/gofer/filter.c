/*
 * The two lists that hold when everything else fails: which paths the kernel
 * lets us open (Landlock) and which system calls we may make at all (seccomp).
 * docs/security.md gives the reason for each call; a test compares.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "gofer.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define ACCESS_IOCTL_DEV (1ULL << 15)

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING_FILE (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define WRITING                                                                                \
	(WRITING_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |       \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM | \
	 LANDLOCK_ACCESS_FS_REFER)
#define WHOLE (LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO)
#define EVERYTHING ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static int allow(int ruleset, int dirfd, const char *name, uint64_t access)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	struct stat st;
	int r;

	rule.parent_fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof how);
	if (rule.parent_fd < 0)
		return -1;
	r = fstat(rule.parent_fd, &st);
	if (r == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | WRITING_FILE;
	if (r == 0 && !S_ISLNK(st.st_mode))
		r = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return r;
}

/* Of the host image only what the policy serves; the roots of bind mounts whole. */
static bool allow_root(int ruleset, struct root *root, uint64_t handled)
{
	static const char *const served[] = { "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32",
					      "opt", "nix", "gnu", "etc", "var/lib", "var/cache",
					      "var/opt" };
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	int top;

	if (!root->host)
		return allow(ruleset, root->dirfd, root->name,
			     (READING | (root->writable ? WRITING : 0) | (root->whole ? WHOLE : 0)) & handled) == 0;
	top = (int)syscall(SYS_openat2, root->dirfd, root->name, &how, sizeof how);
	if (top < 0)
		return false;
	for (size_t i = 0; i < sizeof served / sizeof served[0]; i++)
		if (allow(ruleset, top, served[i], READING) != 0 && errno != ENOENT) {
			close(top);
			return false;
		}
	/* "/" and /var themselves are listed, with the policy's filter. */
	bool listed = allow(ruleset, top, ".", LANDLOCK_ACCESS_FS_READ_DIR) == 0;
	close(top);
	return listed;
}

bool restrict_paths(void)
{
	struct {
		uint64_t fs, net, scoped;
	} attr = { .fs = EVERYTHING };
	size_t size = sizeof attr.fs;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int ruleset;

	if (abi < 1)
		return false;
	if (abi >= 2)
		attr.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		attr.fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 4) {
		attr.net = 3;	/* bind and connect of TCP */
		size = 2 * sizeof attr.fs;
	}
	if (abi >= 5)
		attr.fs |= ACCESS_IOCTL_DEV;
	if (abi >= 6) {
		attr.scoped = 3;	/* abstract sockets and signals outside */
		size = sizeof attr;
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		return false;
	for (int i = 0; i < root_count; i++)
		if (!allow_root(ruleset, &roots[i], attr.fs)) {
			close(ruleset);
			return false;
		}
	bool done = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	close(ruleset);
	return done;
}

#define ALLOW(name)                                                   \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1),        \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Without a writable root the filter ends before the calls that write. */
void restrict_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(recvmsg),
		ALLOW(sendmsg),
		ALLOW(openat2),
		ALLOW(statx),
		ALLOW(close),
		ALLOW(readlinkat),
		ALLOW(getdents64),
		ALLOW(lseek),
		ALLOW(fstatfs),
		ALLOW(getcpu),	/* where the C library does not ask the vDSO */
		ALLOW(exit_group),
		ALLOW(fchdir),
		ALLOW(inotify_add_watch),
#define READ_ONLY_END (4 + 13 * 2)
		ALLOW(mkdirat),
		ALLOW(symlinkat),
		ALLOW(linkat),
		ALLOW(unlinkat),
		ALLOW(renameat2),
		ALLOW(fchmod),
		ALLOW(fchmodat2),
		ALLOW(fchownat),
		ALLOW(utimensat),
		ALLOW(ftruncate),
		ALLOW(fsync),
#define WRITABLE_END (READ_ONLY_END + 11 * 2)
		ALLOW(mknodat),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof filter / sizeof filter[0], filter };

	if (!any_writable) {
		filter[READ_ONLY_END] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
								     SECCOMP_RET_KILL_PROCESS);
		program.len = READ_ONLY_END + 1;
	} else if (!any_whole) {
		filter[WRITABLE_END] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
								    SECCOMP_RET_KILL_PROCESS);
		program.len = WRITABLE_END + 1;
	}
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		die("cannot install a system-call filter", "seccomp");
}
