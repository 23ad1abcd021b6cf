package dev.vivarium.sentry.platform.ptrace;

/**
 * Offsets and values that ptrace/shared.h defines; a test compares them with what the C compiler
 * says.
 */
final class Layout {
  static final long GUEST_LIMIT = 0x7fe000000000L;
  static final long VDSO_BASE = 0x7ff000021000L;
  static final long VDSO_SIZE = 0x1000;
  static final int FD_MEMORY = 3;
  static final int FD_FIRST_BLOB = 6;

  static final int SLOTS = 4096;
  static final int ORDERS = 16384;
  static final int EVENTS = 8192;
  static final int ORDERS_AT = 0x1000;
  static final int EVENTS_AT = 0x11000;
  static final int SLOTS_AT = 0x20000;
  static final int TRACE_SLOT_SIZE = 0x4000;
  static final long REGION_SIZE = SLOTS_AT + (long) SLOTS * TRACE_SLOT_SIZE;

  // struct region_header
  static final int SENTRY_ASLEEP = 0;
  static final int DOORBELL = 4;
  static final int TRACER_ASLEEP = 8;
  static final int ORDERS_MADE = 64;
  static final int EVENTS_MADE = 128;

  // struct trace_slot
  static final int DONE = 0;
  static final int EVENT = 4;
  static final int SIGNO = 8;
  static final int CODE = 12;
  static final int ADDRESS = 16;
  static final int ERROR = 24;
  static final int NR = 32;
  static final int OP_COUNT = 36;
  static final int OP_ERROR = 40;
  static final int RESULT = 48;
  static final int PROCESS = 56;
  static final int FP_SIZE = 60;
  static final int REGS = 128;
  static final int OPS = 1024;
  static final int MAX_OPS = 64;
  static final int FP = 4096;
  static final int FP_LIMIT = TRACE_SLOT_SIZE - FP;

  // struct op
  static final int OP_KIND = 0;
  static final int OP_PROT = 4;
  static final int OP_ADDRESS = 8;
  static final int OP_LENGTH = 16;
  static final int OP_OFFSET = 24;
  static final int OP_FD = 32;
  static final int OP_SIZE = 40;

  static final int KIND_MAP = 1;
  static final int KIND_UNMAP = 2;
  static final int KIND_PROTECT = 3;
  static final int KIND_CLONE = 4;

  static final int ORDER_RESUME = 1;
  static final int ORDER_FLUSH = 2;
  static final int ORDER_INTERRUPT = 3;
  static final int ORDER_EXIT = 4;
  static final int ORDER_SAVE_FP = 5;
  static final int ORDER_LOAD_FP = 6;

  static final long CLONE_GUEST_THREAD = 0x50f00;
  static final long CLONE_GUEST_PROCESS = 0x8011;

  // struct user_regs_struct (asm/user_64.h)
  static final int REG_CS = 136;
  static final int REG_SS = 160;
  static final int REG_EFLAGS = 144;
  static final int REG_FS_BASE = 168;
  static final int REG_GS_BASE = 176;
  static final int REGS_SIZE = 216;

  private Layout() {}
}
