package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ptrace;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.SignalSet;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.Tracee;
import dev.vivarium.sentry.kernel.Tracing;
import java.util.List;

/** ptrace: decodes requests; {@link PtraceRegisters} knows the layouts of registers. */
final class SysPtrace {
  private static final int WORD = 8;

  /** Signals of one PTRACE_PEEKSIGINFO. */
  private static final int MAX_PEEKED = 1024;

  private static final int SYSCALL_INFO_SIZE = 88;
  private static final int AUDIT_ARCH_X86_64 = 0xc000003e;

  private SysPtrace() {}

  static void register(SyscallTable.Builder b) {
    b.partial(
        Sys.PTRACE,
        "ptrace",
        SysPtrace::ptrace,
        "Debug registers work by single steps, so that a watched program is slow; watching reads is"
            + " refused (ENOSPC). There is no PTRACE_SINGLEBLOCK.");
  }

  static long ptrace(Task t, long request, long pid, long addr, long data, long a4, long a5) {
    int op = (int) request == request ? (int) request : -1;
    switch (op) {
      case Ptrace.TRACEME -> {
        return Tracing.traceMe(t);
      }
      case Ptrace.ATTACH, Ptrace.SEIZE -> {
        return attach(t, op == Ptrace.SEIZE, (int) pid, addr, data);
      }
      case Ptrace.KILL -> {
        Task target = Tracing.find(t, (int) pid, false);
        return target == null ? -Errno.ESRCH : kill(target);
      }
      case Ptrace.INTERRUPT -> {
        Task target = Tracing.find(t, (int) pid, false);
        return target == null ? -Errno.ESRCH : Tracing.interrupt(target);
      }
      default -> {}
    }
    Task target = Tracing.find(t, (int) pid, true);
    Tracee tracee = target == null ? null : target.tracee();
    return target == null || tracee == null
        ? -Errno.ESRCH
        : ofStanding(t, target, tracee, op, addr, data);
  }

  private static long attach(Task t, boolean seize, int pid, long addr, long data) {
    if (seize) {
      if (addr != 0 || (data & ~Ptrace.O_MASK) != 0) {
        return -Errno.EIO;
      }
      if ((data & Ptrace.O_SUSPEND_SECCOMP) != 0) {
        return -Errno.EPERM;
      }
    }
    Task target = t.kernel().pids().task(pid);
    return target == null ? -Errno.ESRCH : Tracing.attach(t, target, seize, seize ? (int) data : 0);
  }

  private static long kill(Task target) {
    target.sendSignal(new SignalInfo(Signals.SIGKILL, Signals.SI_USER));
    return 0;
  }

  private static long ofStanding(Task t, Task target, Tracee tracee, int op, long addr, long data) {
    return switch (op) {
      case Ptrace.PEEKTEXT, Ptrace.PEEKDATA -> peek(t, target, addr, data);
      case Ptrace.POKETEXT, Ptrace.POKEDATA -> poke(t, target, addr, data);
      case Ptrace.PEEKUSER -> PtraceRegisters.peekUser(t, target, addr, data);
      case Ptrace.POKEUSER -> PtraceRegisters.pokeUser(target, addr, data);
      case Ptrace.GETREGS -> PtraceRegisters.get(t, target, Ptrace.NT_PRSTATUS, data, -1);
      case Ptrace.SETREGS -> PtraceRegisters.set(t, target, Ptrace.NT_PRSTATUS, data, -1);
      case Ptrace.GETFPREGS -> PtraceRegisters.get(t, target, Ptrace.NT_PRFPREG, data, -1);
      case Ptrace.SETFPREGS -> PtraceRegisters.set(t, target, Ptrace.NT_PRFPREG, data, -1);
      case Ptrace.GETREGSET -> PtraceRegisters.regset(t, target, addr, data, false);
      case Ptrace.SETREGSET -> PtraceRegisters.regset(t, target, addr, data, true);
      case Ptrace.ARCH_PRCTL -> PtraceRegisters.archPrctl(t, target, data, addr);
      case Ptrace.CONT -> resume(target, Tracing.Mode.CONT, data);
      case Ptrace.SYSCALL -> resume(target, Tracing.Mode.SYSCALL, data);
      case Ptrace.SINGLESTEP -> resume(target, Tracing.Mode.SINGLESTEP, data);
      case Ptrace.SYSEMU -> resume(target, Tracing.Mode.SYSEMU, data);
      case Ptrace.SYSEMU_SINGLESTEP -> resume(target, Tracing.Mode.SYSEMU_SINGLESTEP, data);
      case Ptrace.DETACH -> {
        if (!isSignalOrNone(data)) {
          yield -Errno.EIO;
        }
        Tracing.detach(target, (int) data);
        yield 0;
      }
      case Ptrace.LISTEN -> Tracing.listen(target);
      case Ptrace.SETOPTIONS -> setOptions(tracee, data);
      case Ptrace.GETEVENTMSG -> t.mm.writeLong(data, tracee.message());
      case Ptrace.GETSIGINFO -> getSigInfo(t, tracee, data);
      case Ptrace.SETSIGINFO -> setSigInfo(t, tracee, data);
      case Ptrace.PEEKSIGINFO -> peekSigInfo(t, target, addr, data);
      case Ptrace.GETSIGMASK -> addr != WORD ? -Errno.EINVAL : t.mm.writeLong(data, target.sigmask);
      case Ptrace.SETSIGMASK -> setSigMask(t, target, addr, data);
      case Ptrace.GET_SYSCALL_INFO -> syscallInfo(t, target, tracee, addr, data);
      default -> -Errno.EIO;
    };
  }

  private static boolean isSignalOrNone(long data) {
    return data >= 0 && data <= Signals.SIGRTMAX;
  }

  private static long resume(Task target, Tracing.Mode mode, long data) {
    if (!isSignalOrNone(data)) {
      return -Errno.EIO;
    }
    Tracing.resume(target, mode, (int) data);
    return 0;
  }

  private static long setOptions(Tracee tracee, long data) {
    if ((data & ~Ptrace.O_MASK) != 0) {
      return -Errno.EINVAL;
    }
    if ((data & Ptrace.O_SUSPEND_SECCOMP) != 0) {
      return -Errno.EPERM;
    }
    tracee.setOptions((int) data);
    return 0;
  }

  // ---- memory ----

  private static long peek(Task t, Task target, long addr, long data) {
    byte[] word = new byte[WORD];
    if (target.mm.access(t, target, addr, word, 0, WORD, false) != WORD) {
      return -Errno.EIO;
    }
    return t.mm.copyOut(data, word, 0, WORD);
  }

  private static long poke(Task t, Task target, long addr, long data) {
    byte[] word = new byte[WORD];
    Bytes.putLong(word, 0, data);
    return target.mm.access(t, target, addr, word, 0, WORD, true) == WORD ? 0 : -Errno.EIO;
  }

  // ---- signals ----

  private static long getSigInfo(Task t, Tracee tracee, long data) {
    SignalInfo info = tracee.info();
    if (info == null) {
      return -Errno.EINVAL;
    }
    byte[] bytes = new byte[SignalInfo.SIZE];
    info.encode(bytes, 0);
    return t.mm.copyOut(data, bytes, 0, bytes.length);
  }

  private static long setSigInfo(Task t, Tracee tracee, long data) {
    byte[] bytes = new byte[SignalInfo.SIZE];
    if (t.mm.copyIn(data, bytes, 0, bytes.length) != 0) {
      return -Errno.EFAULT;
    }
    if (tracee.info() == null) {
      return -Errno.EINVAL;
    }
    tracee.setInfo(SignalInfo.fromGuest(Bytes.getInt(bytes, 0), bytes));
    return 0;
  }

  private static long peekSigInfo(Task t, Task target, long addr, long data) {
    long offset = t.mm.readLong(addr);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    int flags = t.mm.readInt(addr + 8);
    int count = t.mm.error() != 0 ? -1 : t.mm.readInt(addr + 12);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if ((flags & ~Ptrace.PEEKSIGINFO_SHARED) != 0 || count < 0) {
      return -Errno.EINVAL;
    }
    List<SignalInfo> queued =
        (flags & Ptrace.PEEKSIGINFO_SHARED) != 0
            ? target.group.pendingSignals().known()
            : target.pendingSignals().known();
    byte[] bytes = new byte[SignalInfo.SIZE];
    int done = 0;
    for (long i = offset;
        i >= 0 && i < queued.size() && done < Math.min(count, MAX_PEEKED);
        i++, done++) {
      queued.get((int) i).encode(bytes, 0);
      if (t.mm.copyOut(data + (long) done * SignalInfo.SIZE, bytes, 0, bytes.length) != 0) {
        return done > 0 ? done : -Errno.EFAULT;
      }
    }
    return done;
  }

  private static long setSigMask(Task t, Task target, long addr, long data) {
    if (addr != WORD) {
      return -Errno.EINVAL;
    }
    long mask = t.mm.readLong(data);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    target.sigmask = mask & ~SignalSet.UNBLOCKABLE;
    return 0;
  }

  // ---- system calls ----

  private static long syscallInfo(Task t, Task target, Tracee tracee, long size, long data) {
    byte[] out = new byte[SYSCALL_INFO_SIZE];
    Bytes.putInt(out, 4, AUDIT_ARCH_X86_64);
    PtraceRegisters regs = PtraceRegisters.of(target);
    Bytes.putLong(out, 8, regs.ip());
    Bytes.putLong(out, 16, regs.sp());
    int length = 24;
    SignalInfo info = tracee.info();
    if (info != null && info.code == (Signals.SIGTRAP | Ptrace.EVENT_SECCOMP << 8)) {
      out[0] = Ptrace.SYSCALL_INFO_SECCOMP;
      putCall(out, target, regs);
      Bytes.putInt(out, 80, (int) tracee.message());
      length = 84;
    } else if (info != null && info.code == (Signals.SIGTRAP | 0x80)) {
      if (tracee.message() == Ptrace.EVENTMSG_SYSCALL_ENTRY) {
        out[0] = Ptrace.SYSCALL_INFO_ENTRY;
        putCall(out, target, regs);
        length = 80;
      } else if (tracee.message() == Ptrace.EVENTMSG_SYSCALL_EXIT) {
        out[0] = Ptrace.SYSCALL_INFO_EXIT;
        long result = regs.result();
        Bytes.putLong(out, 24, result);
        out[32] = (byte) (result < 0 && result >= -4095 ? 1 : 0);
        length = 33;
      }
    }
    int written = (int) Long.min(length, size < 0 ? length : size);
    return t.mm.copyOut(data, out, 0, written) == 0 ? length : -Errno.EFAULT;
  }

  private static void putCall(byte[] out, Task target, PtraceRegisters regs) {
    Bytes.putLong(out, 24, target.callNumber());
    for (int i = 0; i < 6; i++) {
      Bytes.putLong(out, 32 + 8 * i, regs.argument(i));
    }
  }
}
