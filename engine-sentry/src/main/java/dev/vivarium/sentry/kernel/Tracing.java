package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ptrace;
import dev.vivarium.sentry.abi.Signals;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Who traces whom, and what a tracer may order: ptrace(2) without its registers and memory. Where a
 * tracee stops is {@link TraceStops}' work.
 *
 * <p>A tracee belongs to one task, not to a process, and answers only while it stands still for it.
 */
public final class Tracing {
  private Tracing() {}

  // ---- permission ----

  /** Whether {@code t} may look into or trace {@code target} (PTRACE_MODE_ATTACH_REALCREDS). */
  public static boolean mayAccess(Task t, Task target) {
    if (t.group == target.group) {
      return true;
    }
    Credentials c = t.creds;
    Credentials o = target.creds;
    if (c.capable(Capability.CAP_SYS_PTRACE)) {
      return true;
    }
    boolean sameIds =
        c.ruid == o.euid
            && c.ruid == o.suid
            && c.ruid == o.ruid
            && c.rgid == o.egid
            && c.rgid == o.sgid
            && c.rgid == o.rgid;
    return sameIds && target.group.dumpable == 1 && (o.permitted & ~c.permitted) == 0;
  }

  // ---- beginning and end ----

  /** PTRACE_TRACEME: the parent becomes the tracer. */
  public static long traceMe(Task t) {
    Task parent = parentTask(t.group);
    if (t.tracee != null || parent == null) {
      return -Errno.EPERM;
    }
    link(t, new Tracee(parent, false, 0));
    return 0;
  }

  /** The task that made the process, or another one of its process. */
  static @Nullable Task parentTask(ThreadGroup g) {
    ThreadGroup parent = g.parent;
    Task maker = g.maker;
    if (parent == null || parent.tasks.isEmpty()) {
      return null;
    }
    return maker != null && !maker.hasExited() && maker.group == parent
        ? maker
        : parent.tasks.getFirst();
  }

  /** PTRACE_ATTACH and PTRACE_SEIZE; the options are valid. */
  public static long attach(Task t, Task target, boolean seize, int options) {
    if (t.group == target.group
        || !mayAccess(t, target)
        || target.hasExited()
        || target.tracee != null) {
      return -Errno.EPERM;
    }
    Tracee tracee = new Tracee(t, seize, options);
    link(target, tracee);
    if (!seize) {
      target.sendSignal(SignalInfo.kernel(Signals.SIGSTOP));
    }
    if (target.standsInGroupStop) {
      // It goes over from one stop to the other, and is there before the tracer goes on.
      tracee.trapStop = true;
      target.group.continued.wake(0);
      while (target.tracee == tracee
          && !tracee.stopped
          && !target.hasExited()
          && !t.fatalSignalPending()) {
        t.waitKillable(tracee.stops);
      }
    } else if (target.stopPending) {
      tracee.trapStop = true;
    }
    return 0;
  }

  private static void link(Task target, Tracee tracee) {
    target.tracee = tracee;
    tracee.tracer.tracees.add(target);
    target.publishAnswers();
  }

  /**
   * A new task of a tracee is traced too, by the same tracer, and stops before it does anything.
   */
  static void inherit(Task parent, Task child) {
    Tracee of = parent.tracee;
    if (of == null) {
      return;
    }
    Tracee tracee = new Tracee(of.tracer, of.seized, of.options);
    link(child, tracee);
    if (of.seized) {
      tracee.trapStop = true;
    } else {
      child.pending.addBare(Signals.SIGSTOP);
    }
  }

  /**
   * The tracee that {@code pid} names, for a request of its tracer.
   *
   * @param standing whether it must stand still
   * @return null if there is none: -ESRCH
   */
  public static @Nullable Task find(Task t, int pid, boolean standing) {
    Task target = t.kernel().pids().task(pid);
    Tracee tracee = target == null ? null : target.tracee;
    if (tracee == null || tracee.tracer != t) {
      return null;
    }
    return standing && (!tracee.stopped || tracee.listening) ? null : target;
  }

  /** PTRACE_DETACH; the tracee stands still. */
  public static void detach(Task target, int signo) {
    Tracee tracee = target.tracee;
    if (tracee == null) {
      return;
    }
    unlink(target);
    letGo(target, tracee, signo);
  }

  /** The leader is gone whose number another task takes over by its execve. */
  static void forget(Task oldLeader) {
    unlink(oldLeader);
  }

  private static void unlink(Task target) {
    Tracee tracee = target.tracee;
    if (tracee != null) {
      tracee.tracer.tracees.remove(target);
      target.tracee = null;
      if (!target.hasExited()) {
        target.publishAnswers();
      }
    }
  }

  private static void letGo(Task target, Tracee tracee, int signo) {
    TraceStops.clearTrapFlag(target, tracee);
    if (!target.hasExited() && target.group.stopSignal != 0) {
      // The group stop is still on: the task takes part in it again.
      target.stopPending = true;
    }
    tracee.injected = signo;
    tracee.stopped = false;
    tracee.resumed.wake(0);
    if (target.stopPending) {
      target.interrupt();
    }
  }

  /** A tracer ends, and lets go of all its tracees. */
  static void tracerExits(Task t) {
    for (Task target : new ArrayList<>(t.tracees)) {
      Tracee tracee = target.tracee;
      if (tracee == null) {
        continue;
      }
      if ((tracee.options & Ptrace.O_EXITKILL) != 0) {
        target.group.sendSignal(SignalInfo.kernel(Signals.SIGKILL));
      }
      unlink(target);
      if (target.hasExited()) {
        if (target != target.group.leader || t.group != target.group.parent) {
          buried(target);
        }
      } else {
        letGo(target, tracee, 0);
      }
    }
  }

  /** The tracer has seen the end of a tracee, or cannot any more: it goes on as if never traced. */
  static void reaped(Task target) {
    unlink(target);
    buried(target);
  }

  private static void buried(Task target) {
    ThreadGroup g = target.group;
    if (target != g.leader) {
      target.kernel().pids().remove(target);
      g.zombieThreads--;
      TaskExit.processExitIfLast(g);
    } else if (g.isDead()) {
      TaskExit.tellParent(g);
    }
  }

  /**
   * Whether a process's end and stops are its tracer's to see, who is not of its parent process.
   */
  static boolean isHiddenFromParent(ThreadGroup g) {
    Tracee tracee = g.leader.tracee;
    return tracee != null && tracee.tracer.group != g.parent;
  }

  // ---- orders ----

  /** How a tracee goes on. */
  public enum Mode {
    CONT,
    SYSCALL,
    SINGLESTEP,
    SYSEMU,
    SYSEMU_SINGLESTEP
  }

  /** PTRACE_CONT and its siblings; the tracee stands still and the signal is valid or 0. */
  public static void resume(Task target, Mode mode, int signo) {
    Tracee tracee = target.tracee;
    if (tracee == null) {
      return;
    }
    tracee.stopsAtCalls = mode == Mode.SYSCALL;
    tracee.emulatesCalls = mode == Mode.SYSEMU || mode == Mode.SYSEMU_SINGLESTEP;
    tracee.singleSteps = mode == Mode.SINGLESTEP || mode == Mode.SYSEMU_SINGLESTEP;
    if (!tracee.singleSteps) {
      TraceStops.clearTrapFlag(target, tracee);
    }
    tracee.injected = signo;
    tracee.stopped = false;
    tracee.resumed.wake(0);
  }

  /** PTRACE_INTERRUPT: a seized tracee stops soon. */
  public static long interrupt(Task target) {
    Tracee tracee = target.tracee;
    if (tracee == null || !tracee.seized) {
      return -Errno.EIO;
    }
    if (!target.hasExited()) {
      tracee.trapStop = true;
      kick(target, tracee);
    }
    return 0;
  }

  /** PTRACE_LISTEN: the tracee stays as it is until its group stop changes. */
  public static long listen(Task target) {
    Tracee tracee = target.tracee;
    SignalInfo info = tracee == null ? null : tracee.info;
    if (tracee == null || !tracee.seized || info == null || info.code >> 8 != Ptrace.EVENT_STOP) {
      return -Errno.EIO;
    }
    tracee.listening = true;
    if (tracee.trapNotify) {
      kick(target, tracee);
    }
    return 0;
  }

  /** The group stop of a seized tracee has changed. */
  static void groupStopChanged(Task target) {
    Tracee tracee = target.tracee;
    if (tracee != null && tracee.seized) {
      tracee.trapNotify = true;
      kick(target, tracee);
    }
  }

  private static void kick(Task target, Tracee tracee) {
    if (tracee.listening) {
      tracee.injected = 0;
      tracee.stopped = false;
      tracee.resumed.wake(0);
    } else if (!tracee.stopped) {
      target.interrupt();
    }
  }

  // ---- what an execve of a tracee may gain ----

  /** Whether the task's tracer, if it has one, may trace programs with more rights than its own. */
  static boolean mayGainRights(Task t) {
    Tracee tracee = t.tracee;
    return tracee == null || tracee.tracerCreds.capable(Capability.CAP_SYS_PTRACE);
  }

  /** TracerPid of /proc/PID/status. */
  public static int tracerPid(Task t) {
    Tracee tracee = t.tracee;
    return tracee == null ? 0 : tracee.tracer.group.pid();
  }
}
