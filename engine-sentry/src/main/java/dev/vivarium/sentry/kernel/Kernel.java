package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.vfs.AnonFileSystems;
import dev.vivarium.sentry.vfs.SpecialFiles;

/** One sandbox's kernel: what all its tasks share. */
public final class Kernel {
  /** How many tasks a sandbox may have: each costs the host a thread. */
  private static final int MAX_TASKS = 4096;

  private final KernelLoop loop;
  private final PidTable pids = new PidTable(MAX_TASKS);
  private final MemoryFile memoryFile;
  private final Dispatcher dispatcher;
  private final AnonFileSystems anonFileSystems = new AnonFileSystems();
  private SpecialFiles specialFiles = (t, inode, path, flags, out) -> -Errno.ENXIO;

  public Kernel(Platform platform, MemoryFile memoryFile, Dispatcher dispatcher) {
    this.loop = new KernelLoop(platform);
    this.memoryFile = memoryFile;
    this.dispatcher = dispatcher;
  }

  public KernelLoop loop() {
    return loop;
  }

  /** Tasks, processes, process groups and sessions by number. */
  public PidTable pids() {
    return pids;
  }

  public Timers timers() {
    return loop.timers();
  }

  public MemoryFile memoryFile() {
    return memoryFile;
  }

  /** Answers system calls: the table, seen from below. */
  public Dispatcher dispatcher() {
    return dispatcher;
  }

  /** Where pipes, sockets, eventfds and the like have their inodes. */
  public AnonFileSystems anonFileSystems() {
    return anonFileSystems;
  }

  /** Opens FIFOs and device nodes. */
  public SpecialFiles specialFiles() {
    return specialFiles;
  }

  public void setSpecialFiles(SpecialFiles opener) {
    specialFiles = opener;
  }

  /**
   * A task that never runs guest code, with root's credentials: the kernel's own hands for file
   * operations while it sets a sandbox up. It must not wait.
   */
  public Task newKernelTask() {
    Task t = new Task(this, 0);
    t.creds = Credentials.kernel();
    t.comm = "kernel";
    return t;
  }

  /** The system-call table as the kernel sees it; {@code syscalls.SyscallTable} implements it. */
  public interface Dispatcher {
    /** Whether the call never waits, so that it needs no coroutine. */
    boolean isFast(int number);

    /** Runs the handler; returns its result or a negative errno (also the restart codes). */
    long call(Task t, int number, long a0, long a1, long a2, long a3, long a4, long a5);
  }
}
