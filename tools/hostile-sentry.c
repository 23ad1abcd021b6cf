/*
 * Makes host calls from inside a running process, from each of its threads, as somebody would who has taken it over:
 *
 *   hostile-sentry PID OWN OTHER READABLE SECRET [apart]
 *
 * OWN is a directory that the process may write, OTHER and SECRET files that it must not open, READABLE one that it may. With "apart" it
 * must not even see what is outside of its own root. Prints a line for each attempt: its name, and "done" or the error. Nothing of this is in the product: it is ptrace, from outside.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 4096, BELOW = 16384, MAX_THREADS = 256 };

static pid_t process;
static int memory = -1;
static unsigned long site; /* of a syscall instruction in it */

static pid_t attached;
static struct user_regs_struct saved;
static unsigned long used;

static void die(const char *what) {
  perror(what);
  exit(2);
}

static void await_stop(pid_t tid) {
  int status;
  if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status)) {
    printf("ended\n");
    exit(1);
  }
}

static int attach(pid_t tid) {
  unsigned short code = 0;

  if (ptrace(PTRACE_SEIZE, tid, 0, 0) != 0 || ptrace(PTRACE_INTERRUPT, tid, 0, 0) != 0)
    return -1;
  await_stop(tid);
  if (ptrace(PTRACE_GETREGS, tid, 0, &saved) != 0)
    die("cannot read registers");
  if ((long)saved.orig_rax >= 0 && pread(memory, &code, 2, (off_t)saved.rip - 2) == 2 && code == 0x050f)
    site = saved.rip - 2;
  attached = tid;
  return 0;
}

static void detach(void) {
  ptrace(PTRACE_SETREGS, attached, 0, &saved);
  ptrace(PTRACE_DETACH, attached, 0, 0);
}

/* Below the thread's stack; where it lies there. */
static unsigned long put(const void *bytes, size_t size) {
  unsigned long at = saved.rsp - BELOW + used;

  if (pwrite(memory, bytes, size, (off_t)at) != (ssize_t)size)
    die("cannot write its memory");
  used += (size + 15) / 16 * 16;
  return at;
}

static unsigned long text(const char *string) {
  return put(string, strlen(string) + 1);
}

static long make(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
                 unsigned long f) {
  struct user_regs_struct r = saved;

  r.rip = site;
  r.rax = (unsigned long)nr;
  r.orig_rax = (unsigned long)-1;
  r.rdi = a, r.rsi = b, r.rdx = c, r.r10 = d, r.r8 = e, r.r9 = f;
  if (ptrace(PTRACE_SETREGS, attached, 0, &r) != 0 || ptrace(PTRACE_SINGLESTEP, attached, 0, 0) != 0)
    die("cannot run it");
  await_stop(attached);
  if (ptrace(PTRACE_GETREGS, attached, 0, &r) != 0)
    die("cannot read registers");
  used = 0;
  return (long)r.rax;
}

static void report(const char *name, long result) {
  printf("%s %s\n", name, result >= 0 ? "done" : strerrorname_np((int)-result) ? strerrorname_np((int)-result) : "?");
}

#define TRY(name, nr, a, b, c, d, e, f)                                                                                \
  report(name, make(nr, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), (unsigned long)(d),                \
                    (unsigned long)(e), (unsigned long)(f)))

static void everything(const char *own, const char *other, const char *readable, const char *secret, pid_t victim) {
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  char path[ROOM];
  char zeros[256] = {0};
  long fd;

  /* What it may: else a refusal below would say nothing. */
  snprintf(path, sizeof path, "%s/made-by-hostile", own);
  fd = make(SYS_openat, AT_FDCWD, text(path), O_WRONLY | O_CREAT, 0600, 0, 0);
  report("may:write-own", fd);
  report("may:close", make(SYS_close, (unsigned long)fd, 0, 0, 0, 0, 0));
  report("may:unlink-own", make(SYS_unlink, text(path), 0, 0, 0, 0, 0));
  fd = make(SYS_openat, AT_FDCWD, text(readable), O_RDONLY, 0, 0, 0);
  report("may:read-installation", fd);
  make(SYS_close, (unsigned long)fd, 0, 0, 0, 0, 0);

  TRY("open-secret", SYS_openat, AT_FDCWD, text(secret), O_RDONLY, 0, 0, 0);
  TRY("open-by-legacy-call", SYS_open, text(secret), O_RDONLY, 0, 0, 0, 0);
  TRY("open-path-only", SYS_openat, AT_FDCWD, text(secret), O_PATH, 0, 0, 0);
  TRY("open-other", SYS_openat, AT_FDCWD, text(other), O_RDONLY, 0, 0, 0);
  TRY("write-other", SYS_openat, AT_FDCWD, text(other), O_WRONLY, 0, 0, 0);
  TRY("unlink-other", SYS_unlink, text(other), 0, 0, 0, 0, 0);
  TRY("rename-other", SYS_rename, text(other), text(path), 0, 0, 0, 0);
  TRY("list-root", SYS_openat, AT_FDCWD, text("/"), O_RDONLY | O_DIRECTORY, 0, 0, 0);
  TRY("write-tmp", SYS_openat, AT_FDCWD, text("/tmp/made-by-hostile"), O_WRONLY | O_CREAT, 0600, 0, 0);
  TRY("open-own-memory", SYS_openat, AT_FDCWD, text("/proc/self/mem"), O_RDWR, 0, 0, 0);
  TRY("open-init", SYS_openat, AT_FDCWD, text("/proc/1/environ"), O_RDONLY, 0, 0, 0);
  TRY("openat2", SYS_openat2, AT_FDCWD, text(secret), put(zeros, 24), 24, 0, 0);
  TRY("open-by-handle", SYS_open_by_handle_at, AT_FDCWD, put(zeros, 64), O_RDONLY, 0, 0, 0);
  TRY("name-to-handle", SYS_name_to_handle_at, AT_FDCWD, text("/etc/passwd"), put(zeros, 64), put(zeros, 8), 0, 0);
  TRY("symlink", SYS_symlink, text("/etc/passwd"), text(path), 0, 0, 0, 0);
  TRY("link", SYS_link, text("/etc/passwd"), text(path), 0, 0, 0, 0);
  TRY("mkdir", SYS_mkdir, text(path), 0700, 0, 0, 0, 0);
  TRY("mknod", SYS_mknod, text(path), 0010600, 0, 0, 0, 0);
  TRY("chmod", SYS_chmod, text(own), 0777, 0, 0, 0, 0);
  TRY("chown", SYS_chown, text(own), 0, 0, 0, 0, 0);
  TRY("truncate", SYS_truncate, text(other), 0, 0, 0, 0, 0);
  TRY("setxattr", SYS_setxattr, text(own), text("user.x"), text("y"), 1, 0, 0);
  TRY("chroot", SYS_chroot, text("/tmp"), 0, 0, 0, 0, 0);
  TRY("mkdirat", SYS_mkdirat, AT_FDCWD, text("/tmp/made-by-hostile"), 0700, 0, 0, 0);
  TRY("mknodat", SYS_mknodat, AT_FDCWD, text("/tmp/made-by-hostile"), 0100600, 0, 0, 0);
  TRY("mknodat-device", SYS_mknodat, AT_FDCWD, text("/tmp/made-by-hostile"), 0020600, 1 << 8 | 3, 0, 0);
  TRY("symlinkat", SYS_symlinkat, text("/etc/passwd"), AT_FDCWD, text("/tmp/made-by-hostile"), 0, 0, 0);
  TRY("linkat", SYS_linkat, AT_FDCWD, text(other), AT_FDCWD, text("/tmp/made-by-hostile"), 0, 0);
  TRY("linkat-to-own", SYS_linkat, AT_FDCWD, text(secret), AT_FDCWD, text(path), 0, 0);
  TRY("unlinkat-other", SYS_unlinkat, AT_FDCWD, text(other), 0, 0, 0, 0);
  TRY("renameat2-other", SYS_renameat2, AT_FDCWD, text(other), AT_FDCWD, text(path), 0, 0);
  TRY("memfd", SYS_memfd_create, text("x"), 0, 0, 0, 0, 0);

  TRY("socket-inet", SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0);
  TRY("socket-inet-datagram", SYS_socket, AF_INET, SOCK_DGRAM, 0, 0, 0, 0);
  TRY("socket-unix", SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0, 0);
  TRY("socket-packet", SYS_socket, AF_PACKET, SOCK_RAW, 0, 0, 0, 0);
  TRY("socketpair", SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, put(zeros, 8), 0, 0);
  TRY("connect", SYS_connect, 0, put(&there, sizeof there), sizeof there, 0, 0, 0);
  TRY("bind", SYS_bind, 0, put(&there, sizeof there), sizeof there, 0, 0, 0);
  TRY("sendto-somebody", SYS_sendto, 0, text("x"), 1, 0, put(&there, sizeof there), sizeof there);
  TRY("sendmsg", SYS_sendmsg, 0, put(zeros, 64), 0, 0, 0, 0);

  TRY("kill", SYS_kill, victim, 0, 0, 0, 0, 0);
  TRY("kill-everybody", SYS_kill, -1, 0, 0, 0, 0, 0);
  TRY("tgkill", SYS_tgkill, victim, victim, 0, 0, 0, 0);
  TRY("tkill", SYS_tkill, victim, 0, 0, 0, 0, 0);
  TRY("sigqueue", SYS_rt_sigqueueinfo, victim, 0, put(zeros, 128), 0, 0, 0);
  TRY("pidfd-open", SYS_pidfd_open, victim, 0, 0, 0, 0, 0);
  TRY("set-owner-of-signals", SYS_fcntl, 0, F_SETOWN, victim, 0, 0, 0);
  TRY("trace", SYS_ptrace, PTRACE_SEIZE, victim, 0, 0, 0, 0);
  TRY("read-memory", SYS_process_vm_readv, victim, put(zeros, 16), 1, put(zeros, 16), 1, 0);
  TRY("write-memory", SYS_process_vm_writev, victim, put(zeros, 16), 1, put(zeros, 16), 1, 0);
  TRY("take-descriptor", SYS_pidfd_getfd, 0, 0, 0, 0, 0, 0);
  TRY("limits-of-other", SYS_prlimit64, victim, 7, 0, put(zeros, 16), 0, 0);

  TRY("exec", SYS_execve, text("/bin/true"), 0, 0, 0, 0, 0);
  TRY("execveat", SYS_execveat, AT_FDCWD, text("/bin/true"), 0, 0, 0, 0);
  TRY("fork", SYS_fork, 0, 0, 0, 0, 0, 0);
  TRY("vfork", SYS_vfork, 0, 0, 0, 0, 0, 0);
  TRY("clone-process", SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
  TRY("clone-with-memory", SYS_clone, CLONE_VM | SIGCHLD, 0, 0, 0, 0, 0);
  TRY("clone-namespace", SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0, 0);
  TRY("clone3", SYS_clone3, put(zeros, 88), 88, 0, 0, 0, 0);
  TRY("unshare", SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0, 0);
  TRY("setns", SYS_setns, 0, 0, 0, 0, 0, 0);

  TRY("mount", SYS_mount, text("x"), text("/tmp"), text("tmpfs"), 0, 0, 0);
  TRY("umount", SYS_umount2, text("/tmp"), MNT_DETACH, 0, 0, 0, 0);
  TRY("pivot-root", SYS_pivot_root, text("/tmp"), text("/tmp"), 0, 0, 0, 0);
  TRY("fsopen", SYS_fsopen, text("tmpfs"), 0, 0, 0, 0, 0);
  TRY("io-uring", SYS_io_uring_setup, 8, put(zeros, 120), 0, 0, 0, 0);
  TRY("aio", SYS_io_setup, 8, put(zeros, 8), 0, 0, 0, 0);
  TRY("bpf", SYS_bpf, 0, put(zeros, 64), 64, 0, 0, 0);
  TRY("perf", SYS_perf_event_open, put(zeros, 128), 0, 0, -1, 0, 0);
  TRY("userfaultfd", SYS_userfaultfd, 0, 0, 0, 0, 0, 0);
  TRY("keys", SYS_keyctl, 0, -1, 0, 0, 0, 0);
  TRY("module", SYS_init_module, 0, 0, text(""), 0, 0, 0);
  TRY("reboot", SYS_reboot, 0, 0, 0, 0, 0, 0);
  TRY("clock", SYS_clock_settime, 0, put(zeros, 16), 0, 0, 0, 0);
  TRY("setuid", SYS_setuid, 0, 0, 0, 0, 0, 0);
  TRY("personality", SYS_personality, 0x0400000, 0, 0, 0, 0, 0);
  TRY("seccomp", SYS_seccomp, 0, 0, 0, 0, 0, 0);
  TRY("prctl-dumpable", SYS_prctl, 4, 0, 0, 0, 0, 0);
  TRY("type-into-terminal", SYS_ioctl, 0, TIOCSTI, text("x"), 0, 0, 0);
  TRY("x32-open", 0x40000000 + SYS_open, text("/etc/passwd"), O_RDONLY, 0, 0, 0, 0);
  TRY("x32-getpid", 0x40000000 + SYS_getpid, 0, 0, 0, 0, 0, 0);
}

/* What a root of its own keeps from being seen, whichever directory it starts from. */
static void look_outside(const char *secret) {
  char path[ROOM], name[64], zeros[256] = {0};
  struct dirent *entry;
  struct stat st;

  TRY("see-secret", SYS_newfstatat, AT_FDCWD, text(secret), put(zeros, 256), 0, 0, 0);
  TRY("see-accounts", SYS_newfstatat, AT_FDCWD, text("/etc/passwd"), put(zeros, 256), 0, 0, 0);
  TRY("see-init", SYS_newfstatat, AT_FDCWD, text("/proc/1"), put(zeros, 256), 0, 0, 0);
  TRY("see-itself", SYS_newfstatat, AT_FDCWD, text("/proc/self/status"), put(zeros, 256), 0, 0, 0);
  TRY("see-machine", SYS_newfstatat, AT_FDCWD, text("/sys/kernel"), put(zeros, 256), 0, 0, 0);
  snprintf(path, sizeof path, "/proc/%d/fd", process);
  DIR *directory = opendir(path);
  if (!directory)
    die(path);
  while ((entry = readdir(directory))) {
    if (entry->d_name[0] == '.' || fstatat(dirfd(directory), entry->d_name, &st, 0) != 0 || !S_ISDIR(st.st_mode))
      continue;
    snprintf(name, sizeof name, "see-from-descriptor-%s", entry->d_name);
    TRY(name, SYS_newfstatat, atoi(entry->d_name), text("../../../../../../../../proc/1"), put(zeros, 256), 0, 0, 0);
  }
  closedir(directory);
}

static int threads(pid_t tids[]) {
  char path[64];
  int count = 0;
  struct dirent *entry;

  snprintf(path, sizeof path, "/proc/%d/task", process);
  DIR *directory = opendir(path);
  if (!directory)
    die(path);
  while ((entry = readdir(directory)) && count < MAX_THREADS)
    if (atoi(entry->d_name) > 0)
      tids[count++] = atoi(entry->d_name);
  closedir(directory);
  return count;
}

int main(int argc, char **argv) {
  pid_t tids[MAX_THREADS];
  char path[64];
  int count, confined = 0, tried = 0;

  if (argc != 6 && argc != 7) {
    fprintf(stderr, "usage: hostile-sentry PID OWN OTHER READABLE SECRET [apart]\n");
    return 2;
  }
  process = atoi(argv[1]);
  snprintf(path, sizeof path, "/proc/%d/mem", process);
  memory = open(path, O_RDWR | O_CLOEXEC);
  if (memory < 0)
    die(path);
  count = threads(tids);
  for (int i = 0; i < count && !site; i++)
    if (attach(tids[i]) == 0)
      detach();
  if (!site)
    die("no thread of it is in a call");
  for (int i = 0; i < count; i++) {
    if (attach(tids[i]) != 0)
      continue; /* it ended */
    tried++;
    char zeros[256] = {0};
    long open_other = make(SYS_openat, AT_FDCWD, text(argv[3]), O_RDONLY, 0, 0, 0);
    long socket_inet = make(SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0);
    long see = make(SYS_newfstatat, AT_FDCWD, text(argv[5]), put(zeros, 256), 0, 0, 0);
    if (open_other == -EACCES && socket_inet == -ENOSYS && (see == -ENOENT || argc == 6))
      confined++;
    else
      printf("thread-%d: open %ld, socket %ld, see %ld\n", tids[i], open_other, socket_inet, see);
    if (i == count - 1)
      everything(argv[2], argv[3], argv[4], argv[5], getpid());
    if (i == count - 1 && argc == 7)
      look_outside(argv[5]);
    detach();
  }
  printf("threads %d of %d confined\n", confined, tried);
  return 0;
}
