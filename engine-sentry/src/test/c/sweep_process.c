/* needs: Linux 6.12
   Processes, credentials, scheduling, limits and futexes over hostile arguments. */
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/utsname.h>

#include "sweep.h"

KIND(MAYBE_FILLED, 0, V(UNMAPPED), V(NULL), OR, V(READ_ONLY), V(CROSSING), V(KERNEL));
KIND(WAITED, 0, V(-0x3fffff), V(INT_MAX), OR, V(1), V(INT_MIN), V(0));
KIND(WAIT_FLAGS, 0xffffffffUL & ~0xe000000bUL, V(-1), OR, V(WNOHANG | WUNTRACED | WCONTINUED | __WALL), V(HIGH(WNOHANG)));
KIND(WAITID_FLAGS, 0xffffffffUL & ~0xe0000000UL, V(-1), V(WNOHANG), OR, V(WNOHANG | WEXITED | WNOWAIT), V(HIGH(WNOHANG | WEXITED)));
KIND(ID_TYPES, 0, V(-1), V(4), OR, V(1), V(2), V(3), V(HIGH(0)));
KIND(PROCESSES, 0, V(-1), V(INT_MAX), OR, V(1), V(INT_MIN), V(0x3fffff));
/* Not the first process: what it is differs. */
KIND(NOBODY, 0, V(-1), V(INT_MAX), OR, V(INT_MIN), V(0x3fffff));
KIND(GROUPS, 0, V(-1), V(INT_MAX), OR, V(0x3fffff));
KIND(IDS, 0, V(0), V(1), OR, V(-1), V(INT_MAX), V(HIGH(-1)), V(HIGH(0)));
KIND(LISTS, 0, V(UNMAPPED), V(NULL), OR, V(READ_ONLY), V(CROSSING), V(KERNEL));
KIND(LIST_SIZES, 0, V(-1), V(0), OR, V(1), V(65536), V(65537), V(INT_MIN), V(HIGH(0)));
KIND(WHICH, 0, V(-1), V(3), OR, V(1), V(2), V(HIGH(0)));
KIND(PRIORITIES, 0, V(-21), V(20), OR, V(19), V(INT_MIN), V(INT_MAX));
KIND(SCHED_POLICIES, 0, V(-1), V(4), OR, V(1), V(2), V(3), V(5), V(6), V(0x40000000), V(HIGH(0)));
KIND(PARAMETERS, 0, V(NULL), V(UNMAPPED), OR, V(DATA + 4 * PAGE - 2), V(KERNEL), V(AT(8)), V(AT(16)), V(AT(24)));
KIND(ATTRIBUTES, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(200)), V(AT(300)), V(AT(400)), V(AT(500)), V(AT(600)),
     V(AT(700)));
KIND(ATTRIBUTE_SIZES, 0, V(0), V(-1), OR, V(47), V(48), V(56), V(4096), V(4097), V(HIGH(56)));
KIND(CPU_SIZES, 0, V(0), V(-1), OR, V(1), V(4), V(7), V(1L << 32));
KIND(RESOURCES, 0, V(-1), V(16), OR, V(0), V(15), V(INT_MAX), V(HIGH(7)));
KIND(LIMITS, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(816)), V(AT(832)), V(AT(848)));
KIND(USAGES, 0, V(2), V(-3), OR, V(1), V(-1), V(INT_MAX), V(HIGH(0)));
KIND(CAP_HEADERS, 0, V(NULL), V(UNMAPPED), OR, V(KERNEL), V(AT(908)), V(AT(916)), V(AT(924)), V(AT(932)));
KIND(NAMES, 0, V(UNMAPPED), V(NULL), OR, V(CROSSING), V(KERNEL));
KIND(NAME_SIZES, 0, V(-1), V(65), OR, V(0), V(64), V(INT_MAX));
KIND(KCMPS, 0, V(-1), V(99), OR, V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(HIGH(0)));
KIND(HEAD_SIZES, 0, V(0), V(-1), OR, V(23), V(25), V(1L << 32));
/* User namespaces are for everyone on some machines. */
KIND(SPACES, 0xffffffffUL & ~0x10000000UL, V(-1), OR, V(CLONE_FS), V(CLONE_FILES), V(CLONE_SYSVSEM), V(CLONE_VM), V(CLONE_THREAD),
     V(CLONE_SIGHAND), V(HIGH(0)));

static int pid;

static void lives(void) {
  SWEEP(wait4, A(-1, WAITED), A(DATA, MAYBE_FILLED), A(WNOHANG, WAIT_FLAGS), A(DATA, MAYBE_FILLED));
  SWEEP(waitid, A(P_ALL, ID_TYPES), A(0, WAITED), A(DATA, MAYBE_FILLED), A(WEXITED | WNOHANG, WAITID_FLAGS), A(NULL, MAYBE_FILLED));
  SWEEP(waitid, A(P_PID, ID_TYPES), A(0, WAITED), A(DATA, MAYBE_FILLED), A(WEXITED | WNOHANG, WAITID_FLAGS), A(NULL, MAYBE_FILLED));
  SWEEP(waitid, A(P_PIDFD, FIXED), A(PIDFD, FDS), A(DATA, MAYBE_FILLED), A(WEXITED | WNOHANG, WAITID_FLAGS), A(NULL, MAYBE_FILLED));
  pid_t child = fork();
  if (child == 0) _exit(7);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  SWEEP_GOOD(wait4, A(-1, FIXED), A(UNMAPPED, FIXED), A(0, FIXED), A(NULL, FIXED));
  SWEEP_GOOD(wait4, A(-1, FIXED), A(NULL, FIXED), A(0, FIXED), A(NULL, FIXED));
  SWEEP_GOOD(getpgid, A(0, PROCESSES));
  SWEEP_GOOD(getsid, A(0, PROCESSES));
  SWEEP(setpgid, A(0, PROCESSES), A(0, GROUPS));
  SWEEP_GOOD(getpgrp);
  SWEEP_GOOD(getpid);
  SWEEP_GOOD(gettid);
  SWEEP_GOOD(getppid);
  SWEEP_GOOD(setsid);
  SWEEP_GOOD(setsid);
}

static void ids(void) {
  SWEEP_GOOD(getuid);
  SWEEP_GOOD(geteuid);
  SWEEP_GOOD(getgid);
  SWEEP_GOOD(getegid);
  SWEEP(getresuid, A(DATA, FILLED), A(DATA, FILLED), A(DATA, FILLED));
  SWEEP(getresgid, A(DATA, FILLED), A(DATA, FILLED), A(DATA, FILLED));
  SWEEP(setuid, A(0, IDS));
  SWEEP(setgid, A(0, IDS));
  SWEEP(setreuid, A(-1, IDS), A(-1, IDS));
  SWEEP(setregid, A(-1, IDS), A(-1, IDS));
  SWEEP(setresuid, A(-1, IDS), A(-1, IDS), A(-1, IDS));
  SWEEP(setresgid, A(-1, IDS), A(-1, IDS), A(-1, IDS));
  SWEEP_GOOD(setfsuid, A(-1, IDS));
  SWEEP_GOOD(setfsgid, A(-1, IDS));
  SWEEP_GOOD(getgroups, A(0, LIST_SIZES), A(DATA, LISTS));
  SWEEP(setgroups, A(1, LIST_SIZES), A(DATA, LISTS));
  struct __user_cap_header_struct *header = (void *)AT(900);
  SWEEP(capget, A(NULL, FIXED), A(NULL, FIXED));
  for (int i = 0; i < 5; i++) header[i] = (struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, 0};
  header[1].pid = INT_MAX;
  header[2].pid = -1;
  header[3].version = 7;
  header[4].version = _LINUX_CAPABILITY_VERSION_1;
  SWEEP(capget, A(AT(900), CAP_HEADERS), A(DATA, MAYBE_FILLED));
  header[1].pid = 1;
  header[3].version = 7;
  memset((void *)DATA, 0, 24);
  SWEEP(capset, A(AT(900), CAP_HEADERS), A(DATA, GIVEN));
  header[0].version = header[3].version = _LINUX_CAPABILITY_VERSION_3;
  memset((void *)DATA, -1, 24);
  SWEEP(capset, A(AT(900), CAP_HEADERS), A(DATA, GIVEN));
}

/* Of membarrier's commands those that every kernel refuses: 8 has not been registered for. */
KIND(BARRIERS, 0, V(-1), V(1 << 20), OR, V(8), V(HIGH(0)));

static void scheduling(void) {
  setpriority(PRIO_PROCESS, 0, 19); /* whatever the test itself runs with */
  SWEEP(getpriority, A(0, FIXED), A(0, NOBODY));
  SWEEP(getpriority, A(3, NUMBERS), A(INT_MAX, FIXED));
  SWEEP(setpriority, A(0, FIXED), A(0, PROCESSES), A(0, PRIORITIES));
  SWEEP(setpriority, A(3, NUMBERS), A(INT_MAX, FIXED), A(0, FIXED));
  *(int *)AT(0) = 0, *(int *)AT(8) = -1, *(int *)AT(16) = 1, *(int *)AT(24) = 100;
  SWEEP(sched_getscheduler, A(0, NOBODY));
  SWEEP(sched_setscheduler, A(0, PROCESSES), A(0, SCHED_POLICIES), A(AT(0), PARAMETERS));
  SWEEP(sched_setscheduler, A(0, PROCESSES), A(1, SCHED_POLICIES), A(AT(16), PARAMETERS));
  SWEEP(sched_setparam, A(0, PROCESSES), A(AT(0), PARAMETERS));
  SWEEP(sched_getparam, A(0, PROCESSES), A(DATA, FILLED));
  SWEEP(sched_get_priority_max, A(0, SCHED_POLICIES));
  SWEEP(sched_get_priority_min, A(0, SCHED_POLICIES));
  SWEEP(sched_rr_get_interval, A(0, PROCESSES), A(DATA, FILLED));
  for (int i = 0; i < 8; i++) {
    uint32_t *attribute = (void *)AT(100 + 100 * i);
    memset(attribute, 0, 100);
    attribute[0] = 48;
  }
  *(uint32_t *)AT(200) = 47;
  *(uint32_t *)AT(300) = 96;
  *(uint32_t *)AT(400) = 0;
  *(uint32_t *)AT(504) = 9;
  *(uint64_t *)AT(608) = 1UL << 40;
  *(uint32_t *)AT(704) = 6;
  SWEEP(sched_setattr, A(0, PROCESSES), A(AT(100), ATTRIBUTES), A(0, FLAGS));
  SWEEP(sched_getattr, A(0, PROCESSES), A(DATA, FILLED), A(48, ATTRIBUTE_SIZES), A(0, FLAGS));
  SWEEP_GOOD(sched_getaffinity, A(0, PROCESSES), A(128, CPU_SIZES), A(DATA, FILLED));
  memset((void *)AT(1000), 0, 256);
  memset((void *)AT(1128), 0xff, 128);
  SWEEP(sched_setaffinity, A(0, PROCESSES), A(128, CPU_SIZES), A(AT(1128), GIVEN));
  SWEEP(sched_setaffinity, A(0, PROCESSES), A(128, CPU_SIZES), A(AT(1000), GIVEN));
  SWEEP(sched_yield);
  SWEEP_GOOD(membarrier, A(0, BARRIERS), A(0, FLAGS), A(0, FIXED));
  SWEEP(getcpu, A(NULL, FIXED), A(NULL, FIXED), A(LAST_BYTE, FIXED));
  SWEEP(getcpu, A(DATA, FILLED), A(DATA, FILLED), A(NULL, FIXED));
  SWEEP(ioprio_get, A(1, FIXED), A(0, NOBODY));
  SWEEP(ioprio_get, A(4, NUMBERS), A(INT_MAX, FIXED));
  SWEEP(ioprio_set, A(1, FIXED), A(0, PROCESSES), A(2 << 13, SCHED_POLICIES));
  SWEEP(ioprio_set, A(4, NUMBERS), A(INT_MAX, FIXED), A(2 << 13, FIXED));
  SWEEP(ioprio_set, A(1, FIXED), A(0, FIXED), A(3 << 13 | 7, FIXED));
  SWEEP(ioprio_set, A(1, FIXED), A(0, FIXED), A(4 << 13, FIXED));
  SWEEP(ioprio_set, A(1, FIXED), A(0, FIXED), A(2 << 13 | 8, FIXED));
  SWEEP(ioprio_set, A(1, FIXED), A(0, FIXED), A(1 << 13, FIXED));
}

static void limits(void) {
  struct rlimit *limit = (void *)AT(800);
  limit[0] = (struct rlimit){FD_LIMIT, FD_LIMIT};
  limit[1] = (struct rlimit){FD_LIMIT, FD_LIMIT - 1};
  limit[2] = (struct rlimit){FD_LIMIT, RLIM_INFINITY};
  limit[3] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
  SWEEP(getrlimit, A(RLIMIT_NOFILE, RESOURCES), A(DATA, FILLED));
  SWEEP(setrlimit, A(RLIMIT_NOFILE, FIXED), A(AT(800), LIMITS));
  SWEEP(setrlimit, A(16, RESOURCES), A(AT(816), FIXED));
  SWEEP(prlimit64, A(0, PROCESSES), A(RLIMIT_NOFILE, FIXED), A(AT(800), LIMITS), A(DATA, MAYBE_FILLED));
  SWEEP(prlimit64, A(0, PROCESSES), A(RLIMIT_NOFILE, RESOURCES), A(NULL, FIXED), A(DATA, MAYBE_FILLED));
  SWEEP(getrusage, A(0, USAGES), A(DATA, FILLED));
  SWEEP_GOOD(times, A(DATA, MAYBE_FILLED));
  SWEEP(sysinfo, A(DATA, FILLED));
  SWEEP(uname, A(DATA, FILLED));
  SWEEP(sethostname, A(DATA, NAMES), A(4, NAME_SIZES));
  SWEEP(setdomainname, A(DATA, NAMES), A(4, NAME_SIZES));
  SWEEP(personality, A(0xffffffff, FIXED));
  SWEEP(personality, A(HIGH(-1), FIXED));
}

KIND(FUTEX_OPERATIONS, 0, V(-1), V(99), OR, V(2), V(13), V(14), V(0x80), V(0x180), V(0x101), V(0x109), V(0x200 | 1), V(HIGH(1)));
KIND(WORDS, 0, V(NULL), V(UNMAPPED), OR, V(DATA + 1), V(READ_ONLY), V(NO_ACCESS), V(KERNEL), V(DATA + 4 * PAGE), V(LAST_BYTE));
KIND(SPECS, 0, V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(1316)), V(AT(1332)), V(AT(1348)));
KIND(COUNTS, 0, V(-1), V(0), OR, V(INT_MIN), V(INT_MAX));
KIND(WAITERS, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(1448)), V(AT(1496)), V(AT(1544)));
KIND(WAITER_COUNTS, 0, V(0), V(-1), OR, V(129), V(2), V(HIGH(1)));
KIND(FLAGS2, 0xffffffffUL & ~0x8eUL, V(-1), OR, V(0), V(1), V(2), V(3), V(0x82), V(HIGH(0x82)));

static void futexes(void) {
  memset((void *)DATA, 0, 64);
  struct timespec *t = (void *)AT(1300);
  t[0] = (struct timespec){0, 0}, t[1] = (struct timespec){0, -1}, t[2] = (struct timespec){-1, 0}, t[3] = (struct timespec){0, 1000000000};
  may_wait = 1;
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_WAIT, FUTEX_OPERATIONS), A(1, COUNTS), A(AT(1300), SPECS), A(DATA, FIXED), A(0, FIXED));
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_WAIT, FIXED), A(0, COUNTS), A(AT(1300), SPECS), A(DATA, FIXED), A(0, FIXED));
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_WAIT_BITSET, FIXED), A(0, COUNTS), A(AT(1300), SPECS), A(DATA, FIXED), A(1, COUNTS));
  may_wait = 0;
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_WAKE, FIXED), A(1, COUNTS), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_WAKE_PRIVATE, FIXED), A(1, COUNTS), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_WAKE_BITSET, FIXED), A(1, COUNTS), A(0, FIXED), A(0, FIXED), A(1, COUNTS));
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_REQUEUE, FIXED), A(1, COUNTS), A(1, COUNTS), A(DATA + 8, WORDS), A(0, FIXED));
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_CMP_REQUEUE, FIXED), A(1, COUNTS), A(1, COUNTS), A(DATA + 8, WORDS), A(0, COUNTS));
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_WAKE_OP, FIXED), A(1, COUNTS), A(1, COUNTS), A(DATA + 8, WORDS), A(0x01000000, FIXED));
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_WAKE_OP, FIXED), A(1, COUNTS), A(1, COUNTS), A(DATA + 8, FIXED), A(0x7f000000, FIXED));
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_UNLOCK_PI, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(futex, A(DATA + 16, FIXED), A(FUTEX_TRYLOCK_PI, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(futex, A(DATA + 16, FIXED), A(FUTEX_TRYLOCK_PI, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(futex, A(DATA + 16, FIXED), A(FUTEX_LOCK_PI, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(futex, A(DATA + 16, FIXED), A(FUTEX_UNLOCK_PI, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(futex, A(DATA, WORDS), A(FUTEX_TRYLOCK_PI, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  *(int *)DATA = 0x3fffff;
  SWEEP(futex, A(DATA, FIXED), A(FUTEX_TRYLOCK_PI, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(futex, A(DATA, FIXED), A(FUTEX_LOCK_PI, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  *(int *)DATA = 0;
  struct {
    uint64_t value, address;
    uint32_t flags, reserved;
  } *w = (void *)AT(1400);
  for (int i = 0; i < 8; i++) w[i].value = 1, w[i].address = DATA, w[i].flags = 0x82, w[i].reserved = 0;
  w[2].flags = 0x80;
  w[4].reserved = 1;
  w[6].address = UNMAPPED;
  may_wait = 1;
  SWEEP(futex_waitv, A(AT(1400), WAITERS), A(1, WAITER_COUNTS), A(0, FLAGS), A(AT(1300), SPECS), A(CLOCK_MONOTONIC, FIXED));
  SWEEP(futex_waitv, A(AT(1400), FIXED), A(1, FIXED), A(0, FIXED), A(AT(1300), FIXED), A(7, FIXED));
  SWEEP(futex_waitv, A(AT(1400), FIXED), A(1, FIXED), A(0, FIXED), A(NULL, FIXED), A(7, FIXED));
  SWEEP(futex_wait, A(DATA, WORDS), A(1, NUMBERS), A(1, COUNTS), A(0x82, FLAGS2), A(AT(1300), SPECS), A(1, WHICH));
  may_wait = 0;
  SWEEP(futex_wake, A(DATA, WORDS), A(1, NUMBERS), A(1, COUNTS), A(0x82, FLAGS2));
  SWEEP(futex_requeue, A(AT(1400), WAITERS), A(0, FLAGS), A(1, COUNTS), A(1, COUNTS));
  w[0].value = 0;
  SWEEP(futex_requeue, A(AT(1400), FIXED), A(0, FIXED), A(1, COUNTS), A(1, COUNTS));
  SWEEP(set_robust_list, A(DATA, FIXED), A(24, HEAD_SIZES));
  SWEEP(set_robust_list, A(NULL, FIXED), A(24, FIXED));
  SWEEP(get_robust_list, A(0, PROCESSES), A(DATA, FILLED), A(DATA + 8, FILLED));
  SWEEP_GOOD(set_tid_address, A(UNMAPPED, FIXED));
  SWEEP_GOOD(set_tid_address, A(0, FIXED));
}

KIND(PRCTLS, 0, V(-1), V(99), OR, V(HIGH(3)));
KIND(PRCTL_ARGUMENTS, 0, V(-1), V(UNMAPPED), OR, V(0), V(1), V(2), V(65), V(KERNEL), V(1L << 32));
KIND(ARCHES, 0, V(0), V(-1), OR, V(0x1011), V(0x4001), V(0x5001),
     V(0x5002), V(0x5003), V(0x5005), V(HIGH(0x1003)));
KIND(ARCH_ADDRESSES, 0, V(KERNEL), V(-1), OR, V(0x7ffffffff000), V(1L << 47));

static void controls(void) {
  SWEEP(prctl, A(PR_GET_DUMPABLE, PRCTLS), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  static const int options[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 23, 24, 25, 27, 28, 29, 30,
                                33, 34, 36, 37, 38, 39, 42, 43, 44, 45, 46, 48, 49, 50, 51, 54, 57, 58, 60, 65};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    char name[32];
    snprintf(name, sizeof name, "%d", options[i]);
    if (options[i] == 4) continue; /* not dumpable: another user's from then on */
    const struct arg list[] = {{name, options[i], &FIXED}, A(KERNEL, PRCTL_ARGUMENTS), A(1, PRCTL_ARGUMENTS), A(0, FIXED), A(0, FIXED)};
    sweep("prctl", SYS_prctl, GOOD, list, 5);
  }
  SWEEP(prctl, A(PR_SET_THP_DISABLE, FIXED), A(0, FIXED), A(0, FIXED), A(0, HIGHS), A(0, HIGHS));
  SWEEP(prctl, A(PR_SET_DUMPABLE, FIXED), A(2, FIXED));
  SWEEP(prctl, A(PR_SET_DUMPABLE, FIXED), A(-1, FIXED));
  memset((void *)CROSSING, -1, 4);
  SWEEP(prctl, A(PR_SET_NAME, FIXED), A(DATA, GIVEN));
  SWEEP(prctl, A(PR_GET_NAME, FIXED), A(DATA, FILLED));
  SWEEP(prctl, A(PR_GET_PDEATHSIG, FIXED), A(DATA, FILLED));
  SWEEP(prctl, A(PR_GET_CHILD_SUBREAPER, FIXED), A(DATA, FILLED));
  SWEEP(prctl, A(PR_CAP_AMBIENT, FIXED), A(PR_CAP_AMBIENT_IS_SET, FIXED), A(0, IDS), A(0, FIXED), A(0, FIXED));
  SWEEP(prctl, A(PR_CAP_AMBIENT, FIXED), A(PR_CAP_AMBIENT_RAISE, FIXED), A(0, IDS), A(0, FIXED), A(0, FIXED));
  SWEEP(prctl, A(PR_CAP_AMBIENT, FIXED), A(PR_CAP_AMBIENT_CLEAR_ALL, FIXED), A(0, IDS), A(0, FIXED), A(0, FIXED));
  SWEEP(arch_prctl, A(0x1003, ARCHES), A(DATA, FILLED));
  SWEEP(arch_prctl, A(0x1004, FIXED), A(DATA, FILLED));
  SWEEP(arch_prctl, A(0x1001, FIXED), A(KERNEL, ARCH_ADDRESSES));
  SWEEP(arch_prctl, A(0x1002, FIXED), A(KERNEL, ARCH_ADDRESSES));
  SWEEP_GOOD(kcmp, A(pid, PROCESSES), A(pid, PROCESSES), A(KCMP_FILE, KCMPS), A(FILE_FD, FDS), A(FILE_FD, FDS));
}

KIND(TRACES, 0, V(-1), V(99), OR, V(1), V(2), V(3), V(7), V(8), V(12), V(16), V(17), V(24), V(0x4200), V(0x4201), V(0x4206), V(0x4207),
     V(0x4208), V(0x420e));
KIND(CLONE_SIZES, 0, V(0), V(63), OR, V(65), V(4096), V(4097), V(-1), V(1L << 32));
KIND(CLONES, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(2100)), V(AT(2200)), V(AT(2300)), V(AT(2400)), V(AT(2500)), V(AT(2600)),
     V(AT(2700)));
KIND(RANDOM_FLAGS, 0xfffffff8UL, V(-1), V(6), OR, V(1), V(2), V(4), V(HIGH(0)));
KIND(SECCOMPS, 0, V(-1), V(99), OR, V(HIGH(2)));
KIND(LSM_IDS, 0, V(0), V(-1), OR, V(1), V(99), V(105), V(0x7fffffff));

static void clones(void) {
  /* Flags that do not go together are refused before there is a child. */
  SWEEP(clone, A(CLONE_SIGHAND, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(clone, A(CLONE_THREAD | SIGCHLD, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(clone, A(CLONE_THREAD | CLONE_SIGHAND, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(clone, A(CLONE_PIDFD | CLONE_DETACHED, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(clone, A(CLONE_PIDFD | CLONE_PARENT_SETTID, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(clone, A(CLONE_FS | CLONE_NEWNS, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  SWEEP(clone, A(CLONE_NEWNS, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED), A(0, FIXED));
  uint64_t *c;
  for (int i = 0; i < 8; i++) memset((void *)AT(2000 + 100 * i), 0, 100);
  c = (void *)AT(2000), c[0] = CLONE_SIGHAND;
  c = (void *)AT(2100), c[0] = CLONE_DETACHED;
  c = (void *)AT(2200), c[0] = 1;
  c = (void *)AT(2300), c[4] = 65;
  c = (void *)AT(2400), c[5] = DATA;
  c = (void *)AT(2500), c[6] = PAGE;
  c = (void *)AT(2600), c[0] = 1UL << 40;
  c = (void *)AT(2700), c[0] = CLONE_PIDFD, c[1] = UNMAPPED;
  c = (void *)AT(2800), c[0] = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM;
  SWEEP(clone3, A(AT(2000), CLONES), A(64, CLONE_SIZES));
  SWEEP(clone3, A(AT(2800), FIXED), A(64, FIXED));
  SWEEP(unshare, A(0, SPACES));
  SWEEP(setns, A(FILE_FD, FDS), A(0, SPACES));
  SWEEP(ptrace, A(PTRACE_PEEKDATA, TRACES), A(pid, PROCESSES), A(DATA, MAYBE_FILLED), A(0, FIXED));
  SWEEP(ptrace, A(PTRACE_ATTACH, TRACES), A(1, PROCESSES), A(0, FIXED), A(0, FIXED));
}

static void various(void) {
  SWEEP(getrandom, A(DATA, FILLED), A(8, SIZES), A(0, RANDOM_FLAGS));
  memset((void *)DATA, 0, 64);
  *(short *)DATA = 1;
  SWEEP(seccomp, A(2, SECCOMPS), A(0, FLAGS), A(DATA, FIXED));
  SWEEP(seccomp, A(2, FIXED), A(0, FIXED), A(AT(3000), FIXED));
  SWEEP(seccomp, A(0, FIXED), A(1, FIXED), A(NULL, MAYBE_FILLED));
  SWEEP(seccomp, A(0, FIXED), A(0, FIXED), A(DATA, FIXED));
  SWEEP(seccomp, A(1, FIXED), A(1, FLAGS), A(DATA, FIXED));
  static const struct {
    const char *name;
    long number;
  } closed[] = {{"vhangup", SYS_vhangup}, {"reboot", SYS_reboot}};
  for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
    const struct arg list[] = {A(1, FIXED), A(0, FIXED), A(0, FIXED)};
    sweep(closed[i].name, closed[i].number, VALUE, list, 3);
  }
}

static void sweep_all(void) {
  pid = getpid();
  lives();
  ids();
  limits();
  futexes();
  controls();
  clones();
  various();
  scheduling();
}
