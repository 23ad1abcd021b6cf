package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.memory.Fault;
import dev.vivarium.sentry.memory.WouldWaitException;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Registers;
import dev.vivarium.sentry.seccomp.Filter;

/**
 * The life of a task, as a cycle of four states:
 *
 * <pre>
 *   RETURN  end, stop, take signals        (before the guest: all that came up while it stood still)
 *   GUEST   run until the next event
 *   CALL    answer a system call           → RETURN
 *   TRAP    resolve a fault or signal it   → RETURN
 * </pre>
 *
 * RETURN comes first in each cycle and nothing may come between it and GUEST: a signal that arrives
 * while RETURN works is seen because it loops until none is pending, and one that arrives later
 * finds the task in GUEST and interrupts it. Ends come before stops and stops before signals, so
 * that a killed task does not stop and a stopped one runs no handler.
 */
final class TaskRun {
  private TaskRun() {}

  static void run(Task t) {
    try {
      begin(t);
      while (prepareReturn(t)) {
        CpuQuota quota = t.kernel().cpuQuota();
        if (quota != null && quota.isSpent()) {
          quota.await(t);
          continue;
        }
        if (t.kernel().isFrozen()) {
          t.kernel().awaitThaw(t);
          continue;
        }
        Tracee tracee = t.tracee;
        if (tracee != null) {
          TraceStops.beforeGuest(t, tracee);
        }
        t.awaitEvent();
        int event = t.context.event();
        t.callNumber = event == Context.SYSCALL ? t.context.regs().origRax() : -1;
        tracee = t.tracee;
        if (tracee != null) {
          TraceStops.afterGuest(t, tracee, event == Context.SYSCALL);
        }
        switch (event) {
          case Context.SYSCALL -> call(t);
          case Context.FAULT -> trap(t);
          case Context.LOST -> {
            t.kernel().lost(t);
            SignalSending.killAll(t.group);
          }
          default -> {}
        }
      }
    } catch (RuntimeException | Error bug) {
      t.kernel().bug("task " + t.tid() + " (" + t.comm + ")", bug);
      TaskExit.groupExit(t, Signals.SIGKILL);
    }
    TaskExit.exit(t);
  }

  private static void begin(Task t) {
    if (t.setChildTid != 0) {
      t.mm.writeInt(t.setChildTid, t.tid());
      t.setChildTid = 0;
    }
    Runnable first = t.firstAct;
    if (first != null) {
      t.firstAct = null;
      first.run();
    }
  }

  /** RETURN; false if the task is to end. */
  private static boolean prepareReturn(Task t) {
    if (t.exitCalled) {
      return false;
    }
    if (t.signalPending() || t.restoreSigmask || isRestart(t)) {
      // Signal frames, tracers and restarts see where the guest would be without patched calls.
      Registers regs = t.context.regs();
      regs.set(Registers.RIP, t.mm.unpatchedAddress(regs.get(Registers.RIP)));
      return SignalDelivery.handlePending(t);
    }
    t.inSyscall = false;
    return true;
  }

  private static boolean isRestart(Task t) {
    return t.inSyscall
        && t.syscallResult <= -Errno.ERESTARTSYS
        && t.syscallResult >= -Errno.ERESTART_RESTARTBLOCK;
  }

  /** CALL. */
  private static void call(Task t) {
    if (t.inSyscall) {
      // A fast handler has answered already, and brought up something that RETURN has to see to.
      return;
    }
    Registers regs = t.context.regs();
    Tracee tracee = t.tracee;
    if (tracee != null && !TraceStops.entersCall(t, tracee)) {
      t.inSyscall = true;
      t.syscallResult = regs.get(Registers.RAX);
      TraceStops.leavesCall(t);
      return;
    }
    int number = t.callNumber;
    Filter filter = t.seccomp;
    if (filter != null && !Seccomp.admits(t, filter, number)) {
      if (t.tracee != null) {
        TraceStops.leavesCall(t);
      }
      return;
    }
    number = t.callNumber; // a filter may have let the tracer change it
    long result;
    try {
      result = dispatch(t, number);
    } catch (RuntimeException | Error bug) {
      result = failed(t, number, bug);
    }
    if (t.registersReplaced) {
      t.registersReplaced = false;
      TraceStops.leavesCall(t);
      return;
    }
    t.inSyscall = true;
    t.syscallResult = result;
    regs.set(Registers.RAX, result);
    TraceStops.leavesCall(t);
  }

  /** A handler must not throw; when one does, its call fails, and the log says where. */
  private static long failed(Task t, int number, Throwable bug) {
    t.kernel().bug("system call " + number + " of task " + t.tid() + " (" + t.comm + ")", bug);
    return bug instanceof OutOfMemoryError ? -Errno.ENOMEM : -Errno.EIO;
  }

  private static long dispatch(Task t, int number) {
    Registers regs = t.context.regs();
    Watcher looking = t.kernel().watcher();
    if (looking != null) {
      return looking.call(
          t.kernel().dispatcher(),
          t,
          number,
          regs.get(Registers.RDI),
          regs.get(Registers.RSI),
          regs.get(Registers.RDX),
          regs.get(Registers.R10),
          regs.get(Registers.R8),
          regs.get(Registers.R9));
    }
    return t.kernel()
        .dispatcher()
        .call(
            t,
            number,
            regs.get(Registers.RDI),
            regs.get(Registers.RSI),
            regs.get(Registers.RDX),
            regs.get(Registers.R10),
            regs.get(Registers.R8),
            regs.get(Registers.R9));
  }

  /**
   * Answers a system call that never waits, outside the coroutine.
   *
   * @return whether the guest may simply go on; if not, {@link #run} takes over where this stopped
   */
  static boolean answerFast(Task t, int number) {
    long result;
    try {
      result = dispatch(t, number);
    } catch (WouldWaitException e) {
      // Guest memory must be read in first: the whole call runs again where it can wait.
      return false;
    } catch (RuntimeException | Error bug) {
      result = failed(t, number, bug);
    }
    if (result == Task.NEEDS_COROUTINE) {
      return false;
    }
    if (t.registersReplaced) {
      t.registersReplaced = false;
    } else {
      t.context.regs().set(Registers.RAX, result);
    }
    if (t.signalPending() || t.exitCalled) {
      t.inSyscall = true;
      t.syscallResult = 0; // never a restart code: the handler did not wait
      return false;
    }
    return true;
  }

  /** TRAP. */
  private static void trap(Task t) {
    Context c = t.context;
    int signo = c.faultSignal();
    int code = c.faultCode();
    long address = c.faultAddress();
    if (signo == Signals.SIGILL || signo == Signals.SIGTRAP) {
      long rip = c.regs().get(Registers.RIP);
      if (signo == Signals.SIGTRAP && t.mm.inTrampoline(rip)) {
        return; // a guest that steps itself steps over a patched instruction
      }
      if (signo == Signals.SIGTRAP && t.tracee != null) {
        int[] wanted = {code};
        if (TraceStops.isUnwantedStep(t, code, wanted)) {
          return;
        }
        code = wanted[0];
      }
      long behind = signo == Signals.SIGILL ? t.mm.behindPatched(rip) : 0;
      if (behind != 0) {
        c.regs().set(Registers.RIP, behind);
        return;
      }
    }
    boolean pageFault =
        signo == Signals.SIGSEGV && (code == Signals.SEGV_MAPERR || code == Signals.SEGV_ACCERR)
            || signo == Signals.SIGBUS;
    if (pageFault) {
      t.times.minorFaults++;
      long rc = t.mm.handleFault(t, address, c.faultIsWrite(), c.faultIsFetch());
      if (rc == 0) {
        return;
      }
      signo = Fault.signal(rc);
      code = Fault.code(rc);
      t.faultError =
          4
              | (c.faultIsWrite() ? 2 : 0)
              | (c.faultIsFetch() ? 16 : 0)
              | (code == Signals.SEGV_ACCERR ? 1 : 0);
      t.faultTrap = 14;
      t.faultAddress = address;
    } else {
      t.faultError = 0;
      t.faultTrap =
          switch (signo) {
            case Signals.SIGFPE -> code == Signals.FPE_INTDIV ? 0 : 16;
            case Signals.SIGTRAP -> code == Signals.TRAP_BRKPT ? 3 : 1;
            case Signals.SIGILL -> 6;
            default -> 13;
          };
    }
    SignalSending.force(t, SignalInfo.fault(signo, code, address));
  }
}
