/*
 * Leaving everything behind but the network: an empty root, no privileges, no
 * paths (Landlock), and the few calls of the filter. What the host refuses is
 * reported, not hidden. docs/security.md gives the reason for each call; a
 * test compares.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../common/userns.h"
#include "netgofer.h"

#define NOBODY 65534
#define MAX_DESCRIPTORS 4096

static bool empty_root(void)
{
	return unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("netgofer", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=0555") == 0 &&
	       mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		     NULL) == 0 &&
	       chdir("/tmp") == 0 && syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 &&
	       chdir("/") == 0;
}

static uint32_t drop_privileges(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint32_t features = 0;

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	/* In a container's own namespace the guest, if it may, has the ports below 1024. */
	if (in_namespace) {
		prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0);
		data[0].permitted = data[0].effective = 1u << CAP_NET_BIND_SERVICE;
	}
	if (geteuid() == 0 && setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	    setresuid(NOBODY, NOBODY, NOBODY) == 0)
		features |= NET_NOBODY;
	if (syscall(SYS_capset, &header, data) == 0)
		features |= NET_NO_CAPS;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		die("cannot give up new privileges", "prctl");
	return features;
}

/* No path may be opened at all. */
static bool restrict_paths(void)
{
	struct {
		uint64_t fs, net, scoped;
	} attr = { .fs = (1ULL << 13) - 1 };
	size_t size = sizeof attr.fs;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 1)
		return false;
	if (abi >= 2)
		attr.fs |= 1ULL << 13;
	if (abi >= 3)
		attr.fs |= 1ULL << 14;
	if (abi >= 5)
		attr.fs |= 1ULL << 15;
	if (abi >= 6) {
		attr.scoped = 3;	/* abstract sockets and signals outside */
		size = sizeof attr;
	}
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		return false;
	bool done = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	close(ruleset);
	return done;
}

#define ALLOW(name)                                                   \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1),        \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

#define NO_CALL 0xffffffffu	/* the number of none */

static void restrict_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(recvfrom),
		ALLOW(recvmsg),
		ALLOW(sendmsg),
		ALLOW(sendto),
		ALLOW(connect),
		ALLOW(accept4),
		ALLOW(shutdown),
		ALLOW(getsockopt),
		ALLOW(close),
		ALLOW(epoll_wait),
		ALLOW(epoll_ctl),
		ALLOW(socketpair),
		ALLOW(getrandom),
		ALLOW(clock_gettime),	/* where the C library does not ask the vDSO */
		ALLOW(exit_group),
#define NAMESPACE_ONLY (4 + 15 * 2)
		ALLOW(bind),
		ALLOW(listen),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NO_CALL, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_REUSEADDR, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPV6_V6ONLY, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TCP_NODELAY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		/* One option of one protocol. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TCP_NODELAY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		/* Sockets of the internet only, streams and datagrams. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_DGRAM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof filter / sizeof filter[0], filter };

	/* Elsewhere nothing listens once the guest runs. */
	if (in_namespace)
		filter[NAMESPACE_ONLY + 4].k = SYS_setsockopt;
	else
		filter[NAMESPACE_ONLY].k = filter[NAMESPACE_ONLY + 2].k = NO_CALL;

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		die("cannot install a system-call filter", "seccomp");
}

static void limit_resources(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		if (limit.rlim_max > MAX_DESCRIPTORS)
			limit.rlim_max = MAX_DESCRIPTORS;
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	limit.rlim_cur = limit.rlim_max = 0;
	setrlimit(RLIMIT_CORE, &limit);
}

uint32_t confine(void)
{
	uint32_t features = NET_SECCOMP | (in_namespace ? NET_IN_NAMESPACE : 0);
	struct rlimit none = { 0, 0 };

	limit_resources();
	/* The network namespace is the host's: that is what this process is for. */
	if (geteuid() != 0) {
		if (unshare(CLONE_NEWUSER) == 0)
			features |= NET_USER_NS;
	} else if (!in_namespace) {	/* there it needs a capability outside of such a namespace */
		enum userns made = userns_of_root(0);

		if (made == USERNS_WITHOUT_IDS)
			die("cannot map ids into a user namespace", "/proc/self/uid_map");
		if (made == USERNS_MADE)
			features |= NET_USER_NS;
	}
	if (empty_root())
		features |= NET_EMPTY_ROOT;
	features |= drop_privileges();
	setrlimit(RLIMIT_NPROC, &none);
	if (restrict_paths())
		features |= NET_LANDLOCK;
	restrict_calls();
	return features;
}
