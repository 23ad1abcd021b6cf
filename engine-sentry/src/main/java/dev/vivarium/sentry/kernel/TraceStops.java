package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ptrace;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.platform.Registers;
import org.jspecify.annotations.Nullable;

/** Where a tracee stops for its tracer: at signals, system calls, events, group stops and steps. */
final class TraceStops {
  private static final long TRAP_FLAG = 0x100;
  private static final int SYSGOOD = 0x80;

  private TraceStops() {}

  /**
   * The task stands still until its tracer lets it go on, or it is killed.
   *
   * @param report for wait4: a signal, and an event times 256
   * @param why CLD_TRAPPED or CLD_STOPPED
   * @return the signal that the tracer passes on; 0 for none
   */
  private static int stop(Task t, Tracee tracee, int report, int why, @Nullable SignalInfo info) {
    if (t.fatalSignalPending()) {
      return 0;
    }
    restoreCode(t, tracee);
    tracee.report = report;
    tracee.info = info;
    tracee.injected = 0;
    tracee.stopped = true;
    tracee.trapStop = false;
    if (report >> 8 == Ptrace.EVENT_STOP) {
      tracee.trapNotify = false;
    }
    ThreadGroup g = t.group;
    boolean groupStopped = why == Signals.CLD_STOPPED && GroupStop.takePart(t);
    tellTracer(t, tracee, why);
    if (groupStopped && tracee.tracer.group != g.parent) {
      ParentNotice.childStopped(g, Signals.CLD_STOPPED, g.stopSignal);
    }
    tracee.stops.wake(0);
    while (tracee.stopped && !t.fatalSignalPending()) {
      t.waitKillable(tracee.resumed);
    }
    boolean killed = tracee.stopped;
    tracee.stopped = false;
    tracee.listening = false;
    tracee.report = 0;
    return killed ? 0 : tracee.injected;
  }

  /** A tracer sees and changes the code that the program was built with. */
  private static void restoreCode(Task t, Tracee tracee) {
    if (!tracee.hasOwnCode && !t.mmGone) {
      tracee.hasOwnCode = true;
      atOwnAddress(t);
      t.mm.stopPatching(t);
    }
  }

  private static void atOwnAddress(Task t) {
    Registers regs = t.context.regs();
    regs.set(Registers.RIP, t.mm.unpatchedAddress(regs.get(Registers.RIP)));
  }

  /** A stop that is no signal's: SIGTRAP with what happened in its code. */
  private static int trap(Task t, Tracee tracee, int signo, int report, int why) {
    SignalInfo info = new SignalInfo(signo, report);
    info.pid = t.tid();
    info.uid = t.creds.ruid;
    int injected = stop(t, tracee, report, why, info);
    tracee.info = null;
    return injected;
  }

  private static void tellTracer(Task t, Tracee tracee, int why) {
    ThreadGroup tracer = tracee.tracer.group;
    SignalActions actions = tracer.actions;
    if (actions.handler(Signals.SIGCHLD) != SignalActions.SIG_IGN
        && (actions.flags(Signals.SIGCHLD) & Signals.SA_NOCLDSTOP) == 0) {
      SignalInfo info = new SignalInfo(Signals.SIGCHLD, why);
      info.pid = t.tid();
      info.uid = t.creds.ruid;
      info.status = (why == Signals.CLD_STOPPED ? t.group.stopSignal : tracee.report) & 0x7f;
      tracer.sendSignal(info);
    }
    tracer.childEvents.wake(0);
  }

  // ---- signals ----

  /**
   * A signal has been taken: the tracer sees it first and may change or drop it.
   *
   * @return what is to be delivered, or null
   */
  static @Nullable SignalInfo signal(Task t, Tracee tracee, SignalInfo info) {
    int signo = stop(t, tracee, info.signo, Signals.CLD_TRAPPED, info);
    SignalInfo given = tracee.info;
    tracee.info = null;
    if (signo == 0) {
      return null;
    }
    if (given == null || signo != given.signo) {
      given = SignalInfo.user(signo, Signals.SI_USER, tracee.tracer);
    }
    if (SignalSet.has(t.sigmask, signo)) {
      t.sendSignal(given);
      return null;
    }
    return given;
  }

  /** A group stop, PTRACE_INTERRUPT, or a change that PTRACE_LISTEN waits for. */
  static void due(Task t, Tracee tracee) {
    int signo = t.group.stopSignal;
    if (tracee.seized) {
      int reported = signo == 0 ? Signals.SIGTRAP : signo;
      trap(t, tracee, reported, reported | Ptrace.EVENT_STOP << 8, Signals.CLD_STOPPED);
    } else if (signo != 0) {
      stop(t, tracee, signo, Signals.CLD_STOPPED, null);
    } else {
      tracee.trapStop = false; // the stop was called off
      tracee.trapNotify = false;
    }
  }

  // ---- events ----

  static boolean wants(Task t, int event) {
    Tracee tracee = t.tracee;
    return tracee != null && tracee.wants(event);
  }

  /** PTRACE_EVENT_*: stops if the tracer has asked for it. */
  static void event(Task t, int event, long message) {
    Tracee tracee = t.tracee;
    if (tracee != null && tracee.wants(event)) {
      tracee.message = message;
      trap(t, tracee, Signals.SIGTRAP, Signals.SIGTRAP | event << 8, Signals.CLD_TRAPPED);
    }
  }

  /** A new program has been loaded. */
  static void execed(Task t, int oldTid) {
    Tracee tracee = t.tracee;
    if (tracee == null) {
      return;
    }
    t.mm.stopPatching(t);
    tracee.dropDebugRegisters();
    if (tracee.wants(Ptrace.EVENT_EXEC)) {
      event(t, Ptrace.EVENT_EXEC, oldTid);
    } else if (!tracee.seized) {
      t.sendSignal(SignalInfo.user(Signals.SIGTRAP, Signals.SI_USER, t));
    }
  }

  /** The task ends with this status. */
  static void exiting(Task t) {
    if (wants(t, Ptrace.EVENT_EXIT)) {
      // What killed it has done its work; only another SIGKILL ends this stop.
      t.pending.discard(SignalSet.bit(Signals.SIGKILL));
      event(t, Ptrace.EVENT_EXIT, t.exitCode);
    }
  }

  // ---- system calls ----

  /**
   * The task is about to make the system call {@link Task#callNumber}, which the tracer may change.
   *
   * @return false if it is not to be made
   */
  static boolean entersCall(Task t, Tracee tracee) {
    t.context.regs().set(Registers.RAX, -Errno.ENOSYS);
    if (!tracee.stopsAtCalls && !tracee.emulatesCalls) {
      return true;
    }
    boolean emulated = tracee.emulatesCalls;
    tracee.message = Ptrace.EVENTMSG_SYSCALL_ENTRY;
    tracee.atEntry = true;
    reportCall(t, tracee);
    tracee.atEntry = false;
    return !emulated && t.callNumber != -1 && !t.fatalSignalPending();
  }

  /** The system call has been made. */
  static void leavesCall(Task t) {
    Tracee tracee = t.tracee;
    if (tracee == null || t.exitCalled || t.group.exiting) {
      return;
    }
    if (t.callNumber == Sys.RT_SIGRETURN) {
      t.callNumber = -1;
    }
    if (tracee.stopsAtCalls) {
      tracee.message = Ptrace.EVENTMSG_SYSCALL_EXIT;
      reportCall(t, tracee);
    } else if (tracee.singleSteps) {
      // The processor's own trap is lost in the call.
      long rip = t.context.regs().get(Registers.RIP);
      SignalSending.force(t, SignalInfo.fault(Signals.SIGTRAP, Signals.TRAP_BRKPT, rip));
    }
  }

  private static void reportCall(Task t, Tracee tracee) {
    int report = Signals.SIGTRAP | ((tracee.options & Ptrace.O_TRACESYSGOOD) != 0 ? SYSGOOD : 0);
    int signo = trap(t, tracee, Signals.SIGTRAP, report, Signals.CLD_TRAPPED);
    if (signo != 0) {
      t.sendSignal(SignalInfo.kernel(signo));
    }
  }

  // ---- single steps ----

  /** The guest goes on: by one instruction if the tracer wants that. */
  static void beforeGuest(Task t, Tracee tracee) {
    if (tracee.steps()) {
      DebugRegisters debug = tracee.debugRegisters();
      if (debug != null) {
        debug.beforeStep(t);
      }
      Registers regs = t.context.regs();
      long flags = regs.get(Registers.EFLAGS);
      if ((flags & TRAP_FLAG) == 0) {
        regs.set(Registers.EFLAGS, flags | TRAP_FLAG);
        tracee.forcedTrapFlag = true;
      }
    }
  }

  /** The flag is ours, and neither the guest nor its tracer is to see it. */
  static void clearTrapFlag(Task t, Tracee tracee) {
    if (tracee.forcedTrapFlag) {
      tracee.forcedTrapFlag = false;
      Registers regs = t.context.regs();
      regs.set(Registers.EFLAGS, regs.get(Registers.EFLAGS) & ~TRAP_FLAG);
    }
  }

  /** The guest has stopped. */
  static void afterGuest(Task t, Tracee tracee, boolean isCall) {
    atOwnAddress(t);
    tracee.stepped = tracee.forcedTrapFlag;
    if (tracee.forcedTrapFlag) {
      clearTrapFlag(t, tracee);
      if (isCall) {
        // SYSCALL has left the flags there.
        Registers regs = t.context.regs();
        regs.set(Registers.R11, regs.get(Registers.R11) & ~TRAP_FLAG);
      }
    }
  }

  /**
   * SIGTRAP of a step: whether it was made only to look at what is watched, and nothing has come of
   * it.
   *
   * @param code the signal's code; {@code wanted[0]} becomes the one to report
   */
  static boolean isUnwantedStep(Task t, int code, int[] wanted) {
    Tracee tracee = t.tracee;
    DebugRegisters debug = tracee == null ? null : tracee.debugRegisters();
    if (tracee == null
        || debug == null
        || !tracee.stepped
        || !debug.isArmed()
        || code == Signals.SI_KERNEL) { // a breakpoint instruction
      return false;
    }
    boolean report = debug.afterStep(t, tracee.singleSteps);
    if (report && !tracee.singleSteps) {
      wanted[0] = Signals.TRAP_HWBKPT;
    }
    return !report;
  }

  /** A handler has been set up; a step ends at its first instruction. */
  static void handlerEntered(Task t) {
    Tracee tracee = t.tracee;
    if (tracee != null && tracee.singleSteps) {
      int signo = trap(t, tracee, Signals.SIGTRAP, Signals.SIGTRAP, Signals.CLD_TRAPPED);
      if (signo != 0) {
        t.sendSignal(SignalInfo.kernel(signo));
      }
    }
  }
}
