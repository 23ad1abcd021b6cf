/*
 * What the stub and the sentry share: the control region, one slot per guest thread. The Java side is
 * platform.systrap.Slot; a test compares the offsets with stub_layout.c.
 *
 * Everything here can be written by the guest. The sentry reads each field once and believes none of it.
 */
#ifndef VIVARIUM_STUB_SHARED_H
#define VIVARIUM_STUB_SHARED_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef int s32;
typedef long s64;

/*
 * Where the stub lives in every guest process: above all that a guest may map. Its first instruction is where
 * patched call sites enter (direct_entry in stub.c).
 */
#define STUB_TEXT_BASE 0x7ff000000000UL
#define STUB_TEXT_SIZE 0x10000UL
/* The guest's vDSO (vdso.c) and, before it, where the zygote notes what it calls. Outside of what the filter trusts. */
#define VDSO_DATA 0x7ff000020000UL
#define VDSO_BASE 0x7ff000021000UL
#define VDSO_SIZE 0x1000UL
/* The host's own vDSO, with the pages it reads the time from. */
#define HOST_VDSO_BASE 0x7ff000040000UL
#define CONTROL_BASE 0x7ff100000000UL
#define SLOT_SIZE 0x4000UL
#define SLOT_COUNT 4096UL
#define CONTROL_SIZE (SLOT_SIZE * SLOT_COUNT)
#define GUEST_LIMIT 0x7fe000000000UL

/* Descriptors in a stub process. */
#define FD_MEMORY 3
#define FD_CONTROL 4
#define FD_STUB 5
#define FD_FIRST_BLOB 6

/* At VDSO_DATA, read-only once guest code runs. Addresses in the host's own vDSO, or 0. */
struct vdso_data {
  u64 clock_gettime;
};

/* struct timespec (asm-generic/posix_types.h). */
struct timespec64 {
  s64 seconds;
  s64 nanoseconds;
};

/* Slot 0 holds this; slot 1 is the zygote's. */
struct control_header {
  u32 sentry_asleep; /* the sentry waits on doorbell */
  u32 doorbell;
  u32 spin_rounds; /* how often a stub looks for its answer before it sleeps, at most */
  u32 sentry_cpu;  /* the processor that the sentry was on when it last looked */
};

/* slot.state */
enum {
  STATE_RUNNING = 0,     /* guest code runs (or nothing does: a free slot) */
  STATE_EVENT = 1,       /* stopped; the stub spins for the answer */
  STATE_ASLEEP = 2,      /* stopped; the stub sleeps on the state word */
  STATE_RESUME = 3,      /* answer: carry out the operations, then go on */
  STATE_FLUSH = 4,       /* answer: carry out the operations, then stop again */
  STATE_PARKED = 5,      /* hint while stopped: the answer will be long in coming, sleep now */
  STATE_DEAD = 6,        /* the thread will never touch its slot again */
};

/* op.kind */
enum { OP_MAP = 1, OP_UNMAP = 2, OP_PROTECT = 3, OP_CLONE = 4, OP_EXIT = 5, OP_SAVE_FPU = 6, OP_LOAD_FPU = 7 };

struct op {
  u32 kind;
  u32 prot;     /* for OP_CLONE: the new slot's number */
  u64 address;  /* for OP_CLONE: clone's flags; for OP_*_FPU: which parts of the state */
  u64 length;
  u64 offset;
  u32 fd;
  u32 pad;
};

#define MAX_OPS 64

struct slot {
  u32 state;
  u32 signo;      /* of the host signal that stopped the guest; 0 for a call from a patched site */
  u32 code;       /* si_code */
  u32 frame;      /* offset of the ucontext in the slot */
  u64 address;    /* si_addr; for SIGSYS the call address */
  u32 arch;       /* for SIGSYS: AUDIT_ARCH_* */
  s32 nr;         /* for SIGSYS: the system call's number */
  u32 op_count;
  s32 op_error;   /* first failed operation's -errno since the sentry cleared it */
  s64 clone_result;
  u64 fs_base;
  u64 gs_base;
  u32 set_bases;  /* bit 0: load fs_base, bit 1: load gs_base, before going on */
  u32 interrupted; /* SIGURG came where it could not stop the guest at once */
  u64 self;       /* the slot's address, which gs points to */
  u64 tail;       /* where a patched site's trampoline goes on after the call */
  u64 go;         /* where the thread goes on */
  u32 answers;    /* bit 0: ids holds what the thread may be told without asking the sentry */
  u32 patience;   /* how often the stub looks for its next answer before it sleeps */
  u32 ids[8];     /* pid, tid, parent, uid, euid, gid, egid */
  u32 cpu;        /* the processor that the thread was on when it last stopped */
  u32 crowded;    /* how often in a row that was the sentry's, with little time between */
  u64 crowded_at; /* when it last was, in time-stamp ticks */
  u64 moved_at;   /* when the thread last went elsewhere because of it */
  u32 at_host;    /* the stub, not the guest, is in the host's vDSO */
  u8 reserved[1024 - 164];
  struct op ops[MAX_OPS];
};

_Static_assert(__builtin_offsetof(struct slot, ops) == 1024, "the operations' place is part of the layout");
_Static_assert(sizeof(struct slot) <= 0x1000, "a slot's head is a page");

/* A thread's first frame (struct rt_sigframe without pretcode), made by the sentry. */
#define SLOT_FRAME 0x1000UL
/* Its FPU state: behind the ucontext, aligned as XSAVE wants it. */
#define SLOT_FPU 0x11c0UL
/* The alternate signal stack: the upper half of the slot. */
#define SLOT_STACK 0x2000UL

#endif
