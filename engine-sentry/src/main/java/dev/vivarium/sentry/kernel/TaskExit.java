package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Signals;
import java.util.ArrayList;

/** How tasks and processes end, and what becomes of those they leave behind. */
public final class TaskExit {
  private TaskExit() {}

  /** exit(2): ends this task alone, once its handler has returned. */
  public static void exitCalled(Task t, int code) {
    t.exitCalled = true;
    t.exitCode = (code & 0xff) << 8;
  }

  /** exit_group(2): ends the process, once the handler has returned. */
  public static void exitGroupCalled(Task t, int code) {
    groupExit(t, (code & 0xff) << 8);
    t.exitCalled = true;
  }

  /**
   * All tasks of {@code t}'s process are to end.
   *
   * @param status as wait4 reports it: a signal's number, or an exit code times 256
   */
  static void groupExit(Task t, int status) {
    ThreadGroup g = t.group;
    if (g.execing != null && g.execing != t && status == Signals.SIGKILL) {
      // Ended by another task's execve, which goes on without this one.
      t.exitCode = 0;
      return;
    }
    if (!g.exiting) {
      g.exiting = true;
      g.exitStatus = status;
      GroupStop.cancel(g);
      for (Task other : g.tasks) {
        if (other != t) {
          other.pending.addBare(Signals.SIGKILL);
          other.interrupt();
        }
      }
    }
    t.exitCode = g.exitStatus;
  }

  /** The last act of a task's coroutine. */
  static void exit(Task t) {
    CoreDump dump = t.group.coreDump;
    if (dump != null) {
      dump.taskEnds(t);
    }
    TraceStops.exiting(t);
    leaveMemory(t);
    vforkDone(t);
    t.leaveSemaphoreUndo();
    t.fds.release(t);
    // From here on nothing waits: the task is gone before anybody else runs.
    t.markExited();
    t.context.exit();
    t.mmGone = true;
    t.mm.release(t);
    if (!t.tracees.isEmpty()) {
      Tracing.tracerExits(t);
    }
    leaveGroup(t);
  }

  /**
   * The coroutine is gone without having come to its end: what others wait for is made up for, so
   * that the rest of the sandbox goes on.
   */
  static void abandoned(Task t) {
    try {
      vforkDone(t);
      t.mmGone = true;
      if (!t.hasExited()) {
        t.markExited();
        t.context.exit();
      }
      if (t.group.tasks.contains(t)) {
        leaveGroup(t);
      }
    } catch (RuntimeException | Error bug) {
      t.kernel().bug("giving up task " + t.tid(), bug);
    }
  }

  /** The task's process goes on without it, or ends with it. */
  static void leaveGroup(Task t) {
    ThreadGroup g = t.group;
    GroupStop.taskExits(t);
    g.tasks.remove(t);
    if (g.coreDump != null) {
      g.coreDump.taskIsGone();
    }
    if (t.seccomp != null) {
      CallListener.taskEnded(t);
    }
    g.exitedTasks.add(t.times);
    t.pending.discard(~SignalSet.bit(Signals.SIGKILL));
    if (t != g.leader) {
      Tracee tracee = t.tracee;
      if (tracee == null) {
        t.kernel().pids().remove(t);
      } else {
        g.zombieThreads++;
        if (ParentNotice.traceeDied(t, tracee)) {
          Tracing.reaped(t);
        }
      }
    }
    g.deathQueue().wake(Poll.IN | Poll.RDNORM);
    if (!g.tasks.isEmpty() && !g.exiting) {
      makerExits(t, g);
    }
    if (g.tasks.isEmpty()) {
      processExitIfLast(g);
    } else if (g.execing != null) {
      g.tasksEnded.wake(0);
    }
    t.kernel().taskEnded();
  }

  /**
   * What others wait for in the address space that the task leaves, by its end or by execve (Linux:
   * mm_release).
   */
  static void leaveMemory(Task t) {
    if (t.robustList != 0) {
      RobustList.release(t);
      t.robustList = 0;
    }
    if (t.clearChildTid != 0) {
      long address = t.clearChildTid;
      t.clearChildTid = 0;
      if (t.mm.writeInt(address, 0) == 0) {
        t.kernel().futexes().wake(t, address, 1);
      }
    }
  }

  /** Lets the parent go on that waits in vfork. */
  static void vforkDone(Task t) {
    WaitQueue waiter = t.vforkDone;
    if (waiter != null) {
      t.vforkDone = null;
      waiter.wake(0);
    }
  }

  /** The process ends when its last task has gone and no tracer has still to hear of another. */
  static void processExitIfLast(ThreadGroup g) {
    if (g.tasks.isEmpty() && g.zombieThreads == 0 && !g.isDead()) {
      processExit(g);
    }
  }

  /** A process has ended: its parent, and before that its tracer, is told. */
  static void tellParent(ThreadGroup g) {
    Task leader = g.leader;
    Tracee tracee = leader.tracee;
    if (tracee != null && tracee.tracer.group != g.parent) {
      if (!ParentNotice.traceeDied(leader, tracee)) {
        return;
      }
      Tracing.reaped(leader);
      return;
    }
    if (ParentNotice.childDied(g) || g.parent == null) {
      reap(g);
    }
  }

  private static void processExit(ThreadGroup g) {
    if (!g.exiting) {
      g.exitStatus = g.leader.exitCode;
    }
    g.exiting = true;
    g.timers().cancelAll();
    g.pending.discard(-1);
    leaveSession(g);
    ThreadGroup reaper = reaperFor(g);
    ProcessGroup own = g.processGroup();
    if (!own.isOrphaned() && own.isOrphanedWithout(g)) {
      orphaned(own);
    }
    for (ThreadGroup child : new ArrayList<>(g.children)) {
      reparent(g, child, reaper);
    }
    g.markDead();
    tellParent(g);
    g.kernel().processEnded(g);
  }

  /** The process's end takes its terminal from the session that it leads. */
  private static void leaveSession(ThreadGroup g) {
    Session session = g.session();
    if (session.leader != g) {
      return;
    }
    ControllingTerminal terminal = session.controllingTerminal();
    if (terminal != null) {
      ProcessGroup foreground = terminal.foreground();
      session.setControllingTerminal(null);
      terminal.released();
      if (foreground != null) {
        foreground.sendSignal(SignalInfo.kernel(Signals.SIGHUP));
      }
    }
    session.leader = null;
  }

  /**
   * Who takes in orphans: the nearest living ancestor that is a subreaper, or the first process.
   */
  private static ThreadGroup reaperFor(ThreadGroup g) {
    for (ThreadGroup p = g.parent; p != null; p = p.parent) {
      if (p.childSubreaper && !p.isDead()) {
        return p;
      }
    }
    ThreadGroup init = g.kernel().init();
    return init == null ? g : init;
  }

  /** A thread ends whose process lives on: what it has made hears that its parent is gone. */
  private static void makerExits(Task t, ThreadGroup g) {
    for (ThreadGroup child : new ArrayList<>(g.children)) {
      if (child.maker == t) {
        child.maker = g.tasks.getFirst();
        tellOfParentsDeath(t, child);
      }
    }
  }

  /** PR_SET_PDEATHSIG. */
  private static void tellOfParentsDeath(Task parent, ThreadGroup child) {
    for (Task t : new ArrayList<>(child.tasks)) {
      int signo = t.parentDeathSignal;
      if (signo != 0 && Signaling.mayKill(parent, child, signo)) {
        child.sendSignal(SignalInfo.user(signo, Signals.SI_USER, parent));
      }
    }
  }

  private static void reparent(ThreadGroup from, ThreadGroup child, ThreadGroup reaper) {
    tellOfParentsDeath(from.leader, child);
    if (reaper == from) {
      return; // the first process itself ends, and everything with it
    }
    boolean wasOrphaned = child.processGroup().isOrphaned();
    from.children.remove(child);
    child.parent = reaper;
    reaper.children.add(child);
    child.exitSignal = Signals.SIGCHLD;
    child.tasks.forEach(Task::publishAnswers);
    if (child.isDead()) {
      if (!Tracing.isHiddenFromParent(child)) {
        tellParent(child);
      }
    } else if (!wasOrphaned && child.processGroup().isOrphaned()) {
      orphaned(child.processGroup());
    }
  }

  /** A group that has just become orphaned and has stopped members would wait for ever. */
  private static void orphaned(ProcessGroup group) {
    if (group.hasStoppedMember()) {
      group.sendSignal(SignalInfo.kernel(Signals.SIGHUP));
      group.sendSignal(SignalInfo.kernel(Signals.SIGCONT));
    }
  }

  /** The last trace of a process goes. */
  static void reap(ThreadGroup g) {
    Tracee tracee = g.leader.tracee;
    if (tracee != null) {
      tracee.tracer.tracees.remove(g.leader);
      g.leader.tracee = null;
    }
    g.kernel().pids().remove(g.leader);
    ThreadGroup parent = g.parent;
    if (parent != null) {
      parent.children.remove(g);
      parent.reapedChildren.add(g.exitedTasks);
      parent.reapedChildren.add(g.reapedChildren);
    } else {
      g.kernel().goneFromOutside.add(g.exitedTasks);
      g.kernel().goneFromOutside.add(g.reapedChildren);
    }
    g.leaveProcessGroup(g.processGroup());
  }
}
