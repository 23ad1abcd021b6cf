/*
 * Random system calls with random and hostile arguments, from several threads of several processes at once.
 *
 *   fuzz SEED SECONDS [PROCESSES [THREADS [CALL...]]]
 *
 * Each process lives for a short while, or until it kills itself, and is followed by one with the next seed; CALL
 * limits them to these numbers. What a process does follows from its seed but for how its threads interleave. Prints
 * how much was done, and after a third and at the end "rest", when all processes but itself are gone; it then waits for
 * a line on standard input, so that what is left can be measured. To be run as the first process of a sandbox, never
 * natively: it is root and hostile.
 *
 * Nothing below main() uses libc's state (errno, locks, malloc): a call may have destroyed it.
 */
#define _GNU_SOURCE
#include "calls.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long u64;
typedef long s64;

#define ARENA 0x200000000000UL /* shared memory that all threads write to while calls read it */
#define ARENA_SIZE (1UL << 20)
#define PLAY 0x210000000000UL /* where mappings are made and undone */
#define PLAY_SIZE (64UL << 20)
#define HOLES 0x220000000000UL /* pages that may not be read, not be written, or are not there */
#define STATS 0x230000000000UL
#define CALL_LIMIT 512
#define MAX_THREADS 16
#define LIFE_MILLIS 3000

struct stats {
  u64 calls[CALL_LIMIT];
  u64 succeeded[CALL_LIMIT];
};

static struct stats *const stats = (struct stats *)STATS;
static int only[64], only_count;

struct rng {
  u64 state;
  u64 depth; /* how many forks deep */
  unsigned char *scratch;
};

static u64 next(struct rng *r) {
  u64 z = (r->state += 0x9e3779b97f4a7c15UL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
  return z ^ (z >> 31);
}

static u64 below(struct rng *r, u64 n) { return next(r) % n; }
static int one_in(struct rng *r, u64 n) { return next(r) % n == 0; }

static s64 call6(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  s64 ret;
  register u64 r10 __asm__("r10") = d;
  register u64 r8 __asm__("r8") = e;
  register u64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(ret)
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return ret;
}

/* clone and clone3 with the child on a stack of its own, where it makes a few calls and ends. */
__attribute__((used)) static void child_calls(struct rng *parent);
static s64 clone_call(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, struct rng *r) {
  s64 ret;
  register u64 r10 __asm__("r10") = d;
  register u64 r8 __asm__("r8") = e;
  register u64 r12 __asm__("r12") = (u64)r;
  __asm__ volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "andq $-16, %%rsp\n\t"
      "movq %%r12, %%rdi\n\t"
      "call child_calls\n\t"
      "2: movl $60, %%eax\n\t"
      "syscall\n\t"
      "jmp 2b\n"
      "1:"
      : "=a"(ret)
      : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r12)
      : "rcx", "r11", "memory");
  return ret;
}

/* ---- arguments ---- */

static const u64 boundaries[] = {
    0,           1,           2,          3,          4,           7,         8,          15,         16,        17,
    31,          32,          63,         64,         65,          100,       127,        128,        255,       256,
    511,         512,         1000,       1023,       1024,        1025,      4095,       4096,       4097,      8192,
    32767,       32768,       65535,      65536,      65537,       0xfffff,   0x100000,   0xffffff,   0x1000000, 0x7ffffffe,
    0x7fffffff,  0x80000000,  0x80000001, 0xfffffffe, 0xffffffff,  1UL << 32, (1UL << 32) + 1,        1UL << 40, 1UL << 46,
    1UL << 47,   (1UL << 47) - 4096,      (1UL << 47) - 1,         1UL << 62, (1UL << 63) - 1,        1UL << 63, -1UL,
    -2UL,        -4095UL,     -4096UL,    -100UL,     0xffffffff80000000UL,   0xffffffffff600000UL,   0x5555555555555555UL,
    0x8000000000001UL,        0x1000,     0xfff,      0x7ff000000000UL,       0x7ff100000000UL,       0x7fe000000000UL,
};

static u64 boundary(struct rng *r) {
  u64 v = boundaries[below(r, sizeof boundaries / sizeof boundaries[0])];
  return one_in(r, 8) ? v + below(r, 17) - 8 : v;
}

static u64 any(struct rng *r) {
  switch (below(r, 6)) {
  case 0: return next(r);
  case 1: return next(r) & 0xffffffff;
  case 2: return 1UL << below(r, 64);
  case 3: return below(r, 64);
  case 4: return ARENA + below(r, ARENA_SIZE);
  default: return boundary(r);
  }
}

static u64 bits(struct rng *r) {
  switch (below(r, 8)) {
  case 0:
  case 1:
  case 2: return 0;
  case 3: return 1UL << below(r, 32);
  case 4: return 1UL << below(r, 32) | 1UL << below(r, 20);
  case 5: return below(r, 16);
  case 6: return next(r) & next(r) & next(r) & 0xffffffff;
  default: return any(r);
  }
}

static u64 hostile_pointer(struct rng *r) {
  switch (below(r, 10)) {
  case 0: return 0;
  case 1: return HOLES + below(r, 4096);            /* PROT_NONE */
  case 2: return HOLES + 4096 + below(r, 4096);     /* read-only */
  case 3: return HOLES + 4096 - below(r, 16);       /* from one into the other */
  case 4: return HOLES + 3 * 4096 - below(r, 64);   /* writable, ends before a hole */
  case 5: return HOLES + 3 * 4096 + below(r, 4096); /* nothing there */
  case 6: return PLAY + below(r, PLAY_SIZE);
  case 7: return boundary(r);
  case 8: return 0x7ff000000000UL + below(r, 0x200000000UL); /* where the sandbox has its own */
  default: return next(r);
  }
}

static u64 small_length(struct rng *r) {
  switch (below(r, 6)) {
  case 0: return below(r, 16);
  case 1: return below(r, 300);
  case 2: return below(r, 5000);
  case 3: return below(r, 70000);
  case 4: {
    static const unsigned char sizes[] = {8, 12, 16, 24, 32, 48, 64, 88, 96, 110, 112, 128, 144};
    return sizes[below(r, sizeof sizes)];
  }
  default: return boundary(r);
  }
}

/* Which descriptors were made as what, so that a call often gets one that it is for. */
enum { STREAM, DATAGRAM, LISTENER, PIPE, PLAIN, FOLDER, EPOLL, EVENT, SIGNALS, TIMER, WATCHES, TERMINAL, KINDS };
static struct { int count, fds[12]; } made[KINDS];
static int last_kind;

static void note(int kind, int fd) {
  if (fd >= 0 && made[kind].count < 12)
    made[kind].fds[made[kind].count++] = fd;
}

static int kind_for(struct rng *r, u64 nr) {
  switch (nr) {
  case SYS_sendto:
  case SYS_recvfrom:
  case SYS_sendmsg:
  case SYS_recvmsg:
  case SYS_sendmmsg:
  case SYS_recvmmsg:
  case SYS_getpeername: return (int)below(r, 2);
  case SYS_connect:
  case SYS_bind:
  case SYS_shutdown:
  case SYS_getsockname:
  case SYS_setsockopt:
  case SYS_getsockopt: return (int)below(r, 3);
  case SYS_accept:
  case SYS_accept4:
  case SYS_listen: return LISTENER;
  case SYS_tee:
  case SYS_splice:
  case SYS_vmsplice: return PIPE;
  case SYS_lseek:
  case SYS_fallocate:
  case SYS_ftruncate:
  case SYS_pread64:
  case SYS_pwrite64:
  case SYS_preadv:
  case SYS_pwritev:
  case SYS_copy_file_range:
  case SYS_fsetxattr:
  case SYS_fgetxattr:
  case SYS_flistxattr:
  case SYS_fremovexattr:
  case SYS_readahead:
  case SYS_fadvise64:
  case SYS_sync_file_range:
  case SYS_mmap: return PLAIN;
  case SYS_getdents:
  case SYS_getdents64:
  case SYS_openat:
  case SYS_openat2:
  case SYS_mkdirat:
  case SYS_unlinkat:
  case SYS_renameat:
  case SYS_renameat2:
  case SYS_linkat:
  case SYS_newfstatat:
  case SYS_fchdir: return FOLDER;
  case SYS_epoll_ctl:
  case SYS_epoll_wait:
  case SYS_epoll_pwait:
  case SYS_epoll_pwait2: return EPOLL;
  case SYS_timerfd_gettime:
  case SYS_timerfd_settime: return TIMER;
  case SYS_inotify_add_watch:
  case SYS_inotify_rm_watch: return WATCHES;
  case SYS_signalfd4: return SIGNALS;
  case SYS_ioctl: return one_in(r, 2) ? TERMINAL : (int)below(r, KINDS);
  default: return (int)below(r, KINDS);
  }
}

static u64 descriptor(struct rng *r) {
  if (last_kind >= 0 && made[last_kind].count > 0 && !one_in(r, 3))
    return (u64)made[last_kind].fds[below(r, (u64)made[last_kind].count)];
  if (one_in(r, 20))
    return any(r);
  if (one_in(r, 12))
    return (u64)-100; /* AT_FDCWD */
  return 3 + below(r, one_in(r, 3) ? 200 : 48);
}

static const char *const local_paths[] = {"a", "b", "c", "d", "e", "d/a", "d/b", "e/a", "e/d", "link", "fifo", "sock", "./a", "d/../b",
                                          "e/", "loop", "x/y/z", "long", "", ".", "d/."};
static const char *const other_paths[] = {
    "/",           "/proc/self/maps", "/proc/self/status", "/proc/self/fd",  "/proc/self/fd/3", "/proc/self/mem", "/proc/self/environ",
    "/dev/null",   "/dev/zero",       "/dev/full",         "/dev/urandom",   "/dev/ptmx",       "/dev/tty",       "/dev/shm",
    "/etc/passwd", "/proc",           "/proc/self/task",   "/proc/stat",     "/proc/mounts",    "/sys",           "/sys/devices/system/cpu",
    "/proc/self/exe", "/usr/bin/true", "/bin/sh",          "/proc/self/cwd", "/proc/self/root", "/dev/pts",       "/dev/fd/3",
    "/proc/self/fdinfo", "/proc/self/stat", "/proc/self/cmdline", "/proc/self/oom_score_adj", "/proc/sys/kernel", "/proc/net", "/tmp",
    "/etc",        "/proc/self/comm", "/proc/self/auxv",   "/proc/self/smaps", "/proc/self/ns", "/usr/lib",       "/dev/pts/0",
    "/proc/meminfo", "/proc/cpuinfo", "/proc/sys/kernel/random/uuid", "/proc/self/mountinfo", "/dev/random", "..", "../..",
};

static u64 text(struct rng *r, const char *s) {
  char *at = (char *)r->scratch;
  r->scratch += 320;
  u64 i = 0;
  for (; s[i] && i < 255; i++)
    at[i] = s[i];
  at[i] = 0;
  if (one_in(r, 40))
    at[below(r, 256)] = (char)next(r);
  return (u64)at;
}

static u64 path(struct rng *r, int local) {
  if (one_in(r, 24))
    return hostile_pointer(r);
  if (one_in(r, 60)) { /* too long, or without an end */
    u64 at = ARENA + below(r, ARENA_SIZE - 9000);
    u64 n = one_in(r, 2) ? 4095 + below(r, 3) : below(r, 300);
    for (u64 i = 0; i < n; i++)
      ((char *)at)[i] = i % 2 ? '/' : 'a';
    ((char *)at)[n] = 0;
    return at;
  }
  if (local || one_in(r, 2))
    return text(r, local_paths[below(r, sizeof local_paths / sizeof *local_paths)]);
  return text(r, other_paths[below(r, sizeof other_paths / sizeof *other_paths)]);
}

static u64 name(struct rng *r) {
  static const char *const names[] = {"user.a", "user.b", "trusted.x", "security.capability", "system.posix_acl_access", "tmpfs", "proc",
                                      "sysfs", "devpts", "ext4", "name", "/q", "/m", "user.", "", "mqueue", "size=64k", "overlay"};
  return one_in(r, 16) ? hostile_pointer(r) : text(r, names[below(r, sizeof names / sizeof *names)]);
}

/* Somewhere in the arena, or in our own scratch; filled with something. */
static u64 place(struct rng *r, u64 size) {
  if (one_in(r, 3))
    return ARENA + (below(r, ARENA_SIZE - size - 8) & (one_in(r, 4) ? ~0UL : ~7UL));
  u64 at = (u64)r->scratch;
  r->scratch += (size + 63) & ~63UL;
  return at;
}

static u64 fill(struct rng *r, u64 words, u64 (*of)(struct rng *)) {
  u64 at = place(r, words * 8);
  for (u64 i = 0; i < words; i++)
    ((u64 *)at)[i] = of(r);
  return at;
}

static u64 fill_ints(struct rng *r, u64 words, u64 (*of)(struct rng *)) {
  u64 at = place(r, words * 4);
  for (u64 i = 0; i < words; i++)
    ((unsigned *)at)[i] = (unsigned)of(r);
  return at;
}

static u64 small(struct rng *r) { return one_in(r, 12) ? boundary(r) : below(r, one_in(r, 3) ? 70 : 8); }
static u64 mixed(struct rng *r) { return one_in(r, 2) ? small(r) : one_in(r, 2) ? any(r) : ARENA + below(r, ARENA_SIZE - 4096); }
static u64 zero(struct rng *r) { return one_in(r, 30) ? any(r) : 0; }
static u64 brief(struct rng *r) { return one_in(r, 30) ? any(r) : below(r, 3000); }

static u64 buffer(struct rng *r) {
  switch (below(r, 8)) {
  case 0: return hostile_pointer(r);
  case 1: return 0;
  case 2: return fill(r, 16, zero);
  case 3: return fill(r, 16, mixed);
  case 4: return fill_ints(r, 32, small);
  case 5: return fill(r, 16, small);
  default: return ARENA + below(r, ARENA_SIZE - 70000);
  }
}

static u64 time_value(struct rng *r) {
  if (one_in(r, 8))
    return hostile_pointer(r);
  u64 at = place(r, 32);
  for (int i = 0; i < 2; i++) {
    ((u64 *)at)[2 * i] = zero(r);
    ((u64 *)at)[2 * i + 1] = one_in(r, 10) ? any(r) : below(r, 3000000);
  }
  return at;
}

static u64 vectors(struct rng *r) {
  if (one_in(r, 12))
    return hostile_pointer(r);
  u64 at = place(r, 16 * 16);
  for (int i = 0; i < 16; i++) {
    ((u64 *)at)[2 * i] = buffer(r);
    ((u64 *)at)[2 * i + 1] = one_in(r, 8) ? any(r) : below(r, 3000);
    if (r->scratch > (unsigned char *)at + 8192)
      r->scratch = (unsigned char *)at + 256;
  }
  return at;
}

static u64 socket_address(struct rng *r) {
  if (one_in(r, 12))
    return hostile_pointer(r);
  u64 at = place(r, 128);
  struct sockaddr_un *un = (void *)at;
  unsigned char *b = (void *)at;
  switch (below(r, 5)) {
  case 0:
  case 1:
    un->sun_family = AF_UNIX;
    for (int i = 0; i < 8; i++)
      un->sun_path[i] = "sock\0\0\0"[i & 7];
    if (one_in(r, 2))
      un->sun_path[0] = 0;
    break;
  case 2: /* 127.0.0.1 and a small port, or none */
    for (int i = 0; i < 32; i++)
      b[i] = 0;
    b[0] = 2;
    b[3] = (unsigned char)below(r, 40);
    b[2] = one_in(r, 2) ? 0 : 0x30;
    if (!one_in(r, 4))
      b[4] = 127, b[7] = 1;
    break;
  case 3:
    for (int i = 0; i < 64; i++)
      b[i] = 0;
    b[0] = 10;
    b[2] = 0x30, b[3] = (unsigned char)below(r, 40);
    b[23] = 1;
    break;
  default:
    for (int i = 0; i < 64; i++)
      b[i] = (unsigned char)next(r);
    b[0] = (unsigned char)below(r, 20), b[1] = 0;
  }
  return at;
}

static u64 message(struct rng *r) {
  if (one_in(r, 12))
    return hostile_pointer(r);
  u64 at = place(r, 64 * 4);
  for (int i = 0; i < 4; i++) {
    u64 *m = (u64 *)at + 8 * i;
    m[0] = one_in(r, 2) ? 0 : socket_address(r);
    m[1] = one_in(r, 8) ? any(r) : below(r, 120);
    m[2] = vectors(r);
    m[3] = one_in(r, 10) ? any(r) : below(r, 6);
    u64 control = place(r, 256);
    m[4] = one_in(r, 3) ? 0 : control;
    m[5] = one_in(r, 8) ? any(r) : below(r, 80);
    m[6] = bits(r);
    if (m[4] == control) {
      u64 *c = (u64 *)control;
      c[0] = one_in(r, 6) ? any(r) : 16 + 4 * below(r, 6);
      c[1] = one_in(r, 6) ? any(r) : 1 | (1 + below(r, 3)) << 32; /* SOL_SOCKET, SCM_RIGHTS … */
      for (int k = 2; k < 8; k++)
        c[k] = descriptor(r) | descriptor(r) << 32;
      if (one_in(r, 2))
        m[5] = c[0];
    }
    if (r->scratch > (unsigned char *)at + 12000)
      r->scratch = (unsigned char *)at + 256;
  }
  return at;
}

void fuzz_restorer(void);
static void on_signal(int s) { (void)s; }

static u64 signal_action(struct rng *r) {
  if (one_in(r, 8))
    return hostile_pointer(r);
  u64 *at = (u64 *)place(r, 64);
  static const u64 flags[] = {4, 0x08000000, 0x10000000, 0x40000000, 0x80000000UL, 1, 2};
  switch (below(r, 8)) {
  case 0: at[0] = 0; break;
  case 1: at[0] = 1; break;
  case 2: at[0] = one_in(r, 8) ? any(r) : 1; break;
  default: at[0] = (u64)on_signal;
  }
  at[1] = 0x04000000;
  for (int i = 0; i < 2; i++)
    at[1] |= flags[below(r, sizeof flags / sizeof *flags)];
  at[2] = (u64)fuzz_restorer;
  at[3] = one_in(r, 3) ? next(r) : 0;
  return (u64)at;
}

__asm__(".text\n.globl fuzz_restorer\nfuzz_restorer:\n\tmovl $15, %eax\n\tsyscall\n");

static u64 pages(struct rng *r) {
  if (one_in(r, 25))
    return one_in(r, 2) ? boundary(r) : hostile_pointer(r);
  u64 at = PLAY + (below(r, PLAY_SIZE) & ~0xfffUL);
  if (one_in(r, 30))
    at += below(r, 4096);
  return one_in(r, 5) ? ARENA + below(r, ARENA_SIZE / 2) : at;
}

static u64 page_count(struct rng *r) {
  if (one_in(r, 15))
    return boundary(r);
  return (1 + below(r, one_in(r, 4) ? 600 : 16)) << 12;
}

static u64 process(struct rng *r) {
  switch (below(r, 6)) {
  case 0: return 0;
  case 1: return (u64)call6(SYS_getppid, 0, 0, 0, 0, 0, 0);
  case 2: return (u64)call6(SYS_gettid, 0, 0, 0, 0, 0, 0);
  case 3: return 2 + below(r, 300);
  default: return one_in(r, 12) ? any(r) : (u64)call6(SYS_getpid, 0, 0, 0, 0, 0, 0);
  }
}

static u64 arg(struct rng *r, char kind) {
  if (one_in(r, 40))
    return any(r);
  switch (kind) {
  case 'f': return descriptor(r);
  case 'p': return path(r, 0);
  case 'l': return path(r, 1);
  case 'b': return buffer(r);
  case 'n': return small_length(r);
  case 'i': return small(r);
  case 'F': return bits(r);
  case 's': return below(r, 66);
  case 't': return one_in(r, 12) ? 0 : time_value(r);
  case 'v': return vectors(r);
  case 'c': return one_in(r, 10) ? boundary(r) : below(r, 9);
  case 'S': return socket_address(r);
  case 'm': return one_in(r, 4) ? below(r, 010000) | (below(r, 16) << 12) : 0777;
  case 'a': return one_in(r, 4) ? 0 : pages(r);
  case 'L': return page_count(r);
  case 'P': return process(r);
  case 'u': return one_in(r, 3) ? (u64)-1 : one_in(r, 2) ? 0 : below(r, 2000);
  case 'o': return (below(r, 4) | (one_in(r, 2) ? O_CREAT : 0) | (one_in(r, 2) ? O_NONBLOCK : 0) | (one_in(r, 3) ? bits(r) : 0));
  case 'k': return one_in(r, 8) ? hostile_pointer(r) : ARENA + 4 * below(r, 8);
  case 'w': return below(r, 6);
  case 'M': return message(r);
  case 'g': return one_in(r, 4) ? 0 : fill(r, 1, any);
  case 'h': return one_in(r, 4) ? 0 : signal_action(r);
  case 'e': return fill(r, 2, bits);
  case 'r': return fill(r, 8, one_in(r, 2) ? brief : small);
  case 'q': return fill(r, 16, mixed);
  case 'I':
    switch (below(r, 4)) {
    case 0: return 0x5400 + below(r, 0x65);
    case 1: return 0x8900 + below(r, 0x95);
    case 2: return below(r, 2) ? 0x80045430 + below(r, 12) : 0x40045430 + below(r, 12);
    default: return 0x5421;
    }
  case 'C': return one_in(r, 3) ? 1024 + below(r, 16) : below(r, 17);
  case 'N': return name(r);
  case 'O': return one_in(r, 4) ? boundary(r) : below(r, 70000);
  case 'z': return one_in(r, 12) ? any(r) : 8;
  default: return any(r);
  }
}

/* ---- calls ---- */

/* What would end the test and not test anything. */
static int harmless(struct rng *r, u64 nr, u64 *a) {
  u64 me = (u64)call6(SYS_getpid, 0, 0, 0, 0, 0, 0);
  switch (nr) {
  case SYS_exit:
  case SYS_exit_group: return one_in(r, 50);
  case SYS_rt_sigreturn: return one_in(r, 200);
  case SYS_seccomp: return one_in(r, 20);
  case SYS_prctl:
    if ((int)a[0] == PR_SET_SECCOMP || (int)a[0] == PR_SET_PDEATHSIG)
      return one_in(r, 20);
    return 1;
  case SYS_arch_prctl: return one_in(r, 20);
  case SYS_kill:
    if ((int)a[0] == 1 || ((int)a[0] < 0 && !one_in(r, 30)))
      a[0] = me;
    if ((int)a[1] == SIGKILL || (int)a[1] == SIGSTOP)
      return one_in(r, 20);
    return 1;
  case SYS_tkill:
  case SYS_tgkill:
  case SYS_rt_sigqueueinfo:
  case SYS_rt_tgsigqueueinfo:
  case SYS_pidfd_send_signal:
  case SYS_pidfd_open:
  case SYS_process_vm_writev:
  case SYS_process_vm_readv:
  case SYS_prlimit64:
  case SYS_ptrace:
    /* The first process is what keeps the test going. */
    for (int i = 0; i < 2; i++)
      if ((int)a[i] == 1)
        a[i] = me;
    return 1;
  case SYS_umount2:
  case SYS_pivot_root:
  case SYS_chroot: return one_in(r, 10);
  case SYS_pause: return one_in(r, 20);
  case SYS_setrlimit: return one_in(r, 10);
  case SYS_munmap:
  case SYS_mprotect:
  case SYS_mmap:
  case SYS_mremap:
  case SYS_brk: {
    u64 at = a[0];
    int inside = (at >= PLAY && at < PLAY + PLAY_SIZE) || at == 0;
    return inside || one_in(r, 30);
  }
  default: return 1;
  }
}

static void one_call(struct rng *r);

__attribute__((used)) static void child_calls(struct rng *parent) {
  struct rng r = *parent;
  r.state ^= 0x1234567;
  r.depth++;
  unsigned char own[24000];
  if (r.depth < 3) {
    for (u64 n = below(&r, 30); n > 0; n--) {
      r.scratch = own;
      one_call(&r);
    }
  }
}

static void clone_randomly(struct rng *r, u64 nr) {
  static const u64 flags[] = {CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_VFORK, CLONE_PARENT, CLONE_THREAD, CLONE_NEWNS,
                              CLONE_SYSVSEM, CLONE_SETTLS, CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID, CLONE_NEWUSER,
                              CLONE_NEWPID, CLONE_NEWNET, CLONE_PTRACE, 0x1000 /* pidfd */, CLONE_IO};
  if (r->depth >= 3 || (r->depth > 0 && !one_in(r, 4)))
    return;
  u64 f = 0;
  if (one_in(r, 3))
    f = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
  for (u64 n = below(r, 4); n > 0; n--)
    f |= flags[below(r, sizeof flags / sizeof *flags)];
  u64 stack = PLAY + PLAY_SIZE + (below(r, 64) << 16);
  if (f & CLONE_VM)
    call6(SYS_mmap, stack, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, (u64)-1, 0);
  else if (one_in(r, 2))
    stack = 0;
  if (nr == SYS_clone3) {
    u64 *a = (u64 *)place(r, 128);
    a[0] = f;
    a[1] = ARENA + 512 + 8 * below(r, 64);
    a[2] = ARENA + 512 + 8 * below(r, 64);
    a[3] = ARENA + 512 + 8 * below(r, 64);
    a[4] = one_in(r, 4) ? below(r, 66) : SIGCHLD;
    a[5] = stack;
    a[6] = stack ? 1 << 16 : 0;
    a[7] = ARENA + 1024;
    a[8] = a[9] = a[10] = 0;
    if (one_in(r, 10))
      a[below(r, 11)] = any(r);
    if ((f & CLONE_VM) && a[5] == 0)
      return;
    clone_call(SYS_clone3, (u64)a, one_in(r, 10) ? small_length(r) : 88, 0, 0, 0, r);
  } else {
    if (nr == SYS_vfork)
      f = CLONE_VFORK; /* without CLONE_VM, so that the child has our stack to itself */
    if (stack)
      stack += (1 << 16) - 64;
    u64 place1 = ARENA + 512 + 8 * below(r, 64);
    clone_call(SYS_clone, f | (one_in(r, 4) ? below(r, 66) : SIGCHLD), stack, one_in(r, 10) ? hostile_pointer(r) : place1,
               one_in(r, 10) ? hostile_pointer(r) : place1 + 4, ARENA + 1024, r);
  }
}

static void one_call(struct rng *r) {
  int at = (int)below(r, CALLS);
  if (only_count) {
    int wanted = only[below(r, (u64)only_count)];
    for (at = 0; at < CALLS - 1 && calls[at].nr != wanted; at++) {
    }
  } else if (one_in(r, 5)) { /* more often what makes descriptors and mappings, so that there are some */
    static const int makers[] = {9, 257, 22, 293, 41, 53, 290, 283, 289, 319, 32, 292, 294, 291, 434, 2, 72};
    int wanted = makers[below(r, sizeof makers / sizeof *makers)];
    for (at = 0; at < CALLS - 1 && calls[at].nr != wanted; at++) {
    }
  }
  u64 nr = calls[at].nr < 0 ? below(r, 600) : (u64)calls[at].nr;
  if (one_in(r, 500))
    nr = any(r);
  if (nr == SYS_fork || nr == SYS_vfork || nr == SYS_clone || nr == SYS_clone3) {
    clone_randomly(r, nr == SYS_fork ? SYS_clone : nr);
    return;
  }
  u64 a[6];
  const char *kinds = calls[at].args;
  int known = 1;
  last_kind = kind_for(r, nr);
  for (int i = 0; i < 6; i++) {
    known = known && kinds[i] != 0;
    a[i] = known ? arg(r, kinds[i]) : any(r);
  }
  if (nr == SYS_mmap && one_in(r, 2)) {
    a[3] = one_in(r, 2) ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED | (one_in(r, 2) ? MAP_ANONYMOUS : 0);
    if (a[0] != 0)
      a[3] |= MAP_FIXED;
    a[2] = below(r, 8);
    a[5] &= ~0xfffUL;
  }
  if (nr == SYS_mremap && (a[3] & 2) && !(a[4] >= PLAY && a[4] < PLAY + PLAY_SIZE))
    a[4] = PLAY;
  if (nr == SYS_socket && one_in(r, 2)) {
    static const unsigned char families[] = {1, 2, 10, 16};
    a[0] = families[below(r, 4)];
    a[1] = 1 + below(r, 5);
    a[2] = 0;
  }
  if (nr == SYS_socketpair && !one_in(r, 4))
    a[0] = 1, a[1] = 1 + below(r, 5), a[2] = 0;
  if (nr == SYS_futex && one_in(r, 2)) /* mostly with an end */
    a[1] = below(r, 14) | (one_in(r, 2) ? 128 : 0);
  if ((nr == SYS_wait4 || nr == SYS_waitid) && one_in(r, 2)) {
    a[nr == SYS_waitid] = nr == SYS_wait4 ? (u64)-1 : 0;
    a[0] = nr == SYS_waitid ? 0 : a[0];
    a[nr == SYS_wait4 ? 2 : 3] = 1 | (nr == SYS_waitid ? 4 : 0);
  }
  if (nr == SYS_openat2 && one_in(r, 2)) {
    u64 *how = (u64 *)place(r, 24);
    how[0] = below(r, 3) | O_CREAT, how[1] = 0666, how[2] = below(r, 32);
    a[2] = (u64)how, a[3] = 24;
  }
  if (nr == SYS_execve && one_in(r, 2)) {
    u64 *argv = (u64 *)place(r, 64);
    argv[0] = text(r, "true");
    argv[1] = one_in(r, 3) ? hostile_pointer(r) : 0;
    argv[2] = 0;
    a[1] = (u64)argv;
  }
  if (!harmless(r, nr, a))
    return;
  s64 ret = call6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
  u64 slot = nr < CALL_LIMIT ? nr : CALL_LIMIT - 1;
  __atomic_fetch_add(&stats->calls[slot], 1, __ATOMIC_RELAXED);
  if (ret >= 0)
    __atomic_fetch_add(&stats->succeeded[slot], 1, __ATOMIC_RELAXED);
}

/* ---- processes ---- */

static u64 life_seed;
static int thread_count = 3;

/* How many calls each thread has made, and who it is. */
static volatile u64 progress[MAX_THREADS];
static volatile int tids[MAX_THREADS];

/* Wakes those that a call made sleep; when one cannot be woken, the process has lived long enough. */
static void *waker(void *unused) {
  (void)unused;
  u64 seen[MAX_THREADS], stuck[MAX_THREADS];
  struct timespec tick = {0, 3000000};
  u64 all = ~0UL;
  memset(seen, 0, sizeof seen);
  memset(stuck, 0, sizeof stuck);
  call6(SYS_rt_sigprocmask, SIG_SETMASK, (u64)&all, 0, 8, 0, 0);
  for (u64 round = 0;; round++) {
    call6(SYS_nanosleep, (u64)&tick, 0, 0, 0, 0, 0);
    for (int i = 0; i < thread_count; i++) {
      stuck[i] = progress[i] == seen[i] ? stuck[i] + 1 : 0;
      seen[i] = progress[i];
      if (stuck[i] >= 2 && tids[i] != 0)
        call6(SYS_tkill, (u64)tids[i], stuck[i] % 4 ? SIGUSR1 : 34 + round % 30, 0, 0, 0, 0);
      if (stuck[i] > 60)
        call6(SYS_exit_group, 0, 0, 0, 0, 0, 0);
    }
  }
  return NULL;
}

static void *caller(void *number) {
  static unsigned char areas[MAX_THREADS][65536];
  struct rng r = {life_seed * 1000003 + (u64)number, 0, NULL};
  tids[(u64)number] = (int)call6(SYS_gettid, 0, 0, 0, 0, 0, 0);
  for (;;) {
    progress[(u64)number]++;
    r.scratch = areas[(u64)number];
    one_call(&r);
    if (one_in(&r, 64)) /* what other threads' calls are reading just now */
      for (u64 n = below(&r, 200); n > 0; n--)
        ((u64 *)ARENA)[below(&r, ARENA_SIZE / 8)] = mixed(&r);
  }
  return NULL;
}

static void map(u64 at, u64 size, int prot, int flags) {
  if (mmap((void *)at, size, prot, flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
    _exit(90);
}

static void make_descriptors(void) {
  int p[2];
  struct sockaddr_un un = {AF_UNIX, "sock"};
  sigset_t set;
  sigfillset(&set);
  for (int i = 0; i < 2; i++) {
    pipe2(p, i ? 0 : O_NONBLOCK);
    write(p[1], "0123456789", 10);
    note(PIPE, p[0]);
    note(PIPE, p[1]);
  }
  static const int types[] = {SOCK_STREAM, SOCK_DGRAM | SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM | SOCK_NONBLOCK};
  for (int i = 0; i < 4; i++) {
    socketpair(AF_UNIX, types[i], 0, p);
    note(i == 1 ? DATAGRAM : STREAM, p[0]);
    note(i == 1 ? DATAGRAM : STREAM, p[1]);
  }
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(s, (struct sockaddr *)&un, sizeof un);
  listen(s, 4);
  note(LISTENER, s);
  note(LISTENER, s = socket(AF_INET, SOCK_STREAM, 0));
  listen(s, 4);
  note(DATAGRAM, socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
  note(STREAM, socket(AF_INET6, SOCK_STREAM, 0));
  note(DATAGRAM, socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0));
  int epoll = epoll_create1(0);
  struct epoll_event event = {EPOLLIN, {.fd = 3}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, 3, &event);
  note(EPOLL, epoll);
  note(EVENT, eventfd(3, EFD_NONBLOCK));
  note(EVENT, eventfd(0, EFD_SEMAPHORE));
  note(SIGNALS, signalfd(-1, &set, SFD_NONBLOCK));
  note(TIMER, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
  note(TIMER, timerfd_create(CLOCK_REALTIME, 0));
  note(WATCHES, inotify_init1(IN_NONBLOCK));
  note(PLAIN, memfd_create("m", MFD_ALLOW_SEALING));
  note(TERMINAL, s = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK));
  unlockpt(s);
  note(TERMINAL, open(ptsname(s), O_RDWR | O_NOCTTY | O_NONBLOCK));
  note(FOLDER, open(".", O_RDONLY));
  note(FOLDER, open("d", O_RDONLY));
  note(FOLDER, open("/proc/self/fd", O_RDONLY));
  note(PLAIN, open("a", O_RDWR | O_CREAT, 0666));
  note(PLAIN, open("b", O_RDWR | O_CREAT | O_APPEND, 0666));
  note(PIPE, open("fifo", O_RDWR | O_NONBLOCK));
  note(PLAIN, open("/proc/self/maps", O_RDONLY));
  note(PLAIN, open("/dev/zero", O_RDWR));
  note(PLAIN, open("/usr/bin/true", O_RDONLY));
  note(PLAIN, open("/proc/self/mem", O_RDWR));
}

static void live(u64 seed) {
  char folder[64];
  struct rng r = {seed, 0, NULL};
  life_seed = seed;
  snprintf(folder, sizeof folder, "/tmp/fuzz.%d", getpid());
  if (mkdir(folder, 0777) != 0 || chmod(folder, 0777) != 0 || chdir(folder) != 0)
    _exit(91);
  int null = open("/dev/null", O_RDWR);
  for (int i = 0; i < 3; i++)
    dup2(null, i);
  close(null);
  mkdir("d", 0777);
  mkdir("e", 0777);
  symlink("a", "link");
  symlink("loop", "loop");
  mkfifo("fifo", 0666);
  struct rlimit size = {4 << 20, 4 << 20}, space = {1UL << 32, 1UL << 32};
  setrlimit(RLIMIT_FSIZE, &size);
  setrlimit(RLIMIT_AS, &space);
  if (one_in(&r, 2))
    setsid();
  else
    setpgid(0, 0);
  u64 none = 0;
  call6(SYS_rt_sigprocmask, SIG_SETMASK, (u64)&none, 0, 8, 0, 0);
  if (one_in(&r, 3)) {
    setgid(1000);
    setuid(1000);
  }
  map(ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
  map(PLAY, PLAY_SIZE, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE);
  map(HOLES, 4096, PROT_NONE, MAP_PRIVATE);
  map(HOLES + 4096, 4096, PROT_READ, MAP_PRIVATE);
  map(HOLES + 8192, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  for (u64 i = 0; i < ARENA_SIZE / 8; i++)
    ((u64 *)ARENA)[i] = mixed(&r);
  make_descriptors();
  u64 action[4] = {(u64)on_signal, 0x04000000 /* SA_RESTORER */, (u64)fuzz_restorer, 0};
  for (int s = 1; s < 65; s++)
    if (s != SIGSEGV && s != SIGBUS && s != SIGILL && s != SIGFPE && s != SIGTRAP)
      call6(SYS_rt_sigaction, (u64)s, (u64)action, 0, 8, 0, 0);
  pthread_t threads[MAX_THREADS];
  for (int i = 1; i < thread_count; i++)
    pthread_create(&threads[i], NULL, caller, (void *)(u64)i);
  pthread_create(&threads[0], NULL, waker, NULL);
  caller(NULL);
}

/* ---- the first process ---- */

struct child {
  pid_t pid;
  struct timespec born;
};

static s64 millis_since(const struct timespec *then) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - then->tv_sec) * 1000 + (now.tv_nsec - then->tv_nsec) / 1000000;
}

static void clean(pid_t pid) {
  char command[96];
  snprintf(command, sizeof command, "/tmp/fuzz.%d", pid);
  pid_t cleaner = fork();
  if (cleaner == 0) {
    setpgid(0, 0);
    execl("/bin/rm", "rm", "-rf", command, NULL);
    _exit(127);
  }
  while (waitpid(cleaner, NULL, 0) < 0 && errno == EINTR) {
  }
}

/*
 * System V objects outlive their maker and are no leak, so they must not be there when leaks are looked for. Only their
 * owner may remove them.
 */
static void remove_ipc(const char *list, int uid_column, int (*control)(int id)) {
  char line[512];
  FILE *f = fopen(list, "r");

  while (f && fgets(line, sizeof line, f)) {
    long id = -1, uid = -1;
    int column = 0;
    char *rest = line;
    for (char *word; (word = strtok_r(rest, " \n", &rest)) != NULL; column++) {
      if (column == 1)
        id = strtol(word, NULL, 10);
      if (column == uid_column)
        uid = strtol(word, NULL, 10);
    }
    if (id > 0 && call6(SYS_setresuid, -1, (u64)uid, -1, 0, 0, 0) == 0) {
      control((int)id);
      call6(SYS_setresuid, -1, 0, -1, 0, 0, 0);
    }
  }
  if (f)
    fclose(f);
}

static int remove_queue(int id) { return msgctl(id, IPC_RMID, NULL); }
static int remove_segment(int id) { return shmctl(id, IPC_RMID, NULL); }
static int remove_set(int id) { return semctl(id, 0, IPC_RMID); }

static u64 born, aged, exited, by_signal[65];

/* Keeps so many processes going for a time; afterwards all of them are gone again, with their folders. */
static void go_on(u64 seed, s64 millis, int processes) {
  struct child children[64];
  memset(children, 0, sizeof children);
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  s64 said = 0;
  while (millis_since(&start) < millis) {
    for (int i = 0; i < processes; i++) {
      if (children[i].pid == 0) {
        u64 its = seed * 1000000 + born++;
        clock_gettime(CLOCK_MONOTONIC, &children[i].born);
        pid_t pid = fork();
        if (pid == 0)
          live(its);
        if (pid < 0) {
          usleep(1000);
          continue;
        }
        children[i].pid = pid;
      } else if (millis_since(&children[i].born) > LIFE_MILLIS) {
        kill(children[i].pid, SIGKILL);
      }
    }
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
      for (int i = 0; i < processes; i++) {
        if (children[i].pid == pid) {
          children[i].pid = 0;
          if (WIFSIGNALED(status)) {
            by_signal[WTERMSIG(status) & 63]++;
            if (millis_since(&children[i].born) > LIFE_MILLIS)
              aged++;
          } else {
            exited++;
          }
          clean(pid);
        }
      }
    }
    if (millis_since(&start) - said > 10000) {
      said = millis_since(&start);
      printf("%ld s, %lu processes\n", said / 1000, born);
      fflush(stdout);
    }
    usleep(20000);
  }
  /* Everybody else goes: what is then still there of them is a leak. */
  kill(-1, SIGKILL);
  while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR) {
  }
  for (int i = 0; i < processes; i++)
    if (children[i].pid)
      clean(children[i].pid);
  remove_ipc("/proc/sysvipc/msg", 7, remove_queue);
  remove_ipc("/proc/sysvipc/shm", 7, remove_segment);
  remove_ipc("/proc/sysvipc/sem", 4, remove_set);
}

/* Lets who started us look at what is left, until there is a line on standard input, or its end. */
static void rest(void) {
  char c;
  printf("rest\n");
  fflush(stdout);
  while (read(0, &c, 1) == 1 && c != '\n') {
  }
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: fuzz SEED SECONDS [PROCESSES [THREADS [CALL...]]]\n");
    return 2;
  }
  u64 seed = strtoul(argv[1], NULL, 0);
  s64 millis = strtol(argv[2], NULL, 0) * 1000;
  int processes = argc > 3 ? atoi(argv[3]) : 3;
  if (argc > 4)
    thread_count = atoi(argv[4]);
  if (processes < 1 || processes > 64 || thread_count < 1 || thread_count > MAX_THREADS)
    return 2;
  for (int i = 5; i < argc && only_count < 64; i++)
    only[only_count++] = atoi(argv[i]);
  map(STATS, (sizeof(struct stats) + 4095) & ~4095UL, PROT_READ | PROT_WRITE, MAP_SHARED);
  umask(0);
  u64 all = ~0UL; /* also 32 and 33, which libc's own calls leave out */
  call6(SYS_rt_sigprocmask, SIG_SETMASK, (u64)&all, 0, 8, 0, 0);
  go_on(seed, millis / 3, processes);
  rest();
  go_on(seed, millis - millis / 3, processes);
  rest();
  u64 total = 0, good = 0, never = 0;
  for (int i = 0; i < CALL_LIMIT; i++) {
    total += stats->calls[i];
    good += stats->succeeded[i];
  }
  printf("never succeeded:");
  for (int i = 0; i < 463; i++)
    if (stats->calls[i] > 0 && stats->succeeded[i] == 0) {
      printf(" %d", i);
      never++;
    }
  printf("\n%lu processes: %lu lived their time, %lu exited;", born, aged, exited);
  for (int i = 1; i < 64; i++)
    if (by_signal[i])
      printf(" %lu by signal %d", by_signal[i], i);
  printf("\ncalls %lu succeeded %lu never %lu\n", total, good, never);
  return 0;
}
