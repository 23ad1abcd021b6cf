/* Prints what the compiler makes of the stub's shared.h, for the test that compares it with the Java side. */
#include <stddef.h>
#include <stdio.h>

#include "../../main/c/stub/shared.h"

#define FIELD(java, type, field) printf(#java " %ld\n", (long)offsetof(struct type, field))
#define VALUE(java, value) printf(#java " %ld\n", (long)(value))

int main(void) {
  VALUE(CONTROL_BASE, CONTROL_BASE);
  VALUE(VDSO_BASE, VDSO_BASE);
  VALUE(VDSO_SIZE, VDSO_SIZE);
  VALUE(SLOT_SIZE, SLOT_SIZE);
  VALUE(SLOT_COUNT, SLOT_COUNT);
  VALUE(GUEST_LIMIT, GUEST_LIMIT);
  VALUE(FD_MEMORY, FD_MEMORY);
  VALUE(FD_FIRST_BLOB, FD_FIRST_BLOB);
  FIELD(SENTRY_ASLEEP, control_header, sentry_asleep);
  FIELD(DOORBELL, control_header, doorbell);
  FIELD(SPIN_ROUNDS, control_header, spin_rounds);
  FIELD(SENTRY_CPU, control_header, sentry_cpu);
  FIELD(STATE, slot, state);
  FIELD(SIGNO, slot, signo);
  FIELD(CODE, slot, code);
  FIELD(FRAME, slot, frame);
  FIELD(ADDRESS, slot, address);
  FIELD(ARCH, slot, arch);
  FIELD(NR, slot, nr);
  FIELD(OP_COUNT, slot, op_count);
  FIELD(OP_ERROR, slot, op_error);
  FIELD(CLONE_RESULT, slot, clone_result);
  FIELD(FS_BASE, slot, fs_base);
  FIELD(GS_BASE, slot, gs_base);
  FIELD(SET_BASES, slot, set_bases);
  FIELD(TAIL, slot, tail);
  FIELD(ANSWERS, slot, answers);
  FIELD(IDS, slot, ids);
  FIELD(CPU, slot, cpu);
  FIELD(OPS, slot, ops);
  VALUE(MAX_OPS, MAX_OPS);
  VALUE(SLOT_FRAME, SLOT_FRAME);
  VALUE(SLOT_FPU, SLOT_FPU);
  VALUE(DIRECT_ENTRY, STUB_TEXT_BASE);
  VALUE(SLOT_STACK, SLOT_STACK);
  FIELD(OP_KIND, op, kind);
  FIELD(OP_PROT, op, prot);
  FIELD(OP_ADDRESS, op, address);
  FIELD(OP_LENGTH, op, length);
  FIELD(OP_OFFSET, op, offset);
  FIELD(OP_FD, op, fd);
  VALUE(OP_SIZE, sizeof(struct op));
  VALUE(STATE_RUNNING, STATE_RUNNING);
  VALUE(STATE_EVENT, STATE_EVENT);
  VALUE(STATE_ASLEEP, STATE_ASLEEP);
  VALUE(STATE_RESUME, STATE_RESUME);
  VALUE(STATE_FLUSH, STATE_FLUSH);
  VALUE(STATE_PARKED, STATE_PARKED);
  VALUE(STATE_DEAD, STATE_DEAD);
  VALUE(KIND_MAP, OP_MAP);
  VALUE(KIND_UNMAP, OP_UNMAP);
  VALUE(KIND_PROTECT, OP_PROTECT);
  VALUE(KIND_CLONE, OP_CLONE);
  VALUE(KIND_EXIT, OP_EXIT);
  VALUE(KIND_SAVE_FPU, OP_SAVE_FPU);
  VALUE(KIND_LOAD_FPU, OP_LOAD_FPU);
  return 0;
}
