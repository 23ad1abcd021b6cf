package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.platform.PlatformException;

/** Starts processes from outside the guest. On the kernel thread (or before it runs). */
public final class ProcessStart {
  /** Exit code of a process whose program could not be run. */
  private static final int NOT_RUN = 127;

  private ProcessStart() {}

  /**
   * Makes a process in a session of its own and starts it. The first one is the sandbox's init:
   * when it ends, all end. Another one is nobody's child: nobody waits for it, it leaves nothing
   * when it ends, and its orphans are init's.
   *
   * <p>The others cannot kill it by signals that it does not handle; {@link Signaling#shield} says
   * which signals do.
   *
   * @throws PlatformException if the host has no room for it, or the sandbox too many tasks
   */
  public static ThreadGroup start(Kernel kernel, ProcessSpec spec) throws PlatformException {
    PidTable pids = kernel.pids();
    int pid = pids.allocate();
    if (pid == 0) {
      throw new PlatformException(Errno.EAGAIN, "too many tasks in the sandbox");
    }
    Task t = new Task(kernel, pid);
    t.context = kernel.loop().platform().newProcess();
    t.mm = kernel.newMemory(t.context.addressSpace());
    t.creds = spec.creds();
    t.fds = spec.fds();
    t.fs = spec.fs();
    t.startNanos = System.nanoTime();
    Session session = new Session(pid);
    pids.add(session);
    ProcessGroup processGroup = new ProcessGroup(pid, session);
    pids.add(processGroup);
    ThreadGroup g =
        new ThreadGroup(kernel, pid, null, processGroup, spec.rlimits(), new SignalActions());
    g.oomScoreAdjust = spec.oomScoreAdjust();
    g.leader = t;
    g.tasks.add(t);
    t.group = g;
    session.leader = g;
    pids.add(t);
    if (kernel.init() == null) {
      kernel.setInit(g);
    }
    kernel.taskStarted();
    t.firstAct = () -> loadProgram(t, spec);
    t.start();
    return g;
  }

  private static void loadProgram(Task t, ProcessSpec spec) {
    long rc = TaskExec.execFirst(t, spec.path(), spec.argv(), spec.envp());
    if (rc < 0) {
      TaskExit.exitGroupCalled(t, NOT_RUN);
    }
    spec.started().accept(rc);
  }
}
