/*
 * What the tracer and the sentry share: two queues, and one slot for each guest thread. The Java side is
 * platform.ptrace.Layout; a test compares the offsets.
 *
 * No guest has this memory: unlike systrap's control region it can be believed.
 */
#ifndef VIVARIUM_PTRACE_SHARED_H
#define VIVARIUM_PTRACE_SHARED_H

#include "../stub/shared.h"

/* In every guest process, above all that a guest may map: the tracee's page, and room for one signal frame. */
#define TRACEE_TEXT STUB_TEXT_BASE
#define TRACEE_FRAMES 0x7ff000100000UL
#define TRACEE_FRAMES_SIZE 0x8000UL
/* Where the tracer makes a thread carry out a call (syscall; int3), and where its fault handler is (int3). */
#define TRACEE_SYSCALL (TRACEE_TEXT + 0x100)
#define TRACEE_HANDLER (TRACEE_TEXT + 0x110)
/* What the tracee says of itself, in rax at its first trap. */
#define TRACEE_NO_FILTER 1

#define SLOTS 4096UL
#define ORDERS 16384UL
#define EVENTS 8192UL
#define ORDERS_AT 0x1000UL
#define EVENTS_AT 0x11000UL
#define SLOTS_AT 0x20000UL
#define TRACE_SLOT_SIZE 0x4000UL
#define REGION_SIZE (SLOTS_AT + SLOTS * TRACE_SLOT_SIZE)

struct region_header {
  u32 sentry_asleep; /* the sentry waits on doorbell */
  u32 doorbell;
  u32 tracer_asleep; /* the tracer waits for a thread to stop; a byte on its socket wakes it */
  u32 pad[13];
  u32 orders_made; /* by the sentry */
  u32 pad2[15];
  u32 events_made; /* by the tracer */
};

/* An order is the number of a slot, and what to do with its thread in the upper half. */
enum {
  ORDER_RESUME = 1,    /* carry out the operations, load the registers, let the guest run */
  ORDER_FLUSH = 2,     /* carry out the operations; then done */
  ORDER_INTERRUPT = 3, /* stop it if it runs */
  ORDER_EXIT = 4,      /* carry out the operations, end the thread; then done */
  ORDER_SAVE_FP = 5,   /* store the FPU state in the slot; then done */
  ORDER_LOAD_FP = 6,   /* load the FPU state from the slot; then done, with a result */
};

/* slot.event: as platform.Context numbers them */
enum { EVENT_SYSCALL = 1, EVENT_FAULT = 2, EVENT_INTERRUPTED = 3, EVENT_LOST = 4 };

struct trace_regs { /* struct user_regs_struct */
  u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, eflags, rsp, ss;
  u64 fs_base, gs_base, ds, es, fs, gs;
};

enum { TRACE_MAP = 1, TRACE_UNMAP = 2, TRACE_PROTECT = 3, TRACE_CLONE = 4 };

struct trace_op {
  u32 kind;
  u32 prot;    /* for TRACE_CLONE: the new slot's number */
  u64 address; /* for TRACE_CLONE: clone's flags */
  u64 length;
  u64 offset;
  u32 fd;
  u32 pad;
};

#define TRACE_MAX_OPS 64

struct trace_slot {
  u32 done; /* set when an order that is waited for has been carried out */
  u32 event;
  s32 signo;
  s32 code;
  u64 address;
  u64 error; /* of a page fault: the processor's error code */
  s32 nr;    /* of a system call: its number, -1 if it is not one of 64-bit code */
  u32 op_count;
  s32 op_error; /* the first failed operation's -errno in this list */
  s32 pad;
  s64 result; /* of ORDER_LOAD_FP, of TRACE_CLONE the new thread's id */
  s32 process;
  u32 fp_size;
  u8 reserved[128 - 64];
  struct trace_regs regs;
  u8 reserved2[1024 - 128 - sizeof(struct trace_regs)];
  struct trace_op ops[TRACE_MAX_OPS];
  u8 reserved3[4096 - 1024 - TRACE_MAX_OPS * sizeof(struct trace_op)];
  u8 fp[TRACE_SLOT_SIZE - 4096]; /* XSAVE area, as PTRACE_GETREGSET gives it */
};

#define FP_LIMIT (TRACE_SLOT_SIZE - 4096)

_Static_assert(sizeof(struct region_header) <= ORDERS_AT, "the header has a page");
_Static_assert(__builtin_offsetof(struct trace_slot, regs) == 128, "the registers' place is part of the layout");
_Static_assert(__builtin_offsetof(struct trace_slot, ops) == 1024, "the operations' place is part of the layout");
_Static_assert(sizeof(struct trace_slot) == TRACE_SLOT_SIZE, "a slot's size");

#endif
