/*
 * The empty world that guest code runs in, as the process makes it that is to be init there: nobody, namespaces of its
 * own, an empty root, no capabilities, no way to new privileges. What goes wrong is said on descriptor 2.
 */
#ifndef VIVARIUM_WORLD_H
#define VIVARIUM_WORLD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../common/userns.h"

#define NOBODY 65534

static void fail(const char *what) {
  dprintf(2, "%s: %s", what, strerror(errno));
  _exit(1);
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
    fail(path);
  close(fd);
}

/*
 * A guest can have the host's kernel keep page tables that nobody counts: when the machine has no memory left, the stubs are to
 * go before what is the user's.
 */
static void go_first_without_memory(void) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd >= 0) {
    ssize_t written = write(fd, "900", 3);
    (void)written;
    close(fd);
  }
}

/*
 * The host's kernel shares processors among sessions first, where it groups them, and a new session begins with the usual
 * priority: it gets the one that its sandbox was started with.
 */
static void new_session(void) {
  char text[16];
  int priority = getpriority(PRIO_PROCESS, 0), fd;

  setsid();
  if (priority <= 0 || (fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC)) < 0)
    return;
  ssize_t written = write(fd, text, (size_t)snprintf(text, sizeof text, "%d", priority));
  (void)written; /* a kernel that does not group, or takes no more changes for now */
  close(fd);
}

/*
 * A guest that attacks its stub can make threads that the sentry knows nothing of, as many as this. Before Linux 5.14 all
 * sandboxes of a user would have to share them.
 */
static void limit_processes(void) {
  /* As many threads as the sentry knows (SLOT_COUNT), and some that have ended and are not gone yet. */
  const rlim_t most = 4096 + 256;
  struct utsname kernel;
  int major, minor;
  struct rlimit l = {most, most};
  if (uname(&kernel) == 0 && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 && major * 1000 + minor >= 5014)
    setrlimit(RLIMIT_NPROC, &l);
}

/* Root is nobody only once they are made: they are root's (userns.h). */
static void new_namespaces(void) {
  int others = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  uid_t uid = geteuid();
  gid_t gid = getegid();
  char map[64];
  if (uid == 0) {
    if (setgroups(0, NULL) != 0 && errno != EPERM)
      fail("cannot leave supplementary groups");
    if (userns_of_root(others) != USERNS_MADE)
      fail("no user namespaces");
    return;
  }
  if (unshare(CLONE_NEWUSER | others) != 0)
    fail("no user namespaces");
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "%d %d 1", NOBODY, (int)uid);
  write_file("/proc/self/uid_map", map);
  snprintf(map, sizeof map, "%d %d 1", NOBODY, (int)gid);
  write_file("/proc/self/gid_map", map);
}

static void become_nobody(void) {
  if (geteuid() != 0)
    return;
  /* Root of a user namespace that has no nobody is nobody special to begin with. */
  if ((setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0) && errno != EINVAL)
    fail("cannot become nobody");
  /* Changing ids made us undumpable, and our own /proc/self somebody else's. */
  prctl(PR_SET_DUMPABLE, 1);
}

/*
 * Sends the sentry a descriptor of the process that is init in there, so that it can be watched, and ended though it stands
 * still: a report of its own kind. On a host that gives no descriptor, without one.
 */
#define REPORT_PROCESS 4
static void send_descriptor_of(pid_t process) {
  int words[3] = {REPORT_PROCESS, 0, 0}, fd = (int)syscall(SYS_pidfd_open, process, 0);
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
  } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  struct iovec io = {words, sizeof words};
  struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
  if (fd >= 0) {
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    message.msg_control = &control;
    message.msg_controllen = CMSG_LEN(sizeof(int));
  }
  if (sendmsg(0, &message, MSG_NOSIGNAL) != sizeof words)
    fail("cannot tell the sentry of the first process");
}

static void empty_root(void) {
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    fail("cannot make mounts private");
  if (mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=2,mode=0") != 0)
    fail("cannot mount an empty root");
  if (chdir("/tmp") != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
    fail("cannot enter the empty root");
  if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
    fail("cannot make the empty root read-only");
}

static void drop_privileges(void) {
  for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
  become_nobody();
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2];
  memset(none, 0, sizeof none);
  if (syscall(SYS_capset, &header, none) != 0)
    fail("cannot drop capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    fail("cannot give up new privileges");
}

static void limit(int what, rlim_t value) {
  struct rlimit l = {value, value};
  if (setrlimit(what, &l) != 0)
    fail("cannot set a limit");
}

#endif
