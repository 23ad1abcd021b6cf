/* Prints what the compiler makes of the tracer's shared.h, for the test that compares it with the Java side. */
#include <stddef.h>
#include <stdio.h>

#include "../../main/c/ptrace/shared.h"

#define FIELD(java, type, field) printf(#java " %ld\n", (long)offsetof(struct type, field))
#define VALUE(java, value) printf(#java " %ld\n", (long)(value))

int main(void) {
  VALUE(GUEST_LIMIT, GUEST_LIMIT);
  VALUE(VDSO_BASE, VDSO_BASE);
  VALUE(VDSO_SIZE, VDSO_SIZE);
  VALUE(FD_MEMORY, FD_MEMORY);
  VALUE(FD_FIRST_BLOB, FD_FIRST_BLOB);
  VALUE(SLOTS, SLOTS);
  VALUE(ORDERS, ORDERS);
  VALUE(EVENTS, EVENTS);
  VALUE(ORDERS_AT, ORDERS_AT);
  VALUE(EVENTS_AT, EVENTS_AT);
  VALUE(SLOTS_AT, SLOTS_AT);
  VALUE(TRACE_SLOT_SIZE, TRACE_SLOT_SIZE);
  VALUE(REGION_SIZE, REGION_SIZE);
  FIELD(SENTRY_ASLEEP, region_header, sentry_asleep);
  FIELD(DOORBELL, region_header, doorbell);
  FIELD(TRACER_ASLEEP, region_header, tracer_asleep);
  FIELD(ORDERS_MADE, region_header, orders_made);
  FIELD(EVENTS_MADE, region_header, events_made);
  FIELD(DONE, trace_slot, done);
  FIELD(EVENT, trace_slot, event);
  FIELD(SIGNO, trace_slot, signo);
  FIELD(CODE, trace_slot, code);
  FIELD(ADDRESS, trace_slot, address);
  FIELD(ERROR, trace_slot, error);
  FIELD(NR, trace_slot, nr);
  FIELD(OP_COUNT, trace_slot, op_count);
  FIELD(OP_ERROR, trace_slot, op_error);
  FIELD(RESULT, trace_slot, result);
  FIELD(PROCESS, trace_slot, process);
  FIELD(FP_SIZE, trace_slot, fp_size);
  FIELD(REGS, trace_slot, regs);
  FIELD(OPS, trace_slot, ops);
  FIELD(FP, trace_slot, fp);
  VALUE(MAX_OPS, TRACE_MAX_OPS);
  VALUE(FP_LIMIT, FP_LIMIT);
  FIELD(OP_KIND, trace_op, kind);
  FIELD(OP_PROT, trace_op, prot);
  FIELD(OP_ADDRESS, trace_op, address);
  FIELD(OP_LENGTH, trace_op, length);
  FIELD(OP_OFFSET, trace_op, offset);
  FIELD(OP_FD, trace_op, fd);
  VALUE(OP_SIZE, sizeof(struct trace_op));
  VALUE(KIND_MAP, TRACE_MAP);
  VALUE(KIND_UNMAP, TRACE_UNMAP);
  VALUE(KIND_PROTECT, TRACE_PROTECT);
  VALUE(KIND_CLONE, TRACE_CLONE);
  VALUE(ORDER_RESUME, ORDER_RESUME);
  VALUE(ORDER_FLUSH, ORDER_FLUSH);
  VALUE(ORDER_INTERRUPT, ORDER_INTERRUPT);
  VALUE(ORDER_EXIT, ORDER_EXIT);
  VALUE(ORDER_SAVE_FP, ORDER_SAVE_FP);
  VALUE(ORDER_LOAD_FP, ORDER_LOAD_FP);
  FIELD(REG_CS, trace_regs, cs);
  FIELD(REG_SS, trace_regs, ss);
  FIELD(REG_EFLAGS, trace_regs, eflags);
  FIELD(REG_FS_BASE, trace_regs, fs_base);
  FIELD(REG_GS_BASE, trace_regs, gs_base);
  VALUE(REGS_SIZE, sizeof(struct trace_regs));
  return 0;
}
