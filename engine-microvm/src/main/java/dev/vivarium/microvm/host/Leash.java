package dev.vivarium.microvm.host;

/**
 * A process that this one started, to be killed by its descriptor: by its number a confined process
 * kills nobody.
 */
public final class Leash {
  private static final int SIGKILL = 9;

  private final Process process;
  private int descriptor = -1;

  public Leash(Process process) {
    this.process = process;
  }

  /** Takes hold of it, for a time when its number is of no use. */
  public synchronized void hold() {
    try (HostCalls calls = new HostCalls()) {
      descriptor = calls.pidfdOpen((int) process.pid());
      if (descriptor >= 0 && !process.isAlive()) {
        // Its number may be another's.
        calls.close(descriptor);
        descriptor = -1;
      }
    }
  }

  /** Kills it, unless it has ended. */
  public synchronized void kill() {
    if (descriptor < 0) {
      // It is not held yet, was killed before, or the kernel is older.
      process.destroyForcibly();
      return;
    }
    try (HostCalls calls = new HostCalls()) {
      calls.pidfdSend(descriptor, SIGKILL);
      calls.close(descriptor);
    }
    descriptor = -1;
  }
}
