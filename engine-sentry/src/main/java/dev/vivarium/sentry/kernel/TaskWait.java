package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import org.jspecify.annotations.Nullable;

/** Waiting for children: what wait4 and waitid have in common. */
public final class TaskWait {
  // linux/wait.h
  public static final int WNOHANG = 1;
  public static final int WSTOPPED = 2;
  public static final int WEXITED = 4;
  public static final int WCONTINUED = 8;
  public static final int WNOWAIT = 0x01000000;
  public static final int __WNOTHREAD = 0x20000000;
  public static final int __WALL = 0x40000000;
  public static final int __WCLONE = 0x80000000;

  public static final int P_ALL = 0;
  public static final int P_PID = 1;
  public static final int P_PGID = 2;
  public static final int P_PIDFD = 3;

  private static final int STATUS_STOPPED = 0x7f;
  private static final int STATUS_CONTINUED = 0xffff;

  private TaskWait() {}

  /** What a wait found. */
  public static final class Result {
    public int pid;
    public int uid;

    /** As wait4 writes it. */
    public int status;

    /** CLD_* and the value that goes with it, as waitid writes them. */
    public int code;

    public int value;
    public @Nullable CpuTimes times;
  }

  /**
   * Waits for a child to change its state.
   *
   * @param type P_ALL, P_PID or P_PGID
   * @param options WEXITED, WSTOPPED, WCONTINUED, WNOHANG, WNOWAIT, __WALL, __WCLONE
   * @return 1 with {@code out} filled; 0 with WNOHANG and nothing to report; a negative errno
   */
  public static long await(Task t, int type, int id, int options, Result out) {
    ThreadGroup me = t.group;
    for (; ; ) {
      boolean any = false;
      for (ThreadGroup child : me.children) {
        if (!matches(child, type, id, options)
            || (options & __WNOTHREAD) != 0 && Tracing.parentTask(child) != t) {
          continue;
        }
        any = true;
        // What its tracer sees, be it one of us or somebody else, its parent does not.
        if (child.leader.tracee == null && report(child, options, out)) {
          return 1;
        }
      }
      for (int i = 0; i < me.tasks.size(); i++) {
        Task tracer = me.tasks.get(i);
        if (tracer.tracees.isEmpty() || (options & __WNOTHREAD) != 0 && tracer != t) {
          continue;
        }
        for (Task tracee : tracer.tracees) {
          if (matches(tracee, type, id)) {
            any = true;
            if (reportTracee(tracee, options, out)) {
              return 1;
            }
          }
        }
      }
      if (!any) {
        return -Errno.ECHILD;
      }
      if ((options & WNOHANG) != 0) {
        return 0;
      }
      long rc = t.waitOn(me.childEvents, Task.NO_DEADLINE);
      if (rc < 0) {
        return rc;
      }
    }
  }

  private static boolean matches(ThreadGroup child, int type, int id, int options) {
    boolean chosen =
        switch (type) {
          case P_PID -> child.pid() == id;
          case P_PGID -> child.processGroup().id() == id;
          default -> true;
        };
    if (!chosen) {
      return false;
    }
    boolean isClone = child.exitSignal != Signals.SIGCHLD;
    return (options & __WALL) != 0 || isClone == ((options & __WCLONE) != 0);
  }

  private static boolean matches(Task tracee, int type, int id) {
    return switch (type) {
      case P_PID -> tracee.tid() == id;
      case P_PGID -> tracee.group.processGroup().id() == id;
      default -> true;
    };
  }

  private static boolean reportTracee(Task task, int options, Result out) {
    ThreadGroup g = task.group;
    Tracee tracee = task.tracee;
    if (tracee == null) {
      return false;
    }
    boolean isLeader = task == g.leader;
    if (isLeader ? g.isDead() : task.hasExited()) {
      if ((options & WEXITED) == 0) {
        return false;
      }
      if (isLeader && tracee.tracer.group == g.parent) {
        return report(g, options, out);
      }
      fillEnd(g, isLeader ? g.exitStatus : task.exitCode, out);
      out.pid = task.tid();
      if ((options & WNOWAIT) == 0) {
        Tracing.reaped(task);
      }
      return true;
    }
    if (tracee.stopped && !tracee.listening && tracee.report != 0) {
      int report = tracee.report;
      fill(g, report << 8 | STATUS_STOPPED, Signals.CLD_TRAPPED, report, out);
      out.pid = task.tid();
      if ((options & WNOWAIT) == 0) {
        tracee.report = 0;
      }
      return true;
    }
    return tracee.tracer.group == g.parent && isLeader && reportContinued(g, options, out);
  }

  private static boolean reportContinued(ThreadGroup child, int options, Result out) {
    if ((options & WCONTINUED) != 0 && child.continueUnreported) {
      fill(child, STATUS_CONTINUED, Signals.CLD_CONTINUED, Signals.SIGCONT, out);
      child.continueUnreported = (options & WNOWAIT) != 0;
      return true;
    }
    return false;
  }

  private static void fillEnd(ThreadGroup child, int status, Result out) {
    boolean killed = (status & 0x7f) != 0;
    fill(child, status, endCode(status), killed ? status & 0x7f : status >> 8 & 0xff, out);
  }

  /** CLD_*, of the status of one that has ended. */
  static int endCode(int status) {
    if ((status & 0x7f) == 0) {
      return Signals.CLD_EXITED;
    }
    return (status & CoreDump.DUMPED) != 0 ? Signals.CLD_DUMPED : Signals.CLD_KILLED;
  }

  private static boolean report(ThreadGroup child, int options, Result out) {
    boolean keep = (options & WNOWAIT) != 0;
    if (child.isDead()) {
      if ((options & WEXITED) == 0) {
        return false;
      }
      fillEnd(child, child.exitStatus, out);
      if (!keep) {
        TaskExit.reap(child);
      }
      return true;
    }
    if ((options & WSTOPPED) != 0 && child.isStopped() && child.stopUnreported) {
      fill(
          child,
          child.stopSignal << 8 | STATUS_STOPPED,
          Signals.CLD_STOPPED,
          child.stopSignal,
          out);
      child.stopUnreported = keep;
      return true;
    }
    return reportContinued(child, options, out);
  }

  private static void fill(ThreadGroup child, int status, int code, int value, Result out) {
    out.pid = child.pid();
    out.uid = child.leader.creds.ruid;
    out.status = status;
    out.code = code;
    out.value = value;
    CpuTimes times = new CpuTimes();
    times.add(child.cpuTimes());
    times.add(child.reapedChildren);
    out.times = times;
  }
}
