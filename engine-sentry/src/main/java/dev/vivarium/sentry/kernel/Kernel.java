package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.vfs.SpecialFiles;

/** One sandbox's kernel: what all its tasks share. */
public final class Kernel {
  private final KernelLoop loop;
  private final MemoryFile memoryFile;
  private final Dispatcher dispatcher;
  private SpecialFiles specialFiles = (t, inode, path, flags, out) -> -Errno.ENXIO;

  public Kernel(Platform platform, MemoryFile memoryFile, Dispatcher dispatcher) {
    this.loop = new KernelLoop(platform);
    this.memoryFile = memoryFile;
    this.dispatcher = dispatcher;
  }

  public KernelLoop loop() {
    return loop;
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

  /** Opens FIFOs and device nodes. */
  public SpecialFiles specialFiles() {
    return specialFiles;
  }

  public void setSpecialFiles(SpecialFiles opener) {
    specialFiles = opener;
  }

  /** The system-call table as the kernel sees it; {@code syscalls.SyscallTable} implements it. */
  public interface Dispatcher {
    /** Whether the call never waits, so that it needs no coroutine. */
    boolean isFast(int number);

    /** Runs the handler; returns its result or a negative errno (also the restart codes). */
    long call(Task t, int number, long a0, long a1, long a2, long a3, long a4, long a5);
  }
}
