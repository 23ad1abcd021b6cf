package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ptrace;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.platform.Registers;
import dev.vivarium.sentry.seccomp.BpfProgram;
import dev.vivarium.sentry.seccomp.Filter;
import dev.vivarium.sentry.seccomp.Listener;
import org.jspecify.annotations.Nullable;

/** What a task's own filters say about its system calls, and how filters are put on. */
public final class Seccomp {
  private static final int AUDIT_ARCH_X86_64 = 0xc000_003e;
  private static final int SYS_SECCOMP = 1;
  private static final int MAX_ERRNO = 4095;

  private Seccomp() {}

  /**
   * Asks the filters about a call.
   *
   * @return whether it may be made; if not, all that is to be done has been done
   */
  static boolean admits(Task t, Filter filter, int number) {
    return filter.isStrict() ? admitsStrictly(t, number) : admits(t, filter, number, true);
  }

  /**
   * The same for filters that are programs.
   *
   * @param first whether the tracer has still to be asked where a filter says so
   */
  private static boolean admits(Task t, Filter filter, int number, boolean first) {
    Registers regs = t.context.regs();
    long ip = regs.get(Registers.RIP);
    int[] data = new int[BpfProgram.DATA_WORDS];
    data[0] = number;
    data[1] = AUDIT_ARCH_X86_64;
    put(data, 2, ip);
    put(data, 4, regs.get(Registers.RDI));
    put(data, 6, regs.get(Registers.RSI));
    put(data, 8, regs.get(Registers.RDX));
    put(data, 10, regs.get(Registers.R10));
    put(data, 12, regs.get(Registers.R8));
    put(data, 14, regs.get(Registers.R9));
    int answer = filter.run(data);
    int value = answer & Filter.DATA;
    switch (answer & Filter.ACTION) {
      case Filter.ALLOW -> {
        return true;
      }
      case Filter.LOG -> {
        log(t, number, "logged");
        return true;
      }
      case Filter.ERRNO -> skip(t, -Math.min(value, MAX_ERRNO));
      case Filter.TRAP -> {
        // The handler finds the registers as they were before the call.
        regs.set(Registers.RAX, number);
        SignalSending.force(t, refusal(t, number, value));
      }
      case Filter.TRACE -> {
        return !first || tracerAdmits(t, filter, value);
      }
      case Filter.USER_NOTIF -> {
        if (filter.decider(data).listener() instanceof CallListener listener) {
          return listener.admits(t, data);
        }
        skip(t, -Errno.ENOSYS);
      }
      case Filter.KILL_THREAD -> {
        log(t, number, "killed");
        if (t.group.tasks().size() > 1) {
          t.exitCalled = true;
          t.exitCode = Signals.SIGSYS;
        } else {
          killProcess(t, refusal(t, number, value));
        }
      }
      default -> { // KILL_PROCESS, and every action that is not known
        log(t, number, "killed");
        killProcess(t, refusal(t, number, value));
      }
    }
    return false;
  }

  /** SECCOMP_RET_TRACE: the tracer may change the call, skip it, or kill the task. */
  private static boolean tracerAdmits(Task t, Filter filter, int value) {
    if (!TraceStops.wants(t, Ptrace.EVENT_SECCOMP)) {
      skip(t, -Errno.ENOSYS);
      return false;
    }
    TraceStops.event(t, Ptrace.EVENT_SECCOMP, value);
    if (t.fatalSignalPending()) {
      return false;
    }
    int number = t.callNumber();
    if (number < 0) {
      // The tracer does without the call; the result is what it has put into the register.
      skip(t, t.context.regs().get(Registers.RAX));
      return false;
    }
    // It may be another call now, which no filter has seen.
    return admits(t, filter, number, false);
  }

  private static void put(int[] data, int at, long value) {
    data[at] = (int) value;
    data[at + 1] = (int) (value >> 32);
  }

  private static boolean admitsStrictly(Task t, int number) {
    switch (number) {
      case Sys.READ, Sys.WRITE, Sys.EXIT, Sys.RT_SIGRETURN -> {
        return true;
      }
      default -> {
        t.exitCalled = true;
        t.exitCode = Signals.SIGKILL;
        return false;
      }
    }
  }

  /** The call is not made, since a signal came while somebody was asked about it. */
  static void interrupted(Task t) {
    t.inSyscall = true;
    t.syscallResult = -Errno.ERESTARTSYS;
    t.context.regs().set(Registers.RAX, t.syscallResult);
  }

  static void skip(Task t, long result) {
    t.inSyscall = true;
    t.syscallResult = 0; // the number may look like a restart code, and is none
    t.context.regs().set(Registers.RAX, result);
  }

  private static SignalInfo refusal(Task t, int number, int value) {
    SignalInfo info = new SignalInfo(Signals.SIGSYS, SYS_SECCOMP);
    info.errno = value;
    info.address = t.context.regs().get(Registers.RIP);
    info.syscall = number;
    return info;
  }

  private static void killProcess(Task t, SignalInfo info) {
    CoreDump.groupExit(t, info);
    t.exitCalled = true;
  }

  private static void log(Task t, int number, String what) {
    t.kernel()
        .log("seccomp: task " + t.tid() + " (" + t.comm + ") " + what + ", system call " + number);
  }

  // ---- putting filters on ----

  /** SECCOMP_SET_MODE_STRICT: 0 or -EINVAL. */
  public static long setStrict(Task t) {
    Filter now = t.seccomp;
    if (now != null && !now.isStrict()) {
      return -Errno.EINVAL;
    }
    t.seccomp = Filter.STRICT;
    t.publishAnswers();
    return 0;
  }

  /**
   * SECCOMP_SET_MODE_FILTER, after the caller's right to it has been checked.
   *
   * @param listener whom it may leave calls to; null if nobody
   * @param allThreads SECCOMP_FILTER_FLAG_TSYNC
   * @return 0, -EINVAL, -ENOMEM, -EBUSY if there is a listener already, or the tid of a thread that
   *     has a filter of its own
   */
  public static long addFilter(
      Task t, BpfProgram program, boolean logs, @Nullable Listener listener, boolean allThreads) {
    Filter now = t.seccomp;
    if (now != null && now.isStrict()) {
      return -Errno.EINVAL;
    }
    if (Filter.isTooLong(program, now)) {
      return -Errno.ENOMEM;
    }
    if (allThreads) {
      for (Task other : t.group.tasks) {
        if (other != t && !mayFollow(other.seccomp, now)) {
          return other.tid();
        }
      }
    }
    if (listener != null && now != null && now.hasListener()) {
      return -Errno.EBUSY;
    }
    Filter added = new Filter(program, logs, listener, now);
    t.seccomp = added;
    t.publishAnswers();
    if (allThreads) {
      for (Task other : t.group.tasks) {
        other.seccomp = added;
        other.publishAnswers();
        if (t.creds.noNewPrivs && !other.creds.noNewPrivs) {
          Credentials.Editor e = other.creds.edit();
          e.noNewPrivs = true;
          other.creds = e.done();
        }
      }
    }
    return 0;
  }

  private static boolean mayFollow(@Nullable Filter theirs, @Nullable Filter mine) {
    if (theirs == null) {
      return true;
    }
    return mine != null && mine.descendsFrom(theirs);
  }
}
