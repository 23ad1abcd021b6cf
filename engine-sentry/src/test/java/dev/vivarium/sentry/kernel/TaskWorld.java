package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Platform;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Processes without guest code: what can be sent, waited for and inherited among them. */
final class TaskWorld {
  final Kernel kernel = new Kernel(new NoPlatform(), memory(), null);
  final ThreadGroup init;

  TaskWorld() {
    int pid = kernel.pids().allocate();
    Session session = new Session(pid);
    kernel.pids().add(session);
    ProcessGroup group = new ProcessGroup(pid, session);
    kernel.pids().add(group);
    init = process(pid, null, group);
    session.leader = init;
    kernel.setInit(init);
  }

  private static MemoryFile memory() {
    MemorySegment segment = Arena.ofAuto().allocate(1 << 20, 4096);
    return new MemoryFile(segment, (offset, length) -> {});
  }

  ThreadGroup fork(ThreadGroup parent) {
    return process(kernel.pids().allocate(), parent, parent.processGroup());
  }

  private ThreadGroup process(int pid, ThreadGroup parent, ProcessGroup group) {
    ThreadGroup g = new ThreadGroup(kernel, pid, parent, group, new Rlimits(), new SignalActions());
    g.exitSignal = Signals.SIGCHLD;
    g.leader = task(g, pid);
    return g;
  }

  Task addThread(ThreadGroup g) {
    return task(g, kernel.pids().allocate());
  }

  private Task task(ThreadGroup g, int tid) {
    Task t = new Task(kernel, tid);
    t.creds = Credentials.of(1000, 1000, new int[0], 0);
    t.group = g;
    g.tasks.add(t);
    kernel.pids().add(t);
    kernel.taskStarted();
    return t;
  }

  /** Ends the only task of a process as its coroutine would, but for memory and descriptors. */
  void die(ThreadGroup g, int status) {
    Task t = g.leader;
    t.exitCode = status;
    t.markExited();
    TaskExit.leaveGroup(t);
  }

  private static final class NoPlatform implements Platform {
    @Override
    public String name() {
      return "none";
    }

    @Override
    public Context newProcess() {
      throw new UnsupportedOperationException();
    }

    @Override
    public long minAddress() {
      return 0x10000;
    }

    @Override
    public long maxAddress() {
      return 1L << 46;
    }

    @Override
    public int poll(EventSink sink) {
      return 0;
    }

    @Override
    public void sleep(long timeoutNanos) {}

    @Override
    public void wake() {}

    @Override
    public void close() {}
  }
}
