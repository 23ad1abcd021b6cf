/*
 * What a stub process may ask of the host, and only from the stub's own text; everything else, and everything
 * from anywhere else, becomes SIGSYS and thus the sentry's. docs/security.md lists each line with its reason.
 *
 * mmap is limited to shared mappings at fixed addresses of descriptors the process was given: no anonymous
 * memory that the sentry does not count. clone is limited to the two sets of flags that make a guest thread and
 * a guest process, sched_setaffinity to the calling thread; its mask cannot be seen here, so affinity is no boundary.
 */
#ifndef VIVARIUM_STUB_FILTER_H
#define VIVARIUM_STUB_FILTER_H

#include "host.h"

struct sock_filter {
  unsigned short code;
  u8 jt;
  u8 jf;
  u32 k;
};

struct sock_fprog {
  unsigned short len;
  struct sock_filter *filter;
};

#define LD(offset) {0x20, 0, 0, offset}
#define JEQ(value, t, f) {0x15, t, f, value}
#define JGE(value, t, f) {0x35, t, f, value}
#define RET(value) {0x06, 0, 0, value}

#define RET_ALLOW 0x7fff0000
#define RET_TRAP 0x00030000

/* Offsets in struct seccomp_data (linux/seccomp.h). */
#define DATA_NR 0
#define DATA_ARCH 4
#define DATA_IP_LOW 8
#define DATA_IP_HIGH 12
#define DATA_ARG_LOW(n) (16 + 8 * (n))
#define DATA_ARG_HIGH(n) (20 + 8 * (n))

#define ARCH_X86_64 0xc000003e

/* CLONE_VM|FS|FILES|SIGHAND|THREAD|SYSVSEM */
#define CLONE_GUEST_THREAD 0x50f00
/* CLONE_PARENT, so that every stub process is a child of the supervisor, |SIGCHLD */
#define CLONE_GUEST_PROCESS 0x8011

static struct sock_filter stub_filter[] = {
    /*  0 */ LD(DATA_ARCH),
    /*  1 */ JEQ(ARCH_X86_64, 0, 33),
    /*  2 */ LD(DATA_IP_HIGH),
    /*  3 */ JEQ((u32)(STUB_TEXT_BASE >> 32), 0, 31),
    /*  4 */ LD(DATA_IP_LOW),
    /*  5 */ JGE((u32)STUB_TEXT_BASE + STUB_TEXT_SIZE, 29, 0),
    /*  6 */ LD(DATA_NR),
    /*  7 */ JEQ(NR_rt_sigreturn, 26, 0),
    /*  8 */ JEQ(NR_futex, 9, 0),
    /*  9 */ JEQ(NR_mmap, 12, 0),
    /* 10 */ JEQ(NR_munmap, 23, 0),
    /* 11 */ JEQ(NR_mprotect, 22, 0),
    /* 12 */ JEQ(NR_sched_yield, 21, 0),
    /* 13 */ JEQ(NR_clone, 11, 0),
    /* 14 */ JEQ(NR_exit, 19, 0),
    /* 15 */ JEQ(NR_arch_prctl, 18, 0),
    /* 16 */ JEQ(NR_sched_setaffinity, 14, 0),
    /* 17 */ RET(RET_TRAP),
    /* futex: wait and wake only */
    /* 18 */ LD(DATA_ARG_LOW(1)),
    /* 19 */ JEQ(0, 14, 0),
    /* 20 */ JEQ(1, 13, 0),
    /* 21 */ RET(RET_TRAP),
    /* mmap: exactly MAP_SHARED|MAP_FIXED */
    /* 22 */ LD(DATA_ARG_LOW(3)),
    /* 23 */ JEQ(MAP_SHARED | MAP_FIXED, 10, 0),
    /* 24 */ RET(RET_TRAP),
    /* clone: a guest thread or a guest process */
    /* 25 */ LD(DATA_ARG_HIGH(0)),
    /* 26 */ JEQ(0, 0, 8),
    /* 27 */ LD(DATA_ARG_LOW(0)),
    /* 28 */ JEQ(CLONE_GUEST_THREAD, 5, 0),
    /* 29 */ JEQ(CLONE_GUEST_PROCESS, 4, 0),
    /* 30 */ RET(RET_TRAP),
    /* sched_setaffinity: of the calling thread */
    /* 31 */ LD(DATA_ARG_LOW(0)),
    /* 32 */ JEQ(0, 1, 0),
    /* 33 */ RET(RET_TRAP),
    /* 34 */ RET(RET_ALLOW),
    /* 35 */ RET(RET_TRAP),
};

#endif
