package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Registers;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The frame on the guest's stack under a signal handler: {@code struct rt_sigframe} of x86-64
 * (arch/x86/include/asm/sigframe.h), with the FPU state above it.
 */
final class SignalFrame {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  // rt_sigframe: pretcode, ucontext, siginfo.
  private static final int UCONTEXT = 8;
  private static final int STACK = UCONTEXT + 16;
  private static final int MCONTEXT = STACK + 24;
  private static final int CS = MCONTEXT + 144;
  private static final int ERR = MCONTEXT + 152;
  private static final int TRAPNO = MCONTEXT + 160;
  private static final int OLDMASK = MCONTEXT + 168;
  private static final int CR2 = MCONTEXT + 176;
  private static final int FPSTATE = MCONTEXT + 184;
  private static final int SIGMASK = MCONTEXT + 256;
  private static final int INFO = SIGMASK + 8;
  private static final int SIZE = INFO + SignalInfo.SIZE;

  /** UC_FP_XSTATE, UC_SIGCONTEXT_SS and UC_STRICT_RESTORE_SS (asm/ucontext.h). */
  private static final long UC_FLAGS = 7;

  private static final int USER_CS = 0x33;
  private static final int USER_SS = 0x2b;
  private static final int RED_ZONE = 128;
  private static final int FXSAVE_SIZE = 512;

  /** Offset of {@code sw_reserved} in the FXSAVE area, and what marks an XSAVE frame there. */
  private static final int SW_RESERVED = 464;

  private static final int FP_XSTATE_MAGIC1 = 0x46505853;

  /** Flags that a handler starts without: TF, DF, RF. */
  private static final long FLAGS_CLEARED = 0x100 | 0x400 | 0x10000;

  /** Flags that sigreturn may set (FIX_EFLAGS of asm/sighandling.h). */
  private static final long FLAGS_RESTORED =
      0x40000 | 0x800 | 0x400 | 0x100 | 0x80 | 0x40 | 0x10 | 0x4 | 0x1 | 0x10000;

  static final int SS_AUTODISARM = 1 << 31;

  private SignalFrame() {}

  /** Whether the stack pointer is on the alternate signal stack. */
  static boolean onAltStack(Task t, long sp) {
    return (t.altStackFlags & SS_AUTODISARM) == 0
        && t.altStackSize != 0
        && sp - t.altStackBase > 0
        && Long.compareUnsigned(sp - t.altStackBase, t.altStackSize) <= 0;
  }

  /** SS_ONSTACK, SS_DISABLE or 0, as sigaltstack reports it. */
  static int altStackState(Task t, long sp) {
    return t.altStackSize == 0 ? Signals.SS_DISABLE : onAltStack(t, sp) ? Signals.SS_ONSTACK : 0;
  }

  /**
   * Builds the frame and sends the guest to the handler.
   *
   * @return false if the stack has no room for it
   */
  static boolean push(Task t, SignalInfo info, SignalActions actions, long savedMask) {
    Context context = t.context;
    Registers regs = context.regs();
    int signo = info.signo;
    long flags = actions.flags(signo);
    if ((flags & Signals.SA_RESTORER) == 0) {
      return false;
    }
    long oldSp = regs.get(Registers.RSP);
    long sp = oldSp - RED_ZONE;
    boolean wasOnAlt = onAltStack(t, oldSp);
    boolean entersAlt = false;
    if ((flags & Signals.SA_ONSTACK) != 0 && altStackState(t, oldSp) == 0 && t.altStackSize != 0) {
      sp = t.altStackBase + t.altStackSize;
      entersAlt = true;
    }
    int fpSize = context.fpStateSize();
    long fp = sp - fpSize & -64L;
    long frame = (fp - SIZE & -16L) - 8;
    if ((wasOnAlt || entersAlt) && Long.compareUnsigned(frame, t.altStackBase) <= 0) {
      return false;
    }

    byte[] bytes = new byte[Math.max(SIZE, fpSize)];
    context.saveFpState(MemorySegment.ofArray(bytes), 0);
    if (t.mm.copyOut(fp, bytes, 0, fpSize) != 0) {
      return false;
    }
    java.util.Arrays.fill(bytes, 0, SIZE, (byte) 0);
    LONG.set(bytes, 0, actions.restorer(signo));
    LONG.set(bytes, UCONTEXT, UC_FLAGS);
    LONG.set(bytes, STACK, t.altStackBase);
    INT.set(bytes, STACK + 8, t.altStackFlags & SS_AUTODISARM | altStackState(t, oldSp));
    LONG.set(bytes, STACK + 16, t.altStackSize);
    for (int r = 0; r < Registers.COUNT; r++) {
      LONG.set(bytes, MCONTEXT + 8 * r, regs.get(r));
    }
    SHORT.set(bytes, CS, (short) USER_CS);
    SHORT.set(bytes, CS + 6, (short) USER_SS);
    LONG.set(bytes, ERR, t.faultError);
    LONG.set(bytes, TRAPNO, t.faultTrap);
    LONG.set(bytes, OLDMASK, savedMask);
    LONG.set(bytes, CR2, t.faultAddress);
    LONG.set(bytes, FPSTATE, fp);
    LONG.set(bytes, SIGMASK, savedMask);
    boolean wantsInfo = (flags & Signals.SA_SIGINFO) != 0;
    if (wantsInfo) {
      info.encode(bytes, INFO);
    }
    if (t.mm.copyOut(frame, bytes, 0, SIZE) != 0) {
      return false;
    }

    if ((t.altStackFlags & SS_AUTODISARM) != 0) {
      disableAltStack(t);
    }
    regs.set(Registers.RDI, signo);
    regs.set(Registers.RSI, frame + INFO);
    regs.set(Registers.RDX, frame + UCONTEXT);
    regs.set(Registers.RAX, 0);
    regs.set(Registers.RSP, frame);
    regs.set(Registers.RIP, actions.handler(signo));
    regs.set(Registers.EFLAGS, regs.get(Registers.EFLAGS) & ~FLAGS_CLEARED);
    return true;
  }

  static void disableAltStack(Task t) {
    t.altStackBase = 0;
    t.altStackSize = 0;
    t.altStackFlags = Signals.SS_DISABLE;
  }

  /**
   * Undoes {@link #push}: rt_sigreturn(2).
   *
   * @return false if there is no proper frame; the caller then forces SIGSEGV
   */
  static boolean pop(Task t) {
    Registers regs = t.context.regs();
    // The handler's return took the first word off.
    long frame = regs.get(Registers.RSP) - 8;
    byte[] bytes = new byte[INFO];
    if (t.mm.copyIn(frame, bytes, 0, INFO) != 0) {
      return false;
    }
    t.sigmask = (long) LONG.get(bytes, SIGMASK) & ~SignalSet.UNBLOCKABLE;
    for (int r = 0; r < Registers.EFLAGS; r++) {
      regs.set(r, (long) LONG.get(bytes, MCONTEXT + 8 * r));
    }
    long flags = (long) LONG.get(bytes, MCONTEXT + 8 * Registers.EFLAGS);
    regs.set(
        Registers.EFLAGS, regs.get(Registers.EFLAGS) & ~FLAGS_RESTORED | flags & FLAGS_RESTORED);
    if (!restoreFpState(t, (long) LONG.get(bytes, FPSTATE))) {
      return false;
    }
    long size = (long) LONG.get(bytes, STACK + 16);
    int stackFlags = (int) INT.get(bytes, STACK + 8);
    if (!onAltStack(t, regs.get(Registers.RSP))) {
      setAltStack(t, (long) LONG.get(bytes, STACK), size, stackFlags);
    }
    return true;
  }

  /** Sets the alternate stack; whether it may be is for the caller to check. */
  static void setAltStack(Task t, long base, long size, int flags) {
    if ((flags & ~SS_AUTODISARM) == Signals.SS_DISABLE) {
      disableAltStack(t);
    } else {
      t.altStackBase = base;
      t.altStackSize = size;
      t.altStackFlags = flags & SS_AUTODISARM;
    }
  }

  private static boolean restoreFpState(Task t, long fp) {
    if (fp == 0) {
      return true;
    }
    byte[] state = new byte[Math.max(FXSAVE_SIZE, t.context.fpStateSize())];
    if (t.mm.copyIn(fp, state, 0, FXSAVE_SIZE) != 0) {
      return false;
    }
    int length = FXSAVE_SIZE;
    if ((int) INT.get(state, SW_RESERVED) == FP_XSTATE_MAGIC1
        && t.mm.copyIn(fp, state, 0, state.length) == 0) {
      length = state.length;
    }
    return t.context.loadFpState(MemorySegment.ofArray(state), 0, length);
  }
}
