package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ptrace;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.DebugRegisters;
import dev.vivarium.sentry.kernel.RegisterSets;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.Tracee;
import dev.vivarium.sentry.platform.Registers;
import java.lang.foreign.MemorySegment;

/**
 * The registers of a tracee as ptrace shows them: {@code struct user_regs_struct}, {@code struct
 * user} and the XSAVE area (asm/user_64.h, asm/user.h).
 */
final class PtraceRegisters {
  private static final int[] ARGUMENTS = {
    Registers.RDI, Registers.RSI, Registers.RDX, Registers.R10, Registers.R8, Registers.R9
  };

  private static final int RAX = RegisterSets.RAX;
  private static final int ORIG_RAX = RegisterSets.ORIG_RAX;
  private static final int CS = RegisterSets.CS;
  private static final int SS = RegisterSets.SS;
  private static final int FS_BASE = RegisterSets.FS_BASE;
  private static final int GS_BASE = RegisterSets.GS_BASE;
  private static final int DS = RegisterSets.DS;
  static final int SIZE = RegisterSets.WORDS * 8;

  /** Flags that a tracer may change: CF PF AF ZF SF TF DF OF NT RF AC. */
  private static final long FLAGS =
      0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x800 | 0x4000 | 0x10000 | 0x40000;

  /** Length of struct user, and where u_debugreg lies in it. */
  private static final int USER_SIZE = 912;

  private static final int DEBUG_REGISTERS = 848;

  private static final int FXSAVE_SIZE = RegisterSets.FXSAVE_SIZE;
  private static final int XSAVE_HEADER = 512;
  private static final int MXCSR = 24;
  private static final int MXCSR_MASK = 28;

  /** The words of the FXSAVE area that belong to software. */
  private static final int SOFTWARE = 464;

  private static final long FEATURES_FP_SSE = 3;

  private static final int ARCH_SET_GS = 0x1001;
  private static final int ARCH_SET_FS = 0x1002;
  private static final int ARCH_GET_FS = 0x1003;
  private static final int ARCH_GET_GS = 0x1004;

  private final Task target;
  private final Registers regs;

  private PtraceRegisters(Task target) {
    this.target = target;
    this.regs = target.context.regs();
  }

  static PtraceRegisters of(Task target) {
    return new PtraceRegisters(target);
  }

  long ip() {
    return regs.get(Registers.RIP);
  }

  long sp() {
    return regs.get(Registers.RSP);
  }

  long result() {
    return regs.get(Registers.RAX);
  }

  long argument(int i) {
    return regs.get(ARGUMENTS[i]);
  }

  // ---- single registers ----

  private long word(int i) {
    return RegisterSets.word(target, i);
  }

  private long setWord(int i, long value) {
    switch (i) {
      case ORIG_RAX -> target.tracerSetCall((int) value, regs.get(Registers.RAX));
      case CS, SS -> {
        return (value & 3) == 3 && (value & 0xffff) == value ? 0 : -Errno.EIO;
      }
      case FS_BASE, GS_BASE -> {
        if (value < 0 || value >= target.kernel().loop().platform().maxAddress()) {
          return -Errno.EIO;
        }
        if (i == FS_BASE) {
          regs.setFsBase(value);
        } else {
          regs.setGsBase(value);
        }
      }
      case RAX -> {
        regs.set(Registers.RAX, value);
        target.tracerSetCall(target.callNumber(), value);
      }
      default -> {
        if (i >= DS) {
          return (value & 0xffff) == value && ((value & 3) == 3 || value == 0) ? 0 : -Errno.EIO;
        }
        int r = RegisterSets.registerAt(i);
        if (r == Registers.EFLAGS) {
          value = regs.get(r) & ~FLAGS | value & FLAGS;
        }
        regs.set(r, value);
      }
    }
    return 0;
  }

  static long peekUser(Task t, Task target, long addr, long data) {
    if ((addr & 7) != 0 || addr < 0 || addr >= USER_SIZE) {
      return -Errno.EIO;
    }
    Tracee tracee = target.tracee();
    DebugRegisters debug = tracee == null ? null : tracee.debugRegisters();
    long value = 0;
    if (addr < SIZE) {
      value = of(target).word((int) addr / 8);
    } else if (addr >= DEBUG_REGISTERS) {
      int number = (int) (addr - DEBUG_REGISTERS) / 8;
      value = (debug == null ? new DebugRegisters() : debug).get(number);
    }
    return t.mm.writeLong(data, value);
  }

  static long pokeUser(Task target, long addr, long data) {
    if ((addr & 7) != 0 || addr < 0 || addr >= USER_SIZE) {
      return -Errno.EIO;
    }
    if (addr < SIZE) {
      return of(target).setWord((int) addr / 8, data);
    }
    Tracee tracee = target.tracee();
    return addr >= DEBUG_REGISTERS && tracee != null
        ? tracee.ownDebugRegisters().set((int) (addr - DEBUG_REGISTERS) / 8, data)
        : -Errno.EIO;
  }

  static long archPrctl(Task t, Task target, long code, long addr) {
    PtraceRegisters r = of(target);
    return switch ((int) code) {
      case ARCH_SET_FS -> r.setWord(FS_BASE, addr) == 0 ? 0 : -Errno.EPERM;
      case ARCH_SET_GS -> r.setWord(GS_BASE, addr) == 0 ? 0 : -Errno.EPERM;
      case ARCH_GET_FS -> t.mm.writeLong(addr, r.word(FS_BASE));
      case ARCH_GET_GS -> t.mm.writeLong(addr, r.word(GS_BASE));
      default -> -Errno.EINVAL;
    };
  }

  // ---- sets ----

  /** PTRACE_GETREGSET's content of a register set; null if there is no such. */
  static byte @org.jspecify.annotations.Nullable [] content(Task target, int set) {
    return switch (set) {
      case Ptrace.NT_PRSTATUS -> RegisterSets.general(target);
      case Ptrace.NT_PRFPREG -> RegisterSets.floatingPoint(target);
      case Ptrace.NT_X86_XSTATE -> RegisterSets.extended(target);
      default -> null;
    };
  }

  private static long setXsave(Task target, byte[] given, boolean whole) {
    byte[] bytes = RegisterSets.frame(target);
    int mask = Bytes.getInt(bytes, MXCSR_MASK);
    if ((Bytes.getInt(given, MXCSR) & ~(mask == 0 ? 0xffbf : mask)) != 0) {
      return -Errno.EINVAL;
    }
    System.arraycopy(given, 0, bytes, 0, SOFTWARE);
    Bytes.putInt(bytes, MXCSR_MASK, mask);
    if (whole) {
      int length = Math.min(given.length, bytes.length);
      System.arraycopy(given, XSAVE_HEADER, bytes, XSAVE_HEADER, length - XSAVE_HEADER);
    } else if (bytes.length > XSAVE_HEADER + 8) {
      long present = Bytes.getLong(bytes, XSAVE_HEADER);
      Bytes.putLong(bytes, XSAVE_HEADER, present | FEATURES_FP_SSE);
    }
    return target.context.loadFpState(MemorySegment.ofArray(bytes), 0, bytes.length)
        ? 0
        : -Errno.EINVAL;
  }

  /**
   * Copies a register set to the tracer.
   *
   * @param length how much of it, or -1 for all
   */
  static long get(Task t, Task target, int set, long data, int length) {
    byte[] bytes = content(target, set);
    if (bytes == null) {
      return -Errno.EINVAL;
    }
    return t.mm.copyOut(data, bytes, 0, length < 0 ? bytes.length : length);
  }

  /** Sets a register set, or as much of its beginning, from the tracer's memory. */
  static long set(Task t, Task target, int set, long data, int length) {
    byte[] bytes = content(target, set);
    if (bytes == null) {
      return -Errno.EINVAL;
    }
    int count = length < 0 ? bytes.length : length;
    if (t.mm.copyIn(data, bytes, 0, count) != 0) {
      return -Errno.EFAULT;
    }
    if (set != Ptrace.NT_PRSTATUS) {
      if (set == Ptrace.NT_X86_XSTATE && count != bytes.length) {
        return -Errno.EFAULT;
      }
      return setXsave(target, bytes, set == Ptrace.NT_X86_XSTATE && bytes.length > FXSAVE_SIZE);
    }
    PtraceRegisters r = of(target);
    for (int i = 0; i < count / 8; i++) {
      long rc = r.setWord(i, Bytes.getLong(bytes, 8 * i));
      if (rc != 0) {
        return rc;
      }
    }
    return 0;
  }

  /** PTRACE_GETREGSET and PTRACE_SETREGSET: {@code iov} says where, and then how much it was. */
  static long regset(Task t, Task target, long type, long iov, boolean set) {
    long base = t.mm.readLong(iov);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    long length = t.mm.readLong(iov + 8);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    byte[] content = (int) type == type ? content(target, (int) type) : null;
    if (content == null || (length & 7) != 0) {
      return -Errno.EINVAL;
    }
    int count = (int) (length < 0 ? content.length : Math.min(length, content.length));
    long rc =
        set ? set(t, target, (int) type, base, count) : get(t, target, (int) type, base, count);
    return rc != 0 ? rc : t.mm.writeLong(iov + 8, count);
  }
}
