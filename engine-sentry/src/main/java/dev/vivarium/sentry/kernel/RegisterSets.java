package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.platform.Registers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The registers of a task that stands still, as debuggers and core files show them: {@code struct
 * user_regs_struct} and the XSAVE area (asm/user_64.h, asm/user.h).
 */
public final class RegisterSets {
  /** Words of user_regs_struct. */
  public static final int WORDS = 27;

  // Places in user_regs_struct, in words.
  public static final int RAX = 10;
  public static final int ORIG_RAX = 15;
  public static final int CS = 17;
  public static final int SS = 20;
  public static final int FS_BASE = 21;
  public static final int GS_BASE = 22;
  public static final int DS = 23;

  /** Bytes of the legacy part of the FPU state. */
  public static final int FXSAVE_SIZE = 512;

  /** {@link Registers}' numbers in the order of user_regs_struct; -1 is one of the others. */
  private static final int[] ORDER = {
    Registers.R15,
    Registers.R14,
    Registers.R13,
    Registers.R12,
    Registers.RBP,
    Registers.RBX,
    Registers.R11,
    Registers.R10,
    Registers.R9,
    Registers.R8,
    Registers.RAX,
    Registers.RCX,
    Registers.RDX,
    Registers.RSI,
    Registers.RDI,
    -1,
    Registers.RIP,
    -1,
    Registers.EFLAGS,
    Registers.RSP
  };

  private static final int USER_CS = 0x33;
  private static final int USER_SS = 0x2b;

  /** The words of the FXSAVE area that belong to software; a regset has the XCR0 mask there. */
  private static final int SOFTWARE = 464;

  // The same words in a signal frame (struct _fpx_sw_bytes).
  private static final int SW_FEATURES = SOFTWARE + 8;
  private static final int SW_XSTATE_SIZE = SOFTWARE + 16;

  private static final int XSAVE_HEADER_SIZE = 64;
  private static final long FEATURES_FP_SSE = 3;

  private RegisterSets() {}

  /** The number in {@link Registers} of a word of user_regs_struct; -1 if it is none of those. */
  public static int registerAt(int word) {
    return word < ORDER.length ? ORDER[word] : -1;
  }

  /** One word of user_regs_struct. */
  public static long word(Task t, int i) {
    Registers regs = t.context.regs();
    if (registerAt(i) >= 0) {
      return regs.get(registerAt(i));
    }
    return switch (i) {
      case ORIG_RAX -> t.callNumber();
      case CS -> USER_CS;
      case SS -> USER_SS;
      case FS_BASE -> regs.fsBase();
      case GS_BASE -> regs.gsBase();
      default -> 0;
    };
  }

  /** NT_PRSTATUS of ptrace: user_regs_struct. */
  public static byte[] general(Task t) {
    byte[] out = new byte[WORDS * 8];
    for (int i = 0; i < WORDS; i++) {
      Bytes.putLong(out, 8 * i, word(t, i));
    }
    return out;
  }

  /** NT_PRFPREG. */
  public static byte[] floatingPoint(Task t) {
    return Arrays.copyOf(extended(t), FXSAVE_SIZE);
  }

  /** NT_X86_XSTATE: the XSAVE area, with the mask of features where a tracer looks for it. */
  public static byte[] extended(Task t) {
    byte[] bytes = frame(t);
    long features = Bytes.getLong(bytes, SW_FEATURES);
    int size = Bytes.getInt(bytes, SW_XSTATE_SIZE);
    if (size < FXSAVE_SIZE + XSAVE_HEADER_SIZE || size > bytes.length) {
      size = FXSAVE_SIZE;
      features = FEATURES_FP_SSE;
    }
    Arrays.fill(bytes, SOFTWARE, FXSAVE_SIZE, (byte) 0);
    Bytes.putLong(bytes, SOFTWARE, features);
    return Arrays.copyOf(bytes, size);
  }

  /** The FPU state as a signal frame has it. */
  public static byte[] frame(Task t) {
    byte[] bytes = new byte[Math.max(FXSAVE_SIZE, t.context.fpStateSize())];
    t.context.saveFpState(MemorySegment.ofArray(bytes), 0);
    return bytes;
  }
}
