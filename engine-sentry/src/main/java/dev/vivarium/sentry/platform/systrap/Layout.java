package dev.vivarium.sentry.platform.systrap;

/**
 * Offsets and values that the stub's shared.h defines; a test compares them with what the C
 * compiler says.
 */
final class Layout {
  static final long CONTROL_BASE = 0x7ff100000000L;
  static final long DIRECT_ENTRY = 0x7ff000000000L;
  static final long VDSO_BASE = 0x7ff000021000L;
  static final long VDSO_SIZE = 0x1000;
  static final int SLOT_SIZE = 0x4000;
  static final int SLOT_COUNT = 4096;
  static final long GUEST_LIMIT = 0x7fe000000000L;
  static final int FD_MEMORY = 3;
  static final int FD_FIRST_BLOB = 6;

  // struct control_header
  static final int SENTRY_ASLEEP = 0;
  static final int DOORBELL = 4;
  static final int SPIN_ROUNDS = 8;
  static final int SENTRY_CPU = 12;

  // struct slot
  static final int STATE = 0;
  static final int SIGNO = 4;
  static final int CODE = 8;
  static final int FRAME = 12;
  static final int ADDRESS = 16;
  static final int ARCH = 24;
  static final int NR = 28;
  static final int OP_COUNT = 32;
  static final int OP_ERROR = 36;
  static final int CLONE_RESULT = 40;
  static final int FS_BASE = 48;
  static final int GS_BASE = 56;
  static final int SET_BASES = 64;
  static final int TAIL = 80;
  static final int ANSWERS = 96;
  static final int IDS = 104;
  static final int CPU = 136;
  static final int OPS = 1024;
  static final int MAX_OPS = 64;
  static final int SLOT_FRAME = 0x1000;
  static final int SLOT_FPU = 0x11c0;
  static final int SLOT_STACK = 0x2000;

  // struct op
  static final int OP_KIND = 0;
  static final int OP_PROT = 4;
  static final int OP_ADDRESS = 8;
  static final int OP_LENGTH = 16;
  static final int OP_OFFSET = 24;
  static final int OP_FD = 32;
  static final int OP_SIZE = 40;

  static final int STATE_RUNNING = 0;
  static final int STATE_EVENT = 1;
  static final int STATE_ASLEEP = 2;
  static final int STATE_RESUME = 3;
  static final int STATE_FLUSH = 4;
  static final int STATE_PARKED = 5;
  static final int STATE_DEAD = 6;

  static final int KIND_MAP = 1;
  static final int KIND_UNMAP = 2;
  static final int KIND_PROTECT = 3;
  static final int KIND_CLONE = 4;
  static final int KIND_EXIT = 5;
  static final int KIND_SAVE_FPU = 6;
  static final int KIND_LOAD_FPU = 7;

  static final long CLONE_GUEST_THREAD = 0x50f00;
  static final long CLONE_GUEST_PROCESS = 0x8011;

  // struct ucontext (asm-generic/ucontext.h, asm/sigcontext.h)
  static final int UC_FLAGS = 0;
  static final int UC_STACK_SP = 16;
  static final int UC_STACK_FLAGS = 24;
  static final int UC_STACK_SIZE = 32;
  static final int UC_GREGS = 40;
  static final int UC_CSGSFS = UC_GREGS + 18 * 8;
  static final int UC_ERR = UC_GREGS + 19 * 8;
  static final int UC_TRAPNO = UC_GREGS + 20 * 8;
  static final int UC_CR2 = UC_GREGS + 22 * 8;
  static final int UC_FPSTATE = UC_GREGS + 23 * 8;
  static final int UC_SIGMASK = 296;
  static final int UC_SIZE = 304;

  /** UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS. */
  static final long UC_FLAGS_VALUE = 7;

  /** User code and stack segments: cs in the low 16 bits, ss in the high ones. */
  static final long USER_SEGMENTS = 0x002b_0000_0000_0033L;

  // The FPU state in a frame: the legacy 512 bytes, whose software area tells the size of the
  // whole.
  static final int FP_SW_MAGIC1 = 464;
  static final int FP_SW_EXTENDED_SIZE = 468;
  static final int FP_LEGACY_SIZE = 512;
  static final int FP_XSTATE_MAGIC1 = 0x46505853;

  private Layout() {}
}
