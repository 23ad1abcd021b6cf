package dev.vivarium.sentry.kernel;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A process: the tasks that share an id, signal handlers and a parent. */
public final class ThreadGroup {
  private final Kernel kernel;
  private final int pid;

  /** The task whose tid is {@link #pid}; it stays, as a zombie, until the process is reaped. */
  Task leader;

  /** Tasks that have not exited. */
  final List<Task> tasks = new ArrayList<>(1);

  @Nullable ThreadGroup parent;

  /** The task of the parent that made this process. */
  @Nullable Task maker;

  final LinkedHashSet<ThreadGroup> children = new LinkedHashSet<>();

  private ProcessGroup processGroup;

  public Rlimits rlimits;
  SignalActions actions;

  /** Signals for whichever task takes them first. */
  final SignalQueue pending = new SignalQueue();

  /** Woken when a child exits, stops or continues (the {@code wait_chldexit} of Linux). */
  final WaitQueue childEvents = new WaitQueue();

  /** Woken when this process has become a zombie: pidfds poll it. */
  private final WaitQueue death = new WaitQueue();

  /** Stopped tasks stand here. */
  final WaitQueue continued = new WaitQueue();

  /** The signal that tells the parent of this process's end; 0 for none. */
  int exitSignal;

  /** All tasks are to end with {@link #exitStatus}. */
  boolean exiting;

  /** Its end is being written down; null at other times. */
  @Nullable CoreDump coreDump;

  /** The task that is in execve and waits for the others to end. */
  @Nullable Task execing;

  /** The status as wait4 reports it; valid once {@link #exiting} or dead. */
  int exitStatus;

  /** The last task has exited; the process is a zombie until its parent asks. */
  private boolean dead;

  /** Tasks other than the leader that have ended and whose tracer has not asked for it yet. */
  int zombieThreads;

  /** A stop is on its way or complete, by this signal; 0 if not. */
  int stopSignal;

  /** How many tasks have still to stop. */
  int stopsMissing;

  /** All tasks have stopped. */
  private boolean stopped;

  /** The stop has not been reported to wait4 yet. */
  boolean stopUnreported;

  /** The process was continued and wait4 has not reported it yet. */
  boolean continueUnreported;

  /** execve was called since fork (setpgid looks at it). */
  boolean hasExeced;

  /** PR_SET_CHILD_SUBREAPER: orphans among its descendants become its children. */
  public boolean childSubreaper;

  /** PR_SET_DUMPABLE. */
  public int dumpable = 1;

  /** /proc/PID/oom_score_adj. */
  public int oomScoreAdjust;

  /** What the exited tasks of this process used. */
  final CpuTimes exitedTasks = new CpuTimes();

  /** What the reaped children used. */
  final CpuTimes reapedChildren = new CpuTimes();

  /** Woken when a task has ended, for another one's execve. */
  final WaitQueue tasksEnded = new WaitQueue();

  /** For who started this process from outside: run on the kernel thread when it has ended. */
  private @Nullable Runnable endListener;

  private final ProcessTimers timers = new ProcessTimers(this);

  /** Woken with POLLIN when a signal has arrived for the process or one of its tasks: signalfd. */
  private final WaitQueue signalArrivals = new WaitQueue();

  ThreadGroup(
      Kernel kernel,
      int pid,
      @Nullable ThreadGroup parent,
      ProcessGroup processGroup,
      Rlimits rlimits,
      SignalActions actions) {
    this.kernel = kernel;
    this.pid = pid;
    this.parent = parent;
    this.processGroup = processGroup;
    this.rlimits = rlimits;
    this.actions = actions;
    processGroup.members.add(this);
    if (parent != null) {
      parent.children.add(this);
    }
  }

  public Kernel kernel() {
    return kernel;
  }

  /** Whether all its tasks are to end. */
  public boolean isExiting() {
    return exiting;
  }

  public int pid() {
    return pid;
  }

  /** The parent's pid, 0 for a process that was started from outside. */
  public int ppid() {
    return parent == null ? 0 : parent.pid;
  }

  public Task leader() {
    return leader;
  }

  /** The tasks that have not exited, oldest first. */
  public List<Task> tasks() {
    return Collections.unmodifiableList(tasks);
  }

  /** Null for a process that was started from outside, the first one among them. */
  public @Nullable ThreadGroup parent() {
    return parent;
  }

  /** Children, zombies among them. */
  public Collection<ThreadGroup> children() {
    return Collections.unmodifiableCollection(children);
  }

  public ProcessGroup processGroup() {
    return processGroup;
  }

  public Session session() {
    return processGroup.session();
  }

  public SignalActions actions() {
    return actions;
  }

  /** Signals pending for the process as a whole (/proc/PID/status, signalfd). */
  public SignalQueue pendingSignals() {
    return pending;
  }

  public ProcessTimers timers() {
    return timers;
  }

  /** Woken when a signal has arrived for the process or one of its tasks (signalfd). */
  public WaitQueue signalArrivals() {
    return signalArrivals;
  }

  /** All its tasks have exited. */
  public boolean isDead() {
    return dead;
  }

  /** The wait status; meaningful once {@link #isDead}. */
  public int exitStatus() {
    return exitStatus;
  }

  /** Has this run on the kernel thread when the process has ended. */
  public void onEnd(Runnable listener) {
    endListener = listener;
  }

  void tellEndListener() {
    if (endListener != null) {
      endListener.run();
    }
  }

  /** Woken once, when the process has become a zombie. */
  public WaitQueue deathQueue() {
    return death;
  }

  public boolean isStopped() {
    return stopped;
  }

  void setStopped(boolean value) {
    stopped = value;
  }

  void markDead() {
    dead = true;
    stopped = false;
    stopSignal = 0;
    death.wake(dev.vivarium.sentry.abi.Poll.IN);
  }

  /**
   * Sends a signal to the process, as the kernel: without asking for permission.
   *
   * @return 0, or -EAGAIN if too many signals are queued
   */
  public long sendSignal(SignalInfo info) {
    return SignalSending.send(leader, info, true);
  }

  /** Moves the process to another process group, which may be of a new session. */
  void joinProcessGroup(ProcessGroup target) {
    ProcessGroup old = processGroup;
    if (old == target) {
      return;
    }
    processGroup = target;
    target.members.add(this);
    leaveProcessGroup(old);
  }

  /** Takes the process out of its group when it is reaped. */
  void leaveProcessGroup(ProcessGroup old) {
    old.members.remove(this);
    if (old.members.isEmpty()) {
      kernel.pids().remove(old);
    }
  }

  /** What all its tasks, past and present, used; a copy. */
  public CpuTimes cpuTimes() {
    CpuTimes sum = new CpuTimes();
    sum.add(exitedTasks);
    for (Task t : tasks) {
      sum.add(t.times());
    }
    return sum;
  }

  /** What its reaped children used. */
  public CpuTimes childrenTimes() {
    return reapedChildren;
  }
}
