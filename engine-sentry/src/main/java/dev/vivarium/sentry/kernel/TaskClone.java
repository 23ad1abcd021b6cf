package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ptrace;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Sched;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.ipc.sysv.SemaphoreUndo;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.platform.Registers;

/** Making tasks: clone, fork, vfork. */
public final class TaskClone {
  private static final long NAMESPACES =
      Sched.CLONE_NEWNS
          | Sched.CLONE_NEWUTS
          | Sched.CLONE_NEWIPC
          | Sched.CLONE_NEWUSER
          | Sched.CLONE_NEWPID
          | Sched.CLONE_NEWNET
          | Sched.CLONE_NEWCGROUP
          | Sched.CLONE_NEWTIME;

  private TaskClone() {}

  /** What clone and clone3 are asked for. */
  public static final class Args {
    /** CLONE_* bits, without the signal in the lowest byte. */
    public long flags;

    public int exitSignal = Signals.SIGCHLD;

    /** The child's stack pointer; 0 to keep the parent's. */
    public long stack;

    public long parentTid;
    public long childTid;
    public long tls;

    /** Where the pidfd's number goes. */
    public long pidfd;

    /** Makes the descriptor for CLONE_PIDFD; returns it or a negative errno. */
    public java.util.function.ToLongBiFunction<Task, Task> pidfdMaker = (t, child) -> -Errno.EINVAL;

    boolean has(long flag) {
      return (flags & flag) != 0;
    }
  }

  /** Returns the child's tid or a negative errno. */
  public static long clone(Task t, Args a) {
    long rc = check(t, a);
    if (rc < 0) {
      return rc;
    }
    Kernel kernel = t.kernel();
    int tid = kernel.pids().allocate();
    if (tid == 0) {
      return -Errno.EAGAIN;
    }
    boolean sharesMm = a.has(Sched.CLONE_VM);
    Context context;
    MemoryManager mm;
    if (sharesMm) {
      try {
        context = t.context.newThread();
      } catch (PlatformException e) {
        return -e.errno;
      }
      mm = t.mm.acquire();
    } else {
      mm = t.mm.fork(t);
      try {
        t.context.addressSpace().flush(t.context);
        context = t.context.fork();
      } catch (PlatformException e) {
        mm.release(t);
        return -e.errno;
      }
      mm.attach(context.addressSpace(), context);
    }
    Task child = new Task(kernel, tid);
    child.context = context;
    child.mm = mm;
    inherit(t, child, a);
    join(t, child, a);
    Registers regs = context.regs();
    regs.set(Registers.RAX, 0);
    if (a.stack != 0) {
      regs.set(Registers.RSP, a.stack);
    }
    if (a.has(Sched.CLONE_SETTLS)) {
      regs.setFsBase(a.tls);
    }
    if (a.has(Sched.CLONE_PARENT_SETTID)) {
      t.mm.writeInt(a.parentTid, tid);
    }
    if (a.has(Sched.CLONE_CHILD_SETTID)) {
      child.setChildTid = a.childTid;
    }
    if (a.has(Sched.CLONE_CHILD_CLEARTID)) {
      child.clearChildTid = a.childTid;
    }
    kernel.pids().add(child);
    kernel.taskStarted();
    WaitQueue vforkDone = null;
    if (a.has(Sched.CLONE_VFORK)) {
      vforkDone = new WaitQueue();
      child.vforkDone = vforkDone;
    }
    if (a.has(Sched.CLONE_PIDFD)) {
      long fd = a.pidfdMaker.applyAsLong(t, child);
      if (fd >= 0) {
        t.mm.writeInt(a.pidfd, (int) fd);
      }
    }
    int event = traceEvent(t, a);
    if (event != 0 || a.has(Sched.CLONE_PTRACE)) {
      Tracing.inherit(t, child);
    }
    Watcher looking = kernel.watcher();
    if (looking != null) {
      looking.started(t, child);
    }
    child.start();
    if (event != 0) {
      TraceStops.event(t, event, tid);
    }
    while (vforkDone != null && child.vforkDone == vforkDone && !t.fatalSignalPending()) {
      t.waitKillable(vforkDone);
    }
    if (vforkDone != null && child.vforkDone == null) {
      TraceStops.event(t, Ptrace.EVENT_VFORK_DONE, tid);
    }
    return tid;
  }

  /** The event that the caller's tracer wants to know the new task by; 0 for none. */
  private static int traceEvent(Task t, Args a) {
    if (t.tracee == null || a.has(Sched.CLONE_UNTRACED)) {
      return 0;
    }
    int event =
        a.has(Sched.CLONE_VFORK)
            ? Ptrace.EVENT_VFORK
            : a.exitSignal != Signals.SIGCHLD ? Ptrace.EVENT_CLONE : Ptrace.EVENT_FORK;
    return TraceStops.wants(t, event) ? event : 0;
  }

  private static long check(Task t, Args a) {
    if (a.has(Sched.CLONE_FS) && a.has(Sched.CLONE_NEWNS | Sched.CLONE_NEWUSER)
        || a.has(Sched.CLONE_THREAD) && !a.has(Sched.CLONE_SIGHAND)
        || a.has(Sched.CLONE_SIGHAND) && !a.has(Sched.CLONE_VM)
        || a.has(Sched.CLONE_SIGHAND) && a.has(Sched.CLONE_CLEAR_SIGHAND)
        || a.has(Sched.CLONE_PARENT) && t.group.parent == null
        || a.has(Sched.CLONE_PIDFD) && a.has(Sched.CLONE_THREAD)) {
      return -Errno.EINVAL;
    }
    if (a.has(NAMESPACES)) {
      // As for somebody without CAP_SYS_ADMIN where users may make no user namespaces.
      return -Errno.EPERM;
    }
    if (a.has(Sched.CLONE_PIDFD) && t.mm.writeInt(a.pidfd, t.mm.readInt(a.pidfd)) != 0) {
      return -Errno.EFAULT;
    }
    if (t.signalPending()) {
      // A stop or a kill must reach the child too: it is made after the signal was dealt with.
      return -Errno.ERESTARTNOINTR;
    }
    boolean mayExceed =
        t.creds.capable(Capability.CAP_SYS_RESOURCE)
            || t.creds.capable(Capability.CAP_SYS_ADMIN)
            || t.creds.ruid == 0;
    if (!mayExceed
        && t.group.rlimits.exceeds(
            Resource.RLIMIT_NPROC, t.kernel().pids().countOf(t.creds.ruid) + 1L)) {
      return -Errno.EAGAIN;
    }
    t.tooManyOfUser = false;
    return 0;
  }

  private static void inherit(Task t, Task child, Args a) {
    child.creds = t.creds;
    child.fds = a.has(Sched.CLONE_FILES) ? t.fds.share() : t.fds.fork();
    child.fs = a.has(Sched.CLONE_FS) ? t.fs : t.fs.fork();
    if (a.has(Sched.CLONE_SYSVSEM)) {
      child.semaphoreUndo = SemaphoreUndo.of(t).share();
    }
    child.seccomp = t.seccomp;
    child.comm = t.comm;
    child.callNumber = t.callNumber;
    child.startNanos = System.nanoTime();
    child.sigmask = t.restoreSigmask ? t.savedSigmask : t.sigmask;
    child.timerSlackNanos = t.timerSlackNanos;
    boolean resets = (t.schedulingPolicy & Sched.SCHED_RESET_ON_FORK) != 0;
    if (!resets || t.schedulingPriority == 0) {
      child.nice = resets ? Math.max(0, t.nice) : t.nice;
      child.schedulingPolicy = t.schedulingPolicy & ~Sched.SCHED_RESET_ON_FORK;
      child.schedulingPriority = t.schedulingPriority;
    }
    child.affinity = t.affinity;
    child.personality = t.personality;
    child.ioPriority = t.ioPriority;
    child.memoryPolicy = t.memoryPolicy;
    if (!a.has(Sched.CLONE_VM) || a.has(Sched.CLONE_VFORK)) {
      child.altStackBase = t.altStackBase;
      child.altStackSize = t.altStackSize;
      child.altStackFlags = t.altStackFlags;
    }
  }

  private static void join(Task t, Task child, Args a) {
    ThreadGroup mine = t.group;
    if (a.has(Sched.CLONE_THREAD)) {
      child.group = mine;
      mine.tasks.add(child);
      return;
    }
    SignalActions actions;
    if (a.has(Sched.CLONE_SIGHAND)) {
      actions = mine.actions;
      actions.users++;
    } else {
      actions = mine.actions.copy();
      if (a.has(Sched.CLONE_CLEAR_SIGHAND)) {
        actions.resetCaught();
      }
    }
    ThreadGroup parent = mine;
    int exitSignal = a.exitSignal;
    if (a.has(Sched.CLONE_PARENT) && mine.parent != null) {
      parent = mine.parent;
      exitSignal = mine.exitSignal;
    }
    ThreadGroup g =
        new ThreadGroup(
            t.kernel(), child.tid(), parent, mine.processGroup(), mine.rlimits.copy(), actions);
    g.exitSignal = exitSignal;
    g.maker = parent == mine ? t : mine.maker;
    g.dumpable = mine.dumpable;
    g.oomScoreAdjust = mine.oomScoreAdjust;
    g.leader = child;
    g.tasks.add(child);
    child.group = g;
    g.timers().cpuLimitChanged();
  }
}
